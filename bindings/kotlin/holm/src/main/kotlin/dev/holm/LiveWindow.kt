package dev.holm

import dev.holm.ffi.FfiLiveWindow
import dev.holm.internal.Codec
import dev.holm.internal.failure
import dev.holm.internal.lift
import dev.holm.internal.translated
import dev.holm.internal.unicode
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withContext

/**
 * A watched part of a long result, which follows a scroll position: only the window is in memory, however long the result is. From
 * [HolmCollection.liveWindow]; thread-safe.
 *
 * A window that stands at a document stays there while others come and go before it, so that what a person looks at does not jump.
 */
public class LiveWindow<T : Any> internal constructor(private val codec: Codec<T>, private val begin: suspend () -> FfiLiveWindow) {
    private var place: (FfiLiveWindow) -> Unit = {}
    private val open = mutableSetOf<FfiLiveWindow>()

    /**
     * What the window shows: at once, and again whenever that has changed or the window was moved. Cold: each collector has a watch of its
     * own, which begins at the place where the window stands. A collector that is slow gets the latest state and none of those in between.
     * Completes when the client is closed.
     *
     * @throws HolmException when collected: `INVALID_QUERY`, also for a size below 1; `INVALID_DOCUMENT` as [HolmCollection.query].
     */
    public val snapshots: Flow<WindowSnapshot<T>> =
        flow {
            val window = begin()
            try {
                val placed = synchronized(open) { place.also { open += window } }
                translated { placed(window) }
                while (true) {
                    val shown = translated { window.next() } ?: break
                    emit(
                        withContext(Dispatchers.Default) {
                            WindowSnapshot(shown.window.lift(codec), shown.before.toLong(), shown.after.toLong())
                        },
                    )
                }
            } finally {
                synchronized(open) { open -= window }
                window.end()
                window.destroy()
            }
        }

    /**
     * Moves the window to where [offset] documents of the result are before it; as far as it goes if there are fewer. Returns at once.
     *
     * @throws HolmException `INVALID_QUERY` for a negative offset.
     */
    public fun moveTo(offset: Long) {
        if (offset < 0) throw failure(ErrorCode.INVALID_QUERY, "an offset must not be negative")
        move { it.moveTo(offset.toULong()) }
    }

    /**
     * Moves the window so that it begins with this document, and keeps it there. A document that is not in the result moves nothing.
     * Returns at once.
     */
    public fun moveTo(documentId: String) {
        val id = documentId.unicode(ErrorCode.INVALID_NAME)
        move { it.moveToDocument(id) }
    }

    private fun move(to: (FfiLiveWindow) -> Unit) {
        // Within the lock: a window that is not in the set any more may be gone.
        synchronized(open) {
            place = to
            open.forEach { translated { to(it) } }
        }
    }
}

/**
 * What a window shows.
 *
 * @property snapshot the documents of the window, and what is different from the window before.
 * @property before how many documents of the result are before the window.
 * @property after how many are after it.
 */
public data class WindowSnapshot<out T : Any>(public val snapshot: Snapshot<T>, public val before: Long, public val after: Long)
