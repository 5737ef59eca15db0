package dev.holm.android

import android.app.Application
import android.app.job.JobParameters
import android.os.Parcel
import dev.holm.android.docs.Todo
import dev.holm.android.docs.todoCollection
import dev.holm.android.support.HostApp
import dev.holm.android.support.until
import dev.holm.testing.Fault
import dev.holm.testing.TestWorld
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue

/** Slices of sync in the background, as the system starts and stops them. */
@RunWith(RobolectricTestRunner::class)
@Config(application = HostApp::class)
class HolmJobServiceTest {
    private val world = TestWorld(listOf(todoCollection))
    private val phone = runBlocking { world.device("phone") }
    private val todos = phone.collection(todoCollection)
    private val service = Robolectric.buildService(HolmJobService::class.java).create().get()
    private val job: JobParameters = JobParameters.CREATOR.createFromParcel(Parcel.obtain())

    @After
    fun end() = world.close()

    @Test
    fun a_job_sends_what_is_queued_and_ends() {
        hosted { phone.holm }
        runBlocking { todos.create(Todo("Buy milk")) }
        assertTrue(service.onStartJob(job))
        until("the job has ended") { shadowOf(service).isJobFinished }
        assertFalse(shadowOf(service).isRescheduleNeeded)
        assertEquals(0, runBlocking { phone.holm.state() }.pending)
    }

    @Test
    fun a_job_that_the_system_stops_is_cut_at_once_and_asked_for_again() {
        val cut = CompletableDeferred<Unit>()
        val begun = CompletableDeferred<Unit>()
        hosted {
            begun.complete(Unit)
            try {
                awaitCancellation()
            } finally {
                cut.complete(Unit)
            }
        }
        service.onStartJob(job)
        until("it has begun") { begun.isCompleted }
        assertTrue(service.onStopJob(job), "the rest is asked for again")
        until("it was cut") { cut.isCompleted }
        assertFalse(shadowOf(service).isJobFinished, "who was stopped does not end a second time")
        assertFalse(service.onStopJob(job), "it has ended already")
    }

    @Test
    fun a_job_that_has_ended_by_itself_is_not_asked_for_again_by_a_late_stop() {
        hosted { phone.holm }
        service.onStartJob(job)
        until("the job has ended") { shadowOf(service).isJobFinished }
        assertFalse(service.onStopJob(job))
    }

    @Test
    fun a_server_that_is_down_is_tried_again_soon() {
        hosted { phone.holm }
        phone.network.fail(Fault.ServerDown)
        service.onStartJob(job)
        until("the job has ended") { shadowOf(service).isJobFinished }
        assertTrue(shadowOf(service).isRescheduleNeeded)
    }

    @Test
    fun a_session_that_has_ended_waits_for_a_person() {
        hosted { phone.holm }
        phone.network.fail(Fault.ExpiredSession)
        service.onStartJob(job)
        until("the job has ended") { shadowOf(service).isJobFinished }
        assertFalse(shadowOf(service).isRescheduleNeeded)
    }

    @Test
    @Config(application = Application::class)
    fun an_application_that_is_no_host_is_told_in_the_log() {
        assertFalse(service.onStartJob(job))
    }

    private fun hosted(client: suspend () -> dev.holm.Holm) {
        (RuntimeEnvironment.getApplication() as HostApp).client = client
    }
}
