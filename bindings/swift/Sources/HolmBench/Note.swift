import Foundation
import Holm

/// A document of about 250 bytes, as in the other languages' benchmarks.
struct Note: HolmDocument {
    static let collection = Holm.CollectionDescriptor("notes", indexes: [["state", "position"]])
    var id = Holm.newID()
    var title: String
    var body = "Two litres of oat milk, bread, apples, and something for the neighbours' cat."
    var state: String
    var position: Int
    var createdAt = Date(timeIntervalSince1970: 1_763_632_800)

    init(_ number: Int) {
        title = "Note number \(number)"
        state = number % 2 == 0 ? "open" : "done"
        position = number
    }
}
