package dev.holm.internal

import dev.holm.CacheOptions
import dev.holm.CachePolicy
import dev.holm.CollectionSpec
import dev.holm.ConflictStrategy
import dev.holm.Consistency
import dev.holm.Durability
import dev.holm.ErrorCode
import dev.holm.Event
import dev.holm.FieldRule
import dev.holm.HolmConfig
import dev.holm.LogLevel
import dev.holm.Network
import dev.holm.Resolution
import dev.holm.SignOutMode
import dev.holm.Storage
import dev.holm.ffi.FfiCacheConfig
import dev.holm.ffi.FfiCachePolicy
import dev.holm.ffi.FfiCollectionConfig
import dev.holm.ffi.FfiConfig
import dev.holm.ffi.FfiConflictStrategy
import dev.holm.ffi.FfiConsistency
import dev.holm.ffi.FfiDurability
import dev.holm.ffi.FfiEvent
import dev.holm.ffi.FfiFieldRule
import dev.holm.ffi.FfiLogLevel
import dev.holm.ffi.FfiNetwork
import dev.holm.ffi.FfiResolution
import dev.holm.ffi.FfiSignOutMode
import kotlinx.serialization.json.Json
import kotlin.time.Duration

/** `json` is what resolvers read and write documents with. */
internal fun HolmConfig.lower(json: Json) =
    FfiConfig(
        directory = (storage as? Storage.Directory)?.path?.unicode(ErrorCode.INVALID_CONFIG),
        server = baseUrl?.unicode(ErrorCode.INVALID_CONFIG),
        collections = collections.map { it.lower(json) },
        durability =
            when (durability) {
                Durability.Full -> FfiDurability.FULL
                Durability.Normal -> FfiDurability.NORMAL
            },
        autoSync = autoSync,
        debounceMs = debounce.positiveMs("debounce"),
        intervalMs = interval.positiveMs("interval"),
        foregroundIntervalMs = foregroundInterval.positiveMs("foregroundInterval"),
        ordered = ordered,
        rowCacheBytes = rowCacheBytes.positive("rowCacheBytes"),
    )

private fun CollectionSpec<*>.lower(json: Json) =
    FfiCollectionConfig(
        name = name.unicode(ErrorCode.INVALID_NAME),
        conflict =
            when (conflict) {
                ConflictStrategy.ServerWins -> FfiConflictStrategy.SERVER_WINS
                ConflictStrategy.LocalWins -> FfiConflictStrategy.LOCAL_WINS
                ConflictStrategy.LastWriteWins -> FfiConflictStrategy.LAST_WRITE_WINS
                ConflictStrategy.Merge -> FfiConflictStrategy.MERGE
                ConflictStrategy.Prompt -> FfiConflictStrategy.PROMPT
                ConflictStrategy.Custom -> FfiConflictStrategy.CUSTOM
            },
        rules = rules.entries.associate { (path, rule) -> path.unicode(ErrorCode.INVALID_CONFIG) to rule.lower() },
        listKeys = listKeys.checked(),
        references = references.checked(),
        indexes = indexes.map { paths -> paths.map { it.unicode(ErrorCode.INVALID_NAME) } },
        cache = cache.lower(),
        consistency = consistency.lower(),
        resolver = resolver?.let { HostResolver(it, json) },
    )

private fun Consistency.lower() =
    when (this) {
        Consistency.Eventual -> FfiConsistency.Eventual
        is Consistency.Confirmed -> FfiConsistency.Confirmed(timeout.positiveMs("timeout"))
    }

private fun Map<String, String>.checked() =
    entries.associate { (path, name) -> path.unicode(ErrorCode.INVALID_CONFIG) to name.unicode(ErrorCode.INVALID_CONFIG) }

private fun FieldRule.lower() =
    when (this) {
        FieldRule.Lww -> FfiFieldRule.LWW
        FieldRule.Server -> FfiFieldRule.SERVER
        FieldRule.Local -> FfiFieldRule.LOCAL
        FieldRule.Sum -> FfiFieldRule.SUM
        FieldRule.Union -> FfiFieldRule.UNION
        FieldRule.Max -> FfiFieldRule.MAX
        FieldRule.Min -> FfiFieldRule.MIN
        FieldRule.Text -> FfiFieldRule.TEXT
        FieldRule.Prompt -> FfiFieldRule.PROMPT
    }

internal fun Resolution.lower(): FfiResolution =
    when (this) {
        Resolution.KeepLocal -> FfiResolution.KeepLocal
        Resolution.KeepServer -> FfiResolution.KeepServer
        Resolution.Merge -> FfiResolution.Merge
        is Resolution.Document -> FfiResolution.Document(json.toString().unicode(ErrorCode.INVALID_DOCUMENT))
    }

private fun CacheOptions.lower() =
    FfiCacheConfig(
        policy = policy.lower(),
        ttlMs = timeToLive.positiveMs("timeToLive"),
        refreshAfterMs = refreshAfter?.positiveMs("refreshAfter"),
        maxDocuments = maximumDocuments?.positive("maximumDocuments"),
        maxBytes = maximumBytes?.positive("maximumBytes"),
    )

internal fun CachePolicy.lower() =
    when (this) {
        CachePolicy.CacheOnly -> FfiCachePolicy.CACHE_ONLY
        CachePolicy.NetworkOnly -> FfiCachePolicy.NETWORK_ONLY
        CachePolicy.CacheFirst -> FfiCachePolicy.CACHE_FIRST
        CachePolicy.NetworkFirst -> FfiCachePolicy.NETWORK_FIRST
        CachePolicy.CacheAndNetwork -> FfiCachePolicy.CACHE_AND_NETWORK
    }

private fun Long.positive(name: String): ULong {
    if (this < 0) throw failure(ErrorCode.INVALID_CONFIG, "$name must not be negative")
    return toULong()
}

private fun Duration.positiveMs(name: String): ULong {
    if (isNegative()) throw failure(ErrorCode.INVALID_CONFIG, "$name must not be negative")
    return inWholeMilliseconds.toULong()
}

internal fun Event.lower(): FfiEvent =
    when (this) {
        Event.Launched -> FfiEvent.Launched
        Event.Foreground -> FfiEvent.Foreground
        Event.Background -> FfiEvent.Background
        is Event.LowPower -> FfiEvent.LowPower(on)
        Event.PushReceived -> FfiEvent.PushReceived
    }

/** A slice's budget. Rounded down: the deadline is the system's. */
internal fun Duration.budgetMs(): ULong = positiveMs("budget")

internal fun Network.lower() =
    when (this) {
        Network.Offline -> FfiNetwork.OFFLINE
        Network.Metered -> FfiNetwork.METERED
        Network.Unmetered -> FfiNetwork.UNMETERED
    }

internal fun LogLevel.lower() =
    when (this) {
        LogLevel.Error -> FfiLogLevel.ERROR
        LogLevel.Warn -> FfiLogLevel.WARN
        LogLevel.Info -> FfiLogLevel.INFO
        LogLevel.Debug -> FfiLogLevel.DEBUG
        LogLevel.Trace -> FfiLogLevel.TRACE
    }

internal fun SignOutMode.lower() =
    when (this) {
        SignOutMode.Keep -> FfiSignOutMode.KEEP
        SignOutMode.Wipe -> FfiSignOutMode.WIPE
        SignOutMode.WipeDiscardingPending -> FfiSignOutMode.WIPE_DISCARDING_PENDING
    }
