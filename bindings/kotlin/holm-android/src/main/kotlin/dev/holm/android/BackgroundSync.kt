package dev.holm.android

import android.Manifest
import android.app.job.JobInfo
import android.app.job.JobScheduler
import android.content.ComponentName
import android.content.Context
import android.content.pm.PackageManager
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.minutes

/** Sync while the app is not in the foreground, through the system's JobScheduler. */
public object BackgroundSync {
    /** The id of the job among those of the app. */
    public const val JOB_ID: Int = 0x484F4C4D

    /**
     * Asks the system to let the client sync now and then, whenever there is a network, also after a restart of the device. The system
     * decides when; a job that is scheduled in the same way already is left alone, so an app calls this at each start.
     *
     * @param every how often; the system takes nothing below 15 minutes.
     * @param unmeteredOnly only where data costs nothing.
     * @return whether the system has accepted it.
     */
    public fun schedule(context: Context, every: Duration = 1.hours, unmeteredOnly: Boolean = false): Boolean {
        val scheduler = scheduler(context)
        val job = job(context, maxOf(every, 15.minutes), unmeteredOnly)
        // Scheduling anew begins the period anew, and stops a job that is running.
        if (scheduler.getPendingJob(JOB_ID)?.isLike(job) == true) return true
        return scheduler.schedule(job) == JobScheduler.RESULT_SUCCESS
    }

    /** Ends it, for example at a sign-out. A slice that is running is stopped. */
    public fun cancel(context: Context): Unit = scheduler(context).cancel(JOB_ID)

    private fun scheduler(context: Context) = checkNotNull(context.getSystemService(JobScheduler::class.java)) { "no job scheduler" }

    private fun job(context: Context, every: Duration, unmeteredOnly: Boolean): JobInfo =
        JobInfo.Builder(JOB_ID, ComponentName(context, HolmJobService::class.java))
            .setPeriodic(every.inWholeMilliseconds)
            .setRequiredNetworkType(if (unmeteredOnly) JobInfo.NETWORK_TYPE_UNMETERED else JobInfo.NETWORK_TYPE_ANY)
            .setPersisted(mayPersist(context))
            .build()

    /** An app may have removed the permission from its merged manifest. */
    private fun mayPersist(context: Context): Boolean =
        context.checkSelfPermission(Manifest.permission.RECEIVE_BOOT_COMPLETED) == PackageManager.PERMISSION_GRANTED

    private fun JobInfo.isLike(other: JobInfo): Boolean =
        intervalMillis == other.intervalMillis && requiredNetwork == other.requiredNetwork && isPersisted == other.isPersisted
}
