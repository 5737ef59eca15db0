extension Holm {
    /// What an update changes: a change for each field.
    ///
    /// ```swift
    /// try await todos.update(id, ["title": "Buy oat milk", "views": .increment(), "tags": .addToSet(["shop"])])
    /// ```
    ///
    /// Increments and edits of sets travel as such: two devices that both add one make two.
    public struct Patch: Sendable, ExpressibleByDictionaryLiteral {
        private var changes: [String: Change]

        /// A patch with these changes by top-level field.
        public init(_ changes: [String: Change] = [:]) {
            self.changes = changes
        }

        /// A patch with these changes by top-level field. Of a repeated name the last change counts.
        public init(dictionaryLiteral changes: (String, Change)...) {
            self.changes = Dictionary(changes) { _, last in last }
        }

        /// The change of a field; `nil`: it stays as it is.
        public subscript(field: String) -> Change? {
            get { changes[field] }
            set { changes[field] = newValue }
        }

        func text(_ coding: Coding) throws(HolmError) -> String { try json(coding).text }

        fileprivate func json(_ coding: Coding) throws(HolmError) -> Holm.JSON {
            var members: [String: Holm.JSON] = [:]
            for (field, change) in changes { members[field] = try change.json(coding) }
            return Holm.JSON.object(members)
        }
    }

    /// The change of one field. Literals set: `"title": "Buy milk"`.
    public struct Change: Sendable {
        private enum Kind: Sendable {
            case set(Operand)
            case remove
            case operation(String, Operand)
            case members(String, [Operand])
            case inside(Patch)
        }

        private let kind: Kind

        /// The field has this value from now on. In an object only the members that are named change, and one that is
        /// `null` goes (a merge patch, RFC 7396). `nil` as the value is the same as ``remove``.
        public static func set(_ value: some Encodable & Sendable) -> Self {
            Self(kind: .set(Operand(value)))
        }

        /// The field is gone from now on.
        public static var remove: Self { Self(kind: .remove) }

        /// Members of an object change, each in its own way, at any depth:
        /// `["stats": .inside(["visits": .increment(), "tags": .addToSet(["new"])])]`.
        public static func inside(_ members: Patch) -> Self {
            Self(kind: .inside(members))
        }

        /// The number grows by this much; a missing field counts as 0.
        public static func increment(_ amount: Int = 1) -> Self {
            Self(kind: .operation("$inc", Operand(amount)))
        }

        /// The number grows by this much; a missing field counts as 0.
        public static func increment(_ amount: Double) -> Self {
            Self(kind: .operation("$inc", Operand(amount)))
        }

        /// These join an array that is used as a set, as far as they are not in it; a missing field counts as empty.
        public static func addToSet(_ members: [some Encodable & Sendable]) -> Self {
            Self(kind: .members("$addToSet", members.map { Operand($0) }))
        }

        /// These leave an array that is used as a set.
        public static func removeFromSet(_ members: [some Encodable & Sendable]) -> Self {
            Self(kind: .members("$removeFromSet", members.map { Operand($0) }))
        }

        func json(_ coding: Coding) throws(HolmError) -> Holm.JSON {
            switch kind {
            case .set(let value): try value.json(coding)
            case .remove: .null
            case .operation(let name, let value): [name: try value.json(coding)]
            case .members(let name, let values): [name: .array(try values.json(coding))]
            case .inside(let members): try members.json(coding)
            }
        }
    }
}

extension Holm.Change: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByStringInterpolation, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// Sets a truth value.
    public init(booleanLiteral value: Bool) { self = .set(value) }

    /// Sets a whole number.
    public init(integerLiteral value: Int) { self = .set(value) }

    /// Sets a number.
    public init(floatLiteral value: Double) { self = .set(value) }

    /// Sets a text.
    public init(stringLiteral value: String) { self = .set(value) }

    /// Sets a list.
    public init(arrayLiteral elements: Holm.JSON...) { self = .set(Holm.JSON.array(elements)) }

    /// Sets members of an object.
    public init(dictionaryLiteral elements: (String, Holm.JSON)...) {
        self = .set(Holm.JSON.object(Dictionary(elements) { _, last in last }))
    }
}
