package dev.holm.internal

import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject

/** The merge patch (RFC 7396) that leads from one object to the other. */
internal fun mergePatch(from: JsonObject, to: JsonObject): JsonObject {
    val patch = mutableMapOf<String, JsonElement>()
    (from.keys - to.keys).forEach { patch[it] = JsonNull }
    for ((name, value) in to) {
        val before = from[name]
        when {
            before == value -> Unit
            before is JsonObject && value is JsonObject -> patch[name] = mergePatch(before, value)
            else -> patch[name] = value
        }
    }
    return JsonObject(patch)
}
