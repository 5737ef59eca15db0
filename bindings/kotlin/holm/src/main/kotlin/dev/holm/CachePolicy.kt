package dev.holm

import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes

/**
 * Whether a read of [HolmCollection.fetch] takes what is here, asks the server, or both.
 *
 * What was read from the server is *fresh* for [CacheOptions.timeToLive], then *stale*: still there, but it may be out of date. A server
 * that is down or too slow counts as no network; one that refuses (401, 429, …) does not.
 */
public enum class CachePolicy {
    /** What is here, however old. The server is never asked. */
    CacheOnly,

    /** What the server has now, or the failure. */
    NetworkOnly,

    /** What is here, if there is something; what is stale is refreshed in the background. Else what the server has. */
    CacheFirst,

    /** What the server has now; without a network what is here, marked as stale. */
    NetworkFirst,

    /** What is here at once, and then what the server has, if that is different. */
    CacheAndNetwork,
}

/**
 * How a collection is cached.
 *
 * @property policy what a fetch does that names none.
 * @property timeToLive how long what was read from the server is fresh. Zero: never.
 * @property refreshAfter from this age on a fetch also refreshes what is still fresh, in the background. Null: not before it is stale.
 * @property maximumDocuments how many documents keep their content here. The ones that were used longest ago lose theirs, and get it back
 * when they are fetched; never one with unsynced writes, a pinned one, or one that a live query shows. Null: all keep it.
 * @property maximumBytes how many bytes the contents may have together, likewise.
 */
public data class CacheOptions(
    public val policy: CachePolicy = CachePolicy.CacheFirst,
    public val timeToLive: Duration = 5.minutes,
    public val refreshAfter: Duration? = null,
    public val maximumDocuments: Long? = null,
    public val maximumBytes: Long? = null,
)
