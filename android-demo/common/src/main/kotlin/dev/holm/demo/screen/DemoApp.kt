package dev.holm.demo.screen

import androidx.compose.foundation.isSystemInDarkTheme
import androidx.compose.foundation.layout.*
import androidx.compose.material3.*
import androidx.compose.runtime.*
import androidx.compose.ui.*
import androidx.compose.ui.platform.LocalLayoutDirection
import androidx.compose.ui.unit.*
import dev.holm.Holm
import dev.holm.demo.model.*
import dev.holm.demo.theme.*
import kotlinx.coroutines.*
import kotlin.time.Duration.Companion.seconds

/** The whole app. */
@Composable
fun DemoApp(session: SessionModel, around: Surroundings, navigator: Navigator, isDark: Boolean = isSystemInDarkTheme()) {
    val texts = remember(session.language) { around.texts(session.language) }
    Frame(texts, isDark) {
        val holm = session.holm
        if (holm == null || session.account == null) SignInScreen(session) else key(holm) { SignedIn(holm, session, around, navigator) }
    }
}

/** Colours, texts, and the direction in which they are read; on a wide window a column in its middle. */
@Composable
fun Frame(texts: Texts, isDark: Boolean, content: @Composable () -> Unit) {
    val direction = if (texts.locale.language == "ar") LayoutDirection.Rtl else LayoutDirection.Ltr
    HolmTheme(isDark) {
        CompositionLocalProvider(LocalTexts provides texts, LocalLayoutDirection provides direction) {
            Surface(Modifier.fillMaxSize(), color = MaterialTheme.colorScheme.background) {
                Box(Modifier.fillMaxSize().safeDrawingPadding(), Alignment.TopCenter) {
                    Box(Modifier.widthIn(max = 640.dp)) { content() }
                }
            }
        }
    }
}

@Composable
private fun SignedIn(holm: Holm, session: SessionModel, around: Surroundings, navigator: Navigator) {
    val status = remember { StatusModel(holm, around.scope) }
    val tasks = remember { TaskListModel(holm, around.scope, around.now) }
    val conflicts = remember { ConflictsModel(holm, around.scope) }
    val inbox = remember { InboxModel(holm, around.scope) }
    val debug = remember { DebugModel(holm, session, around.scope, around.now, around.exports) }
    LaunchedEffect(Unit) {
        launch { status.run() }
        launch { tasks.run() }
        launch { conflicts.run() }
        launch { inbox.run() }
    }
    when (val screen = navigator.current) {
        Screen.Tasks -> TaskListScreen(tasks, navigator) { Bottom(status, around, navigator) }
        is Screen.Task -> {
            val task = remember(screen.id) { TaskDetailModel(holm, screen.id, around.scope) }
            LaunchedEffect(task) { task.run() }
            TaskDetailScreen(task, navigator)
        }
        Screen.Conflicts -> ConflictsScreen(conflicts, navigator)
        Screen.Inbox -> InboxScreen(inbox, navigator)
        Screen.Settings -> SettingsScreen(session, navigator)
        Screen.Debug -> DebugScreen(debug, navigator)
    }
}

@Composable
private fun Bottom(status: StatusModel, around: Surroundings, navigator: Navigator) {
    val state = status.state ?: return
    val now by produceState(around.now(), state) {
        while (true) {
            value = around.now()
            delay(30.seconds)
        }
    }
    StatusBar(state, now, { status.sync() }, { navigator.go(Screen.Inbox) }, { navigator.go(Screen.Conflicts) })
}
