package dev.holm.testing

import dev.holm.Holm
import dev.holm.Network
import dev.holm.ffi.FfiTestDevice

/** The network of a [TestDevice]. It works until it is told otherwise. Thread-safe; every call returns at once. */
public class TestNetwork internal constructor(private val device: FfiTestDevice, private val holm: Holm) {
    /** Whether the device has a network. Requests may fail all the same. */
    @Volatile
    public var isOnline: Boolean = true
        private set

    /** Every request so far, those that failed among them: `POST /v1/sync/pull`. */
    public val requests: List<String> get() = device.requests()

    /**
     * Airplane mode: the client knows that there is no network and does not sync, and what a person asks of it all the same (a sign-in)
     * does not arrive. Faults that were asked for before are forgotten.
     */
    public fun goOffline() {
        isOnline = false
        holm.setNetwork(Network.Offline)
        heal()
    }

    /**
     * There is a network again, and nothing fails any more.
     *
     * @param network of which kind.
     */
    public fun goOnline(network: Network = Network.Unmetered) {
        isOnline = true
        heal()
        holm.setNetwork(network)
    }

    /**
     * Lets requests fail, after the faults that were asked for before.
     *
     * @param times how many requests; null: all from then on, until [heal] or [goOnline].
     */
    public fun fail(fault: Fault, times: Int? = null) {
        require(times == null || times >= 0) { "a fault that happens $times times" }
        device.fail(fault.lower(), times?.toUInt())
    }

    /** A bad line: one request is lost, the answer of the next one too, and a third one takes too long. Then it works. */
    public fun flaky() {
        fail(Fault.Unreachable, times = 1)
        fail(Fault.LostReply, times = 1)
        fail(Fault.Timeout, times = 1)
    }

    /** Nothing fails any more, as long as there is a network. */
    public fun heal() {
        device.heal()
        if (!isOnline) fail(Fault.Unreachable)
    }
}
