package dev.holm

import kotlinx.serialization.json.Json
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

/**
 * Everything that a client can be told when it is opened.
 *
 * @property baseUrl the server's address, `http` or `https`. Null: the client never syncs.
 * @property storage where the data lives.
 * @property collections the app's collections. If there are none, the client takes whatever collections the account has.
 * @property durability what an acknowledged write survives.
 * @property autoSync whether the client syncs by itself: after writes, when a network comes, after failures, and periodically. Else only
 * [Holm.sync] does.
 * @property debounce how long the client waits after a write for more of them, before it syncs.
 * @property interval how often the client looks for changes of others while the app is in the background, or has never reported its life
 * ([Holm.report]). This and [foregroundInterval] vary by 5 % in either direction.
 * @property foregroundInterval the same while the app is in the foreground. On a metered network it is at least 30 seconds; while the
 * device saves energy, four times as long; and never shorter than what the server suggests.
 * @property ordered whether all writes go to the server in one order, whatever they belong to: one that is parked, in a conflict, or waiting
 * for its next attempt stops all that were made after it. Else it stops its own document, and what refers to that.
 * @property rowCacheBytes how many bytes of documents that were read by their ids more than once are kept in memory. 0 keeps none. They are
 * given up when the client is suspended or signs out.
 * @property secrets where the tokens of a session are kept. Null: in a file beside the data that only the app's user may read.
 * @property tokenProvider renews tokens that came with [Holm.setToken]. Null: such a token ends, and the app sets the next one.
 * @property json the app's JSON, with its contextual serializers and other settings. Three settings are Holm's: defaults are written,
 * because a query has to find them; `null` is written as a missing field, as a merge patch has it; and fields that a class does not know
 * are ignored, because a newer version of the app may have written them.
 */
public class HolmConfig(
    public val baseUrl: String?,
    public val storage: Storage,
    public val collections: List<CollectionSpec<*>> = emptyList(),
    public val durability: Durability = Durability.Full,
    public val autoSync: Boolean = true,
    public val debounce: Duration = 300.milliseconds,
    public val interval: Duration = 15.minutes,
    public val foregroundInterval: Duration = 5.seconds,
    public val ordered: Boolean = false,
    public val rowCacheBytes: Long = ROW_CACHE_BYTES,
    public val secrets: SecretStore? = null,
    public val tokenProvider: TokenProvider? = null,
    public val json: Json = Json,
)

private const val ROW_CACHE_BYTES = 524_288L
