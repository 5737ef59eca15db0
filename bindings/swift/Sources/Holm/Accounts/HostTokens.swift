internal import HolmBindings

/// The app's own sign-in, as the core asks it.
final class HostTokens: FfiTokenProvider {
    private let provider: any HolmTokenProvider

    init(_ provider: any HolmTokenProvider) {
        self.provider = provider
    }

    func token() async throws -> String? {
        do {
            return try await provider.token()
        } catch {
            // The error's own words may quote a token.
            throw FfiTokenError.Failed(reason: "\(type(of: error))")
        }
    }
}
