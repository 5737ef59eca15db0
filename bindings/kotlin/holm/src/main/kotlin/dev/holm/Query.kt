package dev.holm

import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.add
import kotlinx.serialization.json.addJsonArray
import kotlinx.serialization.json.buildJsonArray
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put

/** Keeps the words of one block out of the blocks inside it. */
@DslMarker
@Target(AnnotationTarget.CLASS)
internal annotation class HolmDsl

/** Which way an order goes. Missing and `null` come first in ascending order, then numbers (`false` is 0, `true` is 1), then texts. */
public enum class Direction {
    /** Smallest first. */
    Ascending,

    /** Greatest first. */
    Descending,
}

/**
 * A query: filter, order, window. Immutable; every call returns a new one. Made with [query] or in the block of a call of
 * [HolmCollection].
 */
public class Query private constructor(
    private val filter: Filter?,
    private val order: JsonArray,
    private val limit: Int?,
    private val offset: Int?,
    private val includeDeleted: Boolean,
    internal val properties: Set<String>,
) {
    /** Adds a condition; several are joined by *and*. */
    public fun where(condition: Filter): Query =
        copy(filter = filter?.and(condition) ?: condition, properties = properties + condition.properties)

    /**
     * Adds a key to the order. Documents with equal keys come in the order in which this device got them.
     *
     * @param path names joined by dots (`address.city`); `id` is the document's id.
     */
    public fun orderBy(path: String, direction: Direction = Direction.Ascending): Query =
        copy(
            order = buildJsonArray {
                order.forEach(::add)
                addJsonArray {
                    add(path)
                    add(if (direction == Direction.Ascending) "asc" else "desc")
                }
            },
        )

    /** Adds a key to the order. Documents with equal keys come in the order in which this device got them. */
    public fun orderBy(property: kotlin.reflect.KProperty1<*, *>, direction: Direction = Direction.Ascending): Query =
        orderBy(property.name, direction).copy(properties = properties + property.name)

    /** Bounds the number of documents. */
    public fun limit(count: Int): Query = copy(limit = count)

    /** Leaves out the first documents. For long lists [HolmCollection.page] is faster, and does not shift when documents come and go. */
    public fun offset(count: Int): Query = copy(offset = count)

    /** Also shows documents that are deleted here, but not yet on the server. */
    public fun withDeleted(): Query = copy(includeDeleted = true)

    /** The query as JSON: `{"where": …, "order": [["path", "asc"], …], "limit": n, "offset": n, "includeDeleted": true}`. */
    public fun toJson(): JsonObject =
        buildJsonObject {
            filter?.let { put("where", it.json) }
            if (order.isNotEmpty()) put("order", order)
            limit?.let { put("limit", it) }
            offset?.let { put("offset", it) }
            if (includeDeleted) put("includeDeleted", true)
        }

    override fun equals(other: Any?): Boolean = other is Query && toJson() == other.toJson()

    override fun hashCode(): Int = toJson().hashCode()

    override fun toString(): String = toJson().toString()

    private fun copy(
        filter: Filter? = this.filter,
        order: JsonArray = this.order,
        limit: Int? = this.limit,
        offset: Int? = this.offset,
        includeDeleted: Boolean = this.includeDeleted,
        properties: Set<String> = this.properties,
    ) = Query(filter, order, limit, offset, includeDeleted, properties)

    public companion object {
        /** All documents, by id. */
        public val All: Query = Query(null, JsonArray(emptyList()), null, null, false, emptySet())
    }
}

/** A condition on a document. Made with the words of [QueryScope]; joined with [and], [or] and `!`. */
public class Filter internal constructor(internal val json: JsonObject, internal val properties: Set<String> = emptySet()) {
    /** Both hold. */
    public infix fun and(other: Filter): Filter = join("and", this, other)

    /** One of them holds, or both. */
    public infix fun or(other: Filter): Filter = join("or", this, other)

    /** It does not hold. */
    public operator fun not(): Filter = Filter(JsonObject(mapOf("not" to json)), properties)

    override fun equals(other: Any?): Boolean = other is Filter && json == other.json

    override fun hashCode(): Int = json.hashCode()

    override fun toString(): String = json.toString()

    internal companion object {
        fun join(word: String, vararg filters: Filter): Filter {
            // a and b and c is one list of three.
            val parts = filters.flatMap { (it.json[word] as? JsonArray) ?: listOf(it.json) }
            return Filter(JsonObject(mapOf(word to JsonArray(parts))), filters.flatMapTo(mutableSetOf()) { it.properties })
        }

        fun isNull(path: String): Filter = Filter(JsonObject(mapOf("isNull" to JsonPrimitive(path))))
    }
}

/**
 * Builds a query.
 *
 * ```
 * val open = query { where("isCompleted" eq false).orderBy("createdAt", desc).limit(50) }
 * ```
 */
public fun query(block: QueryScope.() -> Query): Query = QueryScope.Plain.block()
