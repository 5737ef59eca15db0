package dev.holm.demo.desktop

/** How every screen is shown. */
enum class Variant(val words: Words = plain, val language: String = "en", val look: Look = Look()) {
    Light,
    Dark(look = Look(isDark = true)),
    Long(wordy, language = "de"),
    Large(look = Look(fontScale = 2f, height = 1180)),
    Arabic(arabic, language = "ar"),
}

/** What is on the tasks: short words, or long ones that the layout was not drawn for. */
class Words(
    val plants: String,
    val party: String,
    val mine: String,
    val theirs: String,
    val notes: String,
    val refused: String,
)

private val plain =
    Words(
        plants = "Water the plants",
        party = "Summer party",
        mine = "Summer party at the lake",
        theirs = "Summer party in the garden",
        notes = "Invite Ida and Jon",
        refused = "Write down everything that we said about the cabin, the boat and the long way there",
    )

private val wordy =
    Words(
        plants = "Zimmerpflanzen, Balkonblumen und die große Monstera im Treppenhaus gießen",
        party = "Sommerfest",
        mine = "Sommerfest am Rhein-Main-Donau-Schifffahrtskanal mit allen Nachbarinnen",
        theirs = "Sommerfest im Kleingartenverein Donaudampfschifffahrt mit Kuchenbuffet",
        notes = "Einladungen an die Hausgemeinschaft, an alle Kolleginnen und Kollegen aus der Buchhaltung und an Idas Schwester schicken",
        refused = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz lesen und der Verwaltung zusammenfassen",
    )

private val arabic =
    Words(
        plants = "سقاية النباتات",
        party = "حفلة الصيف",
        mine = "حفلة الصيف عند البحيرة",
        theirs = "حفلة الصيف في الحديقة",
        notes = "دعوة ليلى ويوسف",
        refused = "كتابة كل ما قلناه عن الكوخ والقارب والطريق الطويل إلى هناك حتى لا ننسى شيئاً مهماً أبداً",
    )
