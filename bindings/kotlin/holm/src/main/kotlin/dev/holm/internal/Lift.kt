package dev.holm.internal

import dev.holm.CacheStats
import dev.holm.Deferred
import dev.holm.ErrorCode
import dev.holm.Fetched
import dev.holm.HolmException
import dev.holm.LogLevel
import dev.holm.LogLine
import dev.holm.Origin
import dev.holm.Phase
import dev.holm.Progress
import dev.holm.Receipt
import dev.holm.Refresh
import dev.holm.SetAside
import dev.holm.SliceReport
import dev.holm.Snapshot
import dev.holm.Stats
import dev.holm.SyncError
import dev.holm.SyncReport
import dev.holm.SyncState
import dev.holm.WriteOutcome
import dev.holm.ffi.FfiDeferred
import dev.holm.ffi.FfiFailure
import dev.holm.ffi.FfiFetched
import dev.holm.ffi.FfiLogLevel
import dev.holm.ffi.FfiLogLine
import dev.holm.ffi.FfiOrigin
import dev.holm.ffi.FfiPhase
import dev.holm.ffi.FfiReceipt
import dev.holm.ffi.FfiRefresh
import dev.holm.ffi.FfiSliceReport
import dev.holm.ffi.FfiSnapshot
import dev.holm.ffi.FfiStats
import dev.holm.ffi.FfiSyncReport
import dev.holm.ffi.FfiSyncState
import dev.holm.ffi.FfiWriteOutcome
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonObject
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Instant

internal fun FfiReceipt.lift() = Receipt(docId, opId)

internal fun FfiWriteOutcome.lift(): WriteOutcome =
    when (this) {
        is FfiWriteOutcome.Accepted -> WriteOutcome.Accepted(version)
        is FfiWriteOutcome.Withdrawn -> WriteOutcome.Withdrawn
        is FfiWriteOutcome.Overridden -> WriteOutcome.Overridden
        is FfiWriteOutcome.Discarded -> WriteOutcome.Discarded
        is FfiWriteOutcome.Parked -> WriteOutcome.Parked
    }

internal fun FfiPhase.lift(): Phase =
    when (this) {
        FfiPhase.IDLE -> Phase.Idle
        FfiPhase.PULLING -> Phase.Pulling
        FfiPhase.PUSHING -> Phase.Pushing
        FfiPhase.OFFLINE -> Phase.Offline
        FfiPhase.WAITING -> Phase.Waiting
        FfiPhase.SIGNED_OUT -> Phase.SignedOut
        FfiPhase.SUSPENDED -> Phase.Suspended
        FfiPhase.CLOSED -> Phase.Closed
    }

internal fun FfiSyncState.lift() =
    SyncState(
        phase = phase.lift(),
        pending = pending.toLong(),
        parked = failed.toLong(),
        conflicts = conflicts.toLong(),
        lastSync = lastSyncMs?.let(Instant::fromEpochMilliseconds),
        progress = progressDone?.let { Progress(it.toLong(), progressTotal?.toLong()) },
        lastError = lastErrorCode?.let { SyncError(it, lastErrorMessage.orEmpty()) },
        deferred = deferred.toLong(),
        setAside = setAside.toLong(),
    )

internal fun FfiSyncReport.lift() =
    SyncReport(
        pushed = pushed.toLong(),
        pulled = pulled.toLong(),
        conflicts = conflicts.toLong(),
        parked = parked.toLong(),
        deferred = deferred.map { it.lift() },
        setAside = setAside.map { SetAside(it.collection, it.docId, it.failure.lift()) },
        requests = requests.toLong(),
        bytesUp = bytesUp.toLong(),
        bytesDown = bytesDown.toLong(),
        duration = durationMs.toLong().milliseconds,
    )

private fun FfiDeferred.lift() = Deferred(opId, code, Instant.fromEpochMilliseconds(nextAttemptMs))

internal fun FfiSliceReport.lift() =
    SliceReport(
        report = report.lift(),
        complete = complete,
        remainingWrites = remainingOperations.toLong(),
        remainingCollections = remainingCollections.toLong(),
    )

internal fun FfiStats.lift() =
    Stats(
        commits = commits.toLong(),
        forcedWrites = forcedWrites.toLong(),
        writes = writes.toLong(),
        statements = statements.toLong(),
        bytesWritten = bytesWritten?.toLong(),
        wakeups = wakeups.toLong(),
        requests = requests.toLong(),
        bytesUp = bytesUp.toLong(),
        bytesDown = bytesDown.toLong(),
        cache =
            CacheStats(
                hits = cacheHits.toLong(),
                staleHits = cacheStaleHits.toLong(),
                misses = cacheMisses.toLong(),
                evictions = evictions.toLong(),
                refreshes = refreshes.toLong(),
                failedRefreshes = failedRefreshes.toLong(),
                lastRefresh = lastRefreshMs?.toLong()?.milliseconds,
                meanRefresh = meanRefreshMs?.toLong()?.milliseconds,
            ),
    )

internal fun <T : Any> FfiSnapshot.lift(codec: Codec<T>) = Snapshot(codec.list(documents), inserted, updated, removed, moved)

/** The result with its value, which was decoded elsewhere. */
internal fun <T> FfiFetched.lift(value: T): Fetched<T> =
    Fetched(
        value = value,
        origin =
            when (origin) {
                FfiOrigin.CACHE -> Origin.Cache
                FfiOrigin.NETWORK -> Origin.Network
            },
        age = ageMs?.toLong()?.milliseconds,
        isStale = stale,
        isPartial = partial,
        refresh =
            when (val refresh = refresh) {
                is FfiRefresh.Idle -> Refresh.None
                is FfiRefresh.Running -> Refresh.Running
                is FfiRefresh.Failed -> Refresh.Failed(refresh.failure.lift())
            },
    )

private fun FfiFailure.lift() =
    HolmException(code, message, recovery, retryable, serverCode, retryAfterMs?.toLong()?.milliseconds, operationId = opId)

internal fun FfiLogLine.lift() =
    LogLine(
        level =
            when (level) {
                FfiLogLevel.ERROR -> LogLevel.Error
                FfiLogLevel.WARN -> LogLevel.Warn
                FfiLogLevel.INFO -> LogLevel.Info
                FfiLogLevel.DEBUG -> LogLevel.Debug
                FfiLogLevel.TRACE -> LogLevel.Trace
            },
        target = target,
        message = message,
        at = Instant.fromEpochMilliseconds(atMs),
    )

/** A JSON object that the core wrote. */
internal fun jsonObject(text: String): JsonObject = Json.parseToJsonElement(text).jsonObject

/** A document that the core wrote without its id, with it. */
internal fun document(id: String, text: String): JsonObject = JsonObject(mapOf("id" to JsonPrimitive(id)) + jsonObject(text))

/** What the core calls a constant of an enum: `PendingCreate` is `pendingCreate`. */
internal fun coreName(constant: Enum<*>): String = constant.name.replaceFirstChar { it.lowercase() }

/** The constant that the core calls so. */
internal fun <E : Enum<E>> named(entries: List<E>, name: String): E =
    entries.find { coreName(it) == name } ?: throw failure(ErrorCode.INTERNAL, "the core says \"$name\", which is unknown here")
