internal import HolmBindings

extension Holm {
    /// What becomes of the local data at a sign-out.
    public enum SignOutMode: CaseIterable, Hashable, Sendable {
        /// It stays, with its queue, for the same account.
        case keep
        /// It is deleted, unless there are writes that the server does not have.
        case wipe
        /// It is deleted, with the writes that the server does not have.
        case wipeDiscardingPending
    }

    /// Makes an account and signs in. Waits for the server. Cancelling the task ends that with `CANCELLED`; the server
    /// may have made the account by then.
    ///
    /// - Returns: The account's id.
    /// - Throws: ``HolmError``: `REFUSED` with the server's reason, `ACCOUNT_MISMATCH` if the storage has another
    ///   account's data, `INVALID_CONFIG` without a server, `CANCELLED`, and those of the network.
    @discardableResult
    public func signUp(email: String, password: String) async throws(HolmError) -> String {
        try await cancellable { [ffi] cancel in
            try await ffi.signUp(email: email, password: password, cancel: cancel)
        }
    }

    /// Signs in. Waits for the server; cancelling the task ends that with `CANCELLED`, and no user is signed in.
    ///
    /// - Returns: The account's id.
    /// - Throws: ``HolmError``: `UNAUTHORIZED` for a wrong password, `ACCOUNT_MISMATCH` if the storage has another
    ///   account's data, `INVALID_CONFIG` without a server, `CANCELLED`, and those of the network.
    @discardableResult
    public func signIn(email: String, password: String) async throws(HolmError) -> String {
        try await cancellable { [ffi] cancel in
            try await ffi.signIn(email: email, password: password, cancel: cancel)
        }
    }

    /// Signs out. The running sync is stopped first, and a caller that waits for it gets `SIGNED_OUT`; nothing that was
    /// asked before changes the data or the session afterwards. Then the server is told, if it can be reached.
    ///
    /// With a wipe, the callers that wait for a write by ``confirmed(_:)`` are told ``WriteOutcome/discarded``, and the
    /// data is overwritten on the disk, not only unlinked. Cancelling the task does not stop a sign-out. If the process is
    /// killed, either nothing has happened, or the sign-out is complete but for what the server is told.
    ///
    /// - Returns: How many writes the server does not have. With ``SignOutMode/keep`` they stay queued for the same
    ///   account.
    /// - Throws: ``HolmError``: `PENDING_WRITES` for ``SignOutMode/wipe`` with such writes, then nothing has happened;
    ///   those of storage.
    @discardableResult
    public func signOut(_ mode: SignOutMode = .keep) async throws(HolmError) -> Int {
        Int(clamping: try await translating { [ffi] in try await ffi.signOut(mode: mode.translated) })
    }

    /// Uses a token that the app got elsewhere, from now on. ``HolmConfiguration/tokenProvider`` renews it, if there is
    /// one. Nothing is sent by this call; the next sync asks the server first whose token it is. If it is not of the
    /// account whose data the storage has, that sync and every later one fails with `ACCOUNT_MISMATCH`, and nothing is sent.
    ///
    /// - Throws: ``HolmError``: `CANCELLED` if there is a sign-out at the same time, `INVALID_CONFIG` without a server or
    ///   for a token that no header can carry, and those of the store of secrets.
    public func setToken(_ token: String) async throws(HolmError) {
        try translating { try ffi.setToken(token: token) }
    }

    /// Whether there is a session.
    public var isSignedIn: Bool { session != nil }

    /// The account that is signed in. `nil` if none is; for a token that the app has set, also until the server has
    /// said whose it is.
    public var userID: String? { session.flatMap { $0.isEmpty ? nil : $0 } }

    /// The session's account, empty for a token that the app has set until the server has said whose it is. The core
    /// reads it from memory: there is no failure to tell of.
    private var session: String? { (try? ffi.user()) ?? nil }
}

extension Holm.SignOutMode {
    fileprivate var translated: FfiSignOutMode {
        switch self {
        case .keep: .keep
        case .wipe: .wipe
        case .wipeDiscardingPending: .wipeDiscardingPending
        }
    }
}
