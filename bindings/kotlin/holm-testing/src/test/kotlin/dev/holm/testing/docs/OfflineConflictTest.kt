package dev.holm.testing.docs

import dev.holm.Resolution
import dev.holm.testing.TestWorld
import dev.holm.testing.Todo
import dev.holm.testing.todoCollection
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals

/** How short a test of an app may be: two devices, no network, one conflict. */
class OfflineConflictTest {
    // snippet: two devices in conflict
    @Test
    fun both_devices_rename_the_same_todo_while_offline() = runBlocking {
        TestWorld(listOf(todoCollection)).use { world ->
            val phone = world.device("phone")
            val tablet = world.device("tablet")
            val milk = phone.collection(todoCollection).create(Todo("Milk")).documentId
            world.syncAll()

            phone.network.goOffline()
            phone.collection(todoCollection).update(milk) { Todo::title set "Oat milk" }
            tablet.collection(todoCollection).update(milk) { Todo::title set "Soy milk" }
            world.syncAll()
            phone.network.goOnline()
            world.syncAll()

            phone.holm.conflicts().single().resolve(Resolution.KeepLocal)
            world.syncAll()
            assertEquals("Oat milk", tablet.collection(todoCollection).get(milk)?.title)
        }
    }
    // end
}
