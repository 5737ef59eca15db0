package dev.holm

import dev.holm.ffi.FfiJournalEntry
import dev.holm.internal.jsonObject
import dev.holm.internal.named
import kotlinx.serialization.json.JsonObject
import kotlin.time.Instant

/**
 * A value that lost: overwritten by the resolution of a conflict, or discarded. Kept for 30 days.
 *
 * @property id its number, for [Holm.restore].
 * @property at when, by the server's clock as known here.
 * @property collection the collection's name.
 * @property documentId the document.
 * @property operationId the operation that lost; null if only a part of one did.
 * @property reason why.
 * @property fields the places whose values lost, as JSON Pointers. Empty for a delete and for an action.
 * @property lost what lost, as a patch that would write it back; `{"deleted":true}` for a delete, `{"action":"name","params":…}` for an
 *   action that was given up.
 * @property kept what stands instead; null if nothing does.
 */
public data class JournalEntry(
    public val id: Long,
    public val at: Instant,
    public val collection: String,
    public val documentId: String,
    public val operationId: String?,
    public val reason: LossReason,
    public val fields: List<String>,
    public val lost: JsonObject,
    public val kept: JsonObject?,
)

/** Why a value lost. */
public enum class LossReason {
    /** The local value lost: the server's stands, or a third. */
    ServerKept,

    /** The server's value lost: the local one stands, or a third. */
    LocalKept,

    /** The app discarded the write. */
    Discarded,
}

internal fun FfiJournalEntry.lift() =
    JournalEntry(
        id = id,
        at = Instant.fromEpochMilliseconds(atMs),
        collection = collection,
        documentId = docId,
        operationId = opId,
        reason = named(LossReason.entries, reason),
        fields = fields,
        lost = jsonObject(lost),
        kept = kept?.let(::jsonObject),
    )
