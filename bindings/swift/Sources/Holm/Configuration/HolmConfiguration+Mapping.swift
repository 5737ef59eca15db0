import Foundation
internal import HolmBindings

extension HolmConfiguration {
    func translated(_ coding: Coding) throws(HolmError) -> FfiConfig {
        var collections: [FfiCollectionConfig] = []
        for collection in self.collections { collections.append(try collection.translated(coding)) }
        guard let rowCacheBytes = UInt64(exactly: rowCacheBytes) else {
            throw .invalidConfig("rowCacheBytes must not be negative")
        }
        return FfiConfig(
            directory: try storage.path(), server: baseURL?.absoluteString,
            collections: collections, durability: durability == .full ? .full : .normal,
            autoSync: autoSync, debounceMs: try Self.milliseconds(debounce, of: "debounce"),
            intervalMs: try Self.milliseconds(interval, of: "interval"),
            foregroundIntervalMs: try Self.milliseconds(foregroundInterval, of: "foregroundInterval"),
            ordered: ordered, rowCacheBytes: rowCacheBytes)
    }

    fileprivate static func milliseconds(_ seconds: TimeInterval, of setting: String) throws(HolmError) -> UInt64 {
        guard let milliseconds = UInt64(exactly: (seconds * 1_000).rounded()), seconds <= 31_536_000 else {
            throw .invalidConfig("\(setting) must be a number of seconds from 0 to a year")
        }
        return milliseconds
    }
}

extension HolmConfiguration.Storage {
    /// The directory's path; `nil`: in memory.
    fileprivate func path() throws(HolmError) -> String? {
        switch self {
        case .inMemory:
            return nil
        case .directory(let url):
            guard url.isFileURL else { throw .invalidConfig("the storage's directory must be a file URL") }
            return url.path
        case .appSupport(let name):
            guard !name.isEmpty, name != ".", name != "..", !name.contains("/") else {
                throw .invalidConfig("\"\(name)\" is no name for a directory of storage")
            }
            do {
                let support = try FileManager.default.url(
                    for: .applicationSupportDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
                return support.appendingPathComponent("Holm").appendingPathComponent(name).path
            } catch {
                throw HolmError(
                    code: .storageUnavailable, message: "the Application Support directory cannot be used",
                    recovery: "Try again; on iOS this happens before the first unlock.", isRetryable: true)
            }
        }
    }
}

extension Holm.CollectionDescriptor {
    fileprivate func translated(_ coding: Coding) throws(HolmError) -> FfiCollectionConfig {
        FfiCollectionConfig(
            name: name, conflict: conflict.translated, rules: rules.mapValues(\.translated), listKeys: listKeys,
            references: references, indexes: indexes, cache: try cache.translated(),
            consistency: try consistency.translated(), resolver: resolver.map { HostResolver($0, coding) })
    }
}

extension Holm.Consistency {
    fileprivate func translated() throws(HolmError) -> FfiConsistency {
        switch self {
        case .eventual: .eventual
        case .confirmed(let timeout):
            .confirmed(timeoutMs: try HolmConfiguration.milliseconds(timeout, of: "timeout"))
        }
    }
}

extension Holm.CacheOptions {
    fileprivate func translated() throws(HolmError) -> FfiCacheConfig {
        var refreshAfterMs: UInt64?
        if let refreshAfter {
            refreshAfterMs = try HolmConfiguration.milliseconds(refreshAfter, of: "refreshAfter")
        }
        return FfiCacheConfig(
            policy: policy.translated, ttlMs: try HolmConfiguration.milliseconds(timeToLive, of: "timeToLive"),
            refreshAfterMs: refreshAfterMs, maxDocuments: maximumDocuments.map { UInt64(max(0, $0)) },
            maxBytes: maximumBytes.map { UInt64(max(0, $0)) })
    }
}

extension Holm.ConflictStrategy {
    fileprivate var translated: FfiConflictStrategy {
        switch self {
        case .serverWins: .serverWins
        case .localWins: .localWins
        case .lastWriteWins: .lastWriteWins
        case .merge: .merge
        case .prompt: .prompt
        case .custom: .custom
        }
    }
}

extension Holm.FieldRule {
    fileprivate var translated: FfiFieldRule {
        switch self {
        case .lww: .lww
        case .server: .server
        case .local: .local
        case .sum: .sum
        case .union: .union
        case .max: .max
        case .min: .min
        case .text: .text
        case .prompt: .prompt
        }
    }
}
