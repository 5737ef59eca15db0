import Foundation
internal import HolmBindings

extension Holm {
    /// A watched part of a long result, which follows a scroll position: only the window is in memory, however long the
    /// result is.
    ///
    /// ```swift
    /// let window = todos.liveWindow(orderBy: .desc("createdAt"), size: 60)
    /// for try await shown in window {  // elsewhere: window.move(to: 500), window.move(toDocument: id)
    ///     (rows, above, below) = (shown.snapshot.values, shown.before, shown.after)
    /// }
    /// ```
    ///
    /// A window that stands at a document stays there while others come and go before it, so that what a person looks at
    /// does not jump. Each loop is a watch of its own, which begins at the place where the window stands; one loop at a
    /// time. Otherwise as a ``LiveQuery``. May be moved from any task.
    public final class LiveWindow<Value: Sendable>: AsyncSequence, Sendable {
        /// What the window shows.
        public typealias Element = WindowSnapshot<Value>

        private enum Place: Sendable {
            case offset(UInt64)
            case document(String)
        }

        private struct Position: Sendable {
            var place = Place.offset(0)
            var open: FfiLiveWindow?
        }

        private let position = Lock(Position())
        private let open: @Sendable () throws(HolmError) -> FfiLiveWindow
        private let decode: @Sendable (_ json: Data, _ id: String) throws(HolmError) -> Value

        init(
            open: @escaping @Sendable () throws(HolmError) -> FfiLiveWindow,
            decode: @escaping @Sendable (_ json: Data, _ id: String) throws(HolmError) -> Value
        ) {
            (self.open, self.decode) = (open, decode)
        }

        /// Moves the window to where `offset` documents of the result are before it; as far as it goes if there are fewer.
        /// Returns at once.
        public func move(to offset: Int) {
            move(.offset(UInt64(Swift.max(0, offset))))
        }

        /// Moves the window so that it begins with this document, and keeps it there. A document that is not in the result
        /// moves nothing. Returns at once.
        public func move(toDocument id: String) {
            move(.document(id))
        }

        /// Begins a watch where the window stands.
        public func makeAsyncIterator() -> Iterator {
            let open: @Sendable () throws -> FfiLiveWindow = { [self] in
                let window = try self.open()
                let place = position.withLock { position in
                    position.open = window
                    return position.place
                }
                Self.move(window, place)
                return window
            }
            return Iterator(reader: WatchReader(open: open), decode: decode)
        }

        private func move(_ place: Place) {
            let window = position.withLock { position in
                position.place = place
                return position.open
            }
            if let window { Self.move(window, place) }
        }

        private static func move(_ window: FfiLiveWindow, _ place: Place) {
            // Fails only where a defect of the core makes it panic; there is nothing to do about that here.
            switch place {
            case .offset(let offset): try? window.moveTo(offset: offset)
            case .document(let id): try? window.moveToDocument(id: id)
            }
        }

        /// One watch. One task reads it at a time.
        public struct Iterator: AsyncIteratorProtocol {
            fileprivate var reader: WatchReader<FfiLiveWindow>
            fileprivate let decode: @Sendable (_ json: Data, _ id: String) throws(HolmError) -> Value

            /// What the window shows: at once the first time, later when that has changed or the window was moved.
            public mutating func next() async throws(HolmError) -> WindowSnapshot<Value>? {
                try await reader.next { [decode] (shown) throws(HolmError) in
                    WindowSnapshot(
                        snapshot: try Snapshot(shown.window, decode), before: Int(clamping: shown.before),
                        after: Int(clamping: shown.after))
                }
            }
        }
    }

    /// What a window shows.
    public struct WindowSnapshot<Value: Sendable>: Sendable {
        /// The documents of the window, and what is different from the window before.
        public let snapshot: Snapshot<Value>
        /// How many documents of the result are before the window.
        public let before: Int
        /// How many are after it.
        public let after: Int
    }
}

extension Holm.WindowSnapshot: Equatable where Value: Equatable {}

extension HolmCollection {
    /// Watches a window of `size` documents on a query's result, at its beginning until it is moved: for lists that are
    /// too long to keep. Nothing happens until the app reads the sequence, which then throws `INVALID_QUERY` for a size
    /// below 1.
    public func liveWindow(
        where filter: Holm.Filter? = nil, orderBy order: Holm.Order = [], size: Int
    ) -> Holm.LiveWindow<Document> {
        access.liveWindow(Holm.Query(where: filter, orderBy: order), size, decode)
    }
}

extension Holm.JSONCollection {
    /// Watches a window on a result. See ``HolmCollection/liveWindow(where:orderBy:size:)``.
    public func liveWindow(
        where filter: Holm.Filter? = nil, orderBy order: Holm.Order = [], size: Int
    ) -> Holm.LiveWindow<Holm.JSON> {
        access.liveWindow(Holm.Query(where: filter, orderBy: order), size, decode)
    }
}

extension CollectionAccess {
    fileprivate func liveWindow<Value>(
        _ query: Holm.Query, _ size: Int, _ decode: @escaping Decode<Value>
    ) -> Holm.LiveWindow<Value> {
        let open: @Sendable () throws(HolmError) -> FfiLiveWindow = { () throws(HolmError) in
            let (ffi, text) = (try ffi(), try query.text(coding))
            return try translating { try ffi.liveWindow(query: text, size: UInt32(clamping: size)) }
        }
        return Holm.LiveWindow(open: open, decode: decode)
    }
}
