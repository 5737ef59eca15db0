package dev.holm.androidx

import android.content.Context
import android.util.Log
import androidx.work.Constraints
import androidx.work.CoroutineWorker
import androidx.work.ExistingPeriodicWorkPolicy
import androidx.work.NetworkType
import androidx.work.PeriodicWorkRequest
import androidx.work.WorkManager
import androidx.work.WorkerParameters
import dev.holm.HolmException
import dev.holm.android.HolmHost
import java.util.concurrent.TimeUnit
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.minutes

/**
 * Syncs in the background for apps that use WorkManager; the others take `BackgroundSync` of `holm-android`, which does the same with the
 * system's JobScheduler. Not both. The app's `Application` has to be a [HolmHost].
 */
public class HolmWorker(context: Context, parameters: WorkerParameters) : CoroutineWorker(context, parameters) {
    override suspend fun doWork(): Result {
        val host = applicationContext as? HolmHost
        if (host == null) {
            Log.e(TAG, "${applicationContext.javaClass.name} is no HolmHost: nothing is synced in the background")
            return Result.failure()
        }
        return try {
            if (host.holm().runBackground(BUDGET).complete) Result.success() else Result.retry()
        } catch (e: HolmException) {
            Log.w(TAG, "a sync in the background failed: $e")
            if (e.retryable) Result.retry() else Result.failure()
        }
    }

    /** Schedules the work. */
    public companion object {
        private const val TAG = "Holm"
        private const val NAME = "dev.holm.sync"

        /** WorkManager stops a worker after ten minutes. */
        private val BUDGET = 9.minutes

        /**
         * Asks for a sync now and then, whenever there is a network. An app calls this at each start.
         *
         * @param every how often; WorkManager takes nothing below 15 minutes.
         * @param unmeteredOnly only where data costs nothing.
         */
        public fun schedule(context: Context, every: Duration = 1.hours, unmeteredOnly: Boolean = false) {
            val network = if (unmeteredOnly) NetworkType.UNMETERED else NetworkType.CONNECTED
            val request =
                PeriodicWorkRequest.Builder(HolmWorker::class.java, every.inWholeMilliseconds, TimeUnit.MILLISECONDS)
                    .setConstraints(Constraints.Builder().setRequiredNetworkType(network).build())
                    .build()
            WorkManager.getInstance(context).enqueueUniquePeriodicWork(NAME, ExistingPeriodicWorkPolicy.UPDATE, request)
        }

        /** Ends it, for example at a sign-out. */
        public fun cancel(context: Context) {
            WorkManager.getInstance(context).cancelUniqueWork(NAME)
        }
    }
}
