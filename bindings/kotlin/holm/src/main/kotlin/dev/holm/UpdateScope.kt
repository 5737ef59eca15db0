package dev.holm

import dev.holm.internal.encoded
import dev.holm.internal.failure
import kotlinx.serialization.KSerializer
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.serializer
import kotlin.reflect.KProperty1

/**
 * The words of an update block: which fields change, and how.
 *
 * ```
 * todos.update(id) {
 *     "title" set "Buy oat milk"
 *     "visits" increment 1
 *     "tags" addToSet listOf("shop")
 *     "note".remove()
 * }
 * ```
 *
 * A field is named by its path (`"stats.visits"`), or by a property of the app's class; properties with another name in JSON must be named
 * by text. [increment], [addToSet] and [removeFromSet] travel as such, never as their result: two devices that both add one make two, without a
 * conflict. A field can be changed once in a block.
 */
@HolmDsl
public class UpdateScope
    internal constructor(
        @PublishedApi internal val json: Json,
    ) {
        private var patch = JsonObject(emptyMap())
        private val paths = mutableListOf<String>()
        internal val properties = mutableSetOf<String>()

        /** The field has this value now. An object is merged member by member into the one that is there; `null` removes the field. */
        public inline infix fun <reified V> String.set(value: V): Unit = put(this, encode(serializer<V>(), value))

        /** The field has this value now. An object is merged member by member into the one that is there; `null` removes the field. */
        public inline infix fun <reified V> KProperty1<*, V>.set(value: V): Unit = put(named(this), encode(serializer<V>(), value))

        /** The field is gone. */
        public fun String.remove(): Unit = put(this, JsonNull)

        /** The field is gone: its class must have a default for it, or allow `null`. */
        public fun KProperty1<*, *>.remove(): Unit = put(named(this), JsonNull)

        /** The number grows by this much; a missing field counts as 0. */
        public infix fun String.increment(by: Number): Unit = operation(this, "\$inc", JsonPrimitive(by))

        /** The number grows by this much; a missing field counts as 0. */
        @JvmName("incrementProperty")
        public infix fun KProperty1<*, Number?>.increment(by: Number): Unit = operation(named(this), "\$inc", JsonPrimitive(by))

        /** These members are in the array now, once each. */
        public inline infix fun <reified V> String.addToSet(members: Iterable<V>): Unit =
            operation(this, "\$addToSet", JsonArray(members.map { encode(serializer<V>(), it) }))

        /** These members are in the array now, once each. */
        @JvmName("addToSetProperty")
        public inline infix fun <reified V> KProperty1<*, Iterable<V>?>.addToSet(members: Iterable<V>): Unit =
            operation(named(this), "\$addToSet", JsonArray(members.map { encode(serializer<V>(), it) }))

        /** These members are not in the array any more. */
        public inline infix fun <reified V> String.removeFromSet(members: Iterable<V>): Unit =
            operation(this, "\$removeFromSet", JsonArray(members.map { encode(serializer<V>(), it) }))

        /** These members are not in the array any more. */
        @JvmName("removeFromSetProperty")
        public inline infix fun <reified V> KProperty1<*, Iterable<V>?>.removeFromSet(members: Iterable<V>): Unit =
            operation(named(this), "\$removeFromSet", JsonArray(members.map { encode(serializer<V>(), it) }))

        @PublishedApi
        internal fun <V> encode(serializer: KSerializer<V>, value: V): JsonElement =
            encoded(ErrorCode.INVALID_DOCUMENT) { json.encodeToJsonElement(serializer, value) }

        @PublishedApi
        internal fun named(property: KProperty1<*, *>): String = property.name.also { properties += it }

        @PublishedApi
        internal fun put(path: String, value: JsonElement) {
            val clash = paths.find { it == path || it.startsWith("$path.") || path.startsWith("$it.") }
            if (clash != null) throw failure(ErrorCode.INVALID_DOCUMENT, "\"$path\" is changed twice in one update")
            paths += path
            patch = patch.with(path.split('.'), value)
        }

        @PublishedApi
        internal fun operation(path: String, operator: String, operand: JsonElement) {
            put(path, JsonObject(mapOf(operator to operand)))
        }

        internal fun build(): JsonObject = patch
    }

private fun JsonObject.with(path: List<String>, value: JsonElement): JsonObject {
    val rest = path.drop(1)
    val member = if (rest.isEmpty()) value else (this[path[0]] as? JsonObject ?: JsonObject(emptyMap())).with(rest, value)
    return JsonObject(this + (path[0] to member))
}
