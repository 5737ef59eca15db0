package dev.holm.demo.model

import androidx.compose.runtime.*
import dev.holm.*
import kotlinx.coroutines.*
import java.io.File

/**
 * Who is signed in, and where. Owns the client: each server has a store of its own below [files], so that changing the address mixes
 * nothing.
 *
 * @param secrets where the session is kept; null: in a file.
 * @param attach ties a client that was opened to what the platform tells it, and returns what unties it.
 */
class SessionModel(
    private val files: File,
    val deviceName: String,
    scope: CoroutineScope,
    private val secrets: SecretStore? = null,
    private val attach: (Holm) -> AutoCloseable,
) : Model(scope) {
    private val preferences = Preferences(File(files, "preferences"))

    var server: String by mutableStateOf(preferences.server)
    var email: String by mutableStateOf(preferences.email)
    var password: String by mutableStateOf("")

    /** The client of [server]; null until it is open. */
    var holm: Holm? by mutableStateOf(null)
        private set

    /** The account that is signed in; null if none is. */
    var account: String? by mutableStateOf(null)
        private set

    /** The language that was chosen; empty: the system's. */
    var language: String by mutableStateOf(preferences.language)
        private set

    /** The last lines of the core's log. */
    val log = LogBuffer()

    private var opened = ""
    private val ties = mutableListOf<AutoCloseable>()

    /** Opens the store of the server that was used last. Who was signed in still is. */
    fun start(): Job =
        work {
            val holm = open()
            account = preferences.email.takeIf { holm.userId != null }
        }

    fun signIn(): Job = enter { signIn(email.trim(), password) }

    fun signUp(): Job = enter { signUp(email.trim(), password) }

    /** Signs out. Tasks and what is not sent yet stay for the same account. */
    fun signOut(): Job =
        work {
            holm?.signOut(SignOutMode.Keep)
            password = ""
            account = null
        }

    fun choose(language: String) {
        preferences.language = language
        this.language = language
    }

    /** Another device of the same account, which lives in memory; null if the password is not known any more, as after a restart. */
    suspend fun otherDevice(): Holm? {
        if (password.isEmpty()) return null
        val other = Holm.open(HolmConfig(opened, Storage.InMemory, listOf(todoCollection), autoSync = false))
        other.signIn(email.trim(), password)
        return other
    }

    suspend fun close() {
        ties.forEach { it.close() }
        ties.clear()
        holm?.shutDown()
    }

    private fun enter(sign: suspend Holm.() -> String): Job =
        work {
            open().sign()
            preferences.server = server
            preferences.email = email.trim()
            account = email.trim()
        }

    private suspend fun open(): Holm {
        val address = server.trim().trimEnd('/')
        holm?.takeIf { address == opened }?.let { return it }
        val directory = File(files, address.replace(Regex("[^A-Za-z0-9]+"), "-"))
        val next = Holm.open(HolmConfig(address, Storage.Directory(directory), listOf(todoCollection), secrets = secrets))
        close()
        ties += withContext(Dispatchers.IO) { HolmLog.install(log, LogLevel.Debug) }
        ties += attach(next)
        opened = address
        holm = next
        return next
    }
}
