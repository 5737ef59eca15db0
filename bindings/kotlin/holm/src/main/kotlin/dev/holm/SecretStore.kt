package dev.holm

/**
 * Where a client keeps what must stay secret: the tokens of its session. Without one they lie in files that only the app's user may read.
 *
 * On Android take `KeystoreSecretStore` of `holm-android`. An implementation has to be thread-safe, and may block for milliseconds; it is
 * called on threads of the core. Names are short and made of letters, digits and `_`, `-`, `.`; values are texts of some kilobytes.
 *
 * Every method fails with [SecretStoreException] and nothing else.
 */
public interface SecretStore {
    /** The value; null if there is none, or if it can never be read again: then the client asks for a sign-in. */
    public fun get(name: String): String?

    /** Keeps a value under this name, in place of what was there: after a return it is on the disk, after a failure the old one is. */
    public fun set(name: String, value: String)

    /** Forgets a value. It need not be there. */
    public fun remove(name: String)
}

/**
 * A secret could not be read or kept for the moment. The call that needed it fails with `STORAGE_UNAVAILABLE`, which can be tried again;
 * the client does not sign out.
 *
 * @param message what happened, without the secret.
 */
public class SecretStoreException(message: String, cause: Throwable? = null) : Exception(message, cause)
