import Foundation
import Holm
import HolmBindings

/// What a call costs through Swift. Prints a table; with a file as its argument, appends the figures that are kept to
/// it as JSON lines.
///
/// Data lies in memory-backed files where there are some, and commits are not forced to the disk: what is measured is
/// the way through the layers, and not the disk.
@main
enum HolmBench {
    static func main() async throws {
        let shared = URL(fileURLWithPath: "/dev/shm")
        let isShared = FileManager.default.fileExists(atPath: shared.path)
        let scratch = (isShared ? shared : FileManager.default.temporaryDirectory)
            .appendingPathComponent("holm-bench-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: scratch) }
        let holm = try await Holm.open(
            HolmConfiguration(
                storage: .directory(scratch), collections: [Note.collection], durability: .normal, autoSync: false))
        let costs = try await costs(holm)
        try await holm.close()
        report(costs)
        if let file = CommandLine.arguments.dropFirst().first { try append(costs, to: URL(fileURLWithPath: file)) }
    }

    private static func costs(_ holm: Holm) async throws -> [Cost] {
        let (notes, raw) = (holm.collection(Note.self), holm.collection(named: "notes"))
        let made = (0..<10_000).map(Note.init)
        try await notes.create(contentsOf: made)
        let ids = made.map(\.id)
        let top = Holm.Query(where: .eq("state", "open"), orderBy: .desc("position"), limit: 50)
        let nothing = FfiCancel()
        return [
            measure("ffi_swift_empty", "an empty call", calls: 1_000_000) { nothing.cancel() },
            try await measure("ffi_swift_get", "a document of 250 bytes, decoded", calls: 20_000) {
                _ = try await notes.get(ids[$0 % ids.count])
            },
            try await measure("get_json", "the same as JSON", calls: 20_000, isKept: false) {
                _ = try await raw.get(ids[$0 % ids.count])
            },
            try await measure("ffi_swift_query50", "the top 50 of 10,000, decoded", calls: 1_000) { _ in
                _ = try await notes.query(top)
            },
            try await measure("query50_json", "the same as JSON", calls: 1_000, isKept: false) { _ in
                _ = try await raw.query(top)
            },
            try await measure("ffi_swift_create", "a document made", calls: 5_000) {
                try await notes.create(Note($0))
            },
        ]
    }

    private static func report(_ costs: [Cost]) {
        for cost in costs {
            let name = cost.name.padding(toLength: 20, withPad: " ", startingAt: 0)
            print(name, String(format: "%10.3f µs", cost.microseconds), " ", cost.about)
        }
    }

    /// Appends the figures that are kept. Nothing does the same without Holm, so there is no ratio.
    private static func append(_ costs: [Cost], to file: URL) throws {
        var lines = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        for cost in costs where cost.isKept {
            let figure = String(format: "%.3f", cost.microseconds)
            lines += #"{"name":"\#(cost.name)","holm":\#(figure),"raw":null,"ratio":null,"unit":"us","mode":"normal"}"#
            lines += "\n"
        }
        try lines.write(to: file, atomically: true, encoding: .utf8)
    }
}
