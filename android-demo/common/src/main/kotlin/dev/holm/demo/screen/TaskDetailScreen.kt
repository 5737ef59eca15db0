package dev.holm.demo.screen

import androidx.compose.foundation.layout.*
import androidx.compose.material3.*
import androidx.compose.runtime.*
import androidx.compose.ui.*
import dev.holm.*
import dev.holm.demo.model.*
import dev.holm.demo.theme.*
import java.time.Instant
import java.time.ZoneId
import java.time.format.DateTimeFormatter
import java.time.format.FormatStyle

/** One task, and how it stands with the server. */
@Composable
fun TaskDetailScreen(model: TaskDetailModel, navigator: Navigator) {
    var deleting by remember { mutableStateOf(false) }
    val delete = @Composable { if (!model.isGone) IconButton({ deleting = true }) { Icon(Icons.Delete, text("action_delete")) } }
    Page(text("task_title"), model, navigator::back, delete) {
        if (model.isGone) Empty(Icons.Check, text("task_gone"), "")
        val stored = model.stored ?: return@Page
        SyncCard(stored, model, navigator)
        Field("task_field_title", model.title) { model.title = it }
        Field("task_field_notes", model.notes, minLines = 4) { model.notes = it }
        DoneRow(stored.value) { model.toggle() }
        Button({ model.save() }, Modifier.fillMaxWidth(), enabled = model.hasChanges && model.title.isNotBlank()) {
            Text(text("action_save"))
        }
        Facts(stored)
    }
    if (deleting) DeleteTask({ deleting = false }) { model.delete().invokeOnCompletion { navigator.back() } }
}

@Composable
private fun SyncCard(stored: Stored<Todo>, model: TaskDetailModel, navigator: Navigator) {
    Paper {
        StatusPill(stored.status)
        Text(model.explanation.text(), style = MaterialTheme.typography.bodyMedium)
        when (stored.status) {
            SyncStatus.Conflict -> OutlinedButton({ navigator.go(Screen.Conflicts) }) { Text(text("task_resolve")) }
            SyncStatus.Failed -> OutlinedButton({ navigator.go(Screen.Inbox) }) { Text(text("task_open_inbox")) }
            else -> Unit
        }
    }
}

@Composable
private fun DoneRow(todo: Todo, onToggle: () -> Unit) {
    Row(verticalAlignment = Alignment.CenterVertically) {
        Tick(todo.isCompleted, text(if (todo.isCompleted) "task_mark_open" else "task_mark_done", todo.title), onToggle)
        Text(text("task_field_done"))
    }
}

@Composable
private fun Facts(stored: Stored<Todo>) {
    val date = DateTimeFormatter.ofLocalizedDate(FormatStyle.MEDIUM).withLocale(LocalTexts.current.locale).withZone(ZoneId.systemDefault())
    val created = text("task_created", date.format(Instant.ofEpochMilli(stored.value.createdAt)))
    val version = stored.version?.let { text("task_version", it) }
    Faint(listOfNotNull(created, version).joinToString(" · "), style = MaterialTheme.typography.labelMedium)
}
