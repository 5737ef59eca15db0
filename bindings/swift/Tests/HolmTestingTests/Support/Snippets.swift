import Foundation

/// The Swift code of the documentation, and that of the tests which must be the same.
enum Snippets {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// A block of code of a page.
    struct Block {
        let page: String
        /// What stands after the fence's `swift`.
        let words: [Substring]
        let code: String

        /// Whether it needs Apple's frameworks, so that it cannot be run everywhere.
        var isForAppleOnly: Bool { words.contains("apple-only") }
    }

    /// The pages with code for Swift.
    static func pages() throws -> [URL] {
        let docs = root.appendingPathComponent("docs")
        let guides = try? FileManager.default.contentsOfDirectory(
            at: docs.appendingPathComponent("guides"), includingPropertiesForKeys: nil)
        return [root.appendingPathComponent("README.md"), docs.appendingPathComponent("getting-started-ios.md")]
            + (guides ?? []).filter { $0.pathExtension == "md" }
    }

    /// The blocks of a page, in order.
    static func blocks(_ page: URL) throws -> [Block] {
        let fences = try String(contentsOf: page, encoding: .utf8).components(separatedBy: "\n```swift").dropFirst()
        return fences.map { rest in
            let lines = rest.components(separatedBy: "\n")
            let code = lines.dropFirst().prefix { !$0.hasPrefix("```") }
            return Block(
                page: page.lastPathComponent, words: lines[0].split(separator: " "), code: code.joined(separator: "\n"))
        }
    }

    /// What stands between marks in the tests, without the indentation.
    static func compiled() throws -> Set<String> {
        let tests = root.appendingPathComponent("bindings/swift/Tests")
        let files =
            [
                tests.appendingPathComponent("HolmTests/TasteTests.swift")
            ]
            + (try FileManager.default.contentsOfDirectory(
                at: tests.appendingPathComponent("HolmTestingTests/Snippets"), includingPropertiesForKeys: nil))
        var found: Set<String> = []
        for file in files {
            let text = try String(contentsOf: file, encoding: .utf8)
            for mark in ["snippet", "taste"] {
                for rest in text.components(separatedBy: "// \(mark): begin\n").dropFirst() {
                    found.insert(dedented(rest.components(separatedBy: "// \(mark): end")[0]))
                }
            }
        }
        return found
    }

    private static func dedented(_ text: String) -> String {
        var lines = text.components(separatedBy: "\n")
        // The indentation of the mark itself.
        lines.removeLast()
        let indent = lines.filter { !$0.isEmpty }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
        return lines.map { String($0.dropFirst(indent)) }.joined(separator: "\n")
    }
}
