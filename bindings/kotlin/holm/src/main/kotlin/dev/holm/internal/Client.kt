package dev.holm.internal

import dev.holm.ErrorCode
import dev.holm.Query
import dev.holm.ffi.FfiCollection
import dev.holm.ffi.FfiHolm
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import kotlinx.serialization.json.Json
import java.util.concurrent.ConcurrentHashMap

/**
 * An open client of the core with its collections. Thread-safe.
 *
 * Calls that wait are asynchronous in the core and run on the caller's dispatcher; calls that block (microseconds to milliseconds, and as
 * long as all readers are taken) run on [Dispatchers.IO], together with the decoding of what they return.
 */
internal class Client(private val ffi: FfiHolm, val json: Json) {
    private val closing = Mutex()
    private val collections = ConcurrentHashMap<String, FfiCollection>()

    /** A call that waits in the core. */
    suspend inline fun <R> waiting(crossinline call: suspend (FfiHolm) -> R): R = translated { call(ffi) }

    /** A call that blocks its thread. */
    suspend inline fun <R> blocking(crossinline call: (FfiHolm) -> R): R = withContext(Dispatchers.IO) { translated { call(ffi) } }

    /** A call that does neither. */
    inline fun <R> instant(call: (FfiHolm) -> R): R = translated { call(ffi) }

    /** A collection. The first use of a name may block for a write, which makes the collection. */
    suspend fun collection(name: String): FfiCollection =
        collections[name] ?: blocking { ffi ->
            collections.computeIfAbsent(name.unicode(ErrorCode.INVALID_NAME)) { ffi.collection(it) }
        }

    /** A query as the core reads it. */
    fun text(query: Query): String = query.toString().unicode(ErrorCode.INVALID_QUERY)

    /** Closes the client: calls fail with `CLOSED` from now on. Goes on to its end once it has begun; safe to call again. */
    suspend fun close() {
        withContext(NonCancellable) {
            closing.withLock {
                if (ffi.uniffiIsDestroyed) return@withContext
                try {
                    translated { ffi.shutDown() }
                } finally {
                    // The last holds on the core: its tasks end with them.
                    collections.values.forEach { it.destroy() }
                    ffi.destroy()
                }
            }
        }
    }
}
