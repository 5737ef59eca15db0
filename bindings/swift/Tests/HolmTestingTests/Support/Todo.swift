import Foundation
import Holm

/// The documents of these tests: as an app's.
struct Todo: HolmDocument, Hashable {
    static let collection = Holm.CollectionDescriptor(
        "todos", conflict: .prompt, indexes: [["isCompleted", "createdAt"]])
    var id = Holm.newID()
    var title: String
    var isCompleted = false
    var createdAt = Date(timeIntervalSince1970: 1_800_000_000)
}
