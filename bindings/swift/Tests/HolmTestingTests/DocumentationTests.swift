import Foundation
import Testing

/// What the documentation shows is what the tests compile and run.
@Suite struct Documentation {
    @Test func every_snippet_is_compiled_and_run_as_it_stands() throws {
        let compiled = try Snippets.compiled()
        var (same, forAppleOnly) = (0, 0)
        for block in try Snippets.pages().flatMap(Snippets.blocks) {
            if block.isForAppleOnly {
                forAppleOnly += 1
            } else {
                same += 1
                #expect(compiled.contains(block.code), "\(block.page) has code that no test has:\n\(block.code)")
            }
        }
        #expect(same > 0)
        print("\(same) snippets are compiled and run.")
        print("not run here: \(forAppleOnly) snippets: they need Apple's frameworks, and are only compiled or parsed")
    }

    /// How many lines with code a block has.
    private func lines(_ code: String) -> Int {
        code.split(separator: "\n").filter { !$0.allSatisfy(\.isWhitespace) }.count
    }

    @Test func a_synced_live_list_takes_less_than_25_lines() throws {
        let page = Snippets.root.appendingPathComponent("docs/getting-started-ios.md")
        let list = try #require(try Snippets.blocks(page).first { $0.words.contains("list") })
        let count = lines(list.code)
        print("A synced list takes \(count) lines.")
        #expect(count < 25)
        for word in ["live(", "run()", "sync()", "needsSync"] { #expect(list.code.contains(word)) }
    }

    @Test func a_conflict_of_two_devices_takes_less_than_20_lines_of_a_test() throws {
        let page = Snippets.root.appendingPathComponent("docs/getting-started-ios.md")
        let test = try #require(try Snippets.blocks(page).first { $0.code.contains("TestWorld(") })
        let count = lines(test.code)
        print("A conflict of two devices takes \(count) lines.")
        #expect(count < 20)
    }
}
