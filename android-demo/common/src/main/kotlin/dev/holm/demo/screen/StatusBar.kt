package dev.holm.demo.screen

import androidx.compose.foundation.layout.*
import androidx.compose.material3.*
import androidx.compose.runtime.*
import androidx.compose.ui.*
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.semantics.*
import androidx.compose.ui.text.style.TextOverflow
import dev.holm.*
import dev.holm.demo.model.*
import dev.holm.demo.theme.*

/** How the device stands with the server: phase, progress, what was refused or is in conflict, and the last sync. */
@Composable
fun StatusBar(state: SyncState, now: Long, onSync: () -> Unit, onInbox: () -> Unit, onConflicts: () -> Unit) {
    val colors = MaterialTheme.colorScheme
    Surface(Modifier.fillMaxWidth(), color = colors.surfaceContainerHighest) {
        Column {
            SyncProgress(state)
            Row(
                Modifier.padding(start = Space.l, end = Space.s, top = Space.s, bottom = Space.s),
                Arrangement.spacedBy(Space.m),
                Alignment.CenterVertically,
            ) {
                Icon(state.icon, null, tint = colors.onSurfaceVariant)
                StatusText(state, now, Modifier.weight(1f))
                IconButton(onSync, enabled = !state.isSyncing) { Icon(Icons.Refresh, text("status_sync_now")) }
            }
            if (state.parked + state.conflicts > 0) {
                FlowRow(
                    Modifier.padding(start = Space.l, end = Space.l, bottom = Space.m),
                    Arrangement.spacedBy(Space.s),
                    Arrangement.spacedBy(Space.s),
                ) {
                    if (state.parked > 0) {
                        Pill(Icons.Warning, text("status_failed", state.parked), colors.errorContainer, colors.onErrorContainer, onInbox)
                    }
                    if (state.conflicts > 0) {
                        val label = text("status_conflicts", state.conflicts)
                        Pill(Icons.Conflict, label, colors.tertiaryContainer, colors.onTertiaryContainer, onConflicts)
                    }
                }
            }
        }
    }
}

/** One thing for a screen reader, which tells it again when it changes. */
@Composable
private fun StatusText(state: SyncState, now: Long, modifier: Modifier) {
    val phase = listOfNotNull(state.told.text(), state.progressTold?.text()).joinToString(" · ")
    val detail =
        state.lastError?.takeIf { state.phase == Phase.Waiting }?.let { failure(it.code, it.message).text() } ?: state.lastSync(now)
    val spoken = "${text("status_label")}: $phase, $detail"
    Column(
        modifier.clearAndSetSemantics {
            liveRegion = LiveRegionMode.Polite
            contentDescription = spoken
        },
    ) {
        Text(phase, style = MaterialTheme.typography.labelLarge)
        Text(
            detail,
            style = MaterialTheme.typography.labelMedium,
            color = MaterialTheme.colorScheme.onSurfaceVariant,
            maxLines = 3,
            overflow = TextOverflow.Ellipsis,
        )
    }
}

@Composable
private fun SyncProgress(state: SyncState) {
    val progress = state.progress
    val track = MaterialTheme.colorScheme.outlineVariant
    val total = progress?.total
    when {
        !state.isSyncing -> Unit
        progress != null && total != null && total > 0 ->
            LinearProgressIndicator({ progress.done.toFloat() / total }, Modifier.fillMaxWidth(), trackColor = track)
        else -> LinearProgressIndicator(Modifier.fillMaxWidth(), trackColor = track)
    }
}

private val SyncState.icon: ImageVector
    get() =
        when {
            phase == Phase.Offline || phase == Phase.SignedOut -> Icons.CloudOff
            phase == Phase.Waiting || pending > 0 -> Icons.Waiting
            else -> Icons.Cloud
        }

@Composable
private fun SyncState.lastSync(now: Long): String {
    val told = lastSyncTold(now)
    return if (lastSync == null) told.text() else text("status_last_sync", told.text())
}
