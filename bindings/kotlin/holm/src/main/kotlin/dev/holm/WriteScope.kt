package dev.holm

import dev.holm.ffi.FfiWrite
import dev.holm.internal.unicode
import kotlinx.serialization.json.JsonObject

/**
 * The words of a [Holm.write] block: writes to several documents and collections that commit together or not at all.
 *
 * The block only collects them; they are checked and made, in this order, after it has ended.
 */
@HolmDsl
public class WriteScope internal constructor() {
    internal val writes = mutableListOf<FfiWrite>()

    /** Makes a document, as [HolmCollection.create] does. */
    public fun <T : Any> create(collection: HolmCollection<T>, value: T) {
        writes += FfiWrite.Create(collection.name(), null, collection.encode(value))
    }

    /** Makes a document under this id. */
    public fun <T : Any> create(collection: HolmCollection<T>, id: String, value: T) {
        writes += FfiWrite.Create(collection.name(), id.unicode(ErrorCode.INVALID_NAME), collection.encode(value))
    }

    /** Changes fields of a document, as [HolmCollection.update] does. */
    public fun <T : Any> update(collection: HolmCollection<T>, id: String, changes: UpdateScope.() -> Unit): Unit =
        update(collection, id, collection.patch(changes))

    /** Changes fields of a document by a merge patch, as [HolmCollection.update] does. */
    public fun update(collection: HolmCollection<*>, id: String, patch: JsonObject) {
        writes += FfiWrite.Update(collection.name(), id.unicode(ErrorCode.INVALID_NAME), patch.text())
    }

    /** Sends what differs between two versions of a document, as [HolmCollection.update] does. */
    public fun <T : Any> update(collection: HolmCollection<T>, before: T, after: T) {
        val (id, patch) = collection.difference(before, after)
        update(collection, id, patch)
    }

    /** Replaces a document's content, as [HolmCollection.replace] does. */
    public fun <T : Any> replace(collection: HolmCollection<T>, value: T, basedOn: Long? = null) {
        val (id, document) = collection.codec.encodeWithId(value)
        writes += FfiWrite.Replace(collection.name(), id.unicode(ErrorCode.INVALID_NAME), document.text(), basedOn)
    }

    /** Deletes a document, as [HolmCollection.delete] does. */
    public fun delete(collection: HolmCollection<*>, id: String) {
        writes += FfiWrite.Delete(collection.name(), id.unicode(ErrorCode.INVALID_NAME))
    }
}

private fun HolmCollection<*>.name() = name.unicode(ErrorCode.INVALID_NAME)

private fun <T : Any> HolmCollection<T>.encode(value: T) = codec.encode(value).text()

/** The object as the core takes it. */
internal fun JsonObject.text(): String = toString().unicode(ErrorCode.INVALID_DOCUMENT)
