import Foundation

extension Holm {
    /// Where a fetch takes its result from.
    public enum CachePolicy: String, CaseIterable, Hashable, Sendable {
        /// What is here. The network is never asked.
        case cacheOnly
        /// What the server has now, or the failure.
        case networkOnly
        /// What is here if there is something; stale things are refreshed behind it. The network only for what is
        /// missing.
        case cacheFirst
        /// What the server has now; without a network what is here, marked stale.
        case networkFirst
        /// What is here at once, then what the server has if that is different.
        case cacheAndNetwork
    }

    /// How a collection is cached.
    public struct CacheOptions: Hashable, Sendable {
        /// The policy of a fetch that names none.
        public var policy: CachePolicy

        /// So many seconds old may a thing be and still count as fresh. Zero: nothing is ever fresh.
        public var timeToLive: TimeInterval

        /// A fresh thing that is older than so many seconds is refreshed in the background as well. `nil`: it is left
        /// alone until it is stale.
        public var refreshAfter: TimeInterval?

        /// So many documents keep their content here; those that were used longest ago lose theirs. Never one with a
        /// pending write, a pin, or a live query that shows it. `nil`: all.
        public var maximumDocuments: Int?

        /// So many bytes may the contents have together, by the same rule. `nil`: as many as there are.
        public var maximumBytes: Int?

        /// Options; without further words, things are fresh for five minutes and nothing is limited.
        public init(
            policy: CachePolicy = .cacheFirst, timeToLive: TimeInterval = 300, refreshAfter: TimeInterval? = nil,
            maximumDocuments: Int? = nil, maximumBytes: Int? = nil
        ) {
            self.policy = policy
            self.timeToLive = timeToLive
            self.refreshAfter = refreshAfter
            self.maximumDocuments = maximumDocuments
            self.maximumBytes = maximumBytes
        }
    }
}
