package dev.holm.demo.desktop

import androidx.compose.foundation.layout.*
import androidx.compose.runtime.*
import androidx.compose.ui.unit.dp
import dev.holm.*
import dev.holm.demo.screen.StatusBar
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Instant

private const val NOW = 1_780_315_200_000

private val now = Instant.fromEpochMilliseconds(NOW)

private val calm = SyncState(Phase.Idle, pending = 0, parked = 0, conflicts = 0, lastSync = now, progress = null, lastError = null)

/** The states of the status bar, also those that pass too fast to be met in the app. */
@Composable
fun StatusBars() {
    val states =
        listOf(
            calm.copy(lastSync = null),
            calm,
            calm.copy(pending = 3, lastSync = now - 4.minutes),
            calm.copy(phase = Phase.Pulling, progress = Progress(120, 400), lastSync = now - 5.hours),
            calm.copy(phase = Phase.Pushing, progress = Progress(7, null), lastSync = now - 50.hours),
            calm.copy(phase = Phase.Offline, parked = 2, conflicts = 1),
            calm.copy(phase = Phase.Waiting, lastError = SyncError("TIMEOUT", "The server did not answer in time.")),
            calm.copy(phase = Phase.SignedOut),
        )
    Column(verticalArrangement = Arrangement.spacedBy(8.dp)) {
        states.forEach { StatusBar(it, NOW, {}, {}, {}) }
    }
}
