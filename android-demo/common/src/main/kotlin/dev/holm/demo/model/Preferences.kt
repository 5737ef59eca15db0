package dev.holm.demo.model

import java.io.File
import java.util.Properties

/** The few things that the app remembers besides its tasks, in a file of its own. */
class Preferences(private val file: File) {
    private val values = Properties().apply { if (file.exists()) file.reader().use(::load) }

    /** The language that was chosen; empty: the system's. */
    var language: String by Value("")

    /** The server's address. */
    var server: String by Value("http://127.0.0.1:8787")

    /** Who signed in last. */
    var email: String by Value("")

    private inner class Value(private val default: String) {
        operator fun getValue(owner: Any, property: kotlin.reflect.KProperty<*>): String = values.getProperty(property.name, default)

        operator fun setValue(owner: Any, property: kotlin.reflect.KProperty<*>, value: String) {
            values.setProperty(property.name, value)
            file.parentFile.mkdirs()
            file.writer().use { values.store(it, null) }
        }
    }
}
