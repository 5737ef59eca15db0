import Foundation
import Testing

@testable import Holm

extension HolmSuite {
    /// One call lets a client follow the app and the device.
    @Suite @MainActor struct Attaching {
        @Test func an_attached_client_looks_for_changes_at_once() async throws {
            try await withServer { server in
                let device = try await Device(server, isFirst: true, autoSync: true)
                try await device.holm.waitUntilIdle()
                let requests = try device.holm.stats().requests
                device.holm.attach()
                await Resources.eventually { (try? device.holm.stats().requests) ?? 0 > requests }
                device.holm.attach()
            }
        }

        @Test func an_attached_client_can_be_let_go() async throws {
            var holm: Holm? = try await openInMemory()
            holm?.attach()
            weak var held = holm
            holm = nil
            #expect(held == nil)
        }
    }
}
