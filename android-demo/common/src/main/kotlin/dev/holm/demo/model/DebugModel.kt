package dev.holm.demo.model

import androidx.compose.runtime.*
import dev.holm.*
import kotlinx.coroutines.*
import java.io.File

/** What a tester needs. */
class DebugModel(
    private val holm: Holm,
    private val session: SessionModel,
    scope: CoroutineScope,
    private val now: () -> Long,
    private val exports: File,
) : Model(scope) {
    var isOffline: Boolean by mutableStateOf(false)
        private set

    /** How many writes [clearQueue] would give up; null unless it waits for a yes. */
    var toClear: Int? by mutableStateOf(null)
        private set

    fun forceSync(): Job =
        work {
            val report = holm.sync()
            message = Message("debug_synced", report.pushed, report.pulled)
        }

    /** As if the device had no network. */
    fun simulateOffline(offline: Boolean) {
        isOffline = offline
        holm.setNetwork(if (offline) Network.Offline else Network.Unmetered)
    }

    /**
     * Makes a real conflict in the newest task: while nothing is synced here, another device of this account edits it, and so does this
     * one. [mark] words the two edits.
     */
    fun simulateConflict(mark: (key: String, title: String) -> String): Job =
        work {
            holm.sync()
            val todo = holm.todos.query(TaskFilter.All.query.limit(1)).firstOrNull()
            val other = session.otherDevice()
            message = when {
                todo == null -> Message("debug_conflict_no_task")
                other == null -> Message("debug_sign_in_again")
                else -> {
                    disagree(todo, other, mark)
                    Message("debug_conflict_made", todo.title)
                }
            }
            other?.shutDown()
        }

    private suspend fun disagree(todo: Todo, other: Holm, mark: (String, String) -> String) {
        holm.setNetwork(Network.Offline)
        try {
            holm.todos.update(todo, todo.copy(title = mark("debug_conflict_mine", todo.title)))
            other.sync()
            other.todos.update(todo, todo.copy(title = mark("debug_conflict_theirs", todo.title)))
            other.sync()
        } finally {
            simulateOffline(isOffline)
        }
        holm.sync()
    }

    /** Writes what sync did to a file: states and counts, no content of tasks. */
    fun exportLog(): Job =
        work {
            val file = File(exports, "holm-log-${now()}.txt")
            file.parentFile.mkdirs()
            file.writeText(log().joinToString("\n", postfix = "\n"))
            message = Message("debug_exported", file.path)
        }

    private suspend fun log(): List<String> =
        listOf("device ${holm.deviceId}", holm.state().toString(), holm.stats().toString()) +
            holm.pending().map { "$it attempts=${it.attempts} error=${it.error?.code}" } +
            holm.journal().map { "lost at ${it.at}: ${it.collection}/${it.documentId} ${it.reason}" } +
            session.log.lines().map { "$it" }

    fun askToClear(): Job = work { toClear = holm.pending(limit = 10_000).size }

    fun keepQueue() {
        toClear = null
    }

    /** Gives up everything that the server does not have. What it may have, because a request went out, stays until that is known. */
    fun clearQueue(): Job =
        work {
            holm.conflicts().forEach { it.resolve(Resolution.KeepServer) }
            holm.pending(limit = 10_000).forEach { giveUp(it) }
            val left = holm.pending().size
            message = if (left == 0) Message("debug_cleared") else Message("tasks_unsynced", left)
        }

    private suspend fun giveUp(operation: Operation) {
        try {
            operation.discard()
        } catch (e: HolmException) {
            // Given up with its document's create, or on its way.
            if (e.code != ErrorCode.NOT_FOUND) throw e
        }
    }
}
