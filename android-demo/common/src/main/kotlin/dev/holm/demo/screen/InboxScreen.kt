package dev.holm.demo.screen

import androidx.compose.foundation.layout.*
import androidx.compose.material3.*
import androidx.compose.runtime.*
import androidx.compose.ui.*
import androidx.compose.ui.semantics.*
import dev.holm.demo.model.*
import dev.holm.demo.theme.*

/** Writes that the server refused, with its reason and the ways out. */
@Composable
fun InboxScreen(model: InboxModel, navigator: Navigator) {
    var discarding: ParkedWrite? by remember { mutableStateOf(null) }
    Page(text("inbox_title"), model, navigator::back) {
        if (model.parked.isEmpty()) {
            Empty(Icons.Inbox, text("inbox_empty_title"), text("inbox_empty_text"))
        } else {
            Faint(text("inbox_explain"))
        }
        model.parked.forEach { write -> key(write.operation.id) { ParkedCard(write, model) { discarding = write } } }
    }
    discarding?.let { write ->
        val close = { discarding = null }
        Confirm(text("inbox_discard_question"), text("inbox_discard_explain"), text("inbox_discard"), close) { model.discard(write) }
    }
}

@Composable
private fun ParkedCard(write: ParkedWrite, model: InboxModel, onDiscard: () -> Unit) {
    var isEditing by remember { mutableStateOf(false) }
    Paper {
        Faint(write.kind.text(), style = MaterialTheme.typography.labelMedium)
        val todo = write.todo
        if (isEditing && todo != null) {
            Editor(todo, { isEditing = false }) { title, notes -> model.editAndRetry(write, title, notes) }
            return@Paper
        }
        Text(todo?.title ?: write.operation.documentId, Modifier.semantics { heading() }, style = MaterialTheme.typography.titleMedium)
        Text(write.reason.text(), style = MaterialTheme.typography.bodyMedium, color = MaterialTheme.colorScheme.error)
        FlowRow(Modifier.fillMaxWidth(), Arrangement.spacedBy(Space.s)) {
            if (todo != null) Button({ isEditing = true }) { Text(text("inbox_edit")) }
            TextButton({ model.retry(write) }, enabled = !model.isBusy) { Text(text("inbox_retry")) }
            TextButton(onDiscard) { Text(text("inbox_discard"), color = MaterialTheme.colorScheme.error) }
        }
    }
}

@Composable
private fun Editor(todo: Todo, close: () -> Unit, send: (title: String, notes: String) -> Unit) {
    var title by remember { mutableStateOf(todo.title) }
    var notes by remember { mutableStateOf(todo.notes) }
    Field("task_field_title", title) { title = it }
    Field("task_field_notes", notes) { notes = it }
    FlowRow(horizontalArrangement = Arrangement.spacedBy(Space.s)) {
        val go = {
            close()
            send(title, notes)
        }
        Button(go, enabled = title.isNotBlank()) { Text(text("inbox_retry")) }
        TextButton(close) { Text(text("action_cancel")) }
    }
}
