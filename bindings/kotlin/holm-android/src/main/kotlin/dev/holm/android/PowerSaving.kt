package dev.holm.android

import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import android.content.IntentFilter
import android.os.Build
import android.os.PowerManager

/**
 * Follows the battery saver: tells whether it is on, at once and whenever it changes.
 *
 * @param onChange gets whether it is on: first from the constructor, later on the main thread. It must return soon.
 */
internal class PowerSaving(private val context: Context, private val onChange: (Boolean) -> Unit) : AutoCloseable {
    private val manager = checkNotNull(context.getSystemService(PowerManager::class.java)) { "no power service" }
    private val receiver =
        object : BroadcastReceiver() {
            override fun onReceive(context: Context, intent: Intent) = onChange(manager.isPowerSaveMode)
        }

    init {
        val changes = IntentFilter(PowerManager.ACTION_POWER_SAVE_MODE_CHANGED)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
            context.registerReceiver(receiver, changes, Context.RECEIVER_NOT_EXPORTED)
        } else {
            context.registerReceiver(receiver, changes)
        }
        onChange(manager.isPowerSaveMode)
    }

    override fun close() = context.unregisterReceiver(receiver)
}
