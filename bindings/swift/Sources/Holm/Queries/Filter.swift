extension Holm {
    /// Which documents a query lets through.
    ///
    /// ```swift
    /// let open: Holm.Filter = .eq("isCompleted", false) && (.gte("priority", 2) || .contains("tags", "urgent"))
    /// ```
    ///
    /// A path names a field, with dots into nested objects: `address.city`. `id` is the document's id. Numbers compare
    /// with numbers and texts with texts; a value of another kind is neither less nor greater. Values are encoded as
    /// the app's documents are, so a `Date` compares with what a document's `Date` became.
    public struct Filter: Sendable {
        fileprivate indirect enum Condition: Sendable {
            case compare(String, path: String, Operand)
            case oneOf(path: String, [Operand])
            case isNull(path: String)
            case all([Filter])
            case any([Filter])
            case not(Filter)
            case json(JSON)
        }

        fileprivate let condition: Condition

        fileprivate init(_ condition: Condition) {
            self.condition = condition
        }
    }
}

extension Holm.Filter {
    /// The field has this value. With `nil` as the value: as ``isNull(_:)``.
    public static func eq(_ path: String, _ value: some Encodable & Sendable) -> Self {
        Self(.compare("eq", path: path, Operand(value)))
    }

    /// The field has another value, or none.
    public static func ne(_ path: String, _ value: some Encodable & Sendable) -> Self {
        Self(.compare("ne", path: path, Operand(value)))
    }

    /// The field is less.
    public static func lt(_ path: String, _ value: some Encodable & Sendable) -> Self {
        Self(.compare("lt", path: path, Operand(value)))
    }

    /// The field is less or the same.
    public static func lte(_ path: String, _ value: some Encodable & Sendable) -> Self {
        Self(.compare("lte", path: path, Operand(value)))
    }

    /// The field is greater.
    public static func gt(_ path: String, _ value: some Encodable & Sendable) -> Self {
        Self(.compare("gt", path: path, Operand(value)))
    }

    /// The field is greater or the same.
    public static func gte(_ path: String, _ value: some Encodable & Sendable) -> Self {
        Self(.compare("gte", path: path, Operand(value)))
    }

    /// An array field has this member, or a text field this part (case matters).
    public static func contains(_ path: String, _ value: some Encodable & Sendable) -> Self {
        Self(.compare("contains", path: path, Operand(value)))
    }

    /// A text field begins so (case matters).
    public static func prefix(_ path: String, _ text: String) -> Self {
        Self(.compare("prefix", path: path, Operand(text)))
    }

    /// The field has one of these values.
    public static func `in`(_ path: String, _ values: [some Encodable & Sendable]) -> Self {
        Self(.oneOf(path: path, values.map { Operand($0) }))
    }

    /// The field is `null` or missing.
    public static func isNull(_ path: String) -> Self {
        Self(.isNull(path: path))
    }

    /// All of these hold; of none: every document.
    public static func all(_ filters: [Self]) -> Self {
        Self(.all(filters))
    }

    /// One of these holds at least; of none: no document.
    public static func any(_ filters: [Self]) -> Self {
        Self(.any(filters))
    }

    /// A condition in the words of the core, for tools: `{"eq":["isCompleted",false]}`, and so on for every name here;
    /// `{"in":["id",["a","b"]]}`, `{"isNull":"note"}`, `{"and":[…]}`, `{"or":[…]}`, `{"not":…}`. It is checked when the
    /// query runs.
    public static func json(_ condition: Holm.JSON) -> Self {
        Self(.json(condition))
    }

    /// Both hold.
    public static func && (left: Self, right: Self) -> Self {
        .all(left.conjuncts + right.conjuncts)
    }

    /// One of the two holds at least.
    public static func || (left: Self, right: Self) -> Self {
        .any(left.disjuncts + right.disjuncts)
    }

    /// The filter does not hold.
    public static prefix func ! (filter: Self) -> Self {
        Self(.not(filter))
    }
}

extension Holm.Filter {
    // Long chains of one operator stay flat: the core bounds how deep conditions nest.

    private var conjuncts: [Self] {
        if case .all(let filters) = condition { filters } else { [self] }
    }

    private var disjuncts: [Self] {
        if case .any(let filters) = condition { filters } else { [self] }
    }

    func json(_ coding: Coding) throws(HolmError) -> Holm.JSON {
        switch condition {
        case .compare(let name, let path, let value):
            return [name: [.string(path), try value.json(coding)]]
        case .oneOf(let path, let values):
            return ["in": [.string(path), .array(try values.json(coding))]]
        case .isNull(let path):
            return ["isNull": .string(path)]
        case .all(let filters):
            return ["and": try Self.list(filters, coding)]
        case .any(let filters):
            return ["or": try Self.list(filters, coding)]
        case .not(let filter):
            return ["not": try filter.json(coding)]
        case .json(let condition):
            return condition
        }
    }

    private static func list(_ filters: [Self], _ coding: Coding) throws(HolmError) -> Holm.JSON {
        var list: [Holm.JSON] = []
        for filter in filters { list.append(try filter.json(coding)) }
        return .array(list)
    }
}
