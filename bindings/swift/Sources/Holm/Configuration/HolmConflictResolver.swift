/// Decides the conflicts of a collection with the strategy ``Holm/ConflictStrategy/custom``.
///
/// ```swift
/// struct KeepLonger: HolmConflictResolver {
///     func resolve(_ conflict: Holm.ConflictDetails) async throws -> Holm.Resolution? {
///         guard let local = try conflict.local?.decode(Story.self), let server = try conflict.server?.decode(Story.self)
///         else { return nil }
///         return local.body.count > server.body.count ? .keepLocal : .keepServer
///     }
/// }
/// ```
///
/// - It must be **deterministic**: a function of the conflict alone, without the time, the network or chance, so that
///   every device decides alike.
/// - It is called on a thread of Swift's pool, for one conflict at a time, with no lock held: the app and its other
///   documents go on meanwhile. The conflict's own document waits; the decision goes out with the next sync. If the
///   document changes meanwhile it is asked again, at most five times.
/// - Each conflict is put to it twice, and it has five seconds for both answers. A resolver that takes longer, throws,
///   gives two different answers, or answers what cannot be stored leaves the decision to a person: see
///   ``Holm/conflicts()``, whose ``Holm/Conflict/resolverFault`` says why. Its task is cancelled when the time is over.
/// - It must not call the client that asks it.
public protocol HolmConflictResolver: Sendable {
    /// What becomes of the conflict; `nil`: a person decides.
    ///
    /// What is thrown goes to the log by the name of its type alone, since its words may quote the document.
    func resolve(_ conflict: Holm.ConflictDetails) async throws -> Holm.Resolution?
}
