/// What a system says of the way to the network.
struct NetworkPath: Hashable, Sendable {
    /// Whether there is one, or one may come up when it is asked for, as a VPN does.
    let isUsable: Bool
    /// Whether it costs: mobile data, a personal hotspot.
    let isExpensive: Bool
    /// Whether the user wants little of it to be used.
    let isConstrained: Bool

    /// What that is to the core.
    var network: Holm.Network {
        if !isUsable { return .offline }
        return isExpensive || isConstrained ? .metered : .unmetered
    }
}
