package dev.holm

import dev.holm.ffi.FfiOperation
import dev.holm.internal.Client
import dev.holm.internal.jsonObject
import dev.holm.internal.named
import kotlinx.serialization.json.JsonObject
import kotlin.time.Instant

/**
 * A write on its way to the server: an entry of the outbox. Immutable: ask [Holm.pending] or [Holm.parked] again for what is there now.
 */
public class Operation internal constructor(private val client: Client, operation: FfiOperation) {
    /** Its id, which every attempt to send it carries; the same as [Receipt.operationId]. */
    public val id: String = operation.opId

    /** The collection's name. */
    public val collection: String = operation.collection

    /** The document. */
    public val documentId: String = operation.docId

    /** What it does. */
    public val kind: OperationKind = named(OperationKind.entries, operation.kind)

    /** Where it is. */
    public val state: OperationState = named(OperationState.entries, operation.state)

    /** How often the server has answered it with an error of its own. */
    public val attempts: Int = operation.attempts.toInt()

    /** Why it failed last. */
    public val error: OperationError? =
        operation.errorCode?.let { OperationError(it, operation.errorMessage.orEmpty(), jsonObject(operation.errorDetails)) }

    /** What it changes, as a patch: `{"title": "x", "visits": {"$inc": 1}}`. Empty for a delete, and for a create whose content is the document itself. */
    public val changes: JsonObject = jsonObject(operation.changes)

    /** What it calls, if it is an action. */
    public val action: OperationAction? = operation.action?.let { OperationAction(it.name, jsonObject(it.params)) }

    /** When it was made, by the server's clock as known here. */
    public val madeAt: Instant = Instant.fromEpochMilliseconds(operation.madeMs)

    /**
     * Sends a parked operation again, its group with it, together with what was edited in its document since: that is how a refused write
     * is repaired. The sending itself is the next sync's.
     *
     * @throws HolmException `NOT_FOUND` if it is not parked any more, and those of storage.
     */
    public suspend fun retry(): Unit = client.waiting { it.retry(id) }

    /**
     * Gives up an operation that is parked, in a conflict, or has never been sent, and its group with it: the document goes back to the
     * server's state with what else is pending, and [Holm.journal] keeps what the operation held. Giving up a create gives up the document.
     *
     * @throws HolmException `NOT_FOUND` if it is none of these, since the server may have what was sent; and those of storage.
     */
    public suspend fun discard(): Unit = client.waiting { it.discard(id) }

    override fun toString(): String = "Operation($id: $kind $collection/$documentId, $state)"
}

/** What an operation does. */
public enum class OperationKind {
    /** Makes the document. */
    Create,

    /** Changes fields of it. */
    Update,

    /** Deletes it. */
    Delete,

    /** Calls an action of the server: [Holm.action]. */
    Action,
}

/** Where an operation is. */
public enum class OperationState {
    /** Waits for its turn. */
    Queued,

    /** In the request that is out. */
    InFlight,

    /** Refused by the server; waits for [Operation.retry] or [Operation.discard]. */
    Parked,

    /** Its document has a conflict that waits for a person. */
    Conflict,
}

/**
 * What an action calls.
 *
 * @property name the action's name.
 * @property parameters what the action is given.
 */
public class OperationAction internal constructor(public val name: String, public val parameters: JsonObject) {
    override fun toString(): String = "OperationAction($name)"
}

/**
 * Why an operation failed.
 *
 * @property code the server's code, for example `VALIDATION_ERROR`.
 * @property message what the server said.
 * @property fields what it said of single fields, by name.
 */
public data class OperationError(public val code: String, public val message: String, public val fields: JsonObject)
