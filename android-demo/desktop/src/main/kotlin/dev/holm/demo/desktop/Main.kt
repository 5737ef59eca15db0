package dev.holm.demo.desktop

import androidx.compose.runtime.*
import androidx.compose.ui.input.key.*
import androidx.compose.ui.unit.*
import androidx.compose.ui.window.*
import dev.holm.Event
import dev.holm.demo.model.SessionModel
import dev.holm.demo.screen.*
import kotlinx.coroutines.*
import java.io.File

private const val ACCOUNT_PARTS = 3

/**
 * The app in a window: one device. Escape goes back.
 *
 * `Main DIRECTORY [NAME [SERVER EMAIL PASSWORD]]`: where it keeps its data, what the device is called, and whom to sign in, or up.
 */
fun main(arguments: Array<String>) {
    val directory = File(arguments.getOrElse(0) { "holm-demo" })
    val name = arguments.getOrElse(1) { "Desktop" }
    val scope = MainScope()
    val session =
        SessionModel(directory, name, scope) { holm ->
            // The window is on the screen: news come within seconds.
            holm.report(Event.Foreground)
            AutoCloseable { }
        }
    val account = arguments.drop(2).takeIf { it.size == ACCOUNT_PARTS }
    account?.let { (server, email, password) ->
        session.server = server
        session.email = email
        session.password = password
    }
    val isFirst = name == "phone"
    application {
        val navigator = remember { Navigator() }
        remember { if (account == null) session.start() else session.signUp() }
        Window(
            onCloseRequest = {
                runBlocking { session.close() }
                exitApplication()
            },
            state = rememberWindowState(size = DpSize(420.dp, 820.dp), position = WindowPosition(if (isFirst) 40.dp else 500.dp, 40.dp)),
            title = name,
            onKeyEvent = { event ->
                val isBack = event.key == Key.Escape && event.type == KeyEventType.KeyUp && navigator.canGoBack
                if (isBack) navigator.back()
                isBack
            },
        ) {
            DemoApp(session, remember { Surroundings(scope, ::resourceTexts, File(directory, "exports")) }, navigator)
        }
    }
}
