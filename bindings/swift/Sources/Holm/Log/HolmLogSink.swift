import Foundation

/// Where the core's log goes.
///
/// One thread of the core's, which does nothing else, hands over the lines in batches: a slow sink slows nothing down,
/// but loses lines, and is told how many.
public protocol HolmLogSink: Sendable {
    /// Takes lines, oldest first. Must not wait for the main actor.
    func log(_ lines: [Holm.LogLine])
}

extension Holm {
    /// How important a line of the log is.
    public enum LogLevel: Int, CaseIterable, Comparable, Hashable, Sendable {
        /// Everything.
        case trace
        /// What happens, request by request.
        case debug
        /// What happens, seldom.
        case info
        /// Something is odd, and was dealt with.
        case warning
        /// Something is broken.
        case error

        /// By importance.
        public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// One line of the log. It holds no content of documents and no secrets.
    public struct LogLine: Hashable, Sendable {
        /// How important it is.
        public let level: LogLevel
        /// Which part of the core it comes from: `holm_core::sync::push`.
        public let target: String
        /// The text, in English.
        public let message: String
        /// When, by the device's clock.
        public let at: Date

        /// A line.
        public init(level: LogLevel, target: String, message: String, at: Date) {
            self.level = level
            self.target = target
            self.message = message
            self.at = at
        }
    }
}

extension Holm.LogLine: CustomStringConvertible {
    /// `2027-01-15T08:00:00.250Z warning holm_core::sync: sync ended early code="OFFLINE"`
    public var description: String {
        "\(Timestamp.text(at) ?? "?") \(level) \(target): \(message)"
    }
}
