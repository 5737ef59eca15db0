import Foundation
import Holm
import Testing

extension HolmSuite {
    /// The app's own settings for JSON, and the defaults for dates.
    @Suite struct Codings {
        private struct Note: HolmDocument, Equatable {
            static let collection: Holm.CollectionDescriptor = "notes"
            var id = "n"
            var writtenAt: Date
            var bodyText: String?
            var size: Size = .small

            enum Size: String, Codable { case small, large }
        }

        private func open(
            encoder: @escaping @Sendable () -> JSONEncoder = Holm.makeEncoder,
            decoder: @escaping @Sendable () -> JSONDecoder = Holm.makeDecoder
        ) async throws -> Holm {
            try await Holm.open(.init(storage: .inMemory, makeEncoder: encoder, makeDecoder: decoder))
        }

        @Test func dates_are_texts_that_sort() async throws {
            let holm = try await open()
            try await holm.collection(Note.self).create(Note(writtenAt: Date(timeIntervalSince1970: 1_763_632_800.123)))
            let json = try #require(try await holm.collection(named: "notes").get("n")?.value)
            #expect(json["writtenAt"] == "2025-11-20T10:00:00.123Z")
        }

        @Test func the_apps_settings_are_used_for_documents_patches_and_queries() async throws {
            let holm = try await open {
                let encoder = JSONEncoder()
                encoder.dateEncodingStrategy = .secondsSince1970
                encoder.keyEncodingStrategy = .convertToSnakeCase
                return encoder
            } decoder: {
                let decoder = JSONDecoder()
                decoder.dateDecodingStrategy = .secondsSince1970
                decoder.keyDecodingStrategy = .convertFromSnakeCase
                return decoder
            }
            let notes = holm.collection(Note.self)
            let note = Note(writtenAt: Date(timeIntervalSince1970: 1_000), bodyText: "text")
            try await notes.create(note)
            let raw = try #require(try await holm.collection(named: "notes").get("n")?.value)
            #expect(raw == ["id": "n", "written_at": 1_000, "body_text": "text", "size": "small"])
            #expect(try await notes.get("n") == note)
            #expect(try await notes.count(where: .gt("written_at", Date(timeIntervalSince1970: 999))) == 1)
            #expect(try await notes.count(where: .eq("size", Note.Size.small)) == 1)
            try await notes.update("n", ["written_at": .set(Date(timeIntervalSince1970: 2_000))])
            try await notes.update("n") { $0.bodyText = nil }
            #expect(try await notes.get("n") == Note(writtenAt: Date(timeIntervalSince1970: 2_000)))
        }

        @Test func settings_for_keys_do_not_touch_what_is_holms() async throws {
            let holm = try await open(decoder: {
                let decoder = Holm.makeDecoder()
                decoder.keyDecodingStrategy = .custom { path in
                    Key(stringValue: String((path.last?.stringValue ?? "").reversed()))
                }
                return decoder
            })
            let moment = "2025-11-20T10:00:00Z"
            let backwards: Holm.JSON = ["di": "n", "tAnettirw": .string(moment), "ezis": "large"]
            try await holm.collection(named: "notes").create(backwards, id: "n")
            let stored = try #require(try await holm.collection(Note.self).getStored("n"))
            #expect(stored.id == "n" && stored.status == .pendingCreate)
            #expect(stored.value.size == .large)
        }

        private struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        @Test func a_document_that_does_not_fit_is_named_and_its_content_is_not() async throws {
            let holm = try await open()
            let (notes, raw) = (holm.collection(Note.self), holm.collection(named: "notes"))
            let secret = "secret"
            for (wrong, place) in [
                (["writtenAt": .string(secret), "size": "small"], "writtenAt"),
                (["writtenAt": "2025-11-20T10:00:00Z", "size": .string(secret)], "size"),
                (["writtenAt": "2025-11-20T10:00:00Z", "size": ["a": .string(secret)]], "size"),
                (["bodyText": .string(secret), "size": "small"], "writtenAt"),
                (["writtenAt": nil, "bodyText": .string(secret), "size": "small"], "writtenAt"),
            ] as [(Holm.JSON, String)] {
                try await raw.create(wrong, id: "odd")
                for read in [
                    { _ = try await notes.get("odd") }, { _ = try await notes.query() },
                    { _ = try await notes.page() }, { try await notes.update("odd") { $0.size = .large } },
                ] as [() async throws -> Void] {
                    let error = await failure(of: read)
                    #expect(error?.code == .invalidDocument)
                    #expect(error?.message.contains("odd") == true)
                    #expect(error?.message.contains(place) == true)
                    #expect(error?.message.contains(secret) == false)
                }
                try await raw.delete("odd")
            }
        }

        @Test func a_date_outside_of_four_digit_years_is_refused() async throws {
            let notes = try await open().collection(Note.self)
            let late = Note(writtenAt: .distantFuture.addingTimeInterval(3e11))
            let error = await failure { try await notes.create(late) }
            #expect(error?.code == .invalidDocument)
            #expect(error?.message.contains("writtenAt") == true)
        }

        @Test func dates_are_read_as_rfc_3339_allows_and_no_further() throws {
            let decoder = Holm.makeDecoder()
            func date(_ text: String) throws -> Date {
                try decoder.decode([Date].self, from: Data("[\"\(text)\"]".utf8))[0]
            }
            for (text, seconds) in [
                ("1970-01-01T00:00:00Z", 0), ("2000-02-29T12:30:45.5+01:30", 951_822_045.5),
                ("1969-12-31t23:59:59.999z", -0.001), ("2025-11-20 10:00:00.123456789-00:30", 1_763_634_600.123456),
                ("0000-01-01T00:00:00Z", -62_167_219_200), ("9999-12-31T23:59:59.999Z", 253_402_300_799.999),
            ] {
                #expect(try date(text) == Date(timeIntervalSince1970: seconds))
            }
            for wrong in [
                "", "2025-11-20", "2025-11-20T10:00:00", "2025-13-01T00:00:00Z", "2025-02-29T00:00:00Z",
                "2025-04-31T00:00:00Z", "2025-11-20T24:00:00Z", "2025-11-20T10:60:00Z", "2025-11-20T10:00:00.Z",
                "2025-11-20T10:00:00Zx", "2025-11-20T10:00:00+1:00", "25-11-20T10:00:00Z", "2025-11-00T10:00:00Z",
                "1900-02-29T00:00:00Z",
            ] {
                #expect(throws: DecodingError.self, "\(wrong)") { try date(wrong) }
            }
        }

        @Test func dates_agree_with_foundation_on_every_kind_of_day() throws {
            let (encoder, decoder) = (Holm.makeEncoder(), Holm.makeDecoder())
            let foundation = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
            for step in 0..<5_000 {
                // About every 700 days through all the years, at odd times of the day.
                let seconds = Double(-62_167_219_200 + step * 63_100_007)
                let date = Date(timeIntervalSince1970: min(seconds, 253_402_300_799) + 0.5)
                let text = String(decoding: try encoder.encode([date]), as: UTF8.self).dropFirst(2).dropLast(2)
                if seconds > -12_219_292_800 { #expect(try foundation.parse(String(text)) == date) }
                #expect(try decoder.decode([Date].self, from: Data("[\"\(text)\"]".utf8)) == [date])
            }
        }
    }
}
