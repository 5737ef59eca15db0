package dev.holm.android.docs

import android.net.ConnectivityManager
import android.net.NetworkCapabilities
import android.view.ViewGroup
import android.widget.ListView
import dev.holm.android.support.FakeKeystore
import dev.holm.android.support.until
import dev.holm.testing.TestWorld
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.shadows.ShadowNetworkCapabilities
import kotlin.test.assertEquals

/** The first screen of the documentation: it shows what is here, what comes, and what another device has written. */
@RunWith(RobolectricTestRunner::class)
@Config(application = ErrandsApp::class)
class ListActivityTest {
    private val keystore = FakeKeystore().also { it.install() }
    private val world = TestWorld(listOf(todoCollection), start = kotlin.time.Clock.System.now()).also { serverUrl = it.url }
    private val app = RuntimeEnvironment.getApplication() as ErrandsApp

    @Before
    fun connect() {
        val manager = app.getSystemService(ConnectivityManager::class.java)!!
        val reached = ShadowNetworkCapabilities.newInstance()
        shadowOf(reached).addCapability(NetworkCapabilities.NET_CAPABILITY_VALIDATED)
        shadowOf(manager).setNetworkCapabilities(manager.activeNetwork, reached)
    }

    @After
    fun end() {
        runBlocking { app.holm() }.close()
        world.close()
        keystore.uninstall()
    }

    @Test
    fun the_list_shows_what_is_here_what_comes_and_what_others_write() {
        val screen = Robolectric.buildActivity(ListActivity::class.java).setup()
        val list = screen.get().findViewById<ViewGroup>(android.R.id.content)!!.getChildAt(0) as ListView
        // The screen opens the client on the main thread, which must not wait for it here.
        val opening = CoroutineScope(Dispatchers.Default).async { app.holm() }
        until("the client is open") { opening.isCompleted }
        val holm = runBlocking { opening.await() }
        val todos = holm.collection(todoCollection)

        runBlocking { todos.create(Todo("Buy milk", createdAt = 1)) }
        until("what was made here is shown") { titles(list) == listOf("Buy milk") }

        runBlocking {
            val other = world.device("other").collection(todoCollection)
            other.create(Todo("Buy bread", createdAt = 2))
            world.syncAll()
            holm.signIn(TestWorld.email(), TestWorld.PASSWORD)
            holm.sync()
            world.syncAll()
            assertEquals(2, other.count())
        }
        until("what another device wrote is shown") { titles(list) == listOf("Buy bread", "Buy milk") }
        screen.pause().stop().destroy()
    }

    private fun titles(list: ListView): List<Any> = List(list.adapter.count) { list.adapter.getItem(it) }
}
