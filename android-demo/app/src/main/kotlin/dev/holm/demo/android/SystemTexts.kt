package dev.holm.demo.android

import android.content.Context
import android.content.res.Configuration
import dev.holm.demo.theme.*
import java.util.Locale

/**
 * The texts of a language from the app's resources; of the system's for an empty tag. They are found by their names, so
 * `res/raw/keep.xml` keeps them from being shrunk away.
 */
fun Context.systemTexts(language: String): Texts {
    val configuration = Configuration(resources.configuration)
    if (language.isNotEmpty()) configuration.setLocale(Locale.forLanguageTag(language))
    val resources = createConfigurationContext(configuration).resources
    return Texts(configuration.locales[0]) { resources.getString(resources.getIdentifier(it, "string", packageName)) }
}
