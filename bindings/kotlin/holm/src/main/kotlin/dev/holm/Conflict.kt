package dev.holm

import dev.holm.ffi.FfiConflict
import dev.holm.ffi.FfiResolution
import dev.holm.internal.Client
import dev.holm.internal.document
import dev.holm.internal.unicode
import kotlinx.serialization.json.JsonObject
import kotlin.time.Instant

/**
 * A conflict that waits for a person. It survives restarts, and blocks nothing but its own document's way to the server. Immutable: ask
 * [Holm.conflicts] again for what is open now.
 */
public class Conflict internal constructor(private val client: Client, conflict: FfiConflict) {
    /** Its number in this store. */
    public val id: Long = conflict.id

    /** The collection's name. */
    public val collection: String = conflict.collection

    /** The document. */
    public val documentId: String = conflict.docId

    /** What both sides started from; null if this device never had it. */
    public val base: JsonObject? = conflict.base?.let { document(documentId, it) }

    /** The document as it is here; null: deleted here. */
    public val local: JsonObject? = conflict.local?.let { document(documentId, it) }

    /** The document as it is on the server; null: deleted there. */
    public val server: JsonObject? = conflict.server?.let { document(documentId, it) }

    /** The server's version. */
    public val serverVersion: Long? = conflict.serverVersion

    /** When it was found, by the server's clock as known here. */
    public val detectedAt: Instant = Instant.fromEpochMilliseconds(conflict.detectedMs)

    /**
     * The three sides as the app's type.
     *
     * @throws HolmException `INVALID_DOCUMENT` if one of them does not fit.
     */
    public fun <T : Any> decode(collection: HolmCollection<T>): ConflictSides<T> {
        val decode = { side: JsonObject? -> side?.let(collection.codec::decode) }
        return ConflictSides(decode(base), decode(local), decode(server))
    }

    /**
     * Resolves the conflict and queues what is left to send. What loses is in [Holm.journal]. A cancelled caller stops waiting; the
     * resolution happens whole or not at all.
     *
     * @throws HolmException `NOT_FOUND` if it is not open any more, `INVALID_DOCUMENT`, and those of storage.
     */
    public suspend fun resolve(resolution: Resolution) {
        val lowered =
            when (resolution) {
                Resolution.KeepLocal -> FfiResolution.KeepLocal
                Resolution.KeepServer -> FfiResolution.KeepServer
                Resolution.Merge -> FfiResolution.Merge
                is Resolution.Document -> FfiResolution.Document(resolution.json.toString().unicode(ErrorCode.INVALID_DOCUMENT))
            }
        client.waiting { it.resolveConflict(id, lowered) }
    }

    /** Resolves the conflict with a document that the person edited, as [resolve] does. */
    public suspend fun <T : Any> resolve(collection: HolmCollection<T>, document: T): Unit =
        resolve(Resolution.Document(collection.codec.encode(document)))

    override fun toString(): String = "Conflict($id: $collection/$documentId)"
}

/**
 * The sides of a conflict as the app's type.
 *
 * @property base what both sides started from; null if this device never had it.
 * @property local the document as it is here; null: deleted here.
 * @property server the document as it is on the server; null: deleted there.
 */
public data class ConflictSides<out T : Any>(public val base: T?, public val local: T?, public val server: T?)

/** What a person decides about a [Conflict]. */
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
