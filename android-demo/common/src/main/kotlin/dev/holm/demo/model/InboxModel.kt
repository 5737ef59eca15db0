package dev.holm.demo.model

import androidx.compose.runtime.*
import dev.holm.*
import kotlinx.coroutines.*
import kotlinx.serialization.json.contentOrNull
import kotlinx.serialization.json.jsonPrimitive

/** A write that the server refused, and the task as it is here; null: deleted here. */
class ParkedWrite(val operation: Operation, val todo: Todo?) {
    val kind: Message
        get() =
            when (operation.kind) {
                OperationKind.Create -> Message("inbox_kind_create")
                OperationKind.Update -> Message("inbox_kind_update")
                OperationKind.Delete -> Message("inbox_kind_delete")
                OperationKind.Action -> Message("inbox_kind_action")
            }

    /** Why the server refused it, in the server's words. */
    val reason: Message
        get() {
            val error = operation.error
            val fields = error?.fields?.mapNotNull { (field, why) ->
                runCatching { "$field: ${why.jsonPrimitive.contentOrNull}" }.getOrNull()
            }
            return Message("inbox_reason", fields?.takeIf { it.isNotEmpty() }?.joinToString() ?: error?.message.orEmpty())
        }
}

/** Writes that the server refused. They wait here, and hold up no others. */
class InboxModel(private val holm: Holm, scope: CoroutineScope) : Model(scope) {
    /** Oldest first. */
    var parked: List<ParkedWrite> by mutableStateOf(emptyList())
        private set

    /** Keeps the model up to date for as long as it runs. */
    suspend fun run(): Unit =
        guarded {
            holm.status.collect { parked = holm.parked().map { ParkedWrite(it, holm.todos.get(it.documentId)) } }
        }

    /** Sends it again as it is. */
    fun retry(write: ParkedWrite): Job = work { write.operation.retry() }

    /** Repairs the task and sends the write again with that. */
    fun editAndRetry(write: ParkedWrite, title: String, notes: String): Job =
        work {
            write.todo?.let { holm.todos.update(it, it.copy(title = title.trim(), notes = notes)) }
            write.operation.retry()
        }

    /** Gives it up: the task goes back to what the server has. */
    fun discard(write: ParkedWrite): Job = work { write.operation.discard() }
}
