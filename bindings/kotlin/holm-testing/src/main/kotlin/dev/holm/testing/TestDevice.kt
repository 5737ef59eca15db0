package dev.holm.testing

import dev.holm.CollectionSpec
import dev.holm.Holm
import dev.holm.HolmCollection
import dev.holm.ffi.FfiTestDevice
import kotlin.time.Instant

/**
 * A device of a [TestWorld], signed in: the real client, with its time and network in the test's hands. Thread-safe.
 *
 * @property name what the test calls it.
 * @property holm its client. [TestWorld.close] closes it.
 */
public class TestDevice internal constructor(public val name: String, public val holm: Holm, private val device: FfiTestDevice) {
    /** Its network. */
    public val network: TestNetwork = TestNetwork(device, holm)

    /** What its clock shows. */
    public val now: Instant get() = Instant.fromEpochMilliseconds(device.nowMs())

    /** A collection of its client. */
    public fun <T : Any> collection(spec: CollectionSpec<T>): HolmCollection<T> = holm.collection(spec)

    /** Sets its clock, as a person does who changes the date. Time that passes goes on from there; no wait ends by it. */
    public fun setClock(to: Instant): Unit = device.setWallMs(to.toEpochMilliseconds())

    override fun toString(): String = "TestDevice($name)"

    internal fun advance(ms: ULong) = device.advance(ms)

    internal fun close() {
        holm.close()
        device.destroy()
    }
}
