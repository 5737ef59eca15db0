package dev.holm

import kotlinx.serialization.KSerializer
import kotlinx.serialization.serializer

/**
 * A collection of the app: its name, its Kotlin type, and how it behaves.
 *
 * Declare one beside the class, usually with [collectionSpec], and give all of them to [HolmConfig].
 *
 * @param T a `@Serializable` class with a property `id: String`, or `JsonObject`.
 * @property name the collection's name: letters, digits and `_`, a letter first, at most 64 characters.
 * @property serializer how documents become [T].
 * @property conflict how conflicts are resolved.
 * @property indexes fields that queries filter and order by; each list is one index: first the fields compared for equality, then the
 * order's. Without one, a query reads the whole collection.
 * @property cache how long what was read counts as fresh, and what a fetch does.
 */
public class CollectionSpec<T : Any>(
    public val name: String,
    public val serializer: KSerializer<T>,
    public val conflict: ConflictStrategy = ConflictStrategy.Merge,
    public val indexes: List<List<String>> = emptyList(),
    public val cache: CacheOptions = CacheOptions(),
)

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
): CollectionSpec<T> = CollectionSpec(name, serializer<T>(), conflict, indexes, cache)
