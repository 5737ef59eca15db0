package dev.holm

import kotlinx.serialization.json.JsonElement

/**
 * How an action ended.
 *
 * @property outcome as of a write: accepted by the server, parked with its refusal, discarded.
 * @property value what the server's action returned; null if it was not accepted.
 */
public data class ActionResult(public val outcome: WriteOutcome, public val value: JsonElement?)
