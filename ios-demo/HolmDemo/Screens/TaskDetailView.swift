import Foundation
import HolmDemoModels
import SwiftUI

/// One task: its form, and how it stands with the server.
struct TaskDetailView: View {
    @State var model: TaskDetailModel
    @State private var isDeleting = false
    @Environment(\.dismiss) private var dismiss

    var body: some View {
        Form {
            MessageBanner(model: model)
            if let stored = model.stored {
                Section {
                    TextField("task_field_title", text: $model.title, axis: .vertical)
                    TextField("task_field_notes", text: $model.notes, axis: .vertical)
                        .lineLimit(3...)
                    Toggle("task_field_done", isOn: $model.isDone)
                }
                Section {
                    StatusPill(status: stored.status)
                    Text(model.explanation.text)
                    if stored.status == .conflict {
                        NavigationLink("task_resolve", value: Route.conflicts)
                    } else if stored.status == .failed {
                        NavigationLink("task_open_inbox", value: Route.inbox)
                    }
                } header: {
                    Text("status_label")
                } footer: {
                    VStack(alignment: .leading) {
                        Text(localized("task_created", [created(stored.value).formatted()]))
                        if let version = stored.version { Text(localized("task_version", [version.formatted()])) }
                    }
                }
                Section {
                    Button("action_delete", role: .destructive) { isDeleting = true }
                }
            }
        }
        .overlay {
            if model.isGone { Text("task_gone").foregroundStyle(.secondary) }
        }
        .navigationTitle("task_title")
        .navigationBarTitleDisplayMode(.inline)
        .toolbar {
            ToolbarItem(placement: .confirmationAction) {
                Button("action_save") { Task { await model.save() } }
                    .disabled(!model.hasChanges || model.isBusy)
            }
        }
        .confirmationDialog("task_delete_question", isPresented: $isDeleting, titleVisibility: .visible) {
            Button("action_delete", role: .destructive) {
                Task {
                    await model.delete()
                    dismiss()
                }
            }
            Button("action_cancel", role: .cancel) {}
        } message: {
            Text("task_delete_explain")
        }
        .task { await model.run() }
    }

    private func created(_ todo: Todo) -> Date {
        Date(timeIntervalSince1970: Double(todo.createdAt) / 1_000)
    }
}

extension TaskDetailModel {
    /// For a switch, which wants to set what it shows.
    fileprivate var isDone: Bool {
        get { stored?.value.isCompleted ?? false }
        set { if newValue != isDone { Task { await toggle() } } }
    }
}
