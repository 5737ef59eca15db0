package dev.holm.demo.model

import androidx.compose.runtime.*
import dev.holm.Holm
import dev.holm.Network
import java.io.File
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job

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
     * Makes a real conflict in the newest task: while nothing is synced here, another device of this account edits it, and so does this one.
     * [mark] words the two edits.
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
            holm.journal().map { "lost at ${it.at}: ${it.collection}/${it.documentId} ${it.reason}" }

    fun askToClear(): Job = work { toClear = holm.pending(limit = 10_000).size }

    fun keepQueue() {
        toClear = null
    }

    /** Gives up everything that the server does not have. */
    fun clearQueue(): Job =
        work {
            toClear = null
            message = Message(if (session.startOver()) "debug_cleared" else "debug_sign_in_again")
        }
}
