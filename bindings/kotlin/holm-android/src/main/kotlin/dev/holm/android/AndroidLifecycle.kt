package dev.holm.android

import android.app.Activity
import android.app.ActivityManager
import android.app.Application
import android.content.ComponentCallbacks2
import android.content.res.Configuration
import android.os.Bundle
import android.os.Handler
import android.os.Looper
import dev.holm.Event

/**
 * Tells when the app comes to the foreground and when it leaves it.
 *
 * It is in the foreground while an activity is started. One that turns with the screen, or hands over to another, leaves no gap: going
 * to the background is told after a moment without any, or at once when the system says that no screen is shown.
 *
 * It may be made late, when an activity has been started already, and on any thread; it tells on the main thread.
 *
 * @param onEvent gets [Event.Foreground] and [Event.Background], never the same twice in a row. It must return soon.
 */
public class AndroidLifecycle(private val application: Application, private val onEvent: (Event) -> Unit) : AutoCloseable {
    private val main = Handler(Looper.getMainLooper())
    private val started = mutableSetOf<Activity>()
    private var told: Event? = null

    private val leave = Runnable { if (started.isEmpty()) tell(Event.Background) }

    private val activities =
        object : Application.ActivityLifecycleCallbacks {
            override fun onActivityStarted(activity: Activity) = enter(activity)

            // One that was started before this was made is first seen here.
            override fun onActivityResumed(activity: Activity) = enter(activity)

            override fun onActivityStopped(activity: Activity) = left(activity)

            override fun onActivityDestroyed(activity: Activity) = left(activity)

            override fun onActivityCreated(activity: Activity, savedInstanceState: Bundle?) = Unit

            override fun onActivityPaused(activity: Activity) = Unit

            override fun onActivitySaveInstanceState(activity: Activity, outState: Bundle) = Unit
        }

    private val memory =
        object : ComponentCallbacks2 {
            override fun onTrimMemory(level: Int) {
                if (level >= ComponentCallbacks2.TRIM_MEMORY_UI_HIDDEN) {
                    main.removeCallbacks(leave)
                    leave.run()
                }
            }

            override fun onConfigurationChanged(newConfig: Configuration) = Unit

            @Deprecated("the system's older word for memory running out")
            override fun onLowMemory() = Unit
        }

    init {
        application.registerActivityLifecycleCallbacks(activities)
        application.registerComponentCallbacks(memory)
        main.post { if (told == null) tell(if (isShown()) Event.Foreground else Event.Background) }
    }

    /** Stops following. Safe to call again, on any thread. */
    override fun close() {
        application.unregisterActivityLifecycleCallbacks(activities)
        application.unregisterComponentCallbacks(memory)
        main.removeCallbacksAndMessages(null)
    }

    private fun enter(activity: Activity) {
        main.removeCallbacks(leave)
        started += activity
        tell(Event.Foreground)
    }

    private fun left(activity: Activity) {
        started -= activity
        main.removeCallbacks(leave)
        if (started.isEmpty()) main.postDelayed(leave, GAP_MS)
    }

    private fun tell(event: Event) {
        if (told == event) return
        told = event
        onEvent(event)
    }

    private fun isShown(): Boolean {
        val state = ActivityManager.RunningAppProcessInfo()
        ActivityManager.getMyMemoryState(state)
        return state.importance <= ActivityManager.RunningAppProcessInfo.IMPORTANCE_VISIBLE
    }

    private companion object {
        /** Longer than an activity takes to be made anew. The same as in androidx.lifecycle. */
        const val GAP_MS = 700L
    }
}
