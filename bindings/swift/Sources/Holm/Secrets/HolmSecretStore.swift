/// A place for secrets: what keeps a person signed in rests there.
///
/// The core calls it on threads of its own, never on the main thread, and waits for the answer: a call may take some
/// milliseconds, and must not wait for the main actor. Several calls may come at once.
///
/// An error means "not at the moment", as before a phone's first unlock: the call that needed the secret fails with
/// `STORAGE_UNAVAILABLE`, which can be tried again. The error's description ends up in messages and logs: it must not
/// hold the secret.
public protocol HolmSecretStore: Sendable {
    /// The secret of this name; `nil` if there is none, or if it is lost for good.
    func secret(_ name: String) throws -> String?

    /// Keeps a secret in the place of the one of this name, if there is one.
    func setSecret(_ secret: String, for name: String) throws

    /// Forgets a secret. Nothing happens if there is none.
    func removeSecret(_ name: String) throws
}
