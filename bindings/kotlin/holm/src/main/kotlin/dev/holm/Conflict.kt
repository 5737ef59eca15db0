package dev.holm

import dev.holm.ffi.FfiConflict
import dev.holm.internal.Client
import dev.holm.internal.lower
import dev.holm.internal.named
import kotlinx.serialization.json.JsonObject

/**
 * A conflict that waits for a person: its collection has the strategy `Prompt`, or a path that both sides changed has the rule `Prompt`, or
 * its collection's [ConflictResolver] had no decision. It survives restarts, and blocks nothing but its own document's way to the server.
 * Immutable: ask [Holm.conflicts] again for what is open now.
 */
public class Conflict internal constructor(private val client: Client, conflict: FfiConflict) : ConflictDetails(conflict, client.json) {
    /** Its number in this store. */
    public val id: Long = conflict.id

    /** Why the collection's [ConflictResolver] has not decided it; null if it was not to. */
    public val resolverFault: ResolverFault? = conflict.resolverFault?.let { named(ResolverFault.entries, it) }

    /**
     * Resolves the conflict and queues what is left to send. What loses is in [Holm.journal]. A cancelled caller stops waiting; the
     * resolution happens whole or not at all.
     *
     * @throws HolmException `NOT_FOUND` if it is not open any more, `INVALID_DOCUMENT`, and those of storage.
     */
    public suspend fun resolve(resolution: Resolution) {
        val lowered = resolution.lower()
        client.waiting { it.resolveConflict(id, lowered) }
    }

    /** Resolves the conflict with a document that the person edited, as [resolve] does. */
    public suspend fun <T : Any> resolve(collection: HolmCollection<T>, document: T): Unit =
        resolve(Resolution.Document(collection.codec.encode(document)))

    override fun toString(): String = "Conflict($id: $collection/$documentId)"
}

/** Why a person is asked about a conflict that the collection's [ConflictResolver] should have decided. */
public enum class ResolverFault {
    /** It has no decision: it returned null, or it threw. */
    NoDecision,

    /** The call of it ended in a way that Holm does not know. */
    Panicked,

    /** It took longer than five seconds. */
    TooSlow,

    /** Its two decisions about the same conflict were different. */
    NotDeterministic,

    /** The document that it chose cannot be stored. */
    InvalidDocument,

    /** The document changed each time while it was asked. */
    KeepsChanging,

    /** The collection has no resolver any more. */
    Missing,
}

/** What a person, or a [ConflictResolver], decides about a conflict. */
public sealed interface Resolution {
    /** What was changed here stands. */
    public data object KeepLocal : Resolution

    /** The server's document stands. */
    public data object KeepServer : Resolution

    /** Field by field; a field that both changed goes to the later edit. An edit outlives a delete. */
    public data object Merge : Resolution

    /**
     * This document stands.
     *
     * @property json its fields.
     */
    public data class Document(public val json: JsonObject) : Resolution
}
