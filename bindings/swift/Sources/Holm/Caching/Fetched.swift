import Foundation

extension Holm {
    /// One result of a fetch, and what is known of it.
    public struct Fetched<Value: Sendable>: Sendable {
        /// The document, `nil` if it is nowhere; or the documents.
        public let value: Value

        /// Where it comes from.
        public let origin: Origin

        /// How many seconds ago the server had it so, as well as the device knows. `nil`: the server was never asked.
        public let age: TimeInterval?

        /// Whether it may be out of date: older than the collection's time to live, of uncertain age, or standing in for
        /// the network.
        public let isStale: Bool

        /// Whether documents of the collection have lost their content to a limit, so that a query may lack some.
        public let isPartial: Bool

        /// What becomes of it.
        public let refresh: Refresh
    }

    /// Where a result of a fetch comes from.
    public enum Origin: String, CaseIterable, Hashable, Sendable {
        /// From here, as it was when the server last answered, with all local edits.
        case cache
        /// The server has just been asked.
        case network
    }

    /// What becomes of a result of a fetch.
    public enum Refresh: Hashable, Sendable {
        /// Nothing is under way.
        case idle
        /// The server is being asked; the next result, if there is one, tells what came of it.
        case running
        /// The server was asked, and this came of it: the result is what stands in.
        case failed(HolmError)
    }
}

extension Holm.Fetched: Equatable where Value: Equatable {}
