// What the examples of docs/getting-started-ios.md take for granted.

import Foundation
import Holm
import SwiftUI

struct Todo: HolmDocument {
    static let collection: Holm.CollectionDescriptor = "todos"
    var id = Holm.newID()
    var title: String
}

struct RootView: View {
    var body: some View { Text("") }
}

enum Client {
    static func shared() async throws -> Holm { try await Holm.open(.init(storage: .inMemory)) }
}
