import Foundation
import Holm
import HolmBindings

/// The network of one device, in the hands of a test.
public final class TestNetwork: Sendable {
    private let holm: Holm
    private let device: FfiTestDevice
    private let online = Guarded(true)

    init(_ holm: Holm, _ device: FfiTestDevice) {
        self.holm = holm
        self.device = device
    }

    /// Whether the device has a network, a working one or not.
    public var isOnline: Bool { online.with { $0 } }

    /// Takes the network away: the device knows that it has none, and tries nothing.
    public func goOffline() {
        online.with { $0 = false }
        holm.setNetwork(.offline)
    }

    /// Gives the network back, a working one: faults that have not happened yet are forgotten.
    public func goOnline(_ network: Holm.Network = .unmetered) {
        heal()
        online.with { $0 = network != .offline }
        holm.setNetwork(network)
    }

    /// Lets the next requests fail, after those that were told to fail before.
    ///
    /// - Parameter times: How many; `nil`: all from now on.
    public func fail(_ fault: TestFault, times: Int? = nil) {
        attempt { try device.fail(fault: fault.translated, times: times.map { UInt32(clamping: $0) }) }
    }

    /// Puts the device into a situation that apps meet, in the place of the one before.
    public func become(_ situation: TestSituation) {
        goOnline()
        switch situation {
        case .airplaneMode: goOffline()
        case .captivePortal: fail(.captivePortal)
        case .serverDown: fail(.status(503))
        case .flaky: for fault in TestFault.transient { fail(fault, times: 1) }
        case .expiredSession: fail(.status(401), times: 1)
        }
    }

    /// Forgets all faults that have not happened yet.
    public func heal() {
        attempt { try device.heal() }
    }

    /// Every request of the device so far, those that failed among them: `POST /v1/sync/pull`.
    public var requests: [String] { (try? device.requests()) ?? [] }

    /// A test whose script cannot be followed must not go on.
    private func attempt(_ call: () throws -> Void) {
        do {
            try call()
        } catch {
            preconditionFailure("the test's network cannot do that: \(error)")
        }
    }
}
