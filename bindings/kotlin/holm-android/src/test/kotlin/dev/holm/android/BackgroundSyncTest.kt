package dev.holm.android

import android.Manifest
import android.app.Application
import android.app.job.JobInfo
import android.app.job.JobScheduler
import android.net.NetworkCapabilities
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertNotEquals
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertSame
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.minutes

/** What is asked of the system's scheduler. */
@RunWith(RobolectricTestRunner::class)
class BackgroundSyncTest {
    private val application: Application = RuntimeEnvironment.getApplication()
    private val scheduler = application.getSystemService(JobScheduler::class.java)!!
    private val job: JobInfo? get() = scheduler.getPendingJob(BackgroundSync.JOB_ID)

    @Test
    fun the_job_is_periodic_wants_a_network_and_outlives_a_restart_of_the_device() {
        shadowOf(application).grantPermissions(Manifest.permission.RECEIVE_BOOT_COMPLETED)
        assertTrue(BackgroundSync.schedule(application, every = 2.hours))
        val job = assertNotNull(job)
        assertTrue(job.isPeriodic)
        assertEquals(2.hours.inWholeMilliseconds, job.intervalMillis)
        assertTrue(job.isPersisted)
        assertTrue(job.requiredNetwork!!.hasCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET))
        assertEquals(HolmJobService::class.java.name, job.service.className)
    }

    @Test
    fun without_the_permission_it_is_scheduled_until_the_next_restart() {
        shadowOf(application).denyPermissions(Manifest.permission.RECEIVE_BOOT_COMPLETED)
        assertTrue(BackgroundSync.schedule(application))
        assertFalse(assertNotNull(job).isPersisted)
    }

    @Test
    fun what_is_scheduled_already_is_left_alone_and_another_wish_takes_its_place() {
        BackgroundSync.schedule(application)
        val first = job
        BackgroundSync.schedule(application)
        assertSame(first, job)
        BackgroundSync.schedule(application, unmeteredOnly = true)
        assertNotEquals(first, job)
    }

    @Test
    fun the_system_takes_no_shorter_period_than_a_quarter_of_an_hour() {
        BackgroundSync.schedule(application, every = 1.minutes)
        assertEquals(15.minutes.inWholeMilliseconds, assertNotNull(job).intervalMillis)
    }

    @Test
    fun a_cancelled_job_is_gone() {
        BackgroundSync.schedule(application)
        BackgroundSync.cancel(application)
        assertNull(job)
    }
}
