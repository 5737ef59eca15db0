package dev.holm.bench

import dev.holm.collectionSpec
import kotlinx.serialization.Serializable
import java.util.UUID

/** A document of about 250 bytes, as in the other languages' benchmarks. */
@Serializable
internal data class Note(
    val title: String,
    val body: String = "Two litres of oat milk, bread, apples, and something for the neighbours' cat.",
    val state: String,
    val position: Int,
    val createdAt: String = "2025-11-20T10:00:00Z",
    val id: String = "",
) {
    constructor(number: Int, id: String = "${UUID.randomUUID()}") :
        this(title = "Note number $number", state = if (number % 2 == 0) "open" else "done", position = number, id = id)
}

internal val noteSpec = collectionSpec<Note>("notes", indexes = listOf(listOf("state", "position")))
