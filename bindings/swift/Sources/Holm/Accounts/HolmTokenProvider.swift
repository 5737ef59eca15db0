/// Where tokens come from that Holm cannot renew itself: the app's own sign-in.
///
/// ```swift
/// struct MySignIn: HolmTokenProvider {
///     func token() async throws -> String? { try await MyIdentitySDK.shared.accessToken() }
/// }
/// ```
///
/// - It is asked for a new token while a session goes on that ``Holm/setToken(_:)`` began: shortly before its token ends (if
///   that is a JSON Web Token, which says when), and once after the server has refused it. Without a session, so also after
///   a sign-out, it is not asked.
/// - It is called on a thread of Swift's pool, once at a time, and has 30 seconds. Its task is cancelled when the time is
///   over, and at a sign-out.
/// - It must not wait for a call of the client that needs the network: that waits for the token.
public protocol HolmTokenProvider: Sendable {
    /// A token that is good now; `nil`: the user has signed out there, and syncs fail with `UNAUTHORIZED`.
    ///
    /// If it throws, there is no token at the moment: syncs fail with `TOKEN_UNAVAILABLE` and are tried again. What it
    /// throws goes to the log by the name of its type alone, since its words may quote a token.
    func token() async throws -> String?
}
