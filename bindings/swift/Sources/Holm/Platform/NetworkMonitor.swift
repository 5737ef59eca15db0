#if canImport(Network)
    import Dispatch
    import Network

    /// Tells of the device's network, now and whenever it changes, until it is let go.
    ///
    /// Unchecked: the monitor is started when this is made and cancelled when it is gone, and nothing else is done to it.
    final class NetworkMonitor: @unchecked Sendable {
        private let monitor = NWPathMonitor()

        /// - Parameter tell: Is called on a queue of its own.
        init(_ tell: @escaping @Sendable (Holm.Network) -> Void) {
            monitor.pathUpdateHandler = { path in tell(NetworkPath(path).network) }
            monitor.start(queue: DispatchQueue(label: "dev.holm.network", qos: .utility))
        }

        deinit {
            monitor.cancel()
        }
    }

    extension NetworkPath {
        fileprivate init(_ path: NWPath) {
            self.init(
                isUsable: path.status != .unsatisfied, isExpensive: path.isExpensive, isConstrained: path.isConstrained)
        }
    }
#endif
