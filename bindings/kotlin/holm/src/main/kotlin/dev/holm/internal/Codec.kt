package dev.holm.internal

import dev.holm.ErrorCode
import dev.holm.Stored
import dev.holm.SyncStatus
import kotlinx.serialization.ExperimentalSerializationApi
import kotlinx.serialization.KSerializer
import kotlinx.serialization.Serializable
import kotlinx.serialization.builtins.ListSerializer
import kotlinx.serialization.descriptors.PrimitiveKind
import kotlinx.serialization.descriptors.SerialDescriptor
import kotlinx.serialization.descriptors.StructureKind
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

/** The app's JSON with the settings that are Holm's, see `HolmConfig.json`. */
internal fun holmJson(app: Json): Json =
    Json(app) {
        encodeDefaults = true
        @OptIn(ExperimentalSerializationApi::class)
        explicitNulls = false
        ignoreUnknownKeys = true
    }

/** A document as it crosses the boundary. */
@Serializable
internal class Packed<T>(val s: String, val v: Long?, val d: T)

/** Between documents and the app's type. Immutable. */
internal class Codec<T : Any>(private val json: Json, private val serializer: KSerializer<T>) {
    private val packed = Packed.serializer(serializer)
    private val packedList = ListSerializer(packed)

    init {
        val descriptor = serializer.descriptor
        @OptIn(ExperimentalSerializationApi::class)
        if (descriptor.kind == StructureKind.CLASS && !descriptor.hasTextId()) {
            throw failure(ErrorCode.INVALID_CONFIG, "${descriptor.serialName} needs a property \"id\" of type String")
        }
    }

    /** The document as an object; an empty id is left out, so that the core makes one. */
    fun encode(value: T): JsonObject {
        val element = encoded(ErrorCode.INVALID_DOCUMENT) { json.encodeToJsonElement(serializer, value) }
        val document = element as? JsonObject ?: throw failure(ErrorCode.INVALID_DOCUMENT, "a document must be a JSON object")
        return if (document.id() == "") JsonObject(document - "id") else document
    }

    /** The document as an object, and its id. */
    fun encodeWithId(value: T): Pair<String, JsonObject> {
        val document = encode(value)
        val id = document.id() ?: throw failure(ErrorCode.INVALID_DOCUMENT, "the document has no id")
        return id to document
    }

    fun decode(element: JsonElement): T = fitting { json.decodeFromJsonElement(serializer, element) }

    fun one(bytes: ByteArray): Stored<T> = fitting { json.decodeFromString(packed, bytes.decodeToString()).stored() }

    @Suppress("SwallowedException")
    fun list(bytes: ByteArray): List<Stored<T>> {
        val text = bytes.decodeToString()
        return try {
            json.decodeFromString(packedList, text).map { it.stored() }
        } catch (e: IllegalArgumentException) {
            throw misfit(text, e.reason())
        }
    }

    /** Refuses properties that are called otherwise in JSON, with this code: a path made of the property's name would name nothing. */
    fun check(properties: Set<String>, code: String) {
        if (properties.isEmpty()) return
        @OptIn(ExperimentalSerializationApi::class)
        val renamed = json.configuration.namingStrategy != null
        val descriptor = serializer.descriptor
        val unknown = properties.filter { renamed || !descriptor.hasElement(it) }
        if (unknown.isNotEmpty()) {
            throw failure(
                code,
                "$unknown of ${descriptor.serialName} have other names in JSON: name these fields by text",
            )
        }
    }

    /** The failure comes without its cause, which quotes the document. */
    @Suppress("SwallowedException")
    private inline fun <R> fitting(decode: () -> R): R =
        try {
            decode()
        } catch (e: IllegalArgumentException) {
            throw failure(ErrorCode.INVALID_DOCUMENT, "a document does not fit ${serializer.descriptor.serialName}: ${e.reason()}")
        }

    /** Finds those of many that do not fit, for the message. */
    private fun misfit(text: String, reason: String): Throwable {
        val documents = json.decodeFromString(ListSerializer(Packed.serializer(JsonObject.serializer())), text)
        val misfits = documents.map { it.d }.filter { runCatching { decode(it) }.isFailure }.map { it.id() }
        val ids = misfits.joinToString(limit = NAMED)
        return failure(
            ErrorCode.INVALID_DOCUMENT,
            "$ids of ${documents.size} do not fit ${serializer.descriptor.serialName}: $reason",
        )
    }
}

/** How many documents a message names. */
private const val NAMED = 3

/** A member "id" that is a text. */
internal fun JsonObject.id(): String? = (this["id"] as? JsonPrimitive)?.takeIf { it.isString }?.content

private val statuses = SyncStatus.entries.associateBy { coreName(it) }

private fun <T : Any> Packed<T>.stored() = Stored(d, statuses[s] ?: named(SyncStatus.entries, s), v)

/** What does not fit, without the document, which such messages end with. */
private fun IllegalArgumentException.reason(): String = message.orEmpty().substringBefore("\nJSON input:")

@OptIn(ExperimentalSerializationApi::class)
private fun SerialDescriptor.hasElement(name: String): Boolean = kind != StructureKind.CLASS || getElementIndex(name) >= 0

@OptIn(ExperimentalSerializationApi::class)
private fun SerialDescriptor.hasTextId(): Boolean {
    val index = getElementIndex("id")
    if (index < 0) return false
    var type = getElementDescriptor(index)
    while (type.isInline) type = type.getElementDescriptor(0)
    return type.kind == PrimitiveKind.STRING
}
