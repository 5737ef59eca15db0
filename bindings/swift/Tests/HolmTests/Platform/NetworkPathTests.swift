import Testing

@testable import Holm

extension HolmSuite {
    /// What the system says of the network, and what the core makes of it.
    @Suite struct NetworkPaths {
        @Test(arguments: [
            (NetworkPath(isUsable: true, isExpensive: false, isConstrained: false), Holm.Network.unmetered),
            (NetworkPath(isUsable: true, isExpensive: true, isConstrained: false), .metered),
            (NetworkPath(isUsable: true, isExpensive: false, isConstrained: true), .metered),
            (NetworkPath(isUsable: true, isExpensive: true, isConstrained: true), .metered),
            (NetworkPath(isUsable: false, isExpensive: false, isConstrained: false), .offline),
            (NetworkPath(isUsable: false, isExpensive: true, isConstrained: true), .offline),
        ])
        func a_path_is_one_kind_of_network(path: NetworkPath, network: Holm.Network) {
            #expect(path.network == network)
        }
    }
}
