import Foundation
import Holm
import HolmTesting
import Testing

// The code of docs/guides/background.md: what stands between the marks is there word for word.

// snippet: begin
func refresh(_ holm: Holm) async -> Bool {
    let isComplete = (try? await holm.runBackground(budget: 25))?.isComplete ?? false
    try? await holm.suspend()
    return isComplete
}
// snippet: end

@Suite struct BackgroundGuide {
    private let world: TestWorld
    private let phone: TestDevice

    init() async throws {
        world = try await TestWorld(collections: [Todo.collection])
        phone = try await world.device("phone")
    }

    @Test func a_slice_syncs_a_suspended_client() async throws {
        try await phone.collection(Todo.self).create(Todo(title: "a"))
        try await phone.holm.suspend()
        #expect(await refresh(phone.holm))
        try await phone.holm.resume()
        #expect(try await phone.holm.status().pending == 0)
    }

    @Test func no_time_is_no_failure() async throws {
        let holm = phone.holm
        // snippet: begin
        let slice = try await holm.runBackground(budget: 0)
        #expect(!slice.isComplete && slice.report.requests == 0)
        // snippet: end
    }
}
