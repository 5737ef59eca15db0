package import HolmBindings

extension Holm {
    /// Opens a client on a device whose time and network are in the hands of a test.
    package static func open(
        _ configuration: HolmConfiguration, on device: FfiTestDevice?
    ) async throws(HolmError) -> Holm {
        let coding = Coding(encoder: configuration.makeEncoder(), decoder: configuration.makeDecoder())
        let config = try configuration.translated(coding)
        let secrets = try configuration.secretStore(directory: config.directory).map(HostSecrets.init)
        let tokens = configuration.tokenProvider.map(HostTokens.init)
        let confirmed = Set(configuration.collections.filter { $0.consistency != .eventual }.map(\.name))
        return try await translating {
            let ffi = try await FfiHolm.open(config: config, secrets: secrets, tokens: tokens, testing: device)
            return try Holm(ffi: ffi, coding: coding, confirmed: confirmed)
        }
    }
}
