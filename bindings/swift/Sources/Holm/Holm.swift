internal import HolmBindings

/// A client: local documents, the queue of unsynced writes, and the engine that keeps them in step with a server.
///
/// ```swift
/// let holm = try await Holm.open(.init(baseURL: url, storage: .appSupport("tasks"), collections: [Todo.collection]))
/// let todos = holm.collection(Todo.self)
/// try await todos.create(Todo(title: "Buy milk"))
/// ```
///
/// Make one and keep it as long as the app runs. It may be used from any task and actor. Reads and writes work on local
/// data only and never wait for the network, but for writes of collections that are
/// ``Consistency/confirmed(timeout:)``. Calls run away from the caller's actor, so the main actor is free meanwhile.
/// Calls that read, such as ``status()``, ``conflicts()``, ``journal(limit:)`` and ``pendingWrites(limit:)``, block a
/// thread of Swift's pool for as long as the database takes, and do not notice that their task is cancelled.
///
/// Whatever kills the process, the next ``open(_:)`` goes on from the last acknowledged write.
public final class Holm: Sendable {
    let ffi: FfiHolm
    let coding: Coding
    /// The collections whose writes wait for the server.
    let confirmed: Set<String>
    /// Who needs it to be awake.
    let awake: Awake
    /// What follows the app and the device for it; `nil` before ``attach()``.
    let attachments = Lock<[any Sendable]?>(nil)

    /// This device's id, made when its storage was.
    public let deviceID: String

    init(ffi: FfiHolm, coding: Coding, confirmed: Set<String>) throws {
        self.ffi = ffi
        self.coding = coding
        self.confirmed = confirmed
        awake = Awake(ffi)
        deviceID = try ffi.deviceId()
    }

    /// Opens a client. Takes some milliseconds: the database is opened, brought up to date, and indexes are made.
    /// Cancelling the task has no effect.
    ///
    /// - Throws: ``HolmError``: `INVALID_CONFIG`, `INVALID_NAME`, `SCHEMA_TOO_NEW`, `NOT_A_STORE`,
    ///   `STORAGE_UNAVAILABLE`, `STORAGE_CORRUPT`, `STORAGE_FULL`. A file that cannot be used is left as it was.
    public static func open(_ configuration: HolmConfiguration) async throws(HolmError) -> Holm {
        try await open(configuration, on: nil)
    }

    /// Stops syncing and closes every file and socket, so that the system may freeze the app. Calls fail with
    /// `SUSPENDED` until ``resume()``; live queries wait. What was acknowledged is kept, and a request that was out is
    /// sent again later. Cancelling the task has no effect.
    ///
    /// - Throws: ``HolmError``: `INTERNAL` for a defect of the core, nothing else.
    public func suspend() async throws(HolmError) {
        try await translating { [ffi] in try await ffi.suspend() }
    }

    /// Opens everything again after ``suspend()`` and looks for changes.
    ///
    /// - Throws: ``HolmError``: `STORAGE_UNAVAILABLE` and the like, then try again; `CLOSED`.
    public func resume() async throws(HolmError) {
        try translating { try ffi.resume() }
    }

    /// Closes the client for good: live queries end, calls fail with `CLOSED`. Queued writes stay queued for the next
    /// time. A client that is not referenced any more closes by itself. Safe to call again. Cancelling the task has no
    /// effect.
    ///
    /// - Throws: ``HolmError``: `INTERNAL` for a defect of the core, nothing else.
    public func close() async throws(HolmError) {
        try await translating { [ffi] in try await ffi.close() }
    }
}
