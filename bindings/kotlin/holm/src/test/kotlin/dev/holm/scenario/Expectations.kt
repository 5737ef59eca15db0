package dev.holm.scenario

import dev.holm.Aggregate
import dev.holm.Direction
import dev.holm.Filter
import dev.holm.Query
import dev.holm.internal.coreName
import kotlinx.coroutines.flow.first
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlin.test.assertEquals

/** What the steps of a scenario say that must hold. */
internal class Expectations(private val devices: Devices) {
    suspend fun check(step: Scenario.Step) {
        when (step.action) {
            "expect" -> document(step)
            "expect_query" -> same(step, "ids", devices.collection(step).query(query(step)).map { it.getValue("id") })
            "expect_count" -> same(step, "count", JsonPrimitive(devices.collection(step).count(query(step))))
            "expect_state" -> state(step)
            "expect_conflict" -> conflict(step)
            "expect_parked" -> same(step, "code", JsonPrimitive(devices.parked(step).error?.code))
            "expect_journal" -> journal(step)
            "expect_aggregate" -> aggregate(step)
            "expect_result" -> result(step)
            "expect_equal" -> equal(step)
            else -> error("unknown expectation: $step")
        }
    }

    private suspend fun document(step: Scenario.Step) {
        val stored = devices.collection(step).getStored(step.text("id"))
        content(step, "doc", stored?.value)
        if (step.textOrNull("status") != null) same(step, "status", JsonPrimitive(stored?.let { coreName(it.status) }))
    }

    private suspend fun state(step: Scenario.Step) {
        val state = devices.of(step).state()
        val known = mapOf("pending" to state.pending, "failed" to state.parked, "conflicts" to state.conflicts)
        for ((name, count) in known) if (step.valueOrNull(name) != null) same(step, name, JsonPrimitive(count))
    }

    private suspend fun conflict(step: Scenario.Step) {
        val conflict = devices.conflict(step)
        content(step, "base", conflict.base)
        content(step, "local", conflict.local)
        content(step, "server", conflict.server)
        if (step.valueOrNull("fields") != null) same(step, "fields", JsonArray(conflict.fields.map(::JsonPrimitive)))
    }

    private suspend fun journal(step: Scenario.Step) {
        val entry = devices.journalled(step)
        same(step, "reason", JsonPrimitive(coreName(entry.reason)))
        content(step, "lost", entry.lost)
    }

    private suspend fun result(step: Scenario.Step) {
        val result = devices.result(step)
        same(step, "outcome", JsonPrimitive(result.outcome::class.simpleName.orEmpty().replaceFirstChar { it.lowercase() }))
        same(step, "value", result.value ?: JsonNull)
    }

    private suspend fun aggregate(step: Scenario.Step) {
        val figures = step.value("of").jsonArray.map { figure(it.jsonObject) }.toTypedArray()
        val (collection, by) = devices.collection(step) to step.textOrNull("by")
        val live = collection.liveAggregate(*figures, query = query(step), by = by).first()
        for (rows in listOf(collection.aggregate(*figures, query = query(step), by = by), live)) {
            val shown = rows.map { row -> JsonObject(listOfNotNull(row.by?.let { "by" to it }, "values" to JsonArray(row.values)).toMap()) }
            same(step, "rows", JsonArray(shown))
        }
    }

    private fun figure(json: JsonObject): Aggregate {
        val (name, operand) = json.entries.single()
        val path = operand.jsonPrimitive.content
        return when (name) {
            "count" -> Aggregate.Count
            "sum" -> Aggregate.sum(path)
            "min" -> Aggregate.min(path)
            "max" -> Aggregate.max(path)
            "avg" -> Aggregate.avg(path)
            else -> error("$json is no figure")
        }
    }

    private suspend fun equal(step: Scenario.Step) {
        val named = step.value("devices").jsonArray.map { it.jsonPrimitive.content }
        val views =
            named.map { name ->
                val device = devices.named(name)
                val shown = shown(device)
                for (document in shown.values.flatMap { it.jsonArray }) {
                    assertEquals(JsonPrimitive("synced"), document.jsonObject["status"], "$document of $name")
                }
                shown to device.dump().mapValues { it.value.jsonObject["digest"] }
            }
        for ((name, view) in named.zip(views)) assertEquals(views.first(), view, "${named.first()} and $name")
    }

    private fun query(step: Scenario.Step): Query {
        val json = step.valueOrNull("query")?.jsonObject ?: JsonObject(emptyMap())
        var query = Query.All
        json["where"]?.let { query = query.where(Filter(it.jsonObject)) }
        for (key in json["order"]?.jsonArray.orEmpty().map { it.jsonArray }) {
            val direction = if (key.getOrNull(1) == JsonPrimitive("desc")) Direction.Descending else Direction.Ascending
            query = query.orderBy(key[0].jsonPrimitive.content, direction)
        }
        json["limit"]?.let { query = query.limit(it.jsonPrimitive.int) }
        json["offset"]?.let { query = query.offset(it.jsonPrimitive.int) }
        return query
    }

    private fun same(step: Scenario.Step, name: String, actual: Any) = assertEquals<Any>(step.value(name), actual, name)

    private fun content(step: Scenario.Step, name: String, actual: JsonObject?) =
        assertEquals<JsonElement>((step.value(name) as? JsonObject).withoutId(), actual.withoutId(), name)
}
