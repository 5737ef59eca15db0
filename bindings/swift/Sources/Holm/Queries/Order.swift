extension Holm {
    /// The order of a query's result. Documents with equal keys come in the order in which this device got them.
    ///
    /// One key, `.desc("createdAt")`, or several, `[.desc("priority"), .asc("title")]`. Missing fields and `null` come
    /// first in ascending order, then numbers (`false` is 0, `true` is 1), then texts.
    public struct Order: Hashable, Sendable, ExpressibleByArrayLiteral {
        private enum Direction: String, Sendable {
            case ascending = "asc"
            case descending = "desc"
        }

        private struct Key: Hashable, Sendable {
            let path: String
            let direction: Direction
        }

        private let keys: [Key]

        private init(keys: [Key]) {
            self.keys = keys
        }

        /// Several orders, one within the other.
        public init(arrayLiteral orders: Order...) {
            keys = orders.flatMap(\.keys)
        }

        /// Smallest first.
        public static func asc(_ path: String) -> Self {
            Self(keys: [Key(path: path, direction: .ascending)])
        }

        /// Greatest first.
        public static func desc(_ path: String) -> Self {
            Self(keys: [Key(path: path, direction: .descending)])
        }

        var json: Holm.JSON {
            .array(keys.map { [.string($0.path), .string($0.direction.rawValue)] })
        }
    }
}
