package dev.holm.demo.model

import dev.holm.*
import kotlinx.serialization.Serializable

/** What the app is about. [createdAt] is in milliseconds since 1970. */
@Serializable
data class Todo(
    val title: String,
    val notes: String = "",
    val isCompleted: Boolean = false,
    val createdAt: Long = 0,
    val id: String = "",
)

/** A person decides about conflicts: the app has a screen for that. */
val todoCollection = collectionSpec<Todo>("todos", ConflictStrategy.Prompt, indexes = listOf(listOf("isCompleted", "createdAt")))

val Holm.todos: HolmCollection<Todo> get() = collection(todoCollection)
