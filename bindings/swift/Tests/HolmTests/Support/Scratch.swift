import Foundation
import Holm

/// A directory of its own, gone with the value.
final class Scratch: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("holm-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }
}

/// A client in memory that never syncs.
func openInMemory(_ collections: [Holm.CollectionDescriptor] = [Todo.collection]) async throws -> Holm {
    try await Holm.open(HolmConfiguration(storage: .inMemory, collections: collections))
}
