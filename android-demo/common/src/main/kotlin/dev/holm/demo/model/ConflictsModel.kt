package dev.holm.demo.model

import androidx.compose.runtime.*
import dev.holm.*
import kotlinx.coroutines.*

/** Whose version of a field stands. */
enum class Side { Mine, Server }

/** The fields that a person decides about. */
enum class TodoField(val label: String) {
    Title("task_field_title"),
    Notes("task_field_notes"),
    IsCompleted("task_field_done"),
}

/** A conflict with both of its sides; one that is null was deleted there. */
class TodoConflict(val conflict: Conflict, val mine: Todo?, val server: Todo?) {
    val title: String get() = (mine ?: server)?.title.orEmpty()

    fun differs(field: TodoField): Boolean = mine?.get(field) != server?.get(field)
}

operator fun Todo.get(field: TodoField): Any =
    when (field) {
        TodoField.Title -> title
        TodoField.Notes -> notes
        TodoField.IsCompleted -> isCompleted
    }

/** The conflicts that wait for a person. */
class ConflictsModel(private val holm: Holm, scope: CoroutineScope) : Model(scope) {
    /** Oldest first. */
    var conflicts: List<TodoConflict> by mutableStateOf(emptyList())
        private set

    /** What was chosen for single fields; of the others mine stands. */
    val choices = mutableStateMapOf<TodoField, Side>()

    /** Keeps the model up to date for as long as it runs. */
    suspend fun run(): Unit =
        guarded {
            holm.status.collect {
                conflicts =
                    holm.conflicts().filter { it.collection == todoCollection.name }.map { conflict ->
                        val sides = conflict.decode(holm.todos)
                        TodoConflict(conflict, sides.local, sides.server)
                    }
            }
        }

    fun keepMine(conflict: TodoConflict): Job = resolve(conflict, Resolution.KeepLocal)

    fun useServer(conflict: TodoConflict): Job = resolve(conflict, Resolution.KeepServer)

    /** Joins both sides as [choices] says. For conflicts in which nothing was deleted. */
    fun mergeByField(conflict: TodoConflict): Job =
        work {
            val mine = checkNotNull(conflict.mine)
            val server = checkNotNull(conflict.server)
            val chosen = { field: TodoField -> if (choices[field] == Side.Server) server else mine }
            val merged =
                mine.copy(
                    title = chosen(TodoField.Title).title,
                    notes = chosen(TodoField.Notes).notes,
                    isCompleted = chosen(TodoField.IsCompleted).isCompleted,
                )
            conflict.conflict.resolve(holm.todos, merged)
            choices.clear()
        }

    private fun resolve(conflict: TodoConflict, resolution: Resolution): Job =
        work {
            conflict.conflict.resolve(resolution)
            choices.clear()
        }
}
