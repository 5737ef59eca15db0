package dev.holm.demo.screen

import androidx.compose.foundation.layout.*
import androidx.compose.foundation.text.KeyboardOptions
import androidx.compose.material3.*
import androidx.compose.runtime.*
import androidx.compose.ui.*
import androidx.compose.ui.text.input.*
import dev.holm.demo.theme.*

/** A field to write into. What goes to a server is a line; what a person thinks is as long as it is. */
@Composable
fun Field(label: String, value: String, minLines: Int = 1, type: KeyboardType = KeyboardType.Text, onChange: (String) -> Unit) {
    OutlinedTextField(
        value,
        onChange,
        Modifier.fillMaxWidth(),
        label = { Text(text(label)) },
        singleLine = type != KeyboardType.Text,
        minLines = minLines,
        shape = MaterialTheme.shapes.medium,
        visualTransformation = if (type == KeyboardType.Password) PasswordVisualTransformation() else VisualTransformation.None,
        keyboardOptions = KeyboardOptions(keyboardType = type),
    )
}
