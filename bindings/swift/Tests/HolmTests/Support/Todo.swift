import Foundation
import Holm

/// The documents of most tests.
struct Todo: HolmDocument, Hashable {
    static let collection = Holm.CollectionDescriptor("todos", indexes: [["isCompleted", "createdAt"]])
    var id = Holm.newID()
    var title: String
    var isCompleted = false
    var priority = 0
    var tags: [String] = []
    var note: String?
    var createdAt = Date(timeIntervalSince1970: 1_800_000_000)
}

/// A second collection, for what crosses collections.
struct TodoList: HolmDocument, Hashable {
    static let collection: Holm.CollectionDescriptor = "lists"
    var id = Holm.newID()
    var name: String
    var count = 0
}
