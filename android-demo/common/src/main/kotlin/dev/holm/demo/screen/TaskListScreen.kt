package dev.holm.demo.screen

import androidx.compose.foundation.BorderStroke
import androidx.compose.foundation.layout.*
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.items
import androidx.compose.foundation.selection.toggleable
import androidx.compose.foundation.shape.CircleShape
import androidx.compose.foundation.text.KeyboardActions
import androidx.compose.foundation.text.KeyboardOptions
import androidx.compose.material3.*
import androidx.compose.material3.pulltorefresh.PullToRefreshBox
import androidx.compose.runtime.*
import androidx.compose.ui.*
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.semantics.*
import androidx.compose.ui.text.input.ImeAction
import androidx.compose.ui.text.style.TextDecoration
import androidx.compose.ui.text.style.TextOverflow
import androidx.compose.ui.unit.dp
import dev.holm.Stored
import dev.holm.demo.model.*
import dev.holm.demo.theme.*

/** The tasks. Pulling down asks the server. */
@OptIn(ExperimentalMaterial3Api::class)
@Composable
fun TaskListScreen(model: TaskListModel, navigator: Navigator, bottom: @Composable () -> Unit) {
    var deleting: Todo? by remember { mutableStateOf(null) }
    Column(Modifier.fillMaxSize()) {
        Header(text("tasks_title"), onBack = null) {
            IconButton({ navigator.go(Screen.Inbox) }) { Icon(Icons.Inbox, text("inbox_title")) }
            IconButton({ navigator.go(Screen.Settings) }) { Icon(Icons.Settings, text("settings_title")) }
        }
        PullToRefreshBox(model.isRefreshing, { model.refresh() }, Modifier.weight(1f)) {
            // Pulling is no gesture of a screen reader.
            val refresh = CustomAccessibilityAction(text("action_refresh")) { model.refresh().let { true } }
            LazyColumn(
                Modifier.fillMaxSize().semantics { customActions = listOf(refresh) },
                contentPadding = PaddingValues(start = Space.l, end = Space.l, bottom = Space.xl),
                verticalArrangement = Arrangement.spacedBy(Space.s),
            ) {
                item("new") { NewTask(model) }
                item("filters") { Filters(model) }
                item("banner") { Banner(model) }
                items(model.tasks.orEmpty(), { it.value.id }) { stored ->
                    val todo = stored.value
                    val open = { navigator.go(Screen.Task(todo.id)) }
                    TaskRow(stored, { model.toggle(todo) }, open, { deleting = todo }, Modifier.animateItem())
                }
                if (model.tasks?.isEmpty() == true) item("empty") { EmptyList(model.filter) }
            }
        }
        bottom()
    }
    deleting?.let { todo -> DeleteTask({ deleting = null }) { model.delete(todo) } }
}

/** Asks before a task is deleted. */
@Composable
fun DeleteTask(close: () -> Unit, delete: () -> Any) {
    Confirm(text("task_delete_question"), text("task_delete_explain"), text("action_delete"), close, delete)
}

@Composable
private fun NewTask(model: TaskListModel) {
    var title by remember { mutableStateOf("") }
    val add = {
        if (title.isNotBlank()) model.create(title)
        title = ""
    }
    TextField(
        title,
        { title = it },
        Modifier.fillMaxWidth(),
        label = { Text(text("tasks_new")) },
        placeholder = { Text(text("tasks_new_hint")) },
        trailingIcon = { IconButton(add, enabled = title.isNotBlank()) { Icon(Icons.Add, text("action_add")) } },
        shape = MaterialTheme.shapes.medium,
        colors =
            TextFieldDefaults.colors(
                focusedContainerColor = MaterialTheme.colorScheme.surfaceContainerLow,
                unfocusedContainerColor = MaterialTheme.colorScheme.surfaceContainerLow,
                focusedIndicatorColor = Color.Transparent,
                unfocusedIndicatorColor = Color.Transparent,
            ),
        keyboardOptions = KeyboardOptions(imeAction = ImeAction.Done),
        keyboardActions = KeyboardActions { add() },
        maxLines = 3,
    )
}

@Composable
private fun Filters(model: TaskListModel) {
    FlowRow(
        Modifier.fillMaxWidth().padding(vertical = Space.xs),
        Arrangement.spacedBy(Space.s),
        itemVerticalAlignment = Alignment.CenterVertically,
    ) {
        TaskFilter.entries.forEach { filter ->
            Choice(model.filter == filter, text("filter_${filter.name.lowercase()}")) { model.filter = filter }
        }
        if (model.unsynced > 0) {
            val colors = MaterialTheme.colorScheme
            Pill(Icons.Waiting, text("tasks_unsynced", model.unsynced), colors.secondaryContainer, colors.onSecondaryContainer)
        }
    }
}

@Composable
private fun TaskRow(stored: Stored<Todo>, onToggle: () -> Unit, onOpen: () -> Unit, onDelete: () -> Unit, modifier: Modifier) {
    val todo = stored.value
    val faint = MaterialTheme.colorScheme.onSurfaceVariant
    Surface(onOpen, modifier.fillMaxWidth(), shape = MaterialTheme.shapes.medium, color = MaterialTheme.colorScheme.surfaceContainerLow) {
        Row(Modifier.padding(Space.xs), verticalAlignment = Alignment.CenterVertically) {
            Tick(todo.isCompleted, text(if (todo.isCompleted) "task_mark_open" else "task_mark_done", todo.title), onToggle)
            Column(Modifier.weight(1f).padding(vertical = Space.s), Arrangement.spacedBy(Space.xs)) {
                Text(
                    todo.title,
                    color = if (todo.isCompleted) faint else MaterialTheme.colorScheme.onSurface,
                    textDecoration = TextDecoration.LineThrough.takeIf { todo.isCompleted },
                    style = MaterialTheme.typography.titleMedium,
                    maxLines = 3,
                    overflow = TextOverflow.Ellipsis,
                )
                if (todo.notes.isNotBlank()) {
                    Text(
                        todo.notes,
                        color = faint,
                        style = MaterialTheme.typography.bodyMedium,
                        maxLines = 2,
                        overflow = TextOverflow.Ellipsis,
                    )
                }
                if (stored.status.needsSync) StatusPill(stored.status)
            }
            IconButton(onDelete) { Icon(Icons.Delete, "${text("action_delete")}: ${todo.title}", Modifier.size(20.dp), faint) }
        }
    }
}

/** A round check mark that says what a touch would do. */
@Composable
fun Tick(isDone: Boolean, label: String, onToggle: () -> Unit) {
    val colors = MaterialTheme.colorScheme
    Box(
        Modifier.size(48.dp).toggleable(isDone, role = Role.Checkbox) { onToggle() }.semantics { contentDescription = label },
        Alignment.Center,
    ) {
        Surface(
            Modifier.size(24.dp),
            CircleShape,
            if (isDone) colors.primary else Color.Transparent,
            border = BorderStroke(2.dp, if (isDone) colors.primary else colors.outline),
        ) {
            if (isDone) Icon(Icons.Check, null, Modifier.padding(Space.xs), colors.onPrimary)
        }
    }
}

@Composable
private fun EmptyList(filter: TaskFilter) {
    val name = filter.name.lowercase()
    Empty(Icons.Check, text("tasks_empty_${name}_title"), text("tasks_empty_${name}_text"))
}
