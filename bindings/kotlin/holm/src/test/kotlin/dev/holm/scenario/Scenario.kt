package dev.holm.scenario

import dev.holm.CollectionSpec
import dev.holm.ConflictResolver
import dev.holm.ConflictStrategy
import dev.holm.Consistency
import dev.holm.FieldRule
import dev.holm.Resolution
import dev.holm.internal.named
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.contentOrNull
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.serializer
import java.io.File
import java.util.Arrays

/** A story that every language replays; the format is that of `tests/scenarios/README.md`. */
internal class Scenario(
    val name: String,
    val ordered: Boolean,
    val collections: List<CollectionSpec<JsonObject>>,
    val steps: List<Step>,
) {
    /** One thing that a device does, or that must hold. */
    class Step(private val place: String, private val json: JsonObject) {
        val action: String get() = text("do")
        val fails: String? get() = textOrNull("fails")

        fun textOrNull(name: String): String? = json[name]?.jsonPrimitive?.contentOrNull

        fun text(name: String): String = checkNotNull(textOrNull(name)) { "$this says no $name" }

        fun valueOrNull(name: String): JsonElement? = json[name]

        fun value(name: String): JsonElement = checkNotNull(json[name]) { "$this says no $name" }

        fun document(name: String): JsonObject = value(name).jsonObject

        /** The writes of a transaction: those that are listed, or `repeat` creates of the documents `0`, `1`, and so on. */
        fun writes(): List<Step> {
            val count = json["repeat"]?.jsonPrimitive?.int ?: return value("writes").jsonArray.map { Step(place, it.jsonObject) }
            return List(count) { id ->
                val write = mapOf("do" to JsonPrimitive("create"), "id" to JsonPrimitive("$id"), "doc" to value("doc"))
                Step(place, JsonObject(write))
            }
        }

        override fun toString(): String = "$place: $json"
    }

    companion object {
        fun of(file: File): Scenario {
            val json = Json.parseToJsonElement(file.readText()).jsonObject
            val name = json.getValue("name").jsonPrimitive.content
            return Scenario(
                name = name,
                ordered = json["ordered"] == JsonPrimitive(true),
                collections = json.getValue("collections").jsonArray.map { collection(it.jsonObject) },
                steps = json.getValue("steps").jsonArray.mapIndexed { index, step -> Step("$name, step ${index + 1}", step.jsonObject) },
            )
        }

        private fun texts(json: JsonObject, name: String): Map<String, String> =
            json[name]?.jsonObject.orEmpty().mapValues { it.value.jsonPrimitive.content }

        private fun consistency(json: JsonObject): Consistency =
            if (json["consistency"] == JsonPrimitive("confirmed")) Consistency.Confirmed() else Consistency.Eventual

        /** Keeps the side whose title is longer; has no decision if neither is. */
        private val longerTitle =
            ConflictResolver { conflict ->
                val sides = listOf(conflict.local, conflict.server)
                val (ours, theirs) = sides.map { it?.get("title")?.jsonPrimitive?.content.orEmpty().length }
                when {
                    ours > theirs -> Resolution.KeepLocal
                    ours < theirs -> Resolution.KeepServer
                    else -> null
                }
            }

        private fun collection(json: JsonObject) =
            CollectionSpec(
                name = json.getValue("name").jsonPrimitive.content,
                serializer = serializer<JsonObject>(),
                conflict = json["conflict"]?.let { named(ConflictStrategy.entries, it.jsonPrimitive.content) } ?: ConflictStrategy.Merge,
                rules = texts(json, "rules").mapValues { named(FieldRule.entries, it.value) },
                listKeys = texts(json, "listKeys"),
                references = texts(json, "references"),
                consistency = consistency(json),
                resolver = longerTitle.takeIf { json["conflict"] == JsonPrimitive("custom") },
                indexes = json["indexes"]?.jsonArray.orEmpty().map { index -> index.jsonArray.map { it.jsonPrimitive.content } },
            )
    }
}

/** Scenarios speak of content; that the id is a part of it here is another matter. */
internal fun JsonObject?.withoutId(): JsonElement = this?.let { JsonObject(it - "id") } ?: JsonNull

/** The value with the keys of its objects in order, as bytes compare. */
internal fun JsonElement.sorted(): JsonElement =
    when (this) {
        is JsonObject -> JsonObject(entries.sortedWith(byBytes).associate { it.key to it.value.sorted() })
        is JsonArray -> JsonArray(map { it.sorted() })
        else -> this
    }

private val byBytes =
    Comparator<Map.Entry<String, JsonElement>> { a, b -> Arrays.compareUnsigned(a.key.toByteArray(), b.key.toByteArray()) }
