/// A value that an app gave for a query or a patch, until the client's encoder has made JSON of it.
struct Operand: Sendable {
    private enum Value: Sendable {
        case json(Holm.JSON)
        case encodable(any Encodable & Sendable)
    }

    private let value: Value

    /// Takes a value. The commonest kinds need no encoder.
    init<T: Encodable & Sendable>(_ value: T) {
        switch value {
        case let value as Holm.JSON: self.value = .json(value)
        case let value as String: self.value = .json(.string(value))
        case let value as Bool: self.value = .json(.bool(value))
        case let value as Int: self.value = .json(.int(Int64(value)))
        default: self.value = .encodable(value)
        }
    }

    func json(_ coding: Coding) throws(HolmError) -> Holm.JSON {
        switch value {
        case .json(let json): return json
        case .encodable(let value): return try coding.json(value)
        }
    }
}

extension [Operand] {
    func json(_ coding: Coding) throws(HolmError) -> [Holm.JSON] {
        var list: [Holm.JSON] = []
        for operand in self { list.append(try operand.json(coding)) }
        return list
    }
}
