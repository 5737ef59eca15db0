package dev.holm.bench

import dev.holm.Durability
import dev.holm.Holm
import dev.holm.HolmConfig
import dev.holm.Storage
import dev.holm.ffi.FfiCancel
import dev.holm.ffi.FfiCollection
import dev.holm.ffi.FfiConfig
import dev.holm.ffi.FfiDurability
import dev.holm.ffi.FfiHolm
import dev.holm.query
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.JsonObject
import java.io.File
import java.nio.file.Files
import java.util.Locale
import kotlin.io.path.Path
import kotlin.io.path.isDirectory

private const val DOCUMENTS = 10_000
private const val TOP = 50

/**
 * What a call costs through Kotlin, as an app makes it: from a coroutine, on to the thread that may block, decoded. Prints a table; with a
 * file as its argument, appends the figures that are kept to it as JSON lines.
 *
 * Data lies in memory-backed files where there are some, and commits are not forced to the disk: what is measured is the way through the
 * layers, and not the disk.
 */
public fun main(arguments: Array<String>) {
    val shared = Path("/dev/shm").takeIf { it.isDirectory() }
    val parent = shared ?: Path(System.getProperty("java.io.tmpdir"))
    val scratch = Files.createTempDirectory(parent, "holm-bench").toFile()
    val costs =
        try {
            runBlocking(Dispatchers.Default) { throughTheLayer(scratch.resolve("layer")) + throughTheBindings(scratch.resolve("bindings")) }
        } finally {
            scratch.deleteRecursively()
        }
    report(costs)
    arguments.firstOrNull()?.let { append(costs, File(it)) }
}

private val top = query { where("state" eq "open").orderBy("position", desc).limit(TOP) }

private suspend fun throughTheLayer(directory: File): List<Cost> {
    val config = HolmConfig(null, Storage.Directory(directory), listOf(noteSpec), Durability.Normal, autoSync = false)
    return Holm.open(config).use { holm ->
        val notes = holm.collection(noteSpec)
        val json = holm.collection<JsonObject>("notes")
        val ids = notes.createAll(List(DOCUMENTS) { Note(it) }).map { it.documentId }
        val nothing = FfiCancel()
        listOf(
            measure("ffi_kotlin_empty", "an empty call", calls = 200_000) { nothing.cancel() },
            measure("ffi_kotlin_get", "a document of 250 bytes, decoded", calls = 20_000) { notes.get(ids[it % ids.size]) },
            measure("get_json", "the same as JSON", calls = 20_000, isKept = false) { json.get(ids[it % ids.size]) },
            measure("ffi_kotlin_query50", "the top 50 of 10,000, decoded", calls = 2_000) { notes.query(top) },
            measure("query50_json", "the same as JSON", calls = 2_000, isKept = false) { json.query(top) },
            measure("ffi_kotlin_create", "a document made", calls = 5_000) { notes.create(Note(it)) },
        )
    }
}

/** The same calls without the layer: neither decoded nor on another thread. */
private suspend fun throughTheBindings(directory: File): List<Cost> {
    val config = FfiConfig(directory.path, null, emptyList(), FfiDurability.NORMAL, false, 0u, 0u)
    return FfiHolm.open(config, secrets = null, tokens = null, testing = null).use { holm ->
        holm.collection("notes").use { notes -> costs(notes).also { holm.shutDown() } }
    }
}

private suspend fun costs(notes: FfiCollection): List<Cost> {
    val text = { number: Int -> """{"title":"Note number $number","body":"${Note(number).body}","state":"open","position":$number}""" }
    val ids = notes.createAll(List(DOCUMENTS, text)).map { it.docId }
    val query = """{"limit":$TOP}"""
    return listOf(
        measure("get_packed", "the bytes of a document", calls = 20_000, isKept = false) { notes.get(ids[it % ids.size]) },
        measure("query50_packed", "the bytes of 50, by id", calls = 5_000, isKept = false) { notes.query(query) },
        measure("create_packed", "a text made a document", calls = 5_000, isKept = false) { notes.create(null, text(it)) },
    )
}

private fun report(costs: List<Cost>) {
    for (cost in costs) println("%-20s %10.3f µs  %s".format(Locale.ROOT, cost.name, cost.microseconds, cost.about))
}

/** Appends the figures that are kept. Nothing does the same without Holm, so there is no ratio. */
private fun append(costs: List<Cost>, file: File) {
    for (cost in costs.filter { it.isKept }) {
        val figure = "%.3f".format(Locale.ROOT, cost.microseconds)
        file.appendText("""{"name":"${cost.name}","holm":$figure,"raw":null,"ratio":null,"unit":"us","mode":"normal"}""" + "\n")
    }
}
