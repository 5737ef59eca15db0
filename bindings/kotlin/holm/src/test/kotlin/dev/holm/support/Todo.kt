package dev.holm.support

import dev.holm.CollectionSpec
import dev.holm.ConflictStrategy
import dev.holm.Holm
import dev.holm.HolmCollection
import dev.holm.collectionSpec
import kotlinx.serialization.Serializable

@Serializable
data class Todo(
    val title: String,
    val isCompleted: Boolean = false,
    val createdAt: Long = 0,
    val priority: Int? = null,
    val tags: List<String> = emptyList(),
    val note: String? = null,
    val place: Place? = null,
    val id: String = "",
)

@Serializable
data class Place(val city: String, val zip: String? = null)

fun todoSpec(conflict: ConflictStrategy = ConflictStrategy.Merge): CollectionSpec<Todo> =
    collectionSpec("tasks", conflict, indexes = listOf(listOf("isCompleted", "createdAt")))

val Holm.todos: HolmCollection<Todo> get() = collection(todoSpec())
