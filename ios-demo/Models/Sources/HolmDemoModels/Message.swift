import Holm

/// Something to tell a person, in no language yet: a key of the table of texts, and what fills its gaps.
public struct Message: Hashable, Sendable {
    /// The key.
    public let key: String
    /// What stands for `{0}`, `{1}`, …
    public let arguments: [String]

    /// A message; numbers are written as the person's language does.
    public init(_ key: String, _ arguments: Argument...) {
        self.key = key
        self.arguments = arguments.map(\.text)
    }

    /// What fills a gap.
    public enum Argument: ExpressibleByStringLiteral {
        /// A text, as it is.
        case text(String)
        /// A number.
        case number(Int)

        /// A text, as it is.
        public init(stringLiteral text: String) { self = .text(text) }

        var text: String {
            switch self {
            case .text(let text): text
            case .number(let number): number.formatted()
            }
        }
    }
}

extension HolmError {
    /// What a person is told about a failure.
    var told: Message {
        switch code {
        case .offline, .timeout, .connectionLost, .serviceUnavailable: Message("error_offline")
        case .unauthorized: Message("sign_in_wrong")
        case .accountMismatch: Message("sign_in_other_account")
        default: Message("error_general", .text(message))
        }
    }
}
