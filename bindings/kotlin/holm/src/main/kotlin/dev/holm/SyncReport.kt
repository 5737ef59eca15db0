package dev.holm

import kotlin.time.Duration
import kotlin.time.Instant

/**
 * What a sync did.
 *
 * @property pushed operations that the server accepted.
 * @property pulled states taken from the server.
 * @property conflicts conflicts met, however they were resolved.
 * @property parked operations that the server refused and that are parked now.
 * @property deferred operations that wait for a time of their own after a failure, oldest first, at most 100. The server does not have
 * them, or not yet.
 * @property setAside what the server has and this device could not take. The rest of its collection, and other collections, are in step all
 * the same.
 * @property requests HTTP requests.
 * @property bytesUp bytes sent.
 * @property bytesDown bytes received.
 * @property duration how long it took.
 */
public data class SyncReport(
    public val pushed: Long,
    public val pulled: Long,
    public val conflicts: Long,
    public val parked: Long,
    public val deferred: List<Deferred>,
    public val setAside: List<SetAside>,
    public val requests: Long,
    public val bytesUp: Long,
    public val bytesDown: Long,
    public val duration: Duration,
)

/**
 * An operation that is tried again later.
 *
 * @property operationId the operation, as in [Receipt.operationId] and [Operation.id].
 * @property code the code of its last failure: the server's, or one of [ErrorCode].
 * @property nextAttempt not before this time by the device's clock. [Holm.sync] tries it at once.
 */
public data class Deferred(public val operationId: String, public val code: String, public val nextAttempt: Instant)

/**
 * A record that could not be read, or a collection that the server refuses.
 *
 * @property collection the collection.
 * @property documentId the record's id. Null if it is the whole collection, or if the record's id cannot be read either.
 * @property error why.
 */
public data class SetAside(public val collection: String, public val documentId: String?, public val error: HolmException)
