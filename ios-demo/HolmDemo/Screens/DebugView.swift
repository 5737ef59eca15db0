import HolmDemoModels
import SwiftUI

/// What a tester needs.
struct DebugView: View {
    @Bindable var model: DebugModel

    var body: some View {
        Form {
            MessageBanner(model: model)
            action("debug_force_sync", hint: "debug_force_sync_hint", model.forceSync)
            Section {
                Toggle("debug_offline", isOn: $model.isOffline)
            } footer: {
                Text("debug_offline_hint")
            }
            action("debug_conflict", hint: "debug_conflict_hint") {
                await model.simulateConflict { key, title in localized(key, [title]) }
            }
            action("debug_export", hint: "debug_export_hint", model.exportLog)
            if let log = model.log { ShareLink(item: log) }
            action("debug_clear", hint: "debug_clear_hint", role: .destructive, model.askToClear)
        }
        .disabled(model.isBusy)
        .navigationTitle("debug_title")
        .navigationBarTitleDisplayMode(.inline)
        .confirmationDialog("debug_clear_question", isPresented: $model.toClear.isThere, titleVisibility: .visible) {
            Button("debug_clear", role: .destructive) { Task { await model.clearQueue() } }
            Button("action_cancel", role: .cancel) {}
        } message: {
            Text(localized("debug_clear_explain", [(model.toClear ?? 0).formatted()]))
        }
    }

    private func action(
        _ title: LocalizedStringKey, hint: LocalizedStringKey, role: ButtonRole? = nil,
        _ work: @escaping @MainActor () async -> Void
    ) -> some View {
        Section {
            Button(title, role: role) { Task { await work() } }
        } footer: {
            Text(hint)
        }
    }
}
