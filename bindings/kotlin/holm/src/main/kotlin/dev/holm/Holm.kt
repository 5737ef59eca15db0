package dev.holm

import dev.holm.ffi.FfiHolm
import dev.holm.ffi.FfiTestDevice
import dev.holm.internal.Client
import dev.holm.internal.HostSecrets
import dev.holm.internal.HostTokens
import dev.holm.internal.NativeLibrary
import dev.holm.internal.budgetMs
import dev.holm.internal.holmJson
import dev.holm.internal.jsonObject
import dev.holm.internal.lift
import dev.holm.internal.lower
import dev.holm.internal.translated
import dev.holm.internal.unicode
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.serializer
import kotlin.time.Duration

/**
 * A client: local documents, the queue of unsynced writes, and the engine that keeps them in step with a server. Long-lived: an app has
 * one. Thread-safe; every call may be made from any dispatcher, the main one included.
 *
 * Calls that read the disk run on [Dispatchers.IO]; calls that wait (for a commit, for the network) suspend. A coroutine that is cancelled
 * stops waiting at once; what it has asked for is never done by half. Whatever kills the process, the next [open] goes on from the last
 * acknowledged write.
 *
 * Besides what is named below every call can fail with `CLOSED`, `SUSPENDED`, and the failures of storage: `STORAGE_FULL`,
 * `STORAGE_UNAVAILABLE`, `STORAGE_CORRUPT`.
 */
public class Holm private constructor(private val client: Client) : AutoCloseable {
    /**
     * A collection that was declared with [collectionSpec]. Returns at once.
     *
     * @throws HolmException `INVALID_CONFIG` if [T] is a class without a property `id: String`.
     */
    public fun <T : Any> collection(spec: CollectionSpec<T>): HolmCollection<T> = HolmCollection(client, spec.name, spec.serializer)

    /**
     * A collection by its name. With `JsonObject` for [T] the documents are what they are. Returns at once; the collection is made by the
     * first call if the store has never seen the name.
     *
     * @throws HolmException `INVALID_CONFIG` if [T] has no property `id: String`.
     */
    public inline fun <reified T : Any> collection(name: String): HolmCollection<T> = collection(CollectionSpec(name, serializer<T>()))

    /**
     * Writes to several documents and collections at once: all of it commits together, or nothing if a part fails. With [group] also the
     * server takes all of it or none.
     *
     * @return a receipt for each write, in order.
     * @throws HolmException what the first write that fails would throw by itself; `GROUP_TOO_LARGE` for a group that the server would not
     * take in one request. Then nothing was written.
     */
    public suspend fun write(group: Boolean = false, block: WriteScope.() -> Unit): List<Receipt> {
        val writes = WriteScope().apply(block).writes
        return client.waiting { holm -> holm.write(writes, group).map { it.lift() } }
    }

    /**
     * Syncs now: reads what is new and sends what is queued. If a sync is running, waits for one more after it, which covers everything
     * written before this call. Cancelling gives up waiting, not the sync. A refused write is no failure of this call: it is parked, and
     * counted in the report.
     *
     * @throws HolmException `OFFLINE` and the other failures of the network, `SIGNED_OUT`, `UNAUTHORIZED`, `INVALID_CONFIG` without a
     * server. Writes stay queued.
     */
    public suspend fun sync(): SyncReport = client.waiting { it.sync(null).lift() }

    /**
     * Syncs one collection: sends what is queued in it, then reads it. Other collections, and the time of the last complete sync, stay as
     * they are. A group of writes is sent only if all of it belongs to this collection. Cancelling gives up waiting, not the sync.
     *
     * @throws HolmException `INVALID_NAME`, what [sync] fails with, and `FORBIDDEN` or `REFUSED` if the server refuses this collection.
     */
    public suspend fun sync(collection: String): SyncReport =
        client.waiting { it.syncCollection(collection.unicode(ErrorCode.INVALID_NAME), null).lift() }

    /**
     * Reads one collection anew from its beginning, whatever is known of it here, and then syncs it. Its documents stay visible meanwhile,
     * and queued writes stay queued: they are sent after the reading. What the server no longer has goes at the end of the reading.
     * Interrupted at any point, the next sync goes on with it. Cancelling gives up waiting.
     *
     * @throws HolmException as the other [sync].
     */
    public suspend fun resync(collection: String): SyncReport =
        client.waiting { it.resyncCollection(collection.unicode(ErrorCode.INVALID_NAME), null).lift() }

    /** Waits until a write has ended, as the other [confirmed] does. One that changed nothing has: [WriteOutcome.Unchanged]. */
    public suspend fun confirmed(receipt: Receipt): WriteOutcome = receipt.operationId?.let { confirmed(it) } ?: WriteOutcome.Unchanged

    /**
     * Waits until a write has ended: accepted by the server, or otherwise. Works after a restart too, with the same
     * [Receipt.operationId]. A parked write counts as ended. Cancelling gives up waiting.
     *
     * The newest 10,000 outcomes other than a plain acceptance are kept. An older write reads as [WriteOutcome.Accepted] without a version,
     * however it ended.
     *
     * @throws HolmException `NOT_FOUND` if this store has never made such an operation.
     */
    public suspend fun confirmed(operationId: String): WriteOutcome =
        client.waiting { it.confirmed(operationId.unicode(ErrorCode.INVALID_NAME), null).lift() }

    /**
     * Calls an action of the server: a named call that is no create, update or delete.
     *
     * ```
     * val receipt = holm.action("print", "stories", story.id, buildJsonObject { put("copies", 2) })
     * val page = holm.result(receipt).value
     * ```
     *
     * It is queued like a write: sent when there is a network, after the earlier writes of its document, tried again until the server has
     * answered, carried out once, and parked if the server refuses it. Returns after the commit; a caller that is cancelled stops waiting,
     * and the action is queued or not at all.
     *
     * @param name the action's name: a letter, then at most 63 letters, digits and `_`.
     * @param collection the collection that it is about; null: none.
     * @param documentId the document of [collection] that it is about; null: none.
     * @param parameters what the action is given.
     * @throws HolmException `INVALID_NAME`, `INVALID_DOCUMENT`, `DOCUMENT_TOO_LARGE`.
     */
    public suspend fun action(
        name: String,
        collection: String? = null,
        documentId: String? = null,
        parameters: JsonObject = JsonObject(emptyMap()),
    ): Receipt {
        val text = { text: String -> text.unicode(ErrorCode.INVALID_NAME) }
        return client.waiting { it.action(text(name), collection?.let(text), documentId?.let(text), parameters.text()).lift() }
    }

    /** Waits until an action has ended, and what it returned, as the other [result] does. */
    public suspend fun result(receipt: Receipt): ActionResult =
        receipt.operationId?.let { result(it) } ?: ActionResult(WriteOutcome.Accepted(null), null)

    /**
     * Waits until an action has ended, and what it returned. Works after a restart too, with the same [Receipt.operationId]: keep that with
     * what waits for the result. A parked action counts as ended. Cancelling gives up waiting.
     *
     * The newest 10,000 results and outcomes are kept. An older action reads as [WriteOutcome.Accepted], and its value is null.
     *
     * @throws HolmException `NOT_FOUND` if this store has never made such an operation.
     */
    public suspend fun result(operationId: String): ActionResult {
        val ended = client.waiting { it.actionResult(operationId.unicode(ErrorCode.INVALID_NAME), null) }
        return ActionResult(ended.outcome.lift(), ended.result?.let(Json::parseToJsonElement))
    }

    /** Waits until nothing is left to send. What is parked or in conflict does not count. Cancelling gives up waiting. */
    public suspend fun awaitIdle(): Unit = client.waiting { it.idle(null) }

    /** The client's state now. */
    public suspend fun state(): SyncState = client.blocking { it.state().lift() }

    /**
     * The client's state: now, and again whenever it changes. A collector that is slow gets the latest and none of those in between. The
     * flow is cold, and completes when the client is closed.
     */
    public val status: Flow<SyncState>
        get() =
            flow {
                val watch = client.instant { it.watchState() }
                try {
                    while (true) emit(translated { watch.next() }?.lift() ?: break)
                } finally {
                    watch.end()
                    watch.destroy()
                }
            }

    /** Operations that the server has not accepted yet, oldest first, at most [limit]. */
    public suspend fun pending(limit: Int = 1_000): List<Operation> =
        client.blocking { holm -> holm.pending(limit.coerceAtLeast(0).toUInt()).map { Operation(client, it) } }

    /** Operations that the server refused and that wait for a decision, oldest first. */
    public suspend fun parked(): List<Operation> = client.blocking { holm -> holm.parked().map { Operation(client, it) } }

    /** Conflicts that wait for a person, oldest first. */
    public suspend fun conflicts(): List<Conflict> = client.blocking { holm -> holm.conflicts().map { Conflict(client, it) } }

    /** Values that lost, newest first, at most [limit]. */
    public suspend fun journal(limit: Int = 100): List<JournalEntry> =
        client.blocking { holm -> holm.journal(limit.coerceAtLeast(0).toUInt()).map { it.lift() } }

    /**
     * Writes the values of a journal entry back, as a write of now: an update of the document, its create if it is gone, or its delete. The
     * entry stays. Returns after the commit; a caller that is cancelled stops waiting, and the write happens whole or not at all.
     *
     * @throws HolmException `NOT_FOUND` if the journal does not have it any more, and what a write fails with.
     */
    public suspend fun restore(entry: JournalEntry): Receipt = client.waiting { it.restore(entry.id).lift() }

    /**
     * Makes an account and signs in. Cancelling gives up the sign-in; the server may have made the account by then.
     *
     * @return the account's id.
     * @throws HolmException `REFUSED` with the server's reason, `ACCOUNT_MISMATCH` if the store has another account's data,
     * `INVALID_CONFIG` without a server, `CANCELLED` if there is a sign-out at the same time, and the failures of the network.
     */
    public suspend fun signUp(email: String, password: String): String =
        client.waiting { it.signUp(email.unicode(ErrorCode.INVALID_NAME), password.unicode(ErrorCode.INVALID_NAME)) }

    /**
     * Signs in. Cancelling gives that up.
     *
     * @return the account's id.
     * @throws HolmException `UNAUTHORIZED` for a wrong password, `ACCOUNT_MISMATCH` if the store has another account's data,
     * `INVALID_CONFIG` without a server, `CANCELLED` if there is a sign-out at the same time, and the failures of the network.
     */
    public suspend fun signIn(email: String, password: String): String =
        client.waiting { it.signIn(email.unicode(ErrorCode.INVALID_NAME), password.unicode(ErrorCode.INVALID_NAME)) }

    /**
     * Uses a session token that the app got elsewhere, from now on. [HolmConfig.tokenProvider] renews it, if there is one. Nothing is sent by
     * this call; the next sync asks the server first whose token it is. If it is not of the account whose data the store has, that sync and every later one fails with
     * `ACCOUNT_MISMATCH`, and nothing is sent.
     *
     * @throws HolmException `CANCELLED` if there is a sign-out at the same time, `INVALID_CONFIG` without a server or for a token that no header can carry, and what the
     * [SecretStore] fails with.
     */
    public suspend fun setToken(token: String): Unit = client.blocking { it.setToken(token.unicode(ErrorCode.INVALID_NAME)) }

    /** The account that is signed in; null: none is. Empty for a token that came with [setToken] until the server has said whose it is. */
    public val userId: String? get() = client.instant { it.user() }

    /**
     * Signs out. The running sync is stopped first, and a caller that waits for it gets `SIGNED_OUT`; nothing that was asked before changes
     * the data or the session afterwards. Then the server is told, if it can be reached.
     *
     * With a wipe, the callers that wait for a write by [confirmed] are told [WriteOutcome.Discarded], and the data is overwritten on the
     * disk, not only unlinked. If the process is killed, either nothing has happened, or the sign-out is complete but for what the server
     * is told.
     *
     * @return how many operations the server does not have: with [SignOutMode.Keep] they stay queued for the same account.
     * @throws HolmException `PENDING_WRITES` for [SignOutMode.Wipe] with such operations: then nothing has happened.
     */
    public suspend fun signOut(mode: SignOutMode = SignOutMode.Keep): Long = client.waiting { it.signOut(mode.lower()).toLong() }

    /** Tells what network there is. Returns at once; a sync that waited for a network starts. */
    public fun setNetwork(network: Network): Unit = client.instant { it.setNetwork(network.lower()) }

    /**
     * Tells what has happened to the app or the device. Returns at once. However often it is called, at most one sync a second starts
     * because of it. Changes of the network go through [setNetwork].
     */
    public fun report(event: Event): Unit = client.instant { it.report(event.lower()) }

    /**
     * Syncs for at most [budget], the time that the system grants an app in the background, and returns before it is over: a tenth of it,
     * at most a second, is left for that.
     *
     * Work goes in pieces that are each kept, and no request is begun that cannot end in time. Whatever cuts a slice (the budget,
     * cancelling the coroutine, the death of the process), the next one goes on where it was. Too little time is no failure: see
     * [SliceReport.complete].
     *
     * @throws HolmException as [sync] does, and `INVALID_CONFIG` for a negative budget.
     */
    public suspend fun runBackground(budget: Duration): SliceReport = client.waiting { it.runBackground(budget.budgetMs(), null).lift() }

    /**
     * Stops syncing and closes every file and socket, so that the system may freeze the app. Calls fail with `SUSPENDED` until [resume];
     * flows wait. What was acknowledged is kept, and a request that was out is sent again later.
     */
    public suspend fun suspend(): Unit = client.waiting { it.suspend() }

    /**
     * Opens everything again and looks for changes.
     *
     * @throws HolmException `STORAGE_UNAVAILABLE` and the like: try again.
     */
    public suspend fun resume(): Unit = client.blocking { it.resume() }

    /**
     * Closes the client for good: flows complete, calls fail with `CLOSED`. Queued writes stay queued for the next [open]. Takes
     * milliseconds; goes on to its end even if the caller is cancelled. Safe to call again.
     */
    public suspend fun shutDown(): Unit = client.close()

    /** [shutDown] for callers that cannot suspend: blocks the thread for milliseconds. */
    override fun close(): Unit = runBlocking { shutDown() }

    /** This device's id. */
    public val deviceId: String get() = client.instant { it.deviceId() }

    /** Counters of this process. */
    public fun stats(): Stats = client.instant { it.stats().lift() }

    /**
     * Everything that queries see, for support and tests: `{"tasks": {"count": 1, "digest": "…", "docs": [{"id", "doc", "status", "version",
     * "seq"}]}}`. Reads the whole store.
     */
    public suspend fun dump(): JsonObject = client.blocking { jsonObject(it.dump()) }

    public companion object {
        /**
         * Opens a client: some milliseconds, off the caller's thread. A cancelled call leaves nothing open.
         *
         * @throws HolmException `INVALID_CONFIG`, `INVALID_NAME`, `SCHEMA_TOO_NEW`, `NOT_A_STORE`, `STORAGE_UNAVAILABLE`,
         * `STORAGE_CORRUPT`, `STORAGE_FULL`. A file that cannot be used is left as it was.
         * @throws UnsatisfiedLinkError if the app comes without the native library.
         */
        public suspend fun open(config: HolmConfig): Holm = opened(config, device = null)

        /** Opens a client whose time and network are in a test's hands, as [open] does. For `holm-testing`. */
        @InternalHolmApi
        public suspend fun open(config: HolmConfig, device: FfiTestDevice): Holm = opened(config, device)

        private suspend fun opened(config: HolmConfig, device: FfiTestDevice?): Holm {
            withContext(Dispatchers.IO) { NativeLibrary.ensureLoaded() }
            val secrets = config.secrets?.let(::HostSecrets)
            val tokens = config.tokenProvider?.let(::HostTokens)
            val json = holmJson(config.json)
            return Holm(Client(translated { FfiHolm.open(config.lower(json), secrets, tokens, device) }, json))
        }
    }
}
