package dev.holm

import kotlin.time.Duration

/**
 * What a fetch has found, and where.
 *
 * @property value the content.
 * @property origin where it comes from.
 * @property age how long ago the server had it so, as well as the device knows; null: the server was never asked.
 * @property isStale whether it may be out of date: older than [CacheOptions.timeToLive], of uncertain age, or standing in for the network.
 * @property isPartial whether documents of the collection have lost their content to a limit, so that a query may lack some.
 * @property refresh what becomes of it.
 */
public data class Fetched<out T>(
    public val value: T,
    public val origin: Origin,
    public val age: Duration?,
    public val isStale: Boolean,
    public val isPartial: Boolean,
    public val refresh: Refresh,
)

/** Where a result comes from. */
public enum class Origin {
    /** From this device. */
    Cache,

    /** From the server, which has just been asked. */
    Network,
}

/** What becomes of a result. */
public sealed interface Refresh {
    /** Nothing is under way. */
    public data object None : Refresh

    /** The server is being asked. At most one more result follows; the flow's completion means that the refresh has ended. */
    public data object Running : Refresh

    /**
     * The server was asked, and this came of it: the result is what stands in.
     *
     * @property error why.
     */
    public data class Failed(public val error: HolmException) : Refresh
}

/**
 * How well the cache does, in this process.
 *
 * @property hits fetches that were answered from here with something fresh.
 * @property staleHits with something stale.
 * @property misses that had nothing here.
 * @property evictions documents that lost their content to a limit.
 * @property refreshes how often the server was asked with success; several fetches of one thing at the same time are one.
 * @property failedRefreshes how often that failed.
 * @property lastRefresh how long the last one took that went well, waiting for its turn included.
 * @property meanRefresh how long they take in the mean.
 */
public data class CacheStats(
    public val hits: Long,
    public val staleHits: Long,
    public val misses: Long,
    public val evictions: Long,
    public val refreshes: Long,
    public val failedRefreshes: Long,
    public val lastRefresh: Duration?,
    public val meanRefresh: Duration?,
)
