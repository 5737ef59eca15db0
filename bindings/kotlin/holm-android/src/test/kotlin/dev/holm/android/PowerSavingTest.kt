package dev.holm.android

import android.app.Application
import android.content.Intent
import android.os.Looper
import android.os.PowerManager
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import kotlin.test.assertEquals

@RunWith(RobolectricTestRunner::class)
class PowerSavingTest {
    private val application: Application = RuntimeEnvironment.getApplication()
    private val told = mutableListOf<Boolean>()

    @Test
    fun the_battery_saver_is_told_at_the_start_and_when_it_is_switched() {
        PowerSaving(application) { told += it }.use {
            switch(true)
            switch(false)
        }
        switch(true)
        assertEquals(listOf(false, true, false), told)
    }

    private fun switch(on: Boolean) {
        val manager = application.getSystemService(PowerManager::class.java)!!
        shadowOf(manager).setIsPowerSaveMode(on)
        application.sendBroadcast(Intent(PowerManager.ACTION_POWER_SAVE_MODE_CHANGED))
        shadowOf(Looper.getMainLooper()).idle()
    }
}
