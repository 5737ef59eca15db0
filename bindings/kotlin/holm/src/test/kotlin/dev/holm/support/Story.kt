package dev.holm.support

import dev.holm.CollectionSpec
import dev.holm.ConflictStrategy
import dev.holm.Holm
import dev.holm.HolmConfig
import dev.holm.HolmException
import dev.holm.Storage
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import java.nio.file.Files
import java.nio.file.Path
import java.util.UUID
import kotlin.io.path.ExperimentalPathApi
import kotlin.io.path.deleteRecursively
import kotlin.test.assertEquals
import kotlin.test.fail
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** One test: real time, real threads, and an end. What it opened is closed and deleted after it. */
fun story(limit: Duration = 60.seconds, tell: suspend Story.() -> Unit) {
    val clean = mutableListOf<() -> Unit>()
    try {
        runBlocking(Dispatchers.Default) {
            withTimeout(limit) { Story(this, clean).tell() }
        }
    } finally {
        clean.asReversed().forEach { it() }
    }
}

/** What tests make. */
class Story(scope: CoroutineScope, private val clean: MutableList<() -> Unit>) : CoroutineScope by scope {
    private val email = "${UUID.randomUUID()}@example.com"
    private var signedUp = false

    /** A directory of this test. */
    @OptIn(ExperimentalPathApi::class)
    fun directory(): Path = Files.createTempDirectory("holm").also { made -> clean += { made.deleteRecursively() } }

    /** A client that never syncs. */
    suspend fun offline(storage: Storage = Storage.InMemory, vararg specs: CollectionSpec<*>): Holm =
        opened(HolmConfig(baseUrl = null, storage = storage, collections = specs.asList()))

    /** A device of this test's account; the first one makes the account. It syncs when asked. */
    suspend fun device(
        conflict: ConflictStrategy = ConflictStrategy.Merge,
        storage: Storage = Storage.Directory(directory().toFile()),
        server: String = ServerProcess.shared.url,
    ): Holm {
        val holm = opened(HolmConfig(server, storage, listOf(todoSpec(conflict)), autoSync = false))
        if (signedUp) holm.signIn(email, PASSWORD) else holm.signUp(email, PASSWORD)
        signedUp = true
        return holm
    }

    /** Signs in with the account of this test. */
    suspend fun signIn(holm: Holm): String = holm.signIn(email, PASSWORD)

    /** Any client. */
    suspend fun opened(config: HolmConfig): Holm = Holm.open(config).also { clean += it::close }

    /** What else has to end. */
    fun <T : AutoCloseable> using(resource: T): T = resource.also { clean += it::close }

    companion object {
        const val PASSWORD: String = "correct horse"
    }
}

/** Runs what must fail with this code. */
suspend fun failsWith(code: String, call: suspend () -> Unit): HolmException {
    try {
        call()
    } catch (e: HolmException) {
        assertEquals(code, e.code, e.message)
        return e
    }
    fail("should have failed with $code")
}
