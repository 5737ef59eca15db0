package dev.holm.androidx

import androidx.lifecycle.DefaultLifecycleObserver
import androidx.lifecycle.LifecycleOwner
import androidx.lifecycle.ProcessLifecycleOwner
import dev.holm.ErrorCode
import dev.holm.Event
import dev.holm.Holm
import dev.holm.HolmException

/**
 * Tells a client when the app comes to the foreground and leaves it, for apps that have `ProcessLifecycleOwner` and tie the rest
 * themselves; `HolmAndroid.attach` does the same without androidx. Not both.
 *
 * ```
 * ProcessLifecycleOwner.get().lifecycle.addObserver(HolmLifecycleObserver(holm))
 * ```
 *
 * Like every observer it is added and removed on the main thread. An observer that comes late is told the state that there is.
 */
public class HolmLifecycleObserver(private val holm: Holm) : DefaultLifecycleObserver {
    override fun onStart(owner: LifecycleOwner): Unit = report(Event.Foreground)

    override fun onStop(owner: LifecycleOwner): Unit = report(Event.Background)

    private fun report(event: Event) {
        try {
            holm.report(event)
        } catch (e: HolmException) {
            if (e.code != ErrorCode.CLOSED) throw e
        }
    }

    /** Adds observers to the process. */
    public companion object {
        /** Adds one for this client; on the main thread. */
        public fun observe(holm: Holm) {
            ProcessLifecycleOwner.get().lifecycle.addObserver(HolmLifecycleObserver(holm))
        }
    }
}
