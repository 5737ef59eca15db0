@file:Suppress("MatchingDeclarationName") // The program is the file; the document is a part of it.

package dev.holm.consumer

import dev.holm.ErrorCode
import dev.holm.Holm
import dev.holm.HolmConfig
import dev.holm.HolmException
import dev.holm.Storage
import dev.holm.collectionSpec
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.Serializable
import java.io.File

@Serializable
internal data class Errand(val title: String, val isDone: Boolean = false, val id: String = "")

private val errands = collectionSpec<Errand>("errands", indexes = listOf(listOf("isDone")))

/**
 * A little of each kind of call: records and callbacks both ways, a live query, an error that arrives as what it is. Ends with one line,
 * which scripts/build-aar waits for; a shrinker that has removed or renamed too much ends it earlier.
 */
public fun main(arguments: Array<String>) {
    val config = HolmConfig(null, Storage.Directory(File(arguments.single())), listOf(errands))
    runBlocking {
        Holm.open(config).use { holm ->
            val todo = holm.collection(errands)
            val milk = todo.create(Errand("Buy milk"))
            todo.create(Errand("Buy bread"))
            todo.update(milk.documentId) { Errand::isDone set true }
            val done = todo.live { where(Errand::isDone eq true) }.first().values
            check(done.single().title == "Buy milk") { "the live query shows $done" }
            val refusal =
                try {
                    todo.update("018f0000-0000-7000-8000-000000000000") { Errand::isDone set true }
                    null
                } catch (failure: HolmException) {
                    failure.code
                }
            check(refusal == ErrorCode.NOT_FOUND) { "a missing document gives $refusal" }
        }
    }
    println("consumer: the store was opened, written, observed and closed")
}
