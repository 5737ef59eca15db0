package dev.holm.testing.docs

import dev.holm.FieldRule
import dev.holm.collectionSpec
import dev.holm.testing.TestWorld
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.Serializable
import org.junit.jupiter.api.Test
import kotlin.test.assertEquals

// snippet: a model
@Serializable
data class Recipe(
    val title: String,
    val bookId: String? = null,
    val cooked: Int = 0,
    val tags: List<String> = emptyList(),
    val notes: String = "",
    val steps: List<Step> = emptyList(),
    val addedAt: Long = 0,
    val servings: Int? = null,
    val id: String = "",
)

@Serializable
data class Step(val id: String, val text: String)

val recipeCollection = collectionSpec<Recipe>(
    "recipes",
    rules = mapOf("cooked" to FieldRule.Sum, "tags" to FieldRule.Union, "notes" to FieldRule.Text),
    listKeys = mapOf("steps" to "id"),
    references = mapOf("bookId" to "books"),
    indexes = listOf(listOf("bookId", "title")),
)
// end

/** The code of docs/guides/modelling.md: what stands between the marks is shown there. */
class ModellingGuideTest {
    @Test
    fun edits_of_two_devices_add_up() =
        runBlocking {
            TestWorld(listOf(recipeCollection)).use { world ->
                val (phone, tablet) = world.device("phone") to world.device("tablet")
                val (recipes, others) = phone.collection(recipeCollection) to tablet.collection(recipeCollection)
                val soup = Recipe("Soup", steps = listOf(Step("1", "Chop"), Step("2", "Cook")), id = "soup")
                recipes.create(soup)
                world.syncAll()
                // snippet: edits that add up
                recipes.update(soup.id) {
                    Recipe::cooked increment 1
                    Recipe::tags addToSet listOf("winter")
                }
                recipes.update(soup, soup.copy(steps = listOf(Step("1", "Chop the onions"), Step("2", "Cook"))))
                // end
                others.update(soup.id) {
                    Recipe::cooked set 2
                    Recipe::tags set listOf("quick")
                    Recipe::steps set listOf(Step("1", "Chop"), Step("2", "Cook for an hour"))
                }
                world.syncAll()
                for (collection in listOf(recipes, others)) {
                    val both = collection.get(soup.id)
                    assertEquals(3, both?.cooked)
                    assertEquals(setOf("winter", "quick"), both?.tags?.toSet())
                    assertEquals(listOf("Chop the onions", "Cook for an hour"), both?.steps?.map { it.text })
                }
                assertEquals(0, phone.holm.conflicts().size + tablet.holm.conflicts().size)
            }
        }
}
