package dev.holm.android.docs

import android.app.Application
import android.app.job.JobScheduler
import dev.holm.HolmLog
import dev.holm.android.BackgroundSync
import dev.holm.android.LogcatSink
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import kotlin.test.assertNotNull
import kotlin.time.Duration.Companion.hours

/** An application as the first pages show it, with work in the background. */
@RunWith(RobolectricTestRunner::class)
@Config(application = BackgroundTest.App::class)
class BackgroundTest {
    class App : Application() {
        // snippet: background
        override fun onCreate() {
            super.onCreate()
            HolmLog.install(LogcatSink())
            BackgroundSync.schedule(this, every = 1.hours)
        }
        // end
    }

    @Test
    fun the_job_is_scheduled_at_the_start() {
        val scheduler = RuntimeEnvironment.getApplication().getSystemService(JobScheduler::class.java)
        assertNotNull(scheduler?.getPendingJob(BackgroundSync.JOB_ID))
    }
}
