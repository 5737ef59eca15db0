package dev.holm

import kotlinx.serialization.KSerializer
import kotlinx.serialization.serializer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/**
 * A collection of the app: its name, its Kotlin type, and how it behaves.
 *
 * Declare one beside the class, usually with [collectionSpec], and give all of them to [HolmConfig].
 *
 * Paths in [rules], [listKeys] and [references] name a member of the document: names joined by dots (`stats.plays`), or a JSON Pointer
 * (`/stats/plays`) where a name has a dot in it.
 *
 * @param T a `@Serializable` class with a property `id: String`, or `JsonObject`.
 * @property name the collection's name: letters, digits and `_`, a letter first, at most 64 characters.
 * @property serializer how documents become [T].
 * @property conflict how conflicts are resolved.
 * @property rules who decides single paths, whatever [conflict] says. A path without a rule of its own has that of the nearest path above
 * it that has one: a rule for `stats` holds for `stats.plays`, too.
 * @property listKeys lists of objects that are merged element by element, by path: the member that tells the elements apart.
 * @property references paths that hold the id, or a list of ids, of documents of another collection, by path: that collection's name. A
 * document is sent after those that it refers to. If the server refuses one of these, only the documents that refer to it wait. A write
 * that would make new documents wait for each other is refused: `INVALID_DOCUMENT`.
 * @property resolver decides the conflicts of this collection. The strategy [ConflictStrategy.Custom] needs one, and no other strategy takes
 * one: [Holm.open] fails with `INVALID_CONFIG` otherwise.
 * @property indexes fields that queries filter and order by; each list is one index: first the fields compared for equality, then the
 * order's. Without one, a query reads the whole collection.
 * @property cache how long what was read counts as fresh, and what a fetch does.
 * @property consistency when its writes return, and whether they are merged at all.
 */
public class CollectionSpec<T : Any>(
    public val name: String,
    public val serializer: KSerializer<T>,
    public val conflict: ConflictStrategy = ConflictStrategy.Merge,
    public val indexes: List<List<String>> = emptyList(),
    public val cache: CacheOptions = CacheOptions(),
    public val rules: Map<String, FieldRule> = emptyMap(),
    public val listKeys: Map<String, String> = emptyMap(),
    public val references: Map<String, String> = emptyMap(),
    public val resolver: ConflictResolver? = null,
    public val consistency: Consistency = Consistency.Eventual,
)

/** When a write of a collection returns. Reads are local in both; to read through, fetch with [CachePolicy.NetworkOnly]. */
public sealed interface Consistency {
    /** As soon as it is durable here. It is sent later, and merged by the collection's strategy. */
    public data object Eventual : Consistency

    /**
     * Once the server has accepted it. It is judged whole against the version that this device had, and merged with nothing. Beside its own
     * failures such a write fails with:
     *
     * - `VERSION_MISMATCH` if another write was there first, and `REFUSED` with [HolmException.serverCode] if the server refuses it. The
     *   write has no effect; the document shows what the server has, and [Holm.journal] has what was written.
     * - `UNCONFIRMED` if it was sent and no answer has come within [timeout], or before the client was suspended or closed. It stays
     *   queued: see [HolmException.operationId].
     * - `OFFLINE`, `SIGNED_OUT`, `SUSPENDED`, `TIMEOUT` after [timeout], and the other failures of a sync, if it was not sent. It is taken
     *   back.
     *
     * If the coroutine is cancelled, what was not sent is taken back, and what was sent stays queued.
     *
     * @property timeout the longest that a call waits for the server.
     */
    public data class Confirmed(public val timeout: Duration = 30.seconds) : Consistency
}

/**
 * Declares a collection of [T].
 *
 * ```
 * @Serializable
 * data class Todo(val title: String, val isCompleted: Boolean = false, val createdAt: Long = 0, val id: String = "")
 *
 * val todoCollection = collectionSpec<Todo>("tasks", indexes = listOf(listOf("isCompleted", "createdAt")))
 * ```
 *
 * The id may be left empty: then Holm makes one (UUIDv7) and [Receipt.documentId] has it.
 */
public inline fun <reified T : Any> collectionSpec(
    name: String,
    conflict: ConflictStrategy = ConflictStrategy.Merge,
    indexes: List<List<String>> = emptyList(),
    cache: CacheOptions = CacheOptions(),
    rules: Map<String, FieldRule> = emptyMap(),
    listKeys: Map<String, String> = emptyMap(),
    references: Map<String, String> = emptyMap(),
    resolver: ConflictResolver? = null,
    consistency: Consistency = Consistency.Eventual,
): CollectionSpec<T> = CollectionSpec(name, serializer<T>(), conflict, indexes, cache, rules, listKeys, references, resolver, consistency)
