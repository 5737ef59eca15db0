import SwiftUI

/// What is shown where nothing is.
struct Nothing: View {
    let title: LocalizedStringKey
    let text: LocalizedStringKey
    let systemImage: String

    var body: some View {
        ContentUnavailableView {
            Label(title, systemImage: systemImage)
        } description: {
            Text(text)
        }
    }
}
