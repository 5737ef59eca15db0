package dev.holm.internal

import dev.holm.ffi.loadNativeLibrary

/** The native library: loaded once in a process, at first use. */
internal object NativeLibrary {
    init {
        loadNativeLibrary()
    }

    /** Makes sure that it is loaded. Blocking, tens of milliseconds the first time. */
    fun ensureLoaded() = Unit
}
