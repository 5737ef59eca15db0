package dev.holm.demo.android

import android.os.Bundle
import androidx.activity.ComponentActivity
import androidx.activity.compose.BackHandler
import androidx.activity.compose.setContent
import androidx.activity.enableEdgeToEdge
import androidx.compose.runtime.*
import dev.holm.demo.screen.*

/** The one window. The manifest lets it turn with the screen without being made anew. */
class MainActivity : ComponentActivity() {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        enableEdgeToEdge()
        val app = application as DemoApplication
        setContent {
            val navigator = remember { Navigator() }
            BackHandler(navigator.canGoBack) { navigator.back() }
            DemoApp(app.session, app.surroundings, navigator)
        }
    }
}
