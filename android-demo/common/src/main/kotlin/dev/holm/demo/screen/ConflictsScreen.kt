package dev.holm.demo.screen

import androidx.compose.foundation.BorderStroke
import androidx.compose.foundation.layout.*
import androidx.compose.foundation.selection.selectable
import androidx.compose.material3.*
import androidx.compose.runtime.*
import androidx.compose.ui.*
import androidx.compose.ui.semantics.*
import androidx.compose.ui.text.font.FontStyle
import androidx.compose.ui.unit.dp
import dev.holm.demo.model.*
import dev.holm.demo.theme.*

/** Both sides of each conflict next to each other, and what one can do about it. */
@Composable
fun ConflictsScreen(model: ConflictsModel, navigator: Navigator) {
    Page(text("conflicts_title"), model, navigator::back) {
        model.conflicts.forEach { key(it.conflict.id) { ConflictCard(it, model) } }
        if (model.conflicts.isEmpty()) Empty(Icons.Conflict, text("conflicts_empty_title"), text("conflicts_empty_text"))
    }
}

@Composable
private fun ConflictCard(conflict: TodoConflict, model: ConflictsModel) {
    var isMerging by remember { mutableStateOf(false) }
    Paper {
        Text(conflict.title, Modifier.semantics { heading() }, style = MaterialTheme.typography.titleLarge)
        Faint(if (isMerging) text("conflict_merge_hint") else text("conflict_explain", conflict.title))
        Sides(conflict, model, isMerging)
        if (isMerging) {
            val merge: () -> Unit = { model.mergeByField(conflict) }
            Button(merge, Modifier.fillMaxWidth(), enabled = !model.isBusy) { Text(text("conflict_merge_apply")) }
            TextButton({ isMerging = false }, Modifier.fillMaxWidth()) { Text(text("action_cancel")) }
        } else {
            Row(Modifier.height(IntrinsicSize.Min), Arrangement.spacedBy(Space.s)) {
                val half = Modifier.weight(1f).fillMaxHeight()
                Button({ model.keepMine(conflict) }, half, enabled = !model.isBusy) { Text(text("conflict_keep_mine")) }
                Button({ model.useServer(conflict) }, half, enabled = !model.isBusy) { Text(text("conflict_use_server")) }
            }
            if (conflict.mine != null && conflict.server != null) {
                OutlinedButton({ isMerging = true }, Modifier.fillMaxWidth()) { Text(text("conflict_merge")) }
            }
        }
    }
}

@Composable
private fun Sides(conflict: TodoConflict, model: ConflictsModel, isMerging: Boolean) {
    Row(Modifier.fillMaxWidth(), Arrangement.spacedBy(Space.s)) {
        Text(text("conflict_mine"), Modifier.weight(1f), style = MaterialTheme.typography.titleMedium)
        Text(text("conflict_server"), Modifier.weight(1f), style = MaterialTheme.typography.titleMedium)
    }
    TodoField.entries.forEach { field ->
        val differs = conflict.differs(field)
        Column(verticalArrangement = Arrangement.spacedBy(Space.xs)) {
            Row(horizontalArrangement = Arrangement.spacedBy(Space.s), verticalAlignment = Alignment.CenterVertically) {
                Faint(text(field.label), style = MaterialTheme.typography.labelMedium)
                if (differs) {
                    Text(text("conflict_differs"), style = MaterialTheme.typography.labelMedium, color = MaterialTheme.colorScheme.tertiary)
                }
            }
            Row(Modifier.height(IntrinsicSize.Min), Arrangement.spacedBy(Space.s)) {
                Side.entries.forEach { side ->
                    val choice = if (isMerging && differs) (model.choices[field] ?: Side.Mine) == side else null
                    Cell(conflict, field, side, choice, Modifier.weight(1f).fillMaxHeight()) { model.choices[field] = side }
                }
            }
        }
    }
}

/** One side's value of one field. [isChosen] is null if there is nothing to choose. */
@Composable
private fun Cell(conflict: TodoConflict, field: TodoField, side: Side, isChosen: Boolean?, modifier: Modifier, onChoose: () -> Unit) {
    val colors = MaterialTheme.colorScheme
    val differs = conflict.differs(field)
    val whose = text(if (side == Side.Mine) "conflict_mine" else "conflict_server")
    val value = (if (side == Side.Mine) conflict.mine else conflict.server).shown(field, side)
    val spoken = "${text(field.label)}, $whose: $value"
    val choice = if (isChosen == null) Modifier else Modifier.selectable(isChosen, role = Role.RadioButton, onClick = onChoose)
    Surface(
        modifier.then(choice).semantics(mergeDescendants = true) { contentDescription = spoken },
        MaterialTheme.shapes.small,
        if (differs && isChosen != false) colors.tertiaryContainer else colors.surfaceContainerHighest,
        if (differs && isChosen != false) colors.onTertiaryContainer else colors.onSurface,
        border = if (isChosen == true) BorderStroke(2.dp, colors.tertiary) else null,
    ) {
        Row(Modifier.padding(Space.m)) {
            Text(
                value,
                Modifier.weight(1f),
                style = MaterialTheme.typography.bodyMedium,
                fontStyle = FontStyle.Italic.takeIf { value == text("value_empty") },
            )
            if (isChosen == true) Icon(Icons.Check, null, Modifier.size(18.dp))
        }
    }
}

@Composable
private fun Todo?.shown(field: TodoField, side: Side): String =
    when (val value = this?.get(field)) {
        null -> text(if (side == Side.Mine) "conflict_deleted_mine" else "conflict_deleted_server")
        true -> text("value_yes")
        false -> text("value_no")
        "" -> text("value_empty")
        else -> value.toString()
    }
