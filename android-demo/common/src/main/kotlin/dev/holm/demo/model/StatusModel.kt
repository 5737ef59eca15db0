package dev.holm.demo.model

import androidx.compose.runtime.*
import dev.holm.*
import kotlinx.coroutines.*
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes

/** How the whole device stands with the server. */
class StatusModel(private val holm: Holm, scope: CoroutineScope) : Model(scope) {
    var state: SyncState? by mutableStateOf(null)
        private set

    /** Keeps the model up to date for as long as it runs. */
    suspend fun run(): Unit = guarded { holm.status.collect { state = it } }

    fun sync(): Job = work { holm.sync() }
}

val SyncState.isSyncing: Boolean get() = phase == Phase.Pulling || phase == Phase.Pushing

/** What the engine is doing. */
val SyncState.told: Message
    get() =
        when (phase) {
            Phase.Idle -> Message(if (pending > 0) "tasks_unsynced" else "status_idle", pending)
            Phase.Pulling -> Message("status_pulling")
            Phase.Pushing -> Message("status_pushing")
            Phase.Offline -> Message("status_offline")
            Phase.Waiting -> Message("status_waiting")
            Phase.SignedOut -> Message("status_signed_out")
            Phase.Suspended -> Message("status_suspended")
            Phase.Closed -> Message("status_closed")
        }

/** How far it is, while it syncs. */
val SyncState.progressTold: Message?
    get() = progress?.let { at -> at.total?.let { Message("status_progress", at.done, it) } ?: Message("status_progress_open", at.done) }

/** When everything was last in step, seen from [now] in milliseconds since 1970. */
fun SyncState.lastSyncTold(now: Long): Message {
    val age = lastSync?.let { (now - it.toEpochMilliseconds()).milliseconds } ?: return Message("status_never")
    return when {
        age < 1.minutes -> Message("time_now")
        age < 1.hours -> Message("time_minutes", age.inWholeMinutes)
        age < 1.days -> Message("time_hours", age.inWholeHours)
        else -> Message("time_days", age.inWholeDays)
    }
}
