import Foundation
import Holm
import Testing

extension HolmSuite {
    /// Numbers and texts that come back as they were.
    @Suite struct Fidelity {
        private struct Numbers: HolmDocument, Equatable {
            static let collection: Holm.CollectionDescriptor = "numbers"
            var id = "n"
            var largest = Int64.max
            var smallest = Int64.min
            var beyondDoubles: Int64 = 9_007_199_254_740_993
            var huge = 1e308
            var tiny = Double.leastNonzeroMagnitude
            var tenth = 0.1
            var negativeZero = -0.0
            var nested = ["list": [1, 2.5, -3]]
        }

        private static let texts = [
            "", " ", "Zoë", "café", "cafe\u{301}", "日本語", "🧑‍👩‍👧‍👦🏳️‍🌈", "שלום עולם", "\u{202e}gnirts", "a\0b",
            "tab\tnew\nline\r\n", "\"quotes\" and \\ and /", "\u{7f}\u{80}\u{ffff}\u{10ffff}", "null",
            "{\"not\":\"json\"}", "\u{2028}\u{2029}",
        ]

        @Test func f62_numbers_come_back_as_they_were() async throws {
            let numbers = try await openInMemory().collection(Numbers.self)
            try await numbers.create(Numbers())
            let back = try #require(try await numbers.get("n"))
            #expect(back == Numbers())
            #expect(back.negativeZero.sign == .minus)
        }

        @Test func f62_numbers_and_texts_reach_another_device_as_they_were() async throws {
            try await withServer { server in
                let (a, b) = try await Device.pair(server)
                try await a.holm.collection(named: "lists").create(
                    ["texts": .array(Self.texts.map(Holm.JSON.string))], id: "texts")
                try await a.holm.collection(named: "lists").create(try Self.json(Numbers()), id: "n")
                try await a.holm.sync()
                try await b.holm.sync()
                let lists = b.holm.collection(named: "lists")
                let texts = try #require(try await lists.get("texts")?.value["texts"]?.array).compactMap(\.string)
                #expect(texts.map { Array($0.utf8) } == Self.texts.map { Array($0.utf8) })
                let numbers = try #require(try await lists.get("n")?.value)
                let back = try JSONDecoder().decode(Numbers.self, from: Data(numbers.text.utf8))
                #expect(back == Numbers())
                #expect(back.negativeZero.sign == .minus)
            }
        }

        private static func json(_ value: some Encodable) throws -> Holm.JSON {
            try Holm.JSON(parsing: String(decoding: try JSONEncoder().encode(value), as: UTF8.self))
        }

        @Test(arguments: texts)
        func f62_a_text_comes_back_byte_for_byte(text: String) async throws {
            let todos = try await openInMemory().collection(Todo.self)
            try await todos.create(Todo(id: "t", title: text, tags: [text], note: text))
            let back = try #require(try await todos.get("t"))
            #expect(Array(back.title.utf8) == Array(text.utf8))
            #expect(back.tags.map { Array($0.utf8) } == [Array(text.utf8)])
            #expect(try await todos.query(where: .eq("title", text)).count == 1)
        }

        @Test func f62_ids_may_be_any_text_without_control_characters() async throws {
            let todos = try await openInMemory().collection(Todo.self)
            let ids = ["a b", "ü/?#%20", "\"quoted\"", "back\\slash", "日本", String(repeating: "x", count: 128)]
            for id in ids { try await todos.create(Todo(id: id, title: id)) }
            for id in ids {
                let stored = try #require(try await todos.getStored(id))
                #expect(stored.id == id && stored.value.id == id && stored.value.title == id)
            }
            #expect(Set(try await todos.query().map(\.id)) == Set(ids))
            #expect(Set(try await todos.queryStored().map(\.id)) == Set(ids))
        }

        @Test func f62_what_json_cannot_say_is_refused_when_it_is_written() async throws {
            let holm = try await openInMemory()
            let things = holm.collection(named: "things")
            for number in [Double.nan, .infinity, -.infinity] {
                #expect(await failure { try await things.create(["n": .double(number)]) }?.code == .invalidDocument)
                var numbers = Numbers()
                numbers.huge = number
                let typed = await failure { try await holm.collection(Numbers.self).create(numbers) }
                #expect(typed?.code == .invalidDocument)
            }
            #expect(try await things.count() == 0)
        }

        @Test func a_document_near_the_limit_is_kept() async throws {
            let scratch = try Scratch()
            let holm = try await Holm.open(.init(storage: .directory(scratch.url), collections: [Todo.collection]))
            let todos = holm.collection(Todo.self)
            let large = Todo(id: "large", title: String(repeating: "Zoë \"\\ ", count: 20_000))
            #expect(large.title.utf8.count > 100_000)
            try await todos.create(large)
            #expect(try await todos.get("large") == large)
            try await todos.update("large", \.priority, to: 1)
            let found = try await todos.query(where: .eq("priority", 1))
            #expect(found.map(\.title) == [large.title])
            try await holm.close()
        }

        @Test func f33_a_moment_of_milliseconds_comes_back_and_sorts() async throws {
            let todos = try await openInMemory().collection(Todo.self)
            let moments = (0..<200).map { Date(timeIntervalSince1970: 1_799_999_999.9 + Double($0) / 1_000) }
            let made = moments.enumerated().map { Todo(id: "t\($0)", title: "", createdAt: $1) }
            try await todos.create(contentsOf: made.shuffled())
            let back = try await todos.query(orderBy: .asc("createdAt"))
            #expect(back.map(\.id) == made.map(\.id))
            for (one, other) in zip(back, moments) {
                #expect(abs(one.createdAt.timeIntervalSince(other)) < 0.000_001)
            }
        }
    }
}
