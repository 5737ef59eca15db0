package dev.holm.android

import android.app.Application
import dev.holm.SecretStoreException
import dev.holm.android.support.FakeKeystore
import org.junit.After
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import java.io.File
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertNotEquals
import kotlin.test.assertNull
import kotlin.test.assertTrue

/** Secrets are sealed by a key of the Keystore, and a lost key means a sign-in, never a leak. */
@RunWith(RobolectricTestRunner::class)
class KeystoreSecretStoreTest {
    private val application: Application = RuntimeEnvironment.getApplication()
    private val keystore = FakeKeystore()
    private val store get() = KeystoreSecretStore(application)

    @Before
    fun install() = keystore.install()

    @After
    fun uninstall() = keystore.uninstall()

    @Test
    fun a_secret_outlives_the_process_until_it_is_removed() {
        assertNull(store.get("session"))
        store.set("session", "tøken")
        store.set("session", "another tøken")
        assertEquals("another tøken", store.get("session"))
        store.remove("session")
        store.remove("session")
        assertNull(store.get("session"))
    }

    @Test
    fun no_file_holds_a_secret_or_the_key() {
        store.set("session", "correct horse battery staple")
        val key = keystore.keys.getValue("dev.holm.secrets.holm")
        val files = files()
        assertEquals(1, files.size)
        for (file in files) {
            val text = file.readBytes().toString(Charsets.ISO_8859_1)
            assertFalse("horse" in text)
            assertFalse(key.encoded.toString(Charsets.ISO_8859_1) in text)
        }
        assertTrue(files.all { it.startsWith(application.noBackupFilesDir) }, "$files would be in a backup")
    }

    @Test
    fun the_same_secret_is_never_sealed_alike() {
        store.set("session", "x")
        val first = files().single().readBytes()
        store.set("session", "x")
        assertNotEquals(first.toList(), files().single().readBytes().toList())
    }

    @Test
    fun a_key_that_is_lost_means_that_there_is_no_secret() {
        store.set("session", "token")
        keystore.keys.clear()
        assertNull(store.get("session"))
        assertEquals(emptyList(), files(), "what nothing opens any more is deleted")
        store.set("session", "new token")
        assertEquals("new token", store.get("session"))
    }

    @Test
    fun a_key_that_is_another_one_means_that_there_is_no_secret() {
        store.set("session", "token")
        keystore.keys.clear()
        store.set("other", "made with a new key")
        assertNull(store.get("session"))
        assertEquals("made with a new key", store.get("other"))
    }

    @Test
    fun a_file_that_was_changed_or_exchanged_opens_nothing() {
        store.set("session", "token")
        val file = files().single()
        val sealed = file.readBytes()
        store.set("b", "other")
        files().single { it != file }.writeBytes(sealed)
        assertNull(store.get("b"), "a secret under another's name")
        file.writeBytes(sealed.also { it[20] = (it[20] + 1).toByte() })
        assertNull(store.get("session"), "a bit flipped")
        store.set("session", "token")
        file.writeBytes(ByteArray(3))
        assertNull(store.get("session"), "a file cut short")
    }

    @Test
    fun a_keystore_with_a_bad_moment_is_told_and_the_secret_stays() {
        store.set("session", "token")
        keystore.isBroken = true
        assertFailsWith<SecretStoreException> { store.get("session") }
        assertFailsWith<SecretStoreException> { store.set("session", "new") }
        keystore.isBroken = false
        assertEquals("token", store.get("session"))
    }

    @Test
    fun a_key_that_cannot_be_recovered_is_made_anew() {
        store.set("session", "token")
        keystore.isUnrecoverable = true
        assertNull(store.get("session"))
        store.set("session", "new")
        keystore.isUnrecoverable = true
        store.set("session", "newer")
        assertEquals("newer", store.get("session"))
    }

    @Test
    fun two_clients_do_not_see_each_others_secrets() {
        store.set("session", "one")
        val other = KeystoreSecretStore(application, "other")
        assertNull(other.get("session"))
        other.set("session", "two")
        assertEquals("one", store.get("session"))
    }

    private fun files(): List<File> = application.noBackupFilesDir.walk().filter { it.isFile }.toList()
}
