package dev.holm.testing

import dev.holm.CollectionSpec
import dev.holm.Holm
import dev.holm.HolmConfig
import dev.holm.HolmException
import dev.holm.InternalHolmApi
import dev.holm.Storage
import dev.holm.ffi.FfiTestDevice
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlin.time.Duration
import kotlin.time.Instant

/**
 * A server and devices for an app's own tests, all in the test's process and in memory. It is the real server and the real client; only
 * their time and their network are in the test's hands. Time stands still until [advance], so no test waits.
 *
 * ```
 * TestWorld(listOf(todoCollection)).use { world ->
 *     val phone = world.device("phone")
 *     val tablet = world.device("tablet")
 *     …
 *     world.syncAll()
 * }
 * ```
 *
 * Thread-safe. Several worlds may be there at once; each has a server, clocks and accounts of its own. Starting one blocks for some
 * milliseconds.
 *
 * @param collections the app's collections, as in `HolmConfig`.
 * @param serverConfig rules of the server, as its sample configuration documents them (TOML); null: it takes whatever is valid.
 * @param start where all clocks begin.
 * @throws IllegalArgumentException if the server does not understand its configuration; the message names the key.
 */
public class TestWorld(
    private val collections: List<CollectionSpec<*>>,
    serverConfig: String? = null,
    private val start: Instant = Instant.parse("2026-01-01T00:00:00Z"),
) : AutoCloseable {
    private val server = TestServer(serverConfig, start)
    private val making = Mutex()
    private val accounts = mutableSetOf<String>()
    private val devices = linkedMapOf<String, TestDevice>()
    private var passed = Duration.ZERO

    /** The server's address, for a client that the app opens by itself, with real time: begin the world at the real time then. */
    public val url: String get() = server.url

    /** What the server's clock shows, and every device's that was not set to something else. */
    public val now: Instant get() = start + passed

    /**
     * A device with this name, signed in; the same one for the same name. It syncs when asked ([syncAll], `holm.sync()`), and starts with
     * nothing.
     *
     * @param account whose device it is. Those of one account share their data; the first one makes the account.
     * @param autoSync whether the client also syncs by itself, as in an app. What it waits for passes with [advance].
     * @param storage where its data lives.
     * @param ordered whether its writes go in one order, as in `HolmConfig`.
     * @throws HolmException as `Holm.open` and `Holm.signIn`.
     */
    public suspend fun device(
        name: String,
        account: String = "person",
        autoSync: Boolean = false,
        storage: Storage = Storage.InMemory,
        ordered: Boolean = false,
    ): TestDevice =
        making.withLock {
            devices[name] ?: open(name, autoSync, storage, ordered).also { device ->
                devices[name] = device
                if (accounts.add(account)) device.holm.signUp(email(account), PASSWORD) else device.holm.signIn(email(account), PASSWORD)
            }
        }

    /** Lets time pass, for the server and for every device: sessions age, waits end. What a client does then is under way at the return. */
    public fun advance(duration: Duration) {
        require(!duration.isNegative()) { "time does not go back" }
        passed += duration
        val ms = duration.inWholeMilliseconds.toULong()
        server.advance(ms)
        devices.values.forEach { it.advance(ms) }
    }

    /**
     * Syncs the devices that are online, one after the other in the order of their making, until none of them has anything new. A sync
     * that fails in a way that may pass is tried again.
     *
     * @throws HolmException what a device failed with to the end.
     * @throws IllegalStateException if there is no end of news.
     */
    public suspend fun syncAll() {
        var failure: HolmException? = null
        repeat(ROUNDS) {
            failure = null
            var quiet = true
            for (device in devices.values.filter { it.network.isOnline }) {
                try {
                    val report = device.holm.sync()
                    if (report.pushed + report.pulled + report.conflicts + report.parked > 0) quiet = false
                } catch (e: HolmException) {
                    if (!e.retryable) throw e
                    failure = e
                    quiet = false
                }
            }
            if (quiet) return
        }
        throw failure ?: error("the devices go on and on: ${devices.keys}")
    }

    /** Closes the devices and ends the server; everything is gone. Blocks for milliseconds. Safe to call again. */
    override fun close() {
        devices.values.forEach { it.close() }
        devices.clear()
        server.close()
    }

    @OptIn(InternalHolmApi::class)
    private suspend fun open(name: String, autoSync: Boolean, storage: Storage, ordered: Boolean): TestDevice {
        val device = FfiTestDevice(now.toEpochMilliseconds())
        val config = HolmConfig(url, storage, collections, autoSync = autoSync, ordered = ordered)
        return TestDevice(name, Holm.open(config, device), device)
    }

    /** What a client that the app opens by itself signs in with. */
    public companion object {
        /** The password of every account. */
        public const val PASSWORD: String = "correct horse"

        private const val ROUNDS = 20

        /** The address of an account. The account is there once it has a device. */
        public fun email(account: String = "person"): String = "$account@example.com"
    }
}
