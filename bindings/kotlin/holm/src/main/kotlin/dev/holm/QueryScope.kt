package dev.holm

import dev.holm.internal.encoded
import kotlinx.serialization.KSerializer
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.serializer
import kotlin.reflect.KProperty1

/**
 * The words of a query block.
 *
 * A field is named by its path (`"address.city"`) or by a property of the app's class (`Todo::isCompleted`); properties with another name
 * in JSON must be named by text. Numbers compare with numbers and texts with texts; a value of another kind is neither less nor greater.
 * A missing field equals `null` and nothing else. Values are single: texts, numbers, booleans, `null`, and whatever is written as one of
 * those (enums, dates).
 */
@HolmDsl
public class QueryScope
    @PublishedApi
    internal constructor(
        @PublishedApi internal val json: Json,
    ) {
        /** All documents, by id. */
        public val all: Query get() = Query.All

        /** Smallest first. */
        public val asc: Direction get() = Direction.Ascending

        /** Greatest first. */
        public val desc: Direction get() = Direction.Descending

        /** The documents for which the condition holds. */
        public fun where(condition: Filter): Query = Query.All.where(condition)

        /** All documents, in this order. */
        public fun orderBy(path: String, direction: Direction = Direction.Ascending): Query = Query.All.orderBy(path, direction)

        /** All documents, in this order. */
        public fun orderBy(property: KProperty1<*, *>, direction: Direction = Direction.Ascending): Query =
            Query.All.orderBy(property, direction)

        /** All documents, but no more than this. */
        public fun limit(count: Int): Query = Query.All.limit(count)

        /** All of them hold; of none: true. */
        public fun allOf(vararg filters: Filter): Filter = Filter.join("and", *filters)

        /** One of them holds at least; of none: false. */
        public fun anyOf(vararg filters: Filter): Filter = Filter.join("or", *filters)

        /** The field is `null` or missing. */
        public fun isNull(path: String): Filter = Filter.isNull(path)

        /** The field is `null` or missing. */
        public fun isNull(property: KProperty1<*, *>): Filter = Filter(Filter.isNull(property.name).json, setOf(property.name))

        /** The field has this value. */
        public inline infix fun <reified V> String.eq(value: V): Filter = compare("eq", this, encode(serializer<V>(), value))

        /** The field has this value. */
        public inline infix fun <reified V> KProperty1<*, V>.eq(value: V): Filter = compare("eq", this, encode(serializer<V>(), value))

        /** The field has another value, or none. */
        public inline infix fun <reified V> String.ne(value: V): Filter = compare("ne", this, encode(serializer<V>(), value))

        /** The field has another value, or none. */
        public inline infix fun <reified V> KProperty1<*, V>.ne(value: V): Filter = compare("ne", this, encode(serializer<V>(), value))

        /** The field is less. */
        public inline infix fun <reified V : Any> String.lt(value: V): Filter = compare("lt", this, encode(serializer<V>(), value))

        /** The field is less. */
        public inline infix fun <reified V : Any> KProperty1<*, V?>.lt(value: V): Filter =
            compare("lt", this, encode(serializer<V>(), value))

        /** The field is less or the same. */
        public inline infix fun <reified V : Any> String.lte(value: V): Filter = compare("lte", this, encode(serializer<V>(), value))

        /** The field is less or the same. */
        public inline infix fun <reified V : Any> KProperty1<*, V?>.lte(value: V): Filter =
            compare("lte", this, encode(serializer<V>(), value))

        /** The field is greater. */
        public inline infix fun <reified V : Any> String.gt(value: V): Filter = compare("gt", this, encode(serializer<V>(), value))

        /** The field is greater. */
        public inline infix fun <reified V : Any> KProperty1<*, V?>.gt(value: V): Filter =
            compare("gt", this, encode(serializer<V>(), value))

        /** The field is greater or the same. */
        public inline infix fun <reified V : Any> String.gte(value: V): Filter = compare("gte", this, encode(serializer<V>(), value))

        /** The field is greater or the same. */
        public inline infix fun <reified V : Any> KProperty1<*, V?>.gte(value: V): Filter =
            compare("gte", this, encode(serializer<V>(), value))

        /** The field has one of these values. */
        public inline infix fun <reified V> String.oneOf(values: Iterable<V>): Filter =
            compare("in", this, JsonArray(values.map { encode(serializer<V>(), it) }))

        /** The field has one of these values. */
        public inline infix fun <reified V> KProperty1<*, V>.oneOf(values: Iterable<V>): Filter =
            compare("in", this, JsonArray(values.map { encode(serializer<V>(), it) }))

        /** An array field has this member, or a text field this part (case matters). */
        public inline infix fun <reified V> String.contains(member: V): Filter = compare("contains", this, encode(serializer<V>(), member))

        /** An array field has this member. */
        @JvmName("containsMember")
        public inline infix fun <reified V> KProperty1<*, Iterable<V>?>.contains(member: V): Filter =
            compare("contains", this, encode(serializer<V>(), member))

        /** A text field has this part (case matters). */
        @JvmName("containsPart")
        public infix fun KProperty1<*, String?>.contains(part: String): Filter = compare("contains", this, JsonPrimitive(part))

        /** A text field begins so (case matters). */
        public infix fun String.prefix(start: String): Filter = compare("prefix", this, JsonPrimitive(start))

        /** A text field begins so (case matters). */
        public infix fun KProperty1<*, String?>.prefix(start: String): Filter = compare("prefix", this, JsonPrimitive(start))

        @PublishedApi
        internal fun <V> encode(serializer: KSerializer<V>, value: V): JsonElement =
            encoded(ErrorCode.INVALID_QUERY) { json.encodeToJsonElement(serializer, value) }

        @PublishedApi
        internal fun compare(word: String, path: String, operand: JsonElement): Filter =
            Filter(JsonObject(mapOf(word to JsonArray(listOf(JsonPrimitive(path), operand)))))

        @PublishedApi
        internal fun compare(word: String, property: KProperty1<*, *>, operand: JsonElement): Filter =
            Filter(compare(word, property.name, operand).json, setOf(property.name))

        internal companion object {
            /** With no settings of an app. */
            val Plain = QueryScope(Json)
        }
    }
