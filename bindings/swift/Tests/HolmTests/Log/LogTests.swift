import Foundation
import Holm
import Testing

extension HolmSuite {
    /// What the core has to tell.
    @Suite struct Logs {
        private func line(_ number: Int) -> Holm.LogLine {
            Holm.LogLine(
                level: .info, target: "holm_core::test", message: "line \(number)",
                at: Date(timeIntervalSince1970: 1_800_000_000))
        }

        @Test func a_buffer_keeps_the_last_lines_in_order() {
            let buffer = HolmLogBuffer(capacity: 3)
            #expect(buffer.lines.isEmpty && buffer.text.isEmpty)
            buffer.log([line(1), line(2)])
            #expect(buffer.lines.map(\.message) == ["line 1", "line 2"])
            buffer.log((3...7).map(line))
            #expect(buffer.lines.map(\.message) == ["line 5", "line 6", "line 7"])
            buffer.clear()
            #expect(buffer.lines.isEmpty)
        }

        @Test func a_buffer_is_exported_as_text() {
            let buffer = HolmLogBuffer(capacity: 2)
            buffer.log([line(1), line(2)])
            let text = """
                2027-01-15T08:00:00.000Z info holm_core::test: line 1
                2027-01-15T08:00:00.000Z info holm_core::test: line 2

                """
            #expect(buffer.text == text)
        }

        @Test func levels_are_ordered_by_importance() {
            #expect(Holm.LogLevel.allCases.sorted() == [.trace, .debug, .info, .warning, .error])
        }

        @Test func the_core_tells_a_sink_what_happens_until_it_is_taken_away() async throws {
            let (told, tell) = AsyncStream.makeStream(of: Holm.LogLine.self)
            let buffer = HolmLogBuffer(next: Telling(tell: tell))
            Holm.setLogSink(buffer, level: .trace)
            let holm = try await Holm.open(
                .init(baseURL: URL(string: "http://127.0.0.1:9"), storage: .inMemory, autoSync: false))
            try await holm.setToken("a secret token")
            #expect(await failure { try await holm.sync() } != nil)
            var lines = told.makeAsyncIterator()
            let first = try #require(await lines.next())
            #expect(first.target.hasPrefix("holm"))
            #expect(abs(first.at.timeIntervalSinceNow) < 60)
            Holm.setLogSink(nil)
            #expect(!buffer.text.contains("a secret token"))
        }
    }
}

private struct Telling: HolmLogSink {
    let tell: AsyncStream<Holm.LogLine>.Continuation

    func log(_ lines: [Holm.LogLine]) {
        for line in lines { tell.yield(line) }
    }
}
