package dev.holm.demo.screen

import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.*
import androidx.compose.material3.*
import androidx.compose.runtime.*
import androidx.compose.ui.*
import androidx.compose.ui.draw.clip
import androidx.compose.ui.semantics.*
import dev.holm.demo.model.*
import dev.holm.demo.theme.*

/** The languages that there are texts in, each by its own name; empty: the system's. */
val languages = mapOf("" to null, "en" to "English", "de" to "Deutsch", "ar" to "العربية")

/** Account, server, language, and the way out. */
@Composable
fun SettingsScreen(session: SessionModel, navigator: Navigator) {
    var leaving by remember { mutableStateOf(false) }
    Page(text("settings_title"), session, navigator::back) {
        Paper {
            Fact("settings_account", session.account.orEmpty())
            Fact("sign_in_server", session.server)
            Fact("settings_device", session.deviceName)
        }
        Paper {
            Faint(text("settings_language"), style = MaterialTheme.typography.labelMedium)
            FlowRow(horizontalArrangement = Arrangement.spacedBy(Space.s)) {
                languages.forEach { (tag, name) ->
                    Choice(session.language == tag, name ?: text("language_system")) { session.choose(tag) }
                }
            }
        }
        Paper(Modifier.clip(MaterialTheme.shapes.medium).clickable(role = Role.Button) { navigator.go(Screen.Debug) }) {
            Row(verticalAlignment = Alignment.CenterVertically) {
                Text(text("debug_title"), Modifier.weight(1f))
                Icon(Icons.Forward, null, tint = MaterialTheme.colorScheme.onSurfaceVariant)
            }
        }
        OutlinedButton({ leaving = true }, Modifier.fillMaxWidth()) {
            Text(text("settings_sign_out"), color = MaterialTheme.colorScheme.error)
        }
    }
    if (leaving) {
        Confirm(text("sign_out_question"), text("sign_out_explain"), text("settings_sign_out"), { leaving = false }) {
            navigator.home()
            session.signOut()
        }
    }
}

@Composable
private fun Fact(label: String, value: String) {
    Column(Modifier.padding(vertical = Space.xs), Arrangement.spacedBy(Space.xs)) {
        Faint(text(label), style = MaterialTheme.typography.labelMedium)
        Text(value)
    }
}
