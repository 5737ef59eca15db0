import Foundation
internal import HolmBindings

extension Holm {
    /// Hands the core's log to a sink from now on, in the place of the one before; `nil`: the log is dropped, as at the
    /// start. The sink is one for all clients of the process. Returns at once.
    ///
    /// ```swift
    /// let recent = HolmLogBuffer()
    /// Holm.setLogSink(recent, level: .debug)
    /// ```
    ///
    /// - Parameters:
    ///   - sink: Who gets the lines.
    ///   - level: The least important lines that it gets.
    public static func setLogSink(_ sink: (any HolmLogSink)?, level: LogLevel = .info) {
        // Fails only where a defect of the core makes it panic; there is no log to tell it to.
        try? HolmBindings.setLogSink(sink: sink.map(HostLog.init), level: level.translated)
    }
}

/// The app's log, as the core hands over to it.
private final class HostLog: FfiLogSink {
    private let sink: any HolmLogSink

    init(_ sink: any HolmLogSink) {
        self.sink = sink
    }

    func log(lines: [FfiLogLine]) throws {
        sink.log(lines.map(Holm.LogLine.init))
    }
}

extension Holm.LogLine {
    fileprivate init(_ line: FfiLogLine) {
        self.init(
            level: Holm.LogLevel(line.level), target: line.target, message: line.message,
            at: Date(milliseconds: line.atMs))
    }
}

extension Holm.LogLevel {
    fileprivate init(_ level: FfiLogLevel) {
        self =
            switch level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .warn: .warning
            case .error: .error
            }
    }

    fileprivate var translated: FfiLogLevel {
        switch self {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .warning: .warn
        case .error: .error
        }
    }
}
