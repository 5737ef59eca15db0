package dev.holm.testing

import dev.holm.ConflictStrategy
import dev.holm.HolmCollection
import dev.holm.collectionSpec
import kotlinx.serialization.Serializable

@Serializable
data class Todo(val title: String, val isCompleted: Boolean = false, val id: String = "")

val todoCollection = collectionSpec<Todo>("todos", conflict = ConflictStrategy.Prompt)

val TestDevice.todos: HolmCollection<Todo> get() = collection(todoCollection)
