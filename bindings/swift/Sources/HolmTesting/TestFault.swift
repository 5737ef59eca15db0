import HolmBindings

/// What goes wrong with a request.
public enum TestFault: Hashable, Sendable {
    /// No connection: the request does not arrive.
    case unreachable
    /// The request does not arrive, and the device gives up waiting. A test does not wait for it.
    case timeout
    /// The request arrives and is carried out; its answer is lost.
    case lostReply
    /// A captive portal answers with a page of its own.
    case captivePortal
    /// Something answers that is not the protocol.
    case garbage
    /// The server answers with this HTTP status, 400 to 599, and does nothing; it asks to wait so many seconds.
    case status(Int, retryAfter: Int? = nil)
    /// The server takes none of the request's writes: it says of each that it shall come again later.
    case deferred
    /// The records in the answer are in a form that this version cannot read.
    case unreadable

    /// What comes and goes in a bad network.
    static let transient: [Self] = [.unreachable, .lostReply, .timeout, .status(503), .lostReply]

    var translated: FfiFault {
        switch self {
        case .unreachable: .unreachable
        case .timeout: .timeout
        case .lostReply: .lostReply
        case .captivePortal: .captive
        case .garbage: .garbage
        case .deferred: .deferred
        case .unreadable: .unreadable
        case .status(let status, let retryAfter):
            .status(
                status: UInt16(clamping: status), retryAfterS: retryAfter.map { UInt32(clamping: $0) })
        }
    }
}

/// A situation that apps meet.
public enum TestSituation: CaseIterable, Hashable, Sendable {
    /// The device has no network and knows it.
    case airplaneMode
    /// A hotel's page answers in the place of the server.
    case captivePortal
    /// The server answers 503, whatever is asked.
    case serverDown
    /// The next five requests fail, each in its own way; two of them were carried out.
    case flaky
    /// The server refuses the session's token once: it has to be refreshed.
    case expiredSession
}
