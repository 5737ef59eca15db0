import Foundation

/// How a client is opened. Make one, change what differs, and hand it to ``Holm/open(_:)``.
public struct HolmConfiguration: Sendable {
    /// The server's address, `http` or `https`. `nil`: the client never syncs.
    public var baseURL: URL?

    /// Where the data lives.
    public var storage: Storage

    /// The app's collections, each once. If there are none, the client takes whatever collections the account has.
    public var collections: [Holm.CollectionDescriptor]

    /// What an acknowledged write survives.
    public var durability: Durability

    /// Where the secrets of a session rest.
    public var secrets: Secrets

    /// Renews tokens that came with ``Holm/setToken(_:)``. `nil`: such a token ends, and the app sets the next one.
    public var tokenProvider: (any HolmTokenProvider)?

    /// Whether the client syncs by itself: after writes, when a network comes, after failures, and periodically. Else
    /// it syncs only when asked.
    public var autoSync: Bool

    /// How many seconds the client waits after a write for more of them before it syncs.
    public var debounce: TimeInterval

    /// Every how many seconds the client looks for changes of others while the app is in the background, or has never
    /// reported its life (``Holm/report(_:)``). This and ``foregroundInterval`` vary by 5 % in either direction.
    public var interval: TimeInterval

    /// The same while the app is in the foreground. On a metered network it is at least 30 seconds; while the device
    /// saves energy, four times as long; and never shorter than what the server suggests.
    public var foregroundInterval: TimeInterval

    /// Whether all writes go to the server in one order, whatever they belong to: one that is parked, in a conflict, or
    /// waiting for its next attempt stops all that were made after it. Else it stops its own document, and what refers to
    /// that.
    public var ordered: Bool

    /// How many bytes of documents that were read by their ids more than once are kept in memory. 0 keeps none. They are
    /// given up when the client is suspended or signs out.
    public var rowCacheBytes: Int

    /// Makes the encoder for the app's documents, and for values in queries and patches. Called once by each client.
    public var makeEncoder: @Sendable () -> JSONEncoder

    /// Makes the decoder for the app's documents. Called once by each client.
    public var makeDecoder: @Sendable () -> JSONDecoder

    /// A configuration with the given storage and defaults for the rest.
    public init(
        baseURL: URL? = nil, storage: Storage, collections: [Holm.CollectionDescriptor] = [],
        durability: Durability = .full, secrets: Secrets = .automatic,
        tokenProvider: (any HolmTokenProvider)? = nil, autoSync: Bool = true,
        debounce: TimeInterval = 0.3, interval: TimeInterval = 900, foregroundInterval: TimeInterval = 5,
        ordered: Bool = false, rowCacheBytes: Int = 512 * 1_024,
        makeEncoder: @escaping @Sendable () -> JSONEncoder = Holm.makeEncoder,
        makeDecoder: @escaping @Sendable () -> JSONDecoder = Holm.makeDecoder
    ) {
        self.baseURL = baseURL
        self.storage = storage
        self.collections = collections
        self.durability = durability
        self.secrets = secrets
        self.tokenProvider = tokenProvider
        self.autoSync = autoSync
        self.debounce = debounce
        self.interval = interval
        self.foregroundInterval = foregroundInterval
        self.ordered = ordered
        self.rowCacheBytes = rowCacheBytes
        self.makeEncoder = makeEncoder
        self.makeDecoder = makeDecoder
    }
}

extension HolmConfiguration {
    /// Where a client's data lives. In one process a directory has one open client at a time. Other processes, such as
    /// an extension of the app, may open it, too.
    public enum Storage: Hashable, Sendable {
        /// In the directory `Holm/<name>` of the app's Application Support directory. It is made if it is not there.
        case appSupport(String)
        /// In this directory. It is made if it is not there.
        case directory(URL)
        /// In memory: gone with the client. For tests and previews.
        case inMemory
    }

    /// What an acknowledged write survives.
    public enum Durability: Hashable, Sendable {
        /// A power cut. Each commit is forced to the disk.
        case full
        /// The death of the app. A power cut may take back the last few writes, but never tears one.
        case normal
    }
}
