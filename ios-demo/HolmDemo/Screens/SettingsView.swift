import HolmDemoModels
import SwiftUI
import UIKit

/// Who is signed in, where, and on what device.
struct SettingsView: View {
    let session: SessionModel
    let deviceID: String
    @State private var isSigningOut = false
    @Environment(\.openURL) private var openURL

    var body: some View {
        Form {
            MessageBanner(model: session)
            Section {
                LabeledContent("settings_account", value: session.account ?? "")
                LabeledContent("sign_in_server", value: session.server)
                LabeledContent("settings_device", value: deviceID)
            }
            Section {
                // The system keeps the language of each app.
                Button(action: openSystemSettings) {
                    LabeledContent("settings_language") { Text("language_system") }
                }
                NavigationLink("debug_title", value: Route.debug)
            }
            Section {
                Button("settings_sign_out", role: .destructive) { isSigningOut = true }
            }
        }
        .navigationTitle("settings_title")
        .navigationBarTitleDisplayMode(.inline)
        .confirmationDialog("sign_out_question", isPresented: $isSigningOut, titleVisibility: .visible) {
            Button("settings_sign_out", role: .destructive) { Task { await session.signOut() } }
            Button("action_cancel", role: .cancel) {}
        } message: {
            Text("sign_out_explain")
        }
    }

    private func openSystemSettings() {
        if let settings = URL(string: UIApplication.openSettingsURLString) { openURL(settings) }
    }
}
