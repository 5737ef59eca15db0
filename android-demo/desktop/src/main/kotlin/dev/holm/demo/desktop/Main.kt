package dev.holm.demo.desktop

import androidx.compose.runtime.*
import androidx.compose.ui.input.key.*
import androidx.compose.ui.unit.*
import androidx.compose.ui.window.*
import dev.holm.demo.model.*
import dev.holm.demo.screen.*
import java.io.File
import kotlinx.coroutines.*

/**
 * The app in a window: one device. Escape goes back.
 *
 * `Main DIRECTORY [NAME [SERVER EMAIL PASSWORD]]`: where it keeps its data, what the device is called, and whom to sign in, or up.
 */
fun main(arguments: Array<String>) {
    val directory = File(arguments.getOrElse(0) { "holm-demo" })
    val name = arguments.getOrElse(1) { "Desktop" }
    val scope = MainScope()
    val session = SessionModel(directory, name, scope)
    arguments.drop(2).takeIf { it.size == 3 }?.let { (server, email, password) ->
        session.server = server
        session.email = email
        session.password = password
    }
    val left = name.hashCode() % 2 == 0
    application {
        val navigator = remember { Navigator() }
        remember { session.start() }
        Window(
            onCloseRequest = {
                runBlocking { session.close() }
                exitApplication()
            },
            state = rememberWindowState(size = DpSize(420.dp, 820.dp), position = WindowPosition(if (left) 40.dp else 500.dp, 40.dp)),
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
