package dev.holm.demo.theme

import androidx.compose.runtime.*
import dev.holm.demo.model.*
import java.util.Locale

/** The texts of one language: where the platform keeps them is its own business. */
class Texts(val locale: Locale, private val find: (key: String) -> String) {
    operator fun get(key: String, vararg arguments: Any): String =
        arguments.foldIndexed(find(key)) { index, text, argument -> text.replace("{$index}", "$argument") }
}

val LocalTexts = staticCompositionLocalOf<Texts> { error("no texts around this") }

/** A text in the language around. */
@Composable
fun text(key: String, vararg arguments: Any): String = LocalTexts.current.get(key, *arguments)

@Composable
fun Message.text(): String = text(key, *arguments.toTypedArray())
