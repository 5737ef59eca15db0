//! The documentation says what the code says. `HOLM_UPDATE=1` writes the generated parts anew.

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail that way.

mod layers;
mod links;
mod names;

use holm_core::ErrorCode;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

#[test]
fn the_table_of_error_codes_is_that_of_the_code() {
    let mut table = String::from(
        "# Error codes\n\nEvery failure that a call throws has one of these codes, the same in Rust, Swift and Kotlin. Switch on codes, never on messages. \
         *Again* says whether the\nsame call can succeed later without a change by the app. Codes of writes that the server refused: [troubleshooting](guides/troubleshooting.md#codes-of-parked-and-deferred-writes). (Generated from `core/src/error.rs`.)\n\n\
         | Code | Again | What happened | What to do |\n|---|---|---|---|\n",
    );
    for code in ErrorCode::ALL {
        let again = if code.retryable() { "yes" } else { "no" };
        writeln!(table, "| `{}` | {again} | {} | {} |", code.as_str(), code.meaning(), code.recovery()).unwrap();
    }
    let file = root().join("docs/error-codes.md");
    if std::env::var_os("HOLM_UPDATE").is_some() {
        std::fs::write(&file, &table).unwrap();
    }
    assert_eq!(std::fs::read_to_string(file).unwrap(), table, "HOLM_UPDATE=1 cargo test --workspace --test docs");
}

/// What stands between the marks `taste: begin` and `taste: end`, part by part, without the indentation.
fn taste(path: &str) -> String {
    let text = read(path);
    let parts = text.split("// taste: begin\n").skip(1).map(|rest| {
        let part = rest.split("// taste: end").next().unwrap_or_default().trim_end();
        let indent =
            part.lines().filter(|line| !line.is_empty()).map(|line| line.len() - line.trim_start().len()).min();
        let lines = part.lines().map(|line| line.get(indent.unwrap_or(0)..).unwrap_or_default());
        lines.map(|line| format!("{line}\n")).collect::<String>()
    });
    let parts: Vec<_> = parts.collect();
    assert!(!parts.is_empty(), "{path} has no taste");
    parts.join("\n")
}

#[test]
fn the_readmes_code_is_what_the_languages_compile_and_run() {
    let readme = read("README.md");
    for (language, path) in [
        ("swift", "bindings/swift/Tests/HolmTests/TasteTests.swift"),
        ("kotlin", "bindings/kotlin/holm/src/test/kotlin/dev/holm/TasteTest.kt"),
    ] {
        let block = format!("```{language}\n{}```", taste(path));
        assert!(readme.contains(&block), "the README's {language} is not that of {path}:\n{block}");
    }
}

/// Numbers of failures in the names of tests: `f05` of `fn f05_…`, `func f05_…`, `fun f05_…`.
fn numbers_of_tests(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() && !["target", ".build"].iter().any(|skipped| name == *skipped) {
            numbers_of_tests(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs" || e == "swift" || e == "kt") {
            let text = std::fs::read_to_string(&path).unwrap();
            let names = ["fn f", "func f", "fun f"].into_iter().flat_map(|start| text.split(start).skip(1));
            let numbers = names.filter(|name| name.get(2..3) == Some("_")).filter_map(|name| name.get(..2));
            found.extend(numbers.filter(|number| number.parse::<u8>().is_ok()).map(|number| format!("f{number}")));
        }
    }
}

#[test]
fn the_list_of_failures_is_that_of_the_tests() {
    let mut tested = BTreeSet::new();
    for folder in ["core", "server", "tests", "bindings"] {
        numbers_of_tests(&root().join(folder), &mut tested);
    }
    let page = read("docs/failures.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| f")).filter_map(|rest| rest.get(..2));
    assert_eq!(rows.map(|number| format!("f{number}")).collect::<BTreeSet<_>>(), tested);
}
