package dev.holm.demo.desktop

import dev.holm.*
import dev.holm.demo.model.*
import dev.holm.demo.screen.*
import kotlinx.coroutines.*
import java.nio.file.Files
import java.util.UUID
import kotlin.io.path.ExperimentalPathApi
import kotlin.io.path.deleteRecursively

const val PASSWORD = "correct horse"

/** A device with the app on it, and what the app has around it. */
class Device(language: String = "en", now: () -> Long = System::currentTimeMillis) : AutoCloseable {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main)
    val directory = Files.createTempDirectory("holm-demo").toFile()
    val session = SessionModel(directory, "Pixel", scope) { AutoCloseable { } }
    val around = Surroundings(scope, ::resourceTexts, directory.resolve("exports"), now)
    val navigator = Navigator()

    init {
        session.choose(language)
    }

    val holm: Holm get() = checkNotNull(session.holm)

    /** Starts the app and signs in; the account is made if there is none. */
    suspend fun signedIn(email: String = "${UUID.randomUUID()}@example.com", server: ServerProcess = ServerProcess.shared): Device {
        session.server = server.url
        session.email = email
        session.password = PASSWORD
        session.signUp().join()
        check(session.account == email) { "not signed in: ${session.message}" }
        return this
    }

    @OptIn(ExperimentalPathApi::class)
    override fun close() {
        runBlocking { session.close() }
        scope.cancel()
        directory.toPath().deleteRecursively()
    }
}

/** Does something as another device of the same account, one without a screen. */
suspend fun Device.elsewhere(act: suspend Holm.() -> Unit) {
    Holm.open(HolmConfig(session.server, Storage.InMemory, listOf(todoCollection), autoSync = false)).use { other ->
        other.signIn(session.email, PASSWORD)
        other.sync()
        other.act()
        other.sync()
    }
}
