package dev.holm.android

import android.content.Context
import android.net.ConnectivityManager
import android.net.NetworkCapabilities
import android.os.Build
import dev.holm.Network
import android.net.Network as SystemNetwork

/**
 * Follows the device's default network, and tells what it is worth: at once, and whenever that changes.
 *
 * A network counts once the system has reached the internet through it. Before that, behind the sign-in page of a captive portal, and
 * when the system blocks the app (data saver, battery saver), it is [Network.Offline]: a request would only cost battery. A network that
 * is metered, by the carrier or by the user, is [Network.Metered].
 *
 * Thread-safe. Needs the permission `ACCESS_NETWORK_STATE`, which the library's manifest has.
 *
 * @param requireInternet false also counts networks without the internet, for a server in the same house.
 * @param onChange gets the network: first from the constructor, later on a thread of the system. It must return soon.
 */
public class AndroidConnectivity(context: Context, private val requireInternet: Boolean = true, private val onChange: (Network) -> Unit) :
    AutoCloseable {
    private val manager = checkNotNull(context.getSystemService(ConnectivityManager::class.java)) { "no connectivity service" }
    private var capabilities: NetworkCapabilities? = null
    private var blocked = false
    private var told: Network? = null
    private var registered = false

    private val callback =
        object : ConnectivityManager.NetworkCallback() {
            override fun onCapabilitiesChanged(network: SystemNetwork, networkCapabilities: NetworkCapabilities) =
                change { capabilities = networkCapabilities }

            override fun onBlockedStatusChanged(network: SystemNetwork, blocked: Boolean) =
                change { this@AndroidConnectivity.blocked = blocked }

            override fun onLost(network: SystemNetwork) =
                change {
                    capabilities = null
                    blocked = false
                }
        }

    init {
        register()
    }

    /** Stops following. Nothing is told after this. Safe to call again. */
    @Synchronized
    override fun close() {
        if (registered) manager.unregisterNetworkCallback(callback)
        registered = false
    }

    @Synchronized
    private fun register() {
        try {
            // With no network there is no callback, so what is there now is asked for.
            capabilities = manager.getNetworkCapabilities(manager.activeNetwork)
            manager.registerDefaultNetworkCallback(callback)
            registered = true
            tell(network())
        } catch (_: SecurityException) {
            // Some builds of Android 11 throw it for no reason. Not knowing means trying.
            tell(Network.Unmetered)
        }
    }

    @Synchronized
    private fun change(what: () -> Unit) {
        if (!registered) return
        what()
        tell(network())
    }

    private fun tell(network: Network) {
        if (told == network) return
        told = network
        onChange(network)
    }

    private fun network(): Network {
        val now = capabilities ?: return Network.Offline
        return when {
            blocked || !now.reaches() -> Network.Offline
            now.isFree() -> Network.Unmetered
            else -> Network.Metered
        }
    }

    private fun NetworkCapabilities.reaches(): Boolean =
        !hasCapability(NetworkCapabilities.NET_CAPABILITY_CAPTIVE_PORTAL) &&
            (!requireInternet || hasCapability(NetworkCapabilities.NET_CAPABILITY_VALIDATED))

    private fun NetworkCapabilities.isFree(): Boolean =
        hasCapability(NetworkCapabilities.NET_CAPABILITY_NOT_METERED) ||
            (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R && hasCapability(NetworkCapabilities.NET_CAPABILITY_TEMPORARILY_NOT_METERED))
}
