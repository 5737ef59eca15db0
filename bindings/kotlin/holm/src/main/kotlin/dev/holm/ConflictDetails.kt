package dev.holm

import dev.holm.ffi.FfiConflict
import dev.holm.internal.Codec
import dev.holm.internal.document
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlin.time.Instant

/**
 * The two sides of a conflict, and what they started from. Immutable.
 */
public open class ConflictDetails internal constructor(conflict: FfiConflict, private val json: Json) {
    /** The collection's name. */
    public val collection: String = conflict.collection

    /** The document. */
    public val documentId: String = conflict.docId

    /** The places that both sides changed, as JSON Pointers: `/title`, `/address/city`. Empty if one side deleted the document. */
    public val fields: List<String> = conflict.fields

    /** What both sides started from; null if this device never had it. */
    public val base: JsonObject? = conflict.base?.let { document(documentId, it) }

    /** The document as it is here; null: deleted here. */
    public val local: JsonObject? = conflict.local?.let { document(documentId, it) }

    /** The document as it is on the server; null: deleted there. */
    public val server: JsonObject? = conflict.server?.let { document(documentId, it) }

    /** The server's version. */
    public val serverVersion: Long? = conflict.serverVersion

    /** When and where the local side was written last: on this device. */
    public val localEdit: LastEdit = LastEdit(Instant.fromEpochMilliseconds(conflict.localMs), conflict.localDevice)

    /** When and where the server's side was written last; null if the server did not say. */
    public val serverEdit: LastEdit? =
        conflict.serverMs?.let { LastEdit(Instant.fromEpochMilliseconds(it), conflict.serverDevice) }

    /** When it was found, by the server's clock as known here. */
    public val detectedAt: Instant = Instant.fromEpochMilliseconds(conflict.detectedMs)

    /**
     * The three sides as the app's type.
     *
     * @throws HolmException `INVALID_DOCUMENT` if one of them does not fit.
     */
    public fun <T : Any> decode(collection: HolmCollection<T>): ConflictSides<T> = sides(collection.codec)

    /**
     * The three sides as the app's type.
     *
     * @throws HolmException `INVALID_DOCUMENT` if one of them does not fit.
     */
    public fun <T : Any> decode(collection: CollectionSpec<T>): ConflictSides<T> = sides(Codec(json, collection.serializer))

    private fun <T : Any> sides(codec: Codec<T>): ConflictSides<T> =
        ConflictSides(base?.let(codec::decode), local?.let(codec::decode), server?.let(codec::decode))

    override fun toString(): String = "ConflictDetails($collection/$documentId)"
}

/**
 * The last edit of one side of a conflict.
 *
 * @property at when, by the server's clock as known here.
 * @property deviceId the device, as in [Holm.deviceId]; null if the server did not say.
 */
public data class LastEdit(public val at: Instant, public val deviceId: String?)

/**
 * The sides of a conflict as the app's type.
 *
 * @property base what both sides started from; null if this device never had it.
 * @property local the document as it is here; null: deleted here.
 * @property server the document as it is on the server; null: deleted there.
 */
public data class ConflictSides<out T : Any>(public val base: T?, public val local: T?, public val server: T?)
