package dev.holm.android

import android.app.Activity
import android.app.ActivityManager
import android.app.Application
import android.content.ComponentCallbacks2
import android.os.Looper
import dev.holm.Event
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import java.util.concurrent.TimeUnit
import kotlin.test.assertEquals

/** When the app is told to be in the foreground and when in the background. */
@RunWith(RobolectricTestRunner::class)
class AndroidLifecycleTest {
    private val application: Application = RuntimeEnvironment.getApplication()
    private val told = mutableListOf<Event>()
    private val looper = shadowOf(Looper.getMainLooper())

    init {
        importance(ActivityManager.RunningAppProcessInfo.IMPORTANCE_SERVICE)
    }

    @Test
    fun a_process_that_shows_nothing_starts_in_the_background() = following { assertEquals(listOf<Event>(Event.Background), told) }

    @Test
    fun an_activity_brings_the_app_to_the_foreground_and_its_end_to_the_background() =
        following {
            val screen = screen()
            assertEquals<Any?>(Event.Foreground, told.last())
            screen.pause().stop()
            passes(600)
            assertEquals<Any?>(Event.Foreground, told.last())
            passes(200)
            assertEquals<Any?>(Event.Background, told.last())
        }

    @Test
    fun an_activity_that_turns_with_the_screen_leaves_no_gap() =
        following {
            val before = told.size
            screen().recreate()
            passes(2_000)
            assertEquals(listOf<Event>(Event.Foreground), told.drop(before))
        }

    @Test
    fun one_activity_after_the_other_leaves_no_gap() =
        following {
            val before = told.size
            val first = screen()
            first.pause()
            val second = screen()
            first.stop().destroy()
            passes(2_000)
            second.pause()
            passes(2_000)
            assertEquals(listOf<Event>(Event.Foreground), told.drop(before))
        }

    @Test
    fun who_comes_late_sees_the_activity_that_was_there_before() {
        val screen = screen()
        importance(ActivityManager.RunningAppProcessInfo.IMPORTANCE_FOREGROUND)
        following {
            assertEquals(listOf<Event>(Event.Foreground), told)
            screen.pause().stop()
            passes(800)
            assertEquals(listOf(Event.Foreground, Event.Background), told)
        }
    }

    @Test
    fun a_hidden_app_is_in_the_background_at_once() =
        following {
            screen().pause().stop()
            application.onTrimMemory(ComponentCallbacks2.TRIM_MEMORY_UI_HIDDEN)
            assertEquals<Any?>(Event.Background, told.last())
        }

    @Test
    fun nothing_is_told_after_the_end() {
        following { screen() }
        val before = told.toList()
        screen()
        passes(2_000)
        assertEquals(before, told)
    }

    private fun following(story: () -> Unit) =
        AndroidLifecycle(application) { told += it }.use {
            looper.idle()
            story()
        }

    private fun screen(): ActivityController<Activity> = Robolectric.buildActivity(Activity::class.java).setup()

    private fun passes(ms: Long) = looper.idleFor(ms, TimeUnit.MILLISECONDS)

    private fun importance(importance: Int) {
        val manager = application.getSystemService(ActivityManager::class.java)!!
        val own = ActivityManager.RunningAppProcessInfo("app", android.os.Process.myPid(), emptyArray()).also { it.importance = importance }
        shadowOf(manager).setProcesses(listOf(own))
    }
}
