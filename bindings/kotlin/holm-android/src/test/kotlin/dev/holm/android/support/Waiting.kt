package dev.holm.android.support

import android.os.Looper
import org.robolectric.Shadows.shadowOf
import kotlin.test.fail
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource

/** Lets the main thread do what other threads give it, until something is so. */
internal fun until(what: String, limit: Duration = 20.seconds, isSo: () -> Boolean) {
    val start = TimeSource.Monotonic.markNow()
    while (!isSo()) {
        if (start.elapsedNow() > limit) fail("not in $limit: $what")
        shadowOf(Looper.getMainLooper()).idle()
        Thread.onSpinWait()
    }
}
