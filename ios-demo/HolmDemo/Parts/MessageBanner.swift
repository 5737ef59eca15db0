import Accessibility
import HolmDemoModels
import SwiftUI

/// What a model has to say, until it is dismissed. VoiceOver speaks it as soon as it is there.
struct MessageBanner: View {
    let model: Model

    var body: some View {
        if let message = model.message {
            HStack(alignment: .firstTextBaseline) {
                Text(message.text)
                    .font(.callout)
                    .frame(maxWidth: .infinity, alignment: .leading)
                Button("action_dismiss", systemImage: "xmark", action: model.dismiss)
                    .labelStyle(.iconOnly)
                    .buttonStyle(.borderless)
            }
            .listRowBackground(Color.accentColor.opacity(0.14))
            .onChange(of: message, initial: true) {
                AccessibilityNotification.Announcement(message.text).post()
            }
        }
    }
}
