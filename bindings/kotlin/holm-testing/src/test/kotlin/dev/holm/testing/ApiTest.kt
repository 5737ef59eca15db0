package dev.holm.testing

import org.jetbrains.kotlin.abi.tools.AbiFilters
import org.jetbrains.kotlin.abi.tools.AbiToolsFactory
import org.junit.jupiter.api.Test
import java.io.File
import java.util.ServiceLoader
import kotlin.test.assertEquals

/** The public API is what `holm-testing/api/holm-testing.api` says. `scripts/test-kotlin --update-api` writes it anew. */
class ApiTest {
    @Test
    fun the_public_api_is_the_one_that_was_reviewed() {
        val classes = File(TestWorld::class.java.protectionDomain.codeSource.location.path)
        val tools = ServiceLoader.load(AbiToolsFactory::class.java).single().get()
        val files = classes.walk().filter { it.extension == "class" }.sorted().toList()
        val dump = buildString { tools.printJvmDump(this, files, AbiFilters.EMPTY) }
        val reviewed = File(System.getProperty("holm.root"), "bindings/kotlin/holm-testing/api/holm-testing.api")
        if (System.getProperty("holm.api.update").toBoolean()) reviewed.writeText(dump)
        assertEquals(
            reviewed.readText(),
            dump,
            "the public API has changed: run scripts/test-kotlin --update-api and review the difference",
        )
    }
}
