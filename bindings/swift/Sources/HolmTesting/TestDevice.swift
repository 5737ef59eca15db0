import Foundation
import Holm
import HolmBindings

/// A device of a ``TestWorld``: a real client on the world's time, behind a network that the test scripts.
public final class TestDevice: Sendable {
    /// What the test calls it.
    public let name: String

    /// Its client.
    public let holm: Holm

    /// Its network.
    public let network: TestNetwork

    private let device: FfiTestDevice

    init(_ name: String, _ configuration: HolmConfiguration, startMs: Int64) async throws {
        self.name = name
        device = try FfiTestDevice(startMs: startMs)
        holm = try await Holm.open(configuration, on: device)
        network = TestNetwork(holm, device)
    }

    /// The collection of a type of documents on this device.
    public func collection<Document: HolmDocument>(_ type: Document.Type) -> HolmCollection<Document> {
        holm.collection(type)
    }

    /// What its wall clock shows.
    public var now: Date {
        get throws { Date(timeIntervalSince1970: Double(try device.nowMs()) / 1_000) }
    }

    /// Sets its wall clock, as a user does who changes the date. The time that passes stays the world's.
    public func setClock(to date: Date) throws {
        try device.setWallMs(wallMs: Int64((date.timeIntervalSince1970 * 1_000).rounded()))
    }

    func advance(_ milliseconds: UInt64) throws {
        try device.advance(ms: milliseconds)
    }
}
