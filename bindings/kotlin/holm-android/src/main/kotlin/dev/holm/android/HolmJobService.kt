package dev.holm.android

import android.app.job.JobParameters
import android.app.job.JobService
import android.util.Log
import dev.holm.HolmException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.time.Duration.Companion.minutes

/**
 * Syncs while the app is in the background, when the system grants it time. Scheduled with [BackgroundSync.schedule]; the library's
 * manifest declares it. The app's `Application` has to be a [HolmHost].
 *
 * A job is one slice of work (`Holm.runBackground`). When the system wants its time back, the slice ends at once and the rest is asked for
 * again: nothing is lost or sent twice. What only a person can mend, such as a session that has expired, is not tried again before the
 * next period.
 */
public class HolmJobService : JobService() {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
    private val slices = ConcurrentHashMap<Int, Slice>()

    override fun onStartJob(params: JobParameters): Boolean {
        val host = applicationContext as? HolmHost
        if (host == null) {
            Log.e(TAG, "${applicationContext.javaClass.name} is no HolmHost: nothing is synced in the background")
            return false
        }
        val slice = Slice()
        slices[params.jobId] = slice
        slice.work =
            scope.launch {
                val again = needsMore(host)
                if (slice.end()) {
                    slices.remove(params.jobId, slice)
                    jobFinished(params, again)
                }
            }
        return true
    }

    override fun onStopJob(params: JobParameters): Boolean {
        val slice = slices.remove(params.jobId) ?: return false
        val stopped = slice.end()
        slice.work?.cancel()
        return stopped
    }

    override fun onDestroy() {
        scope.cancel()
        super.onDestroy()
    }

    /** Whether the system should come back soon. */
    private suspend fun needsMore(host: HolmHost): Boolean =
        try {
            !host.holm().runBackground(BUDGET).complete
        } catch (e: HolmException) {
            Log.w(TAG, "a sync in the background failed: $e")
            e.retryable
        }

    /** One started job. It ends once: by its work, or by the system. */
    private class Slice {
        private val ended = AtomicBoolean(false)

        @Volatile
        var work: Job? = null

        fun end(): Boolean = ended.compareAndSet(false, true)
    }

    private companion object {
        const val TAG = "Holm"

        /** The system stops a job after ten minutes. */
        val BUDGET = 9.minutes
    }
}
