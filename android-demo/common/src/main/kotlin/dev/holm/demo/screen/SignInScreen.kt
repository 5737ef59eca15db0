package dev.holm.demo.screen

import androidx.compose.foundation.*
import androidx.compose.foundation.layout.*
import androidx.compose.material3.*
import androidx.compose.runtime.*
import androidx.compose.ui.*
import androidx.compose.ui.semantics.*
import androidx.compose.ui.text.input.KeyboardType
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import dev.holm.demo.model.*
import dev.holm.demo.theme.*

/** Who are you, and where is the server? */
@Composable
fun SignInScreen(session: SessionModel) {
    Column(
        Modifier.fillMaxSize().verticalScroll(rememberScrollState()).padding(horizontal = Space.xl, vertical = Space.xxl),
        Arrangement.spacedBy(Space.l),
        Alignment.CenterHorizontally,
    ) {
        Surface(shape = MaterialTheme.shapes.large, color = MaterialTheme.colorScheme.primary) {
            Icon(Icons.Check, null, Modifier.padding(Space.l).size(36.dp))
        }
        Text(
            text("sign_in_headline"),
            Modifier.semantics { heading() },
            style = MaterialTheme.typography.headlineMedium,
            textAlign = TextAlign.Center,
        )
        Text(text("sign_in_explain"), color = MaterialTheme.colorScheme.onSurfaceVariant, textAlign = TextAlign.Center)
        Banner(session)
        Field("sign_in_email", session.email, type = KeyboardType.Email) { session.email = it }
        Field("sign_in_password", session.password, type = KeyboardType.Password) { session.password = it }
        Field("sign_in_server", session.server, type = KeyboardType.Uri) { session.server = it }
        val ready = !session.isBusy && session.email.isNotBlank() && session.password.isNotEmpty() && session.server.isNotBlank()
        Button({ session.signIn() }, Modifier.fillMaxWidth(), enabled = ready) { Text(text("sign_in_button")) }
        TextButton({ session.signUp() }, Modifier.fillMaxWidth(), enabled = ready) { Text(text("sign_up_button")) }
    }
}
