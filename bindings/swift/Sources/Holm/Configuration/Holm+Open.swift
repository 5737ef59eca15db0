package import HolmBindings

extension Holm {
    /// Opens a client on a device whose time and network are in the hands of a test.
    package static func open(
        _ configuration: HolmConfiguration, on device: FfiTestDevice?
    ) async throws(HolmError) -> Holm {
        let config = try configuration.translated()
        let secrets = try configuration.secretStore(directory: config.directory).map(HostSecrets.init)
        let coding = Coding(encoder: configuration.makeEncoder(), decoder: configuration.makeDecoder())
        let confirmed = Set(configuration.collections.filter { $0.consistency != .eventual }.map(\.name))
        let resolver = HostResolver(configuration.collections, coding)
        return try await translating {
            let ffi = try await FfiHolm.open(config: config, secrets: secrets, resolver: resolver, testing: device)
            return try Holm(ffi: ffi, coding: coding, confirmed: confirmed)
        }
    }
}
