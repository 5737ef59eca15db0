package dev.holm.demo.desktop

import dev.holm.Network
import dev.holm.demo.model.*
import dev.holm.demo.screen.Screen

/** Noon, some day: dates do not change with the zone. */
private const val CREATED = 1_780_315_200_000

/** A device with a bit of everything: synced, waiting, refused, in conflict. */
suspend fun lived(variant: Variant, email: String): Device =
    Device(variant.language).signedIn(email).apply {
        val words = variant.words
        holm.todos.create(Todo(words.plants, createdAt = CREATED, id = "plants", isCompleted = true))
        holm.todos.create(Todo(words.party, createdAt = CREATED + 1, id = "party"))
        holm.sync()
        holm.setNetwork(Network.Offline)
        holm.todos.update("party") {
            "title" set words.mine
            "notes" set words.plants
        }
        elsewhere {
            todos.update("party") {
                "title" set words.theirs
                "notes" set words.notes
            }
        }
        holm.todos.create(Todo(words.refused, createdAt = CREATED + 2, id = "refused"))
        holm.setNetwork(Network.Unmetered)
        holm.sync()
        holm.setNetwork(Network.Offline)
        holm.todos.create(Todo(words.notes, createdAt = CREATED + 3, id = "waiting"))
        session.server = "https://tasks.example.com"
    }

/** Opens a screen from home, and waits for these words on it. */
fun Stage.opens(screen: Screen, key: String) {
    device.navigator.home()
    device.navigator.go(screen)
    sees(told(key))
}
