package dev.holm.demo.screen

import androidx.compose.foundation.*
import androidx.compose.foundation.layout.*
import androidx.compose.foundation.shape.CircleShape
import androidx.compose.material3.*
import androidx.compose.runtime.*
import androidx.compose.ui.*
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.platform.LocalDensity
import androidx.compose.ui.semantics.*
import androidx.compose.ui.text.TextStyle
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.*
import dev.holm.SyncStatus
import dev.holm.demo.model.*
import dev.holm.demo.theme.*

/** The head of a screen. It grows with the text, as nothing here has a fixed height. */
@Composable
fun Header(title: String, onBack: (() -> Unit)?, actions: @Composable () -> Unit = {}) {
    Row(
        Modifier.fillMaxWidth().heightIn(min = 64.dp).padding(horizontal = Space.s, vertical = Space.s),
        verticalAlignment = Alignment.CenterVertically,
    ) {
        if (onBack != null) IconButton(onBack) { Icon(Icons.Back, text("action_back")) }
        Text(
            title,
            Modifier.weight(1f).padding(horizontal = Space.s).semantics { heading() },
            style = if (onBack == null) MaterialTheme.typography.headlineMedium else MaterialTheme.typography.titleLarge,
        )
        actions()
    }
}

/** A screen below its head: what its model has to say, and content that scrolls. */
@Composable
fun Page(
    title: String,
    model: Model,
    onBack: () -> Unit,
    actions: @Composable () -> Unit = {},
    content: @Composable ColumnScope.() -> Unit,
) {
    Column(Modifier.fillMaxSize()) {
        Header(title, onBack, actions)
        Column(
            Modifier.fillMaxSize().verticalScroll(rememberScrollState()).padding(start = Space.l, end = Space.l, bottom = Space.xl),
            Arrangement.spacedBy(Space.m),
        ) {
            Banner(model)
            content()
        }
    }
}

/** What a model has to say, until it is dismissed. */
@Composable
fun Banner(model: Model) {
    val message = model.message ?: return
    Surface(
        Modifier.fillMaxWidth().semantics { liveRegion = LiveRegionMode.Polite },
        shape = MaterialTheme.shapes.medium,
        color = MaterialTheme.colorScheme.primaryContainer,
    ) {
        Row(Modifier.padding(start = Space.l), verticalAlignment = Alignment.CenterVertically) {
            Text(message.text(), Modifier.weight(1f).padding(vertical = Space.m), style = MaterialTheme.typography.bodyMedium)
            IconButton(model::dismiss) { Icon(Icons.Close, text("action_dismiss"), Modifier.size(20.dp)) }
        }
    }
}

/** A sheet of paper on the screen's ground. */
@Composable
fun Paper(modifier: Modifier = Modifier, content: @Composable ColumnScope.() -> Unit) {
    Surface(modifier.fillMaxWidth(), MaterialTheme.shapes.medium, MaterialTheme.colorScheme.surfaceContainerLow) {
        Column(Modifier.padding(Space.l), Arrangement.spacedBy(Space.s), content = content)
    }
}

/** One of a few, such as a filter. */
@Composable
fun Choice(isChosen: Boolean, label: String, onChoose: () -> Unit) {
    val colors = MaterialTheme.colorScheme
    val look = FilterChipDefaults.filterChipColors(
        selectedContainerColor = colors.primaryContainer,
        selectedLabelColor = colors.onPrimaryContainer,
    )
    FilterChip(isChosen, onChoose, { Text(label) }, shape = CircleShape, colors = look)
}

/** What stands beside something more important. */
@Composable
fun Faint(words: String, modifier: Modifier = Modifier, style: TextStyle = MaterialTheme.typography.bodyMedium) {
    Text(words, modifier, MaterialTheme.colorScheme.onSurfaceVariant, style = style)
}

/** What is shown where nothing is. */
@Composable
fun Empty(icon: ImageVector, title: String, explanation: String, modifier: Modifier = Modifier) {
    Column(
        modifier.fillMaxWidth().padding(horizontal = Space.xl, vertical = Space.xxl),
        Arrangement.spacedBy(Space.s),
        Alignment.CenterHorizontally,
    ) {
        Surface(shape = MaterialTheme.shapes.large, color = MaterialTheme.colorScheme.primaryContainer) {
            Icon(icon, null, Modifier.padding(Space.l).size(32.dp), MaterialTheme.colorScheme.primary)
        }
        Text(title, Modifier.padding(top = Space.s), style = MaterialTheme.typography.titleLarge, textAlign = TextAlign.Center)
        Text(explanation, color = MaterialTheme.colorScheme.onSurfaceVariant, textAlign = TextAlign.Center)
    }
}

/** A small sign on a ground of its colour. */
@Composable
fun Pill(icon: ImageVector, label: String, ground: Color, ink: Color, onClick: (() -> Unit)? = null) {
    val content = @Composable {
        Row(
            Modifier.padding(horizontal = Space.s, vertical = if (onClick == null) 2.dp else Space.s),
            Arrangement.spacedBy(Space.xs),
            Alignment.CenterVertically,
        ) {
            Icon(icon, null, Modifier.size(with(LocalDensity.current) { 14.sp.toDp() }))
            Text(label, style = MaterialTheme.typography.labelMedium)
        }
    }
    if (onClick == null) {
        Surface(shape = MaterialTheme.shapes.small, color = ground, contentColor = ink, content = content)
    } else {
        Surface(onClick, shape = MaterialTheme.shapes.small, color = ground, contentColor = ink, content = content)
    }
}

/** How a task stands with the server. */
@Composable
fun StatusPill(status: SyncStatus) {
    val colors = MaterialTheme.colorScheme
    val waiting = Triple(Icons.Waiting, colors.secondaryContainer, colors.onSecondaryContainer)
    val done = Triple(Icons.Cloud, colors.primaryContainer, colors.onPrimaryContainer)
    val (key, look) =
        when (status) {
            SyncStatus.Synced -> "sync_synced" to done
            SyncStatus.PendingCreate -> "sync_pending_create" to waiting
            SyncStatus.PendingUpdate -> "sync_pending_update" to waiting
            SyncStatus.PendingDelete -> "sync_pending_delete" to waiting
            SyncStatus.Syncing -> "sync_syncing" to waiting
            SyncStatus.Failed -> "sync_failed" to Triple(Icons.Warning, colors.errorContainer, colors.onErrorContainer)
            SyncStatus.Conflict -> "sync_conflict" to Triple(Icons.Conflict, colors.tertiaryContainer, colors.onTertiaryContainer)
        }
    Pill(look.first, text(key), look.second, look.third)
}

/** Asks before something is lost. Closes before it does what was asked for. */
@Composable
fun Confirm(question: String, explanation: String, yes: String, close: () -> Unit, act: () -> Any) {
    val agree = {
        close()
        act()
        Unit
    }
    AlertDialog(
        onDismissRequest = close,
        confirmButton = { TextButton(agree) { Text(yes, color = MaterialTheme.colorScheme.error) } },
        dismissButton = { TextButton(close) { Text(text("action_cancel")) } },
        title = { Text(question) },
        text = { Text(explanation) },
    )
}
