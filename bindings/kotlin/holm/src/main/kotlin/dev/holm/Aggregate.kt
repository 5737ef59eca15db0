package dev.holm

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject

/**
 * A figure over the documents that a query lets through.
 *
 * ```
 * val rows = plays.aggregate(Aggregate.Count, Aggregate.sum("minutes"), by = "day")
 * ```
 */
public class Aggregate private constructor(internal val json: JsonObject) {
    override fun equals(other: Any?): Boolean = other is Aggregate && json == other.json

    override fun hashCode(): Int = json.hashCode()

    override fun toString(): String = json.toString()

    public companion object {
        /** How many documents. */
        public val Count: Aggregate = Aggregate(JsonObject(mapOf("count" to JsonPrimitive(true))))

        /** The sum of the numbers in a field; 0 if there are none. Exact as long as all are whole; beyond 64 bits it is a double. */
        public fun sum(path: String): Aggregate = of("sum", path)

        /** The least number or text in a field, numbers before texts; `null` if there is none. */
        public fun min(path: String): Aggregate = of("min", path)

        /** The greatest number or text in a field; `null` if there is none. */
        public fun max(path: String): Aggregate = of("max", path)

        /** The mean of the numbers in a field, a double; `null` if there are none. */
        public fun avg(path: String): Aggregate = of("avg", path)

        private fun of(name: String, path: String) = Aggregate(JsonObject(mapOf(name to JsonPrimitive(path))))
    }
}

/**
 * The figures of one group of documents.
 *
 * @property by the value that the documents of the group share, `JsonNull` for a missing field; null if no groups were asked for.
 * @property values the figures, in the order in which they were asked for.
 */
public data class AggregateRow(public val by: JsonElement?, public val values: List<JsonElement>)

/** The rows as the core writes them. */
internal fun aggregateRows(text: String): List<AggregateRow> =
    Json.parseToJsonElement(text).jsonArray.map { row ->
        AggregateRow(row.jsonObject["by"], row.jsonObject.getValue("values").jsonArray)
    }
