#if canImport(os)
    import os

    /// The core's log in the system's: for Console, Instruments and sysdiagnose. Each part of the core is a category.
    public final class OSLogSink: HolmLogSink {
        private let subsystem: String
        private let loggers = Lock<[String: Logger]>([:])

        /// A sink that logs under this subsystem.
        public init(subsystem: String = "dev.holm") {
            self.subsystem = subsystem
        }

        /// Logs the lines. They hold no content of documents and no secrets, so they are logged as public.
        public func log(_ lines: [Holm.LogLine]) {
            for line in lines {
                logger(line.target).log(level: line.level.type, "\(line.message, privacy: .public)")
            }
        }

        private func logger(_ category: String) -> Logger {
            loggers.withLock { loggers in
                if let known = loggers[category] { return known }
                let new = Logger(subsystem: subsystem, category: category)
                loggers[category] = new
                return new
            }
        }
    }

    extension Holm.LogLevel {
        fileprivate var type: OSLogType {
            switch self {
            case .trace, .debug: .debug
            case .info: .info
            case .warning: .default
            case .error: .error
            }
        }
    }
#endif
