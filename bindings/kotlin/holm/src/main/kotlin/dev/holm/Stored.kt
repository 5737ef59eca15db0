package dev.holm

/**
 * A document and how it stands with the server.
 *
 * @property value the content, with all local edits.
 * @property status how it stands with the server.
 * @property version the server's version that the content is based on; null if the server has never seen the document.
 */
public data class Stored<out T : Any>(public val value: T, public val status: SyncStatus, public val version: Long?)

/** How a document stands with the server. */
public enum class SyncStatus {
    /** The server has all of it. */
    Synced,

    /** Made here, not yet on the server. */
    PendingCreate,

    /** Changed here, not yet on the server. */
    PendingUpdate,

    /** Deleted here, not yet on the server; hidden from queries. */
    PendingDelete,

    /** On its way: a request that carries it is out. */
    Syncing,

    /** The server refused a write; it is in [Holm.parked] and waits for a decision. */
    Failed,

    /** Changed here and on the server in ways that only a person can join; see [Holm.conflicts]. */
    Conflict,
    ;

    /** Whether the server lacks something of the document. */
    public val needsSync: Boolean get() = this != Synced
}

/**
 * The result of a live query at one moment, and what is different from the one before. The differences are ids.
 *
 * @property documents the whole result, in order.
 * @property inserted new in the result; in the first snapshot, all.
 * @property updated still there, with another content or status.
 * @property removed no longer there.
 * @property moved still there, at another place among those that stayed.
 */
public data class Snapshot<out T : Any>(
    public val documents: List<Stored<T>>,
    public val inserted: List<String>,
    public val updated: List<String>,
    public val removed: List<String>,
    public val moved: List<String>,
) {
    /** The contents alone. */
    public val values: List<T> get() = documents.map { it.value }
}

/**
 * One page of a query's result.
 *
 * @property documents the documents.
 * @property next where the next page begins, for [HolmCollection.page]; null: this was the last.
 */
public data class Page<out T : Any>(public val documents: List<Stored<T>>, public val next: String?) {
    /** The contents alone. */
    public val values: List<T> get() = documents.map { it.value }
}
