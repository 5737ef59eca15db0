package dev.holm.demo.model

import androidx.compose.runtime.*
import dev.holm.*
import kotlinx.coroutines.*

/** One task: a draft of its texts, and how it stands with the server. */
class TaskDetailModel(private val holm: Holm, private val id: String, scope: CoroutineScope) : Model(scope) {
    /** The task as it is stored; null until it is read, and when it [isGone]. */
    var stored: Stored<Todo>? by mutableStateOf(null)
        private set

    var isGone: Boolean by mutableStateOf(false)
        private set

    var title: String by mutableStateOf("")
    var notes: String by mutableStateOf("")

    val hasChanges: Boolean get() = stored?.value?.let { it.title != title || it.notes != notes } ?: false

    /** What the task's sync status means. */
    val explanation: Message
        get() =
            when (stored?.status) {
                SyncStatus.Synced, null -> Message("explain_synced")
                SyncStatus.PendingCreate, SyncStatus.PendingUpdate, SyncStatus.PendingDelete -> Message("explain_pending")
                SyncStatus.Syncing -> Message("explain_syncing")
                SyncStatus.Failed -> Message("explain_failed")
                SyncStatus.Conflict -> Message("explain_conflict")
            }

    /** Keeps the model up to date for as long as it runs. What a person has begun to edit stays as it is. */
    suspend fun run(): Unit =
        guarded {
            holm.todos.live(query { where(Todo::id eq id) }).collect { snapshot ->
                val next = snapshot.documents.firstOrNull()
                if (next != null && !hasChanges) {
                    title = next.value.title
                    notes = next.value.notes
                }
                stored = next
                isGone = next == null
            }
        }

    fun save(): Job = work { stored?.value?.let { holm.todos.update(it, it.copy(title = title.trim(), notes = notes)) } }

    fun toggle(): Job = work { stored?.value?.let { holm.todos.update(it, it.copy(isCompleted = !it.isCompleted)) } }

    fun delete(): Job = work { holm.todos.delete(id) }
}
