package dev.holm

import dev.holm.support.Todo
import dev.holm.support.failsWith
import dev.holm.support.story
import dev.holm.support.todos
import kotlinx.coroutines.flow.toList
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertNotNull

/** What survives the end of a client. */
class RestartTest {
    @Test
    fun data_and_queue_are_there_after_a_restart() =
        story {
            val storage = Storage.Directory(directory().toFile())
            val first = offline(storage)
            val receipt = first.todos.create(Todo("Buy milk", id = "milk"))
            first.todos.update("milk") { "priority" set 3 }
            val device = first.deviceId
            first.shutDown()

            val second = offline(storage)
            assertEquals(Todo("Buy milk", priority = 3, id = "milk"), second.todos.get("milk"))
            assertEquals(receipt.operationId, second.pending().single().id)
            assertEquals(device, second.deviceId)
        }

    @Test
    fun a_write_can_be_waited_for_after_a_restart() =
        story {
            val storage = Storage.Directory(directory().toFile())
            val first = device(storage = storage)
            val operation = assertNotNull(first.todos.create(Todo("x", id = "1")).operationId)
            first.shutDown()

            val second = device(storage = storage)
            second.sync()
            assertEquals(WriteOutcome.Accepted(null), second.confirmed(operation))
            assertEquals(SyncStatus.Synced, second.todos.getStored("1")?.status)
        }

    @Test
    fun a_session_is_there_after_a_restart() =
        story {
            val storage = Storage.Directory(directory().toFile())
            val first = device(storage = storage)
            val user = assertNotNull(first.userId)
            first.shutDown()
            val again = opened(HolmConfig(dev.holm.support.ServerProcess.shared.url, storage, autoSync = false))
            assertEquals(user, again.userId)
            again.sync()
        }

    @Test
    fun after_close_calls_say_closed_and_flows_complete() =
        story {
            val holm = offline(Storage.Directory(directory().toFile()))
            val todos = holm.todos
            todos.create(Todo("x", id = "1"))
            holm.shutDown()
            holm.shutDown()
            holm.close()

            failsWith(ErrorCode.CLOSED) { todos.get("1") }
            failsWith(ErrorCode.CLOSED) { todos.create(Todo("y")) }
            failsWith(ErrorCode.CLOSED) { todos.query() }
            failsWith(ErrorCode.CLOSED) { todos.live().toList() }
            failsWith(ErrorCode.CLOSED) { holm.collection(dev.holm.support.todoSpec()).count() }
            failsWith(ErrorCode.CLOSED) { holm.write { create(todos, Todo("y")) } }
            failsWith(ErrorCode.CLOSED) { holm.sync() }
            failsWith(ErrorCode.CLOSED) { holm.awaitIdle() }
            failsWith(ErrorCode.CLOSED) { holm.state() }
            failsWith(ErrorCode.CLOSED) { holm.status.toList() }
            failsWith(ErrorCode.CLOSED) { holm.resume() }
            failsWith(ErrorCode.CLOSED) { holm.setNetwork(Network.Offline) }
            val error = failsWith(ErrorCode.CLOSED) { holm.deviceId }
            assertEquals("Open a new one.", error.recovery)
        }

    @Test
    fun while_suspended_calls_say_so_and_after_resuming_all_is_there() =
        story {
            val holm = offline(Storage.Directory(directory().toFile()))
            holm.todos.create(Todo("x", id = "1"))
            holm.suspend()
            val error = failsWith(ErrorCode.SUSPENDED) { holm.todos.get("1") }
            assertEquals(true, error.retryable)
            failsWith(ErrorCode.SUSPENDED) { holm.todos.create(Todo("y")) }
            holm.resume()
            assertEquals("x", holm.todos.get("1")?.title)
        }
}
