package dev.holm

import kotlin.time.Instant

/**
 * The client's state, for a status bar.
 *
 * @property phase what the sync engine is doing.
 * @property pending operations that will be sent: queued or on their way.
 * @property parked operations that the server refused and that wait for a decision: [Holm.parked].
 * @property conflicts documents whose conflict the app has not resolved yet: [Holm.conflicts].
 * @property deferred operations among the pending ones that wait for a time of their own after a failure: [SyncReport.deferred].
 * @property setAside records that the server has and this version cannot read, and collections that it refuses:
 *   [SyncReport.setAside].
 * @property lastSync when everything was last in step with the server, by the server's clock.
 * @property progress how far the running sync is.
 * @property lastError why the last round failed, if it did.
 */
public data class SyncState(
    public val phase: Phase,
    public val pending: Long,
    public val parked: Long,
    public val conflicts: Long,
    public val lastSync: Instant?,
    public val progress: Progress?,
    public val lastError: SyncError?,
    public val deferred: Long = 0,
    public val setAside: Long = 0,
)

/** What the sync engine is doing. */
public enum class Phase {
    /** Nothing to do, or waiting for a trigger. */
    Idle,

    /** Reading changes from the server. */
    Pulling,

    /** Sending operations. */
    Pushing,

    /** The app, or `HolmAndroid.attach`, has said that there is no network. */
    Offline,

    /** The last round failed; the next one is timed. */
    Waiting,

    /** The server wants a sign-in. */
    SignedOut,

    /** Files and sockets are closed until [Holm.resume]. */
    Suspended,

    /** Closed for good. */
    Closed,
}

/**
 * How far the running sync is.
 *
 * @property done documents applied and operations settled so far.
 * @property total how many there are in all, if the server said.
 */
public data class Progress(public val done: Long, public val total: Long?)

/**
 * Why a round of sync failed.
 *
 * @property code one of [ErrorCode], or a newer one.
 * @property message what happened, in words for people.
 */
public data class SyncError(public val code: String, public val message: String)

/**
 * Counters of this process.
 *
 * @property commits transactions of the local database.
 * @property forcedWrites transactions that were forced to the disk before their callers got an answer.
 * @property writes acknowledged writes, the app's and those of the sync engine.
 * @property statements SQL statements that began to run, of all clients of this process.
 * @property bytesWritten bytes that databases and their logs were written with, of all clients of this process. Null where that is not counted.
 * @property wakeups how often a thread handed work or a result of a write to another one.
 * @property requests HTTP requests.
 * @property bytesUp bytes sent.
 * @property bytesDown bytes received.
 * @property cache how well the cache does.
 */
public data class Stats(
    public val commits: Long,
    public val forcedWrites: Long,
    public val writes: Long,
    public val statements: Long,
    public val bytesWritten: Long?,
    public val wakeups: Long,
    public val requests: Long,
    public val bytesUp: Long,
    public val bytesDown: Long,
    public val cache: CacheStats,
)
