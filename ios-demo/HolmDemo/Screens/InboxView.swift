import HolmDemoModels
import SwiftUI

/// Writes that the server refused, with its reason: send again, repair, or give up.
struct InboxView: View {
    let model: InboxModel
    @State private var repairing: ParkedWrite?
    @State private var discarding: ParkedWrite?

    var body: some View {
        List {
            MessageBanner(model: model)
            if !model.parked.isEmpty {
                Text("inbox_explain")
                    .foregroundStyle(.secondary)
                    .listRowBackground(Color.clear)
            }
            ForEach(model.parked) { parked in
                Section {
                    VStack(alignment: .leading, spacing: 4) {
                        Text(parked.kind.text)
                            .font(.caption)
                            .foregroundStyle(.secondary)
                        if let todo = parked.todo { Text(todo.title).font(.headline) }
                        Text(parked.reason.text)
                            .foregroundStyle(Color.refused)
                    }
                    .accessibilityElement(children: .combine)
                    if parked.todo != nil {
                        Button("inbox_edit", systemImage: "pencil") { repairing = parked }
                    }
                    Button("inbox_retry", systemImage: "arrow.clockwise") { Task { await model.retry(parked) } }
                    Button("inbox_discard", systemImage: "trash", role: .destructive) { discarding = parked }
                }
            }
        }
        .overlay {
            if model.parked.isEmpty {
                Nothing(title: "inbox_empty_title", text: "inbox_empty_text", systemImage: "tray")
            }
        }
        .navigationTitle("inbox_title")
        .navigationBarTitleDisplayMode(.inline)
        .sheet(item: $repairing) { RepairView(model: model, parked: $0) }
        .confirmationDialog(
            "inbox_discard_question", isPresented: $discarding.isThere, titleVisibility: .visible,
            presenting: discarding
        ) { parked in
            Button("inbox_discard", role: .destructive) { Task { await model.discard(parked) } }
            Button("action_cancel", role: .cancel) {}
        } message: { _ in
            Text("inbox_discard_explain")
        }
    }
}

/// The form in which a refused write is repaired.
private struct RepairView: View {
    let model: InboxModel
    let parked: ParkedWrite
    @State private var title: String
    @State private var notes: String
    @Environment(\.dismiss) private var dismiss

    init(model: InboxModel, parked: ParkedWrite) {
        self.model = model
        self.parked = parked
        _title = State(initialValue: parked.todo?.title ?? "")
        _notes = State(initialValue: parked.todo?.notes ?? "")
    }

    var body: some View {
        NavigationStack {
            Form {
                Section {
                    TextField("task_field_title", text: $title, axis: .vertical)
                    TextField("task_field_notes", text: $notes, axis: .vertical)
                        .lineLimit(3...)
                } footer: {
                    Text(parked.reason.text)
                        .foregroundStyle(Color.refused)
                }
            }
            .navigationTitle("inbox_edit")
            .navigationBarTitleDisplayMode(.inline)
            .toolbar {
                ToolbarItem(placement: .cancellationAction) {
                    Button("action_cancel", role: .cancel) { dismiss() }
                }
                ToolbarItem(placement: .confirmationAction) {
                    Button("action_save") {
                        Task { await model.editAndRetry(parked, title: title, notes: notes) }
                        dismiss()
                    }
                }
            }
        }
    }
}
