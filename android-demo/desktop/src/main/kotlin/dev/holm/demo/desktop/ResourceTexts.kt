package dev.holm.demo.desktop

import dev.holm.demo.theme.*
import org.w3c.dom.Element
import java.util.Locale
import javax.xml.parsers.DocumentBuilderFactory

/** The Android app's `strings.xml` of a language, with English for what it lacks. An empty tag is the system's language. */
fun resourceTexts(language: String): Texts {
    val locale = if (language.isEmpty()) Locale.getDefault() else Locale.forLanguageTag(language)
    val texts = strings("values") + strings("values-${locale.language}")
    return Texts(locale) { texts.getValue(it) }
}

private fun strings(folder: String): Map<String, String> {
    val file = Texts::class.java.getResourceAsStream("/$folder/strings.xml") ?: return emptyMap()
    val elements = file.use { DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(it) }.getElementsByTagName("string")
    return (0 until elements.length).map { elements.item(it) as Element }.associate { it.getAttribute("name") to it.textContent }
}
