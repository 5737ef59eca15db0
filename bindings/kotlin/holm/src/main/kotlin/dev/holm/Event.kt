package dev.holm

/**
 * Something that happened to the app or the device, for [Holm.report]. It says what happened, not what to do about it: when to sync is
 * decided in the core, the same for every platform.
 */
public sealed interface Event {
    /** The process has started. Looks for changes at once. */
    public data object Launched : Event

    /** The app is on the screen: looks for changes at once, and from now on every [HolmConfig.foregroundInterval]. */
    public data object Foreground : Event

    /** The app has left the screen: from now on every [HolmConfig.interval], as long as the system lets the process run at all. */
    public data object Background : Event

    /**
     * The device saves energy or has stopped to. Intervals are four times as long meanwhile.
     *
     * @property on whether it does.
     */
    public data class LowPower(public val on: Boolean) : Event

    /** A push notification says that the server has something new. Looks for it within half a second. */
    public data object PushReceived : Event
}
