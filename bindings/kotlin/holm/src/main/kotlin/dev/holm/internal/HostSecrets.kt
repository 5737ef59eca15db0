package dev.holm.internal

import dev.holm.SecretStore
import dev.holm.ffi.FfiSecretException
import dev.holm.ffi.FfiSecretStore

/** The app's place for secrets, as the core asks it. */
internal class HostSecrets(private val store: SecretStore) : FfiSecretStore {
    override fun get(name: String): String? = told { store.get(name) }

    override fun set(name: String, value: String): Unit = told { store.set(name, value) }

    override fun remove(name: String): Unit = told { store.remove(name) }

    /** Whatever an implementation throws is told as a failure for the moment: nothing may end the core's thread. */
    @Suppress("TooGenericExceptionCaught", "SwallowedException")
    private inline fun <R> told(work: () -> R): R =
        try {
            work()
        } catch (e: Exception) {
            throw FfiSecretException.Unavailable(e.message ?: e.javaClass.name)
        }
}
