//! Generates the Swift and Kotlin bindings from a built `holm-ffi` library. See `scripts/bindings`.

fn main() {
    uniffi::uniffi_bindgen_main();
}
