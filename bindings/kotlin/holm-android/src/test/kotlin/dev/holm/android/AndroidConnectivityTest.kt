package dev.holm.android

import android.app.Application
import android.net.ConnectivityManager
import android.net.NetworkCapabilities
import android.net.NetworkCapabilities.NET_CAPABILITY_CAPTIVE_PORTAL
import android.net.NetworkCapabilities.NET_CAPABILITY_INTERNET
import android.net.NetworkCapabilities.NET_CAPABILITY_NOT_METERED
import android.net.NetworkCapabilities.NET_CAPABILITY_VALIDATED
import dev.holm.Network
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowNetworkCapabilities
import kotlin.test.assertEquals
import kotlin.test.assertTrue

/** What the system says of the default network, and what the client is told. */
@RunWith(RobolectricTestRunner::class)
class AndroidConnectivityTest {
    private val application: Application = RuntimeEnvironment.getApplication()
    private val manager = application.getSystemService(ConnectivityManager::class.java)!!
    private val told = mutableListOf<Network>()

    init {
        // There is one, and nothing is known of it.
        shadowOf(manager).setNetworkCapabilities(manager.activeNetwork, null)
    }

    @Test
    fun a_device_without_a_network_is_offline_from_the_start() {
        following { assertEquals(listOf(Network.Offline), told) }
    }

    @Test
    fun the_network_that_is_there_at_the_start_is_told_at_once() {
        shadowOf(manager).setNetworkCapabilities(
            manager.activeNetwork,
            capabilities(NET_CAPABILITY_INTERNET, NET_CAPABILITY_VALIDATED, NET_CAPABILITY_NOT_METERED),
        )
        following { assertEquals(listOf(Network.Unmetered), told) }
    }

    @Test
    fun a_network_counts_when_the_internet_has_been_reached_through_it() =
        following {
            becomes(NET_CAPABILITY_INTERNET, NET_CAPABILITY_NOT_METERED)
            assertEquals(listOf(Network.Offline), told)
            becomes(NET_CAPABILITY_INTERNET, NET_CAPABILITY_NOT_METERED, NET_CAPABILITY_VALIDATED)
            assertEquals(listOf(Network.Offline, Network.Unmetered), told)
        }

    @Test
    fun a_metered_network_is_told() =
        following {
            becomes(NET_CAPABILITY_INTERNET, NET_CAPABILITY_VALIDATED)
            assertEquals(Network.Metered, told.last())
        }

    @Test
    fun behind_the_page_of_a_captive_portal_the_device_is_offline() =
        following {
            becomes(NET_CAPABILITY_INTERNET, NET_CAPABILITY_NOT_METERED, NET_CAPABILITY_VALIDATED)
            becomes(NET_CAPABILITY_INTERNET, NET_CAPABILITY_NOT_METERED, NET_CAPABILITY_VALIDATED, NET_CAPABILITY_CAPTIVE_PORTAL)
            assertEquals(Network.Offline, told.last())
        }

    @Test
    fun a_network_of_the_house_counts_if_the_app_says_so() =
        following(requireInternet = false) {
            becomes(NET_CAPABILITY_NOT_METERED)
            assertEquals(Network.Unmetered, told.last())
        }

    @Test
    fun an_app_that_the_system_blocks_is_offline_until_it_is_let_go() =
        following {
            becomes(NET_CAPABILITY_VALIDATED, NET_CAPABILITY_NOT_METERED)
            callback { onBlockedStatusChanged(it, true) }
            assertEquals(Network.Offline, told.last())
            callback { onBlockedStatusChanged(it, false) }
            assertEquals(Network.Unmetered, told.last())
        }

    @Test
    fun what_does_not_change_is_not_told_again_and_a_lost_network_is_told() =
        following {
            becomes(NET_CAPABILITY_VALIDATED)
            becomes(NET_CAPABILITY_VALIDATED)
            callback { onLost(it) }
            assertEquals(listOf(Network.Offline, Network.Metered, Network.Offline), told)
        }

    @Test
    fun nothing_is_told_after_the_end() {
        val connectivity = AndroidConnectivity(application) { told += it }
        val late = shadowOf(manager).networkCallbacks.single()
        connectivity.close()
        connectivity.close()
        late.onCapabilitiesChanged(manager.activeNetwork!!, capabilities(NET_CAPABILITY_VALIDATED))
        assertEquals(listOf(Network.Offline), told)
        assertTrue(shadowOf(manager).networkCallbacks.isEmpty())
    }

    private fun following(requireInternet: Boolean = true, story: () -> Unit) =
        AndroidConnectivity(application, requireInternet) { told += it }.use { story() }

    private fun becomes(vararg abilities: Int) = callback { onCapabilitiesChanged(it, capabilities(*abilities)) }

    private fun callback(call: ConnectivityManager.NetworkCallback.(android.net.Network) -> Unit) =
        shadowOf(manager).networkCallbacks.single().call(manager.activeNetwork!!)

    private fun capabilities(vararg abilities: Int): NetworkCapabilities =
        ShadowNetworkCapabilities.newInstance().also { made -> abilities.forEach { shadowOf(made).addCapability(it) } }
}
