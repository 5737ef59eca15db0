package dev.holm.demo.model

import androidx.compose.runtime.*
import dev.holm.*
import kotlinx.coroutines.*
import kotlinx.coroutines.flow.collectLatest

/** Which tasks are shown. */
enum class TaskFilter(val query: Query) {
    All(query { orderBy(Todo::createdAt, desc) }),
    Open(query { where(Todo::isCompleted eq false).orderBy(Todo::createdAt, desc) }),
    Done(query { where(Todo::isCompleted eq true).orderBy(Todo::createdAt, desc) }),
}

/** The list of tasks. Everything here works without a network. */
class TaskListModel(private val holm: Holm, scope: CoroutineScope, private val now: () -> Long) : Model(scope) {
    var filter: TaskFilter by mutableStateOf(TaskFilter.All)

    /** The tasks that [filter] lets through, newest first; null until they are read. */
    var tasks: List<Stored<Todo>>? by mutableStateOf(null)
        private set

    /** How many writes the server does not have. */
    var unsynced: Long by mutableStateOf(0)
        private set

    var isRefreshing: Boolean by mutableStateOf(false)
        private set

    /** Keeps the model up to date for as long as it runs. */
    suspend fun run(): Unit =
        coroutineScope {
            launch { guarded { holm.status.collect { unsynced = it.pending + it.parked + it.conflicts } } }
            snapshotFlow { filter }.collectLatest { shown -> guarded { holm.todos.live(shown.query).collect { tasks = it.documents } } }
        }

    fun create(title: String): Job = work { holm.todos.create(Todo(title.trim(), createdAt = now())) }

    fun toggle(todo: Todo): Job = work { holm.todos.update(todo, todo.copy(isCompleted = !todo.isCompleted)) }

    fun delete(todo: Todo): Job = work { holm.todos.delete(todo.id) }

    /** Asks the server for news, and sends what is queued. */
    fun refresh(): Job =
        work {
            isRefreshing = true
            try {
                holm.sync()
            } finally {
                isRefreshing = false
            }
        }
}
