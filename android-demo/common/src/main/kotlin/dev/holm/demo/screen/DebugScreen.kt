package dev.holm.demo.screen

import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.*
import androidx.compose.foundation.selection.toggleable
import androidx.compose.material3.*
import androidx.compose.runtime.*
import androidx.compose.ui.*
import androidx.compose.ui.draw.clip
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.semantics.*
import dev.holm.demo.model.*
import dev.holm.demo.theme.*

/** What a tester needs. */
@Composable
fun DebugScreen(model: DebugModel, navigator: Navigator) {
    val texts = LocalTexts.current
    Page(text("debug_title"), model, navigator::back) {
        Action("debug_force_sync", !model.isBusy) { model.forceSync() }
        Paper(Modifier.clip(MaterialTheme.shapes.medium).toggleable(model.isOffline, role = Role.Switch) { model.simulateOffline(it) }) {
            Row(horizontalArrangement = Arrangement.spacedBy(Space.m), verticalAlignment = Alignment.CenterVertically) {
                Words("debug_offline", Modifier.weight(1f))
                Switch(model.isOffline, onCheckedChange = null)
            }
        }
        Action("debug_conflict", !model.isBusy) { model.simulateConflict { key, title -> texts[key, title] } }
        Action("debug_export", !model.isBusy) { model.exportLog() }
        Action("debug_clear", !model.isBusy, MaterialTheme.colorScheme.error) { model.askToClear() }
    }
    model.toClear?.let { count ->
        Confirm(text("debug_clear_question"), text("debug_clear_explain", count), text("debug_clear"), model::keepQueue, model::clearQueue)
    }
}

@Composable
private fun Action(key: String, enabled: Boolean, ink: Color = Color.Unspecified, onClick: () -> Unit) {
    Paper(Modifier.clip(MaterialTheme.shapes.medium).clickable(enabled, role = Role.Button, onClick = onClick)) { Words(key, ink = ink) }
}

/** A name, and what it does. */
@Composable
private fun Words(key: String, modifier: Modifier = Modifier, ink: Color = Color.Unspecified) {
    Column(modifier, Arrangement.spacedBy(Space.xs)) {
        Text(text(key), color = ink, style = MaterialTheme.typography.titleMedium)
        Faint(text("${key}_hint"))
    }
}
