import Holm
import Testing

extension HolmSuite {
    /// Documents that are read again and again come from memory, unless the app wants none there.
    @Suite struct RowCache {
        /// The least of several reads: the store has work of its own now and then.
        private func statementsOfARead(rowCacheBytes: Int) async throws -> Int? {
            let scratch = try Scratch()
            var configuration = HolmConfiguration(storage: .directory(scratch.url), collections: [Todo.collection])
            configuration.rowCacheBytes = rowCacheBytes
            let holm = try await Holm.open(configuration)
            let milk = Todo(title: "Buy milk")
            try await holm.collection(Todo.self).create(milk)
            var reads: [Int] = []
            for _ in 0..<10 {
                let before = try holm.stats().statements
                #expect(try await holm.collection(Todo.self).get(milk.id) == milk)
                reads.append(try holm.stats().statements - before)
            }
            try await holm.close()
            return reads.min()
        }

        @Test func a_document_that_is_read_again_comes_from_memory_unless_the_cache_is_off() async throws {
            #expect(try await statementsOfARead(rowCacheBytes: 100_000) == 0)
            #expect(try await statementsOfARead(rowCacheBytes: 0) == 1)
        }

        @Test func its_size_is_not_negative() async throws {
            let configuration = HolmConfiguration(storage: .inMemory, rowCacheBytes: -1)
            #expect(await failure { _ = try await Holm.open(configuration) }?.code == .invalidConfig)
        }

        @Test func a_write_counts_its_statements_bytes_and_wakeups() async throws {
            let scratch = try Scratch()
            let holm = try await Holm.open(.init(storage: .directory(scratch.url), collections: [Todo.collection]))
            let before = try holm.stats()
            try await holm.collection(Todo.self).create(Todo(title: "Buy milk"))
            let after = try holm.stats()
            #expect(after.statements >= before.statements + 5)
            #expect(try #require(after.bytesWritten) >= #require(before.bytesWritten) + 4_096)
            #expect(after.wakeups >= before.wakeups + 2)
            try await holm.close()
        }
    }
}
