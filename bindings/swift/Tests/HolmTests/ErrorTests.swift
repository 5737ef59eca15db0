import Foundation
import Holm
import Testing

extension HolmSuite {
    /// The one error.
    @Suite struct Errors {
        @Test func the_codes_are_those_of_the_core() throws {
            let source = try String(
                contentsOf: Project.root.appendingPathComponent("core/src/error.rs"), encoding: .utf8)
            let ours = try String(
                contentsOf: Project.root.appendingPathComponent(
                    "bindings/swift/Sources/Holm/Errors/HolmError+Code.swift"), encoding: .utf8)
            let core = try Self.captures(#"^    \w+ = "([A-Z_]+)", (?:true|false),"#, in: source)
            let swift = try Self.captures(#"static let `?\w+`? = Self\(rawValue: "([A-Z_]+)"\)"#, in: ours)
            #expect(core.count > 30)
            #expect(Set(swift) == Set(core))
            #expect(swift.count == core.count)
        }

        private static func captures(_ pattern: String, in text: String) throws -> [String] {
            let expression = try NSRegularExpression(pattern: pattern, options: .anchorsMatchLines)
            return expression.matches(in: text, range: NSRange(text.startIndex..., in: text)).compactMap { match in
                Range(match.range(at: 1), in: text).map { String(text[$0]) }
            }
        }

        @Test func an_error_tells_a_person_what_happened_and_what_to_do() async throws {
            let holm = try await openInMemory()
            let error = try #require(await failure { try await holm.collection(Todo.self).update("x", ["title": "y"]) })
            #expect(error.code == .notFound)
            #expect(error.code.rawValue == "NOT_FOUND")
            #expect(error.localizedDescription == #"document "x" does not exist"#)
            #expect(error.errorDescription == error.message)
            #expect(error.recoverySuggestion == "Read the list again: it may have been deleted or settled.")
            #expect(error.description == #"NOT_FOUND: document "x" does not exist"#)
            #expect(!error.isRetryable)
            #expect(error.serverCode == nil && error.retryAfter == nil)
        }

        @Test func a_catch_knows_the_type() async throws {
            let todos = try await openInMemory().collection(Todo.self)
            do {
                try await todos.delete("x")
                Issue.record("nothing was thrown")
            } catch {
                let code: HolmError.Code = error.code
                #expect(code == .notFound)
            }
        }

        @Test func a_wrong_argument_is_told_before_anything_is_written() async throws {
            let holm = try await openInMemory()
            let todos = holm.collection(Todo.self)
            try await todos.create(Todo(id: "a", title: "a"))
            #expect(await failure { try await todos.create(Todo(id: "a", title: "again")) }?.code == .alreadyExists)
            #expect(await failure { try await todos.create(Todo(id: "", title: "no id")) }?.code == .invalidName)
            #expect(await failure { try await todos.create(Todo(id: "a\nb", title: "")) }?.code == .invalidName)
            #expect(await failure { try await holm.collection(named: "no name").count() }?.code == .invalidName)
            #expect(await failure { try await holm.collection(named: "x").create([1]) }?.code == .invalidDocument)
            let reserved = await failure { try await holm.collection(named: "x").create(["version": 1]) }
            #expect(reserved?.code == .invalidDocument)
            #expect(try await todos.query() == [Todo(id: "a", title: "a")])
        }

        @Test func a_wrong_configuration_is_told_at_the_door() async throws {
            let url = try #require(URL(string: "ftp://example.com"))
            let twice = HolmConfiguration(storage: .inMemory, collections: [Todo.collection, Todo.collection])
            for configuration in [
                HolmConfiguration(baseURL: url, storage: .inMemory), twice,
                HolmConfiguration(storage: .inMemory, debounce: -1),
                HolmConfiguration(storage: .inMemory, interval: .nan),
                HolmConfiguration(storage: .inMemory, interval: .infinity),
                HolmConfiguration(storage: .directory(url)),
                HolmConfiguration(storage: .appSupport("")), HolmConfiguration(storage: .appSupport("../up")),
            ] {
                #expect(await failure { try await Holm.open(configuration) }?.code == .invalidConfig)
            }
            let badName = HolmConfiguration(storage: .inMemory, collections: ["no name"])
            #expect(await failure { try await Holm.open(badName) }?.code == .invalidName)
            let badIndex = Holm.CollectionDescriptor("a", indexes: [["x..y"]])
            let error = await failure { try await Holm.open(.init(storage: .inMemory, collections: [badIndex])) }
            #expect(error?.code == .invalidName)
        }

        @Test func f54_a_file_that_is_no_store_is_refused_and_left_as_it_was() async throws {
            let scratch = try Scratch()
            let file = scratch.url.appendingPathComponent("holm.db")
            let content = Data("this is no database, and its owner may want it back".utf8)
            try content.write(to: file)
            let error = await failure { try await Holm.open(.init(storage: .directory(scratch.url))) }
            #expect(error?.code == .notAStore)
            #expect(try Data(contentsOf: file) == content)
        }

        @Test func f56_a_directory_that_cannot_be_made_is_unavailable_and_worth_another_try() async throws {
            let scratch = try Scratch()
            let file = scratch.url.appendingPathComponent("file")
            try Data().write(to: file)
            let inFile = HolmConfiguration.Storage.directory(file.appendingPathComponent("below"))
            let error = await failure { try await Holm.open(.init(storage: inFile)) }
            #expect(error?.code == .storageUnavailable)
            #expect(error?.isRetryable == true)
        }

        @Test func a_server_that_is_not_there_is_offline() async throws {
            let server = try TestServer()
            let device = try await Device(server, isFirst: true)
            server.stop()
            let error = try #require(await failure { try await device.holm.sync() })
            #expect([.offline, .connectionLost].contains(error.code))
            #expect(error.isRetryable)
            #expect(await failure { try await device.holm.sync() }?.code == .offline)
        }

        @Test func f44_a_page_of_a_captive_portal_is_not_the_servers_answer() async throws {
            let page = "<html>Please pay for the network</html>"
            let portal = try TinyServer(
                reply: "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: \(page.count)\r\n\r\n\(page)")
            defer { portal.stop() }
            let scratch = try Scratch()
            let holm = try await Holm.open(
                HolmConfiguration(baseURL: portal.url, storage: .directory(scratch.url), autoSync: false))
            try await holm.setToken("token")
            try await holm.collection(Todo.self).create(Todo(title: "a"))
            let error = try #require(await failure { try await holm.sync() })
            #expect(error.code == .captive)
            #expect(error.isRetryable)
            #expect(holm.isSignedIn)
            #expect(try await holm.status().pending == 1)
        }

        @Test func a_server_that_asks_to_wait_says_how_long() async throws {
            let scratch = try Scratch()
            let config = scratch.url.appendingPathComponent("server.toml")
            let rules = """
                [accounts.argon2]
                memory_kib = 64
                iterations = 1
                [rate_limit]
                requests_per_minute = 1
                burst = 2
                """
            try rules.write(to: config, atomically: true, encoding: .utf8)
            try await withServer(config: config) { server in
                let device = try await Device(server, isFirst: true)
                var error: HolmError?
                for _ in 0..<10 where error == nil {
                    do throws(HolmError) { try await device.holm.sync() } catch let failed { error = failed }
                }
                #expect(error?.code == .rateLimited)
                #expect(error?.isRetryable == true)
                #expect(try #require(error?.retryAfter) > 0)
            }
        }
    }
}
