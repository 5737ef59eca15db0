import Foundation
import Holm
import HolmTestingBindings

/// A server and the devices of a test, all in this process and on one time that moves only when the test says so.
///
/// ```swift
/// let world = try await TestWorld(collections: [Todo.collection])
/// let phone = try await world.device("phone")
/// let tablet = try await world.device("tablet")
/// ```
///
/// The server is the real one, with its data in memory, on a free port of this machine; devices are real clients. What a
/// test scripts is time and the network between them. May be used from any task and actor. The server ends with this
/// value.
public final class TestWorld: Sendable {
    /// The server's address.
    public let url: URL

    /// The collections of the app.
    public let collections: [Holm.CollectionDescriptor]

    private struct State: Sendable {
        /// Milliseconds since 1970.
        var now: Int64
        var devices: [TestDevice] = []
        /// Addresses that have an account.
        var accounts: Set<String> = []
    }

    private let server: FfiTestServer
    private let state: Guarded<State>

    /// Starts a server.
    ///
    /// - Parameters:
    ///   - collections: The app's collections, for all devices.
    ///   - rules: What the server checks, as the text of its configuration file; `server/holm-server.sample.toml` tells
    ///     what there is.
    ///   - start: What all clocks show at first.
    /// - Throws: If the rules cannot be read, or no port is to be had.
    public init(
        collections: [Holm.CollectionDescriptor], rules: String? = nil,
        start: Date = Date(timeIntervalSince1970: 1_800_000_000)
    ) async throws {
        let now = Int64((start.timeIntervalSince1970 * 1_000).rounded())
        server = try FfiTestServer.start(config: rules, startMs: now)
        guard let url = URL(string: try server.url()) else { throw URLError(.badURL) }
        self.url = url
        self.collections = collections
        state = Guarded(State(now: now))
    }

    /// What all clocks show.
    public var now: Date { Date(timeIntervalSince1970: Double(state.with { $0.now }) / 1_000) }

    /// The devices, in the order in which they were made.
    public var devices: [TestDevice] { state.with { $0.devices } }

    /// A new device that is signed in, with its data in memory. The first one of an address makes the account.
    ///
    /// It syncs only when asked; to let it sync by itself, which it does as time is advanced, set
    /// ``Holm/HolmConfiguration/autoSync``.
    ///
    /// - Parameters:
    ///   - name: What the test calls it.
    ///   - email: Whose it is.
    ///   - configure: Changes how it is opened.
    /// - Throws: `HolmError`, as `Holm.open` and `Holm.signIn` do.
    @discardableResult
    public func device(
        _ name: String, email: String = "someone@example.com",
        configure: @Sendable (inout HolmConfiguration) -> Void = { _ in }
    ) async throws -> TestDevice {
        var configuration = HolmConfiguration(
            baseURL: url, storage: .inMemory, collections: collections, secrets: .files, autoSync: false)
        configure(&configuration)
        let device = try await TestDevice(name, configuration, startMs: state.with { $0.now })
        let isNew = state.with { $0.accounts.insert(email).inserted }
        if isNew {
            try await device.holm.signUp(email: email, password: Self.password)
        } else {
            try await device.holm.signIn(email: email, password: Self.password)
        }
        state.with { $0.devices.append(device) }
        return device
    }

    /// The password of every account.
    public static let password = "correct horse battery staple"

    /// Lets time pass, for the server and all devices. What devices do because of it has begun, and not ended, when this
    /// returns.
    public func advance(by seconds: TimeInterval) throws {
        let milliseconds = UInt64(max(0, (seconds * 1_000).rounded()))
        let devices = state.with { state in
            state.now += Int64(milliseconds)
            return state.devices
        }
        try server.advance(ms: milliseconds)
        for device in devices { try device.advance(milliseconds) }
    }

    /// Ends the server: from now on no request is answered, and its data is gone.
    public func stop() throws {
        try server.stop()
    }
}
