package dev.holm.android

import android.app.Activity
import android.app.Application
import android.net.ConnectivityManager
import android.os.Looper
import dev.holm.HolmConfig
import dev.holm.Phase
import dev.holm.Storage
import dev.holm.android.docs.todoCollection
import dev.holm.android.support.until
import dev.holm.testing.TestWorld
import kotlinx.coroutines.async
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertSame
import kotlin.test.assertTrue

/** A real client that is tied to the device. */
@RunWith(RobolectricTestRunner::class)
class HolmAndroidTest {
    private val application: Application = RuntimeEnvironment.getApplication()
    private val manager = application.getSystemService(ConnectivityManager::class.java)!!
    private val world = TestWorld(listOf(todoCollection))
    private val phone = runBlocking { world.device("phone", autoSync = true) }

    @After
    fun end() = world.close()

    @Test
    fun a_lost_network_is_known_to_the_client() {
        HolmAndroid.attach(application, phone.holm).use {
            shadowOf(manager).networkCallbacks.single().onLost(manager.activeNetwork!!)
            assertEquals(Phase.Offline, runBlocking { phone.holm.state() }.phase)
        }
    }

    @Test
    fun coming_to_the_foreground_looks_for_changes() {
        phone.network.goOnline()
        val lifecycle = AndroidLifecycle(application) { phone.holm.report(it) }
        shadowOf(Looper.getMainLooper()).idle()
        val before = phone.network.requests.size
        Robolectric.buildActivity(Activity::class.java).setup()
        until("the client asks the server") {
            world.advance(kotlin.time.Duration.parse("1s"))
            phone.network.requests.size > before
        }
        lifecycle.close()
    }

    @Test
    fun a_client_that_is_closed_first_is_no_trouble() {
        val ties = HolmAndroid.attach(application, phone.holm)
        val late = shadowOf(manager).networkCallbacks.single()
        phone.holm.close()
        late.onLost(manager.activeNetwork!!)
        Robolectric.buildActivity(Activity::class.java).setup().pause().stop()
        ties.close()
        ties.close()
        assertTrue(shadowOf(manager).networkCallbacks.isEmpty())
    }

    @Test
    fun the_shared_client_is_opened_once_and_again_after_a_failure() {
        var attempts = 0
        val shared =
            SharedHolm(application) {
                attempts += 1
                check(attempts > 1) { "the first one fails" }
                HolmConfig(baseUrl = null, storage = HolmAndroid.storage(application))
            }
        runBlocking {
            assertFailsWith<IllegalStateException> { shared.get() }
            val two = List(2) { async { shared.get() } }.map { it.await() }
            assertSame(two[0], two[1])
            two[0].close()
        }
        assertEquals(2, attempts)
    }

    @Test
    fun data_is_kept_where_backups_do_not_look() {
        val storage = HolmAndroid.storage(application, "errands") as Storage.Directory
        assertTrue(storage.path.startsWith(application.noBackupFilesDir.path))
    }
}
