package dev.holm

import dev.holm.ffi.FfiCollection
import dev.holm.ffi.FfiFetch
import dev.holm.internal.Client
import dev.holm.internal.Codec
import dev.holm.internal.lift
import dev.holm.internal.lower
import dev.holm.internal.mergePatch
import dev.holm.internal.translated
import dev.holm.internal.unicode
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withContext
import kotlinx.serialization.KSerializer
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonObject

/**
 * A named set of documents of type [T]. From [Holm.collection]; cheap, thread-safe, usable from any dispatcher.
 *
 * Everything here is local, and no call waits for the network, but for those that name a [CachePolicy], and the writes of a collection
 * that is [Consistency.Confirmed]: those return once the server has accepted them. A write returns after its commit, and survives what
 * [Durability] says; the sync engine sends it later. A coroutine that is cancelled while it waits for a write gives up waiting: the write
 * happens whole or not at all. Reads see every write that was acknowledged before them. They take microseconds to milliseconds and run on
 * [Dispatchers.IO], decoding included.
 *
 * Besides what is named below every call can fail with `CLOSED`, `SUSPENDED`, and the failures of storage: `STORAGE_FULL`,
 * `STORAGE_UNAVAILABLE`, `STORAGE_CORRUPT`. A collection name that is none is `INVALID_NAME` at the first call.
 */
public class HolmCollection<T : Any> internal constructor(
    private val client: Client,
    /** The collection's name. */
    public val name: String,
    serializer: KSerializer<T>,
) {
    internal val codec = Codec(client.json, serializer)

    /**
     * Makes a document under the id that it has, or under a new one (UUIDv7) if that is empty.
     *
     * @throws HolmException `ALREADY_EXISTS`, `INVALID_DOCUMENT`, `DOCUMENT_TOO_LARGE`, `INVALID_NAME` for an id that is none.
     */
    public suspend fun create(value: T): Receipt {
        val document = codec.encode(value).text()
        return writing { create(null, document).lift() }
    }

    /**
     * Makes a document under this id.
     *
     * @throws HolmException `ALREADY_EXISTS`, `INVALID_DOCUMENT`, `DOCUMENT_TOO_LARGE`, `INVALID_NAME` for an id that is none.
     */
    public suspend fun create(id: String, value: T): Receipt {
        val document = codec.encode(value).text()
        return writing { create(id.checked(), document).lift() }
    }

    /**
     * Makes many documents in one transaction: all or none.
     *
     * @throws HolmException as [create].
     */
    public suspend fun createAll(values: Iterable<T>): List<Receipt> {
        val documents = values.map { codec.encode(it).text() }
        return writing { createAll(documents).map { it.lift() } }
    }

    /**
     * Changes fields of a document; the others stay as they are, here and on the server.
     *
     * @throws HolmException `NOT_FOUND`; `EVICTED` if its content was given up (fetch it first); `DOCUMENT_TOO_LARGE`; `INVALID_DOCUMENT`
     * for a change that does not fit the field, such as an increment of a text, and for a property with another name in JSON.
     */
    public suspend fun update(id: String, changes: UpdateScope.() -> Unit): Receipt = update(id, patch(changes))

    /**
     * Changes fields of a document by a merge patch (RFC 7396): `null` removes a field, objects merge. Values may also be
     * `{"$inc": 1}`, `{"$addToSet": […]}`, `{"$removeFromSet": […]}`.
     *
     * @throws HolmException as the other [update]; `UNSUPPORTED` for another name that begins with `$`.
     */
    public suspend fun update(id: String, patch: JsonObject): Receipt = writing { update(id.checked(), patch.text()).lift() }

    /**
     * Changes the fields in which two versions of a document differ: `todos.update(todo, todo.copy(isCompleted = true))`. The others stay
     * as they are, also those that [T] does not know. If they do not differ, nothing happens.
     *
     * @throws HolmException as the other [update].
     */
    public suspend fun update(before: T, after: T): Receipt {
        val (id, patch) = difference(before, after)
        return if (patch.isEmpty()) Receipt(id, null) else update(id, patch)
    }

    /**
     * Replaces the content of the document that has the value's id. What is sent is the difference: from what is shown here, or from the
     * version that the value was made of. Fields that [T] does not know are removed; [update] leaves them.
     *
     * @param basedOn [Stored.version] of what the value was made of, for example when a form was opened: what other devices have changed
     * since stays. Null: what is shown now.
     * @throws HolmException `NOT_FOUND`, `EVICTED`, `INVALID_DOCUMENT`, `DOCUMENT_TOO_LARGE`; `VERSION_MISMATCH` if this device does not
     * have that version any more.
     */
    public suspend fun replace(value: T, basedOn: Long? = null): Receipt {
        val (id, document) = codec.encodeWithId(value)
        return writing { replace(id.checked(), document.text(), basedOn).lift() }
    }

    /**
     * Deletes a document, also one whose content was given up: hidden at once, gone when the server has confirmed it.
     *
     * @throws HolmException `NOT_FOUND`.
     */
    public suspend fun delete(id: String): Receipt = writing { delete(id.checked()).lift() }

    /**
     * Reads a document; null if it is not there, or deleted.
     *
     * @throws HolmException `INVALID_DOCUMENT` if it does not fit [T].
     */
    public suspend fun get(id: String): T? = getStored(id)?.value

    /** Reads a document with its sync status, as [get] does. */
    public suspend fun getStored(id: String): Stored<T>? = reading({ get(id.checked()) }) { it?.let(codec::one) }

    /**
     * Runs a query.
     *
     * @throws HolmException `INVALID_QUERY`; `INVALID_DOCUMENT` if a document does not fit [T], the message names it.
     */
    public suspend fun query(query: Query = Query.All): List<T> = queryStored(query).map { it.value }

    /** Runs a query, as the other [query] does. */
    public suspend fun query(block: QueryScope.() -> Query): List<T> = query(queried(block))

    /** Runs a query whose results come with their sync status, as [query] does. */
    public suspend fun queryStored(query: Query = Query.All): List<Stored<T>> = reading({ query(query.text()) }, codec::list)

    /** Runs a query whose results come with their sync status, as [query] does. */
    public suspend fun queryStored(block: QueryScope.() -> Query): List<Stored<T>> = queryStored(queried(block))

    /**
     * Counts the documents that a query's condition lets through; its window does not matter.
     *
     * @throws HolmException `INVALID_QUERY`.
     */
    public suspend fun count(query: Query = Query.All): Long = reading({ count(query.text()) }) { it.toLong() }

    /** Counts, as the other [count] does. */
    public suspend fun count(block: QueryScope.() -> Query): Long = count(queried(block))

    /**
     * Reads one page of a query, which begins after [after], the mark of the page before. Pages neither skip nor repeat a document that
     * stays where it is, whatever comes or goes in between. The query's limit is the size of a page; 50 without one.
     *
     * @throws HolmException `INVALID_QUERY`, also for a mark of another query, or a query with an offset; `INVALID_DOCUMENT` as [query].
     */
    public suspend fun page(query: Query = Query.All, after: String? = null): Page<T> =
        reading({ page(query.text(), after?.unicode(ErrorCode.INVALID_QUERY)) }) { Page(codec.list(it.documents), it.next) }

    /**
     * Watches a query: its result at once, and again whenever it changes. A collector that is slow gets the latest result and none of
     * those in between; the differences are to the snapshot that it got before.
     *
     * The flow is cold: each collector has a watch of its own, which ends with it. While the client is suspended the flow waits; when the
     * client is closed it completes.
     *
     * @throws HolmException when collected: as [query].
     */
    public fun live(query: Query = Query.All): Flow<Snapshot<T>> =
        flow {
            val live = handle().let { collection -> translated { collection.live(query.text()) } }
            try {
                while (true) {
                    val snapshot = translated { live.next() } ?: break
                    emit(withContext(Dispatchers.Default) { snapshot.lift(codec) })
                }
            } finally {
                live.end()
                live.destroy()
            }
        }

    /** Watches a query, as the other [live] does. */
    public fun live(block: QueryScope.() -> Query): Flow<Snapshot<T>> = live(queried(block))

    /**
     * Watches one document: what it is now, and again whenever its content or status changes. Null while it is not there: not made yet,
     * deleted, or given up to keep within limits. Otherwise as the other [live].
     *
     * @throws HolmException when collected: `INVALID_NAME`; `INVALID_DOCUMENT` as [get].
     */
    public fun live(id: String): Flow<Stored<T>?> =
        flow {
            val live = handle().let { collection -> translated { collection.liveDocument(id.checked()) } }
            try {
                while (true) {
                    val shown = translated { live.next() } ?: break
                    emit(withContext(Dispatchers.Default) { shown.document?.let(codec::one) })
                }
            } finally {
                live.end()
                live.destroy()
            }
        }

    /**
     * Watches a window of [size] documents on a query's result, at its beginning until it is moved: for lists that are too long to keep.
     * The query has no limit and no offset. Returns at once.
     */
    public fun liveWindow(query: Query = Query.All, size: Int): LiveWindow<T> =
        LiveWindow(codec) {
            val collection = handle()
            translated { collection.liveWindow(query.text(), size.coerceAtLeast(0).toUInt()) }
        }

    /**
     * Computes figures over the documents that a query's condition lets through; its order and window do not matter. Takes one pass over
     * those documents.
     *
     * @param figures what is wanted, 1 to 16 figures.
     * @param by the path of the field whose values make the groups; null: all documents are one group.
     * @return one row, or one for each value of [by], ordered by it.
     * @throws HolmException `INVALID_QUERY`, `INVALID_NAME`.
     */
    public suspend fun aggregate(vararg figures: Aggregate, query: Query = Query.All, by: String? = null): List<AggregateRow> =
        reading({ aggregate(query.text(), figures.text(), by?.unicode(ErrorCode.INVALID_QUERY)) }, ::aggregateRows)

    /**
     * Watches such figures: now, and again whenever one of them changes. Each change of the collection costs one pass over the documents
     * that the condition lets through. Otherwise as [live].
     *
     * @throws HolmException when collected: as [aggregate].
     */
    public fun liveAggregate(vararg figures: Aggregate, query: Query = Query.All, by: String? = null): Flow<List<AggregateRow>> =
        flow {
            val live =
                handle().let { collection ->
                    translated { collection.liveAggregate(query.text(), figures.text(), by?.unicode(ErrorCode.INVALID_QUERY)) }
                }
            try {
                while (true) emit(aggregateRows(translated { live.next() } ?: break))
            } finally {
                live.end()
                live.destroy()
            }
        }

    private fun Array<out Aggregate>.text(): String = JsonArray(map { it.json }).toString().unicode(ErrorCode.INVALID_QUERY)

    /**
     * Reads a document under a policy: from here, from the server, or both.
     *
     * The flow gives one result. After one that is [Refresh.Running] at most one more result follows: none if the server confirms what was
     * given. The flow's completion means that the refresh has ended. A document that is nowhere is null. The flow is cold, and a collector
     * that goes early gives up waiting, not the refresh.
     *
     * @param policy null: that of the collection, see [CacheOptions.policy].
     * @throws HolmException when collected: the failures of the network, `SIGNED_OUT`, `UNAUTHORIZED`, where the policy has nothing else to
     * give; `INVALID_DOCUMENT` as [get].
     */
    public fun fetch(id: String, policy: CachePolicy? = null): Flow<Fetched<T?>> =
        fetching({ fetch(id.checked(), policy?.lower()) }) { documents -> documents.firstOrNull()?.value }

    /** Runs a query under a policy, as the other [fetch] reads a document. A query's age is that of the whole collection. */
    public fun fetch(query: Query, policy: CachePolicy? = null): Flow<Fetched<List<T>>> =
        fetching({ fetchQuery(query.text(), policy?.lower()) }) { documents -> documents.map { it.value } }

    /** Runs a query under a policy, as the other [fetch] reads a document. */
    public fun fetch(policy: CachePolicy? = null, block: QueryScope.() -> Query): Flow<Fetched<List<T>>> = fetch(queried(block), policy)

    /** The first result of [fetch]: the document, or null if it is nowhere. */
    public suspend fun get(id: String, policy: CachePolicy): T? = fetch(id, policy).first().value

    /** The first result of [fetch]: what the query finds. */
    public suspend fun query(policy: CachePolicy, block: QueryScope.() -> Query): List<T> = fetch(policy, block).first().value

    /**
     * Keeps a document's content here whatever the limits of [CacheOptions] say, until [unpin]; one that is not here yet, from when it
     * comes.
     *
     * @throws HolmException `INVALID_NAME`.
     */
    public suspend fun pin(id: String): Unit = writing { pin(id.checked()) }

    /** Takes a pin away. */
    public suspend fun unpin(id: String): Unit = writing { unpin(id.checked()) }

    override fun toString(): String = "HolmCollection($name)"

    internal fun patch(changes: UpdateScope.() -> Unit): JsonObject {
        val scope = UpdateScope(client.json).apply(changes)
        codec.check(scope.properties, ErrorCode.INVALID_DOCUMENT)
        return scope.build()
    }

    internal fun difference(before: T, after: T): Pair<String, JsonObject> {
        val (id, from) = codec.encodeWithId(before)
        return id to mergePatch(from, codec.encode(after))
    }

    private fun queried(block: QueryScope.() -> Query): Query = QueryScope(client.json).block()

    private fun Query.text(): String {
        codec.check(properties, ErrorCode.INVALID_QUERY)
        return toString().unicode(ErrorCode.INVALID_QUERY)
    }

    private fun String.checked(): String = unicode(ErrorCode.INVALID_NAME)

    private suspend fun handle(): FfiCollection = client.collection(name)

    private suspend inline fun <R> writing(crossinline call: suspend FfiCollection.() -> R): R {
        val collection = handle()
        return translated { collection.call() }
    }

    private fun <R> fetching(begin: FfiCollection.() -> FfiFetch, value: (List<Stored<T>>) -> R): Flow<Fetched<R>> =
        flow {
            val fetch = handle().let { collection -> translated { collection.begin() } }
            try {
                while (true) {
                    val fetched = translated { fetch.next() } ?: break
                    emit(withContext(Dispatchers.Default) { fetched.lift(value(codec.list(fetched.documents))) })
                }
            } finally {
                fetch.end()
                fetch.destroy()
            }
        }

    /** Decodes outside of what is translated: code of the app may run there. */
    private suspend inline fun <P, R> reading(crossinline call: FfiCollection.() -> P, crossinline decode: (P) -> R): R {
        val collection = handle()
        return withContext(Dispatchers.IO) { decode(translated { collection.call() }) }
    }
}
