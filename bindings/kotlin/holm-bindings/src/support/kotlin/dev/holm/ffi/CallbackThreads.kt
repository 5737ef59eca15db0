package dev.holm.ffi

import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Native

/**
 * Loads the native library and keeps its threads attached to the JVM once they have called back.
 *
 * Without this JNA attaches and detaches a thread for every wake-up of a coroutine, which makes a write three to five times as expensive.
 * The threads are daemons: they keep no process alive. Calling this more than once does no harm.
 */
public fun loadNativeLibrary() {
    uniffiEnsureInitialized()
    Native.setCallbackThreadInitializer(uniffiRustFutureContinuationCallbackImpl, CallbackThreadInitializer(true, false, "holm"))
}
