package dev.holm.testing.docs

import dev.holm.CollectionSpec
import dev.holm.Conflict
import dev.holm.ConflictResolver
import dev.holm.ConflictStrategy
import dev.holm.FieldRule
import dev.holm.Resolution
import dev.holm.SyncStatus
import dev.holm.collectionSpec
import dev.holm.testing.TestDevice
import dev.holm.testing.TestWorld
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.yield
import kotlinx.serialization.Serializable
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals

@Serializable
data class Story(
    val content: String,
    val playCount: Int = 0,
    val favourite: Boolean = false,
    val tags: List<String> = emptyList(),
    val id: String = "",
)

// snippet: rules
val storyCollection = collectionSpec<Story>(
    "stories",
    rules = mapOf(
        "content" to FieldRule.Prompt,
        "playCount" to FieldRule.Sum,
        "favourite" to FieldRule.Local,
        "tags" to FieldRule.Union,
    ),
)
// end

// snippet: a resolver
val keepLonger = ConflictResolver { conflict ->
    val (_, mine, theirs) = conflict.decode(storyCollection)
    if (mine == null || theirs == null) return@ConflictResolver null // a person decides
    if (mine.content.length > theirs.content.length) Resolution.KeepLocal else Resolution.KeepServer
}

val resolvedStories = collectionSpec<Story>("stories", ConflictStrategy.Custom, resolver = keepLonger)
// end

/** The code of docs/guides/conflicts.md about rules and resolvers: what stands between the marks is shown there. */
class RulesGuideTest {
    private class Quarrel(val world: TestWorld, val phone: TestDevice, val tablet: TestDevice)

    private val TestDevice.stories get() = collection(storyCollection)

    /** Both devices have changed the same story, the tablet first. */
    private fun quarrel(spec: CollectionSpec<Story>, mine: Story.() -> Story, theirs: Story.() -> Story, then: suspend Quarrel.() -> Unit) =
        runBlocking {
            TestWorld(listOf(spec)).use { world ->
                val (phone, tablet) = world.device("phone") to world.device("tablet")
                val story = Story("Once", playCount = 1, id = "s")
                phone.stories.create(story)
                world.syncAll()
                tablet.stories.update(story, story.theirs())
                phone.stories.update(story, story.mine())
                tablet.holm.sync()
                phone.holm.sync()
                // A resolver decides in the background.
                while (phone.holm.state().conflicts == 0L && phone.stories.getStored("s")?.status == SyncStatus.Conflict) yield()
                world.syncAll()
                Quarrel(world, phone, tablet).then()
            }
        }

    @Test
    fun a_rule_decides_for_its_field_only() =
        quarrel(
            storyCollection,
            mine = { copy(playCount = 4, favourite = true, tags = listOf("phone")) },
            theirs = { copy(playCount = 3, tags = listOf("tablet")) },
        ) {
            for (device in listOf(phone, tablet)) {
                val story = device.stories.get("s")
                assertEquals(6 to true, story?.playCount to story?.favourite)
                assertEquals(setOf("phone", "tablet"), story?.tags?.toSet())
            }
            assertEquals(emptyList(), phone.holm.conflicts())
        }

    @Test
    fun a_resolver_without_a_decision_says_why() =
        quarrel(resolvedStories, mine = { copy(content = "Once upon a time") }, theirs = { copy(content = "Twice") }) {
            phone.stories.delete("s")
            tablet.stories.update("s") { Story::content set "Thrice" }
            tablet.holm.sync()
            val holm = phone.holm
            holm.sync()
            while (holm.state().conflicts == 0L) yield()
            val reasons = mutableListOf<String>()
            val ask = { _: Conflict, reason: String -> reasons += reason }
            // snippet: no decision
            for (conflict in holm.conflicts()) conflict.resolverFault?.let { ask(conflict, "The app could not decide: $it") }
            // end
            assertEquals(listOf("The app could not decide: NoDecision"), reasons)
        }

    @Test
    fun a_resolver_decides_without_a_person() =
        quarrel(resolvedStories, mine = { copy(content = "Once upon a time") }, theirs = { copy(content = "Twice") }) {
            assertEquals(emptyList(), phone.holm.conflicts())
            assertEquals("Once upon a time", tablet.stories.get("s")?.content)
        }
}
