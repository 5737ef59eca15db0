internal import HolmBindings

extension Holm {
    /// The kind of network that a device has.
    public enum Network: CaseIterable, Hashable, Sendable {
        /// None: no request is tried.
        case offline
        /// Mobile data or another metered network.
        case metered
        /// Wi-Fi, cable, or unknown.
        case unmetered
    }
}

extension Holm.Network {
    var translated: FfiNetwork {
        switch self {
        case .offline: .offline
        case .metered: .metered
        case .unmetered: .unmetered
        }
    }
}
