package dev.holm.android

import android.app.Application
import dev.holm.Holm
import dev.holm.HolmConfig
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock

/**
 * Who has the app's client. The app's `Application` implements this, so that work in the background, which may be all that a process is
 * started for, finds it:
 *
 * ```
 * class ErrandsApp : Application(), HolmHost {
 *     private val shared = SharedHolm(this) { HolmConfig(URL, HolmAndroid.storage(this), listOf(todoCollection), secrets = KeystoreSecretStore(this)) }
 *
 *     override suspend fun holm(): Holm = shared.get()
 * }
 * ```
 */
public interface HolmHost {
    /**
     * The app's one client, opened if it is not yet.
     *
     * @throws dev.holm.HolmException as [Holm.open].
     */
    public suspend fun holm(): Holm
}

/**
 * The app's one client: opened by the first [get] and attached to the device ([HolmAndroid.attach]). Thread-safe.
 *
 * @param config made when the client is opened, not before.
 */
public class SharedHolm(private val application: Application, private val config: () -> HolmConfig) {
    private val opening = Mutex()
    private var opened: Holm? = null

    /**
     * The client. Callers that come while it is being opened wait for it. An opening that failed is tried anew by the next call.
     *
     * @throws dev.holm.HolmException as [Holm.open].
     */
    public suspend fun get(): Holm =
        opening.withLock {
            opened ?: Holm.open(config()).also {
                HolmAndroid.attach(application, it)
                opened = it
            }
        }
}
