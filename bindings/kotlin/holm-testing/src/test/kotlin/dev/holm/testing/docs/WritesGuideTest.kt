package dev.holm.testing.docs

import dev.holm.ActionResult
import dev.holm.ErrorCode
import dev.holm.Holm
import dev.holm.HolmConfig
import dev.holm.HolmException
import dev.holm.Operation
import dev.holm.OperationKind
import dev.holm.Storage
import dev.holm.SyncStatus
import dev.holm.WriteOutcome
import dev.holm.collectionSpec
import dev.holm.testing.TestWorld
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith

@Serializable
data class Hero(val name: String, val stories: Int = 0, val id: String = "")

@Serializable
data class HeroStory(val title: String, val heroId: String? = null, val id: String = "")

@Serializable
data class Node(val next: String? = null, val id: String = "")

val heroCollection = collectionSpec<Hero>("heroes")

// snippet: references
val storiesOfHeroes = collectionSpec<HeroStory>("stories", references = mapOf("heroId" to "heroes"))
// end

/** The code of docs/guides/writes.md: what stands between the marks is shown there. */
class WritesGuideTest {
    @Test
    fun a_group_is_taken_as_a_whole() =
        runBlocking {
            TestWorld(listOf(heroCollection, storiesOfHeroes)).use { world ->
                val (phone, tablet) = world.device("phone") to world.device("tablet")
                val holm = phone.holm
                val (heroes, stories) = holm.collection(heroCollection) to holm.collection(storiesOfHeroes)
                val hero = Hero("Mo", id = "mo")
                heroes.create(hero)
                world.syncAll()
                val story = HeroStory("Dragon", hero.id)
                // snippet: a group
                holm.write(group = true) {
                    create(stories, story)
                    update(heroes, hero.id) { "stories" increment 1 }
                }
                // end
                world.syncAll()
                assertEquals(1, tablet.collection(heroCollection).get("mo")?.stories)
                assertEquals(1, tablet.collection(storiesOfHeroes).count())
            }
        }

    @Test
    fun a_form_is_saved_against_what_it_was_opened_with() =
        runBlocking {
            TestWorld(listOf(heroCollection, storiesOfHeroes)).use { world ->
                val (phone, tablet) = world.device("phone") to world.device("tablet")
                val stories = phone.collection(storiesOfHeroes)
                stories.create(HeroStory("Dragon", id = "s"))
                world.syncAll()
                val opened = stories.getStored("s")!!
                // snippet: a form
                val edited = opened.value.copy(title = "The dragon") // opened: what getStored gave when the form was opened
                stories.replace(edited, basedOn = opened.version)
                // end
                world.syncAll()
                assertEquals("The dragon", tablet.collection(storiesOfHeroes).get("s")?.title)
            }
        }

    @Test
    fun a_sync_reports_what_it_left() =
        runBlocking {
            TestWorld(listOf(heroCollection, storiesOfHeroes)).use { world ->
                val holm = world.device("phone").holm
                holm.collection(storiesOfHeroes).create(HeroStory("Dragon", id = "s"))
                val lines = mutableListOf<List<Any?>>()
                val log = { what: List<Any?> -> lines += what }
                // snippet: a report
                val report = holm.sync("stories") // or resync("stories"), or sync()
                for (later in report.deferred) log(listOf(later.operationId, later.code, later.nextAttempt))
                for (skipped in report.setAside) log(listOf(skipped.collection, skipped.documentId, skipped.error))
                // end
                assertEquals(1L to 0, report.pushed to lines.size)
            }
        }

    @Test
    fun a_child_is_sent_after_its_parent() =
        runBlocking {
            TestWorld(listOf(storiesOfHeroes, heroCollection)).use { world ->
                val (phone, tablet) = world.device("phone") to world.device("tablet")
                phone.collection(heroCollection).create(Hero("Mo", id = "mo"))
                phone.collection(storiesOfHeroes).create(HeroStory("Dragon", "mo", id = "s"))
                // One collection at a time: the story's turn has come, its hero's has not.
                phone.holm.sync("stories")
                assertEquals(SyncStatus.PendingCreate, phone.collection(storiesOfHeroes).getStored("s")?.status)
                world.syncAll()
                assertEquals("mo", tablet.collection(storiesOfHeroes).get("s")?.heroId)
            }
        }

    @Test
    fun a_circle_of_new_documents_is_refused() =
        runBlocking {
            val spec = collectionSpec<Node>("nodes", references = mapOf("next" to "nodes"))
            Holm.open(HolmConfig(null, Storage.InMemory, listOf(spec))).use { holm ->
                val nodes = holm.collection(spec)
                nodes.create(Node(id = "a"))
                nodes.create(Node("a", id = "b"))
                val circle = assertFailsWith<HolmException> { nodes.update("a") { "next" set "b" } }
                assertEquals(ErrorCode.INVALID_DOCUMENT, circle.code)
                assertEquals(null, nodes.get("a")?.next)
            }
        }

    @Test
    fun all_writes_go_in_one_order() =
        runBlocking {
            TestWorld(listOf(storiesOfHeroes), "[collections.stories.fields.title]\nmax_length = 10\n").use { world ->
                val (url, storage) = world.url to Storage.InMemory
                // snippet: one order
                val config = HolmConfig(url, storage, listOf(storiesOfHeroes), ordered = true)
                // end
                val phone = world.device("phone", ordered = config.ordered)
                phone.collection(storiesOfHeroes).create(HeroStory("A title that is too long", id = "long"))
                phone.collection(storiesOfHeroes).create(HeroStory("Dragon", id = "s"))
                assertEquals(0, phone.holm.sync().pushed)
            }
        }

    @Test
    fun an_action_is_queued_and_its_result_awaited() =
        runBlocking {
            TestWorld(listOf(storiesOfHeroes)).use { world ->
                val holm = world.device("phone").holm
                val story = HeroStory("Dragon", id = "s")
                holm.collection(storiesOfHeroes).create(story)
                // snippet: an action
                val receipt = holm.action("echo", "stories", story.id, buildJsonObject { put("copies", 2) })
                // end
                val (create, action) = holm.pending()
                assertEquals(OperationKind.Create to null, create.kind to create.action)
                assertEquals(OperationKind.Action to "echo", action.kind to action.action?.name)
                assertEquals(buildJsonObject { put("copies", 2) }, action.action?.parameters)
                val shown = mutableListOf<JsonElement?>()
                val show = { value: JsonElement? -> shown += value }
                val ask = { parked: List<Operation> -> assertEquals(emptyList(), parked) }
                holm.sync()
                // snippet: an action's result
                val result = holm.result(receipt)
                if (result.outcome == WriteOutcome.Parked) ask(holm.parked()) else show(result.value)
                // end
                assertEquals<List<JsonElement?>>(listOf(buildJsonObject { put("copies", 2) }), shown)
            }
        }

    @Test
    fun a_refused_action_is_parked_and_can_be_given_up() =
        runBlocking {
            TestWorld(listOf(storiesOfHeroes)).use { world ->
                val holm = world.device("phone").holm
                val receipt = holm.action("refuse", parameters = buildJsonObject { put("copies", 2) })
                holm.sync()
                assertEquals(ActionResult(WriteOutcome.Parked, null), holm.result(receipt))
                val parked = holm.parked().single()
                assertEquals(OperationKind.Action to "ACTION_REFUSED", parked.kind to parked.error?.code)
                val calls = mutableListOf<Pair<String, JsonElement>>()
                val show = { name: String, parameters: JsonElement -> calls += name to parameters }
                // snippet: a refused action
                for (operation in holm.parked()) operation.action?.let { show(it.name, it.parameters) }
                // end
                assertEquals(listOf<Pair<String, JsonElement>>("refuse" to buildJsonObject { put("copies", 2) }), calls)
                parked.discard()
                assertEquals(WriteOutcome.Discarded, holm.result(receipt).outcome)
                val wrong = assertFailsWith<HolmException> { holm.action("no name!") }
                assertEquals(ErrorCode.INVALID_NAME, wrong.code)
            }
        }
}
