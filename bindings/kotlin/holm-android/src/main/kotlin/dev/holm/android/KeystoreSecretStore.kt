package dev.holm.android

import android.content.Context
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.util.AtomicFile
import dev.holm.SecretStore
import dev.holm.SecretStoreException
import java.io.File
import java.io.FileNotFoundException
import java.io.IOException
import java.security.GeneralSecurityException
import java.security.ProviderException
import java.security.UnrecoverableKeyException
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

/**
 * Keeps a session's secrets in files that only a key in the device's Keystore opens (AES-256, GCM). The key never leaves the secure
 * hardware; the files are left out of backups. Nothing is ever kept or given back in plain.
 *
 * A key that is gone, as after a restore to another device, opens nothing any more: the secret counts as not there, and the client asks
 * for a sign-in. A Keystore that fails for the moment is told as [SecretStoreException], and the secret stays.
 *
 * Thread-safe; calls block for milliseconds. One process of the app at a time.
 *
 * @param name keeps the secrets of several clients apart: letters, digits and `_`.
 */
public class KeystoreSecretStore(context: Context, name: String = "holm") : SecretStore {
    private val directory: File = context.noBackupFilesDir.resolve("$name-secrets")
    private val key = KeystoreKey("dev.holm.secrets.$name")

    @Synchronized
    override fun get(name: String): String? =
        guarded("read") {
            val sealed = file(name).readOrNull() ?: return null
            try {
                val key = key.existing() ?: return forgotten(name)
                open(key, name, sealed)
            } catch (_: AEADBadTagException) {
                forgotten(name)
            } catch (e: GeneralSecurityException) {
                if (!e.meansLostKey()) throw e
                key.delete()
                forgotten(name)
            }
        }

    @Synchronized
    override fun set(name: String, value: String): Unit =
        guarded("kept") {
            val sealed = sealed(name, value)
            if (!directory.isDirectory && !directory.mkdirs()) throw IOException("cannot make $directory")
            file(name).write(sealed)
        }

    @Synchronized
    override fun remove(name: String): Unit = guarded("removed") { file(name).delete() }

    private fun forgotten(name: String): String? {
        file(name).delete()
        return null
    }

    private fun sealed(name: String, value: String): ByteArray =
        try {
            seal(key.existing() ?: key.create(), name, value)
        } catch (e: GeneralSecurityException) {
            if (!e.meansLostKey()) throw e
            key.delete()
            seal(key.create(), name, value)
        }

    /** The secret's name is a part of what is sealed: a file under another name opens nothing. */
    private fun seal(key: SecretKey, name: String, value: String): ByteArray {
        val cipher = Cipher.getInstance(TRANSFORMATION)
        cipher.init(Cipher.ENCRYPT_MODE, key)
        cipher.updateAAD(name.encodeToByteArray())
        return cipher.iv + cipher.doFinal(value.encodeToByteArray())
    }

    private fun open(key: SecretKey, name: String, sealed: ByteArray): String {
        if (sealed.size < NONCE_BYTES) throw AEADBadTagException()
        val cipher = Cipher.getInstance(TRANSFORMATION)
        cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(TAG_BITS, sealed, 0, NONCE_BYTES))
        cipher.updateAAD(name.encodeToByteArray())
        return cipher.doFinal(sealed, NONCE_BYTES, sealed.size - NONCE_BYTES).decodeToString()
    }

    /** Names become hexadecimal: whatever a name is, it is one file. */
    @OptIn(ExperimentalStdlibApi::class)
    private fun file(name: String) = AtomicFile(directory.resolve(name.encodeToByteArray().toHexString()))

    private inline fun <R> guarded(what: String, work: () -> R): R =
        try {
            work()
        } catch (e: IOException) {
            throw SecretStoreException("a secret could not be $what: ${e.message}", e)
        } catch (e: GeneralSecurityException) {
            throw SecretStoreException("a secret could not be $what: ${e.message}", e)
        } catch (e: ProviderException) {
            // What the Keystore throws when its service has a bad moment.
            throw SecretStoreException("a secret could not be $what: ${e.message}", e)
        }

    private companion object {
        const val TRANSFORMATION = "AES/GCM/NoPadding"
        const val NONCE_BYTES = 12
        const val TAG_BITS = 128
    }
}

/** The system has given the key up: nothing that it sealed can ever be opened. */
private fun GeneralSecurityException.meansLostKey() = this is UnrecoverableKeyException || this is KeyPermanentlyInvalidatedException

private fun AtomicFile.readOrNull(): ByteArray? =
    try {
        readFully()
    } catch (_: FileNotFoundException) {
        null
    }

private fun AtomicFile.write(bytes: ByteArray) {
    val stream = startWrite()
    try {
        stream.write(bytes)
        finishWrite(stream)
    } catch (e: IOException) {
        failWrite(stream)
        throw e
    }
}
