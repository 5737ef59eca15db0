import Foundation
import Holm
import Observation

/// Who is signed in, and where. Owns the client: each server has a store of its own, so that changing the address mixes
/// nothing.
@MainActor @Observable
public final class SessionModel: Model {
    /// The server's address, as it is typed.
    public var server: String
    /// Who signs in.
    public var email: String
    /// Kept until the app ends, for the other device of the debug menu. Never stored.
    public var password = ""

    /// The account that is signed in; `nil` if none is.
    public private(set) var account: String?
    /// The models of the account that is signed in.
    public private(set) var workspace: Workspace?
    /// Whether the store of the last run has been looked at.
    public private(set) var isStarted = false

    private let files: URL
    private let preferences: UserDefaults
    private var open: (address: String, holm: Holm)?

    /// - Parameters:
    ///   - files: The folder of the stores.
    ///   - preferences: What is remembered besides: the address and the email.
    ///   - log: Where the core's log goes.
    public init(files: URL, preferences: UserDefaults = .standard, log: HolmLogBuffer = HolmLogBuffer()) {
        self.files = files
        self.preferences = preferences
        self.log = log
        server = preferences.string(forKey: "server") ?? "http://127.0.0.1:8787"
        email = preferences.string(forKey: "email") ?? ""
        super.init()
        Holm.setLogSink(log, level: .debug)
    }

    /// The client of ``server``, once it is open.
    var holm: Holm? { open?.holm }
    /// The last lines of the core's log.
    let log: HolmLogBuffer

    /// Whether there is enough to sign in with.
    public var canSignIn: Bool {
        !isBusy && ![email, password, server].contains { $0.trimmed.isEmpty }
    }

    /// Opens the store of the server that was used last. Who was signed in still is.
    public func start() async {
        guard !isStarted else { return }
        await work {
            let holm = try await self.client()
            if holm.isSignedIn { self.enter(holm) }
        }
        isStarted = true
    }

    /// Signs in.
    public func signIn() async {
        await work {
            let holm = try await self.client()
            try await holm.signIn(email: self.email.trimmed, password: self.password)
            self.enter(holm)
        }
    }

    /// Makes an account, and signs in.
    public func signUp() async {
        await work {
            let holm = try await self.client()
            try await holm.signUp(email: self.email.trimmed, password: self.password)
            self.enter(holm)
        }
    }

    /// Signs out. Tasks and what is not sent yet stay for the same account.
    public func signOut() async {
        await work {
            try await self.holm?.signOut(.keep)
            (self.password, self.account, self.workspace) = ("", nil, nil)
        }
    }

    /// Another device of the same account, which lives in memory; `nil` if the password is not known any more, as after
    /// a restart.
    func otherDevice() async throws -> Holm? {
        guard !password.isEmpty, let open else { return nil }
        let other = try await Holm.open(
            HolmConfiguration(
                baseURL: URL(string: open.address), storage: .inMemory, collections: [Todo.collection], autoSync: false)
        )
        try await other.signIn(email: email.trimmed, password: password)
        return other
    }

    private func enter(_ holm: Holm) {
        preferences.set(server, forKey: "server")
        preferences.set(email.trimmed, forKey: "email")
        account = email.trimmed
        workspace = Workspace(holm, session: self, exports: files.appendingPathComponent("logs"))
    }

    /// The client of ``server``; opens it if need be. It follows the app and the device from then on.
    public func client() async throws -> Holm {
        let address = server.trimmed
        if let open, open.address == address { return open.holm }
        let name = String(address.map { $0.isLetter || $0.isNumber ? $0 : "-" })
        let holm = try await Holm.open(
            HolmConfiguration(
                baseURL: URL(string: address), storage: .directory(files.appendingPathComponent(name)),
                collections: [Todo.collection]))
        holm.attach()
        try await open?.holm.close()
        open = (address, holm)
        return holm
    }
}

extension String {
    /// Without what surrounds it invisibly.
    var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
