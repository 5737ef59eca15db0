package dev.holm.demo.screen

import dev.holm.demo.theme.Texts
import kotlinx.coroutines.CoroutineScope
import java.io.File

/**
 * What the platform around the app provides.
 *
 * @property scope where a person's wishes run; it outlives screens.
 * @property texts the texts of a language; of the system's for an empty tag.
 * @property exports where logs are exported to.
 * @property now the time, in milliseconds since 1970.
 */
class Surroundings(
    val scope: CoroutineScope,
    val texts: (language: String) -> Texts,
    val exports: File,
    val now: () -> Long = System::currentTimeMillis,
)
