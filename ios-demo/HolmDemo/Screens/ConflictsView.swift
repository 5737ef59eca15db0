import HolmDemoModels
import SwiftUI

/// What two devices disagree about: both sides of each task, and three ways out.
struct ConflictsView: View {
    let model: ConflictsModel
    @State private var merging: TodoConflict.ID?

    var body: some View {
        List {
            MessageBanner(model: model)
            ForEach(model.conflicts) { conflict in
                Section {
                    Text(localized("conflict_explain", [conflict.title]))
                    Sides(conflict: conflict)
                    if merging == conflict.id {
                        MergeForm(model: model, conflict: conflict) { merging = nil }
                    } else {
                        decisions(conflict)
                    }
                }
            }
        }
        .overlay {
            if model.conflicts.isEmpty {
                Nothing(title: "conflicts_empty_title", text: "conflicts_empty_text", systemImage: "checkmark.circle")
            }
        }
        .navigationTitle("conflicts_title")
        .navigationBarTitleDisplayMode(.inline)
    }

    @ViewBuilder
    private func decisions(_ conflict: TodoConflict) -> some View {
        Button("conflict_keep_mine", systemImage: "iphone") { Task { await model.keepMine(conflict) } }
        Button("conflict_use_server", systemImage: "cloud") { Task { await model.useServer(conflict) } }
        if conflict.canMerge {
            Button("conflict_merge", systemImage: "arrow.triangle.merge") {
                model.choices = [:]
                merging = conflict.id
            }
        }
    }
}

/// Both sides beside each other; below each other where the text is large.
private struct Sides: View {
    let conflict: TodoConflict
    @Environment(\.dynamicTypeSize) private var typeSize

    var body: some View {
        let layout =
            typeSize.isAccessibilitySize
            ? AnyLayout(VStackLayout(alignment: .leading, spacing: 12))
            : AnyLayout(HStackLayout(alignment: .top, spacing: 12))
        layout {
            side("conflict_mine", conflict.mine, deleted: "conflict_deleted_mine", color: .accentColor)
            side("conflict_server", conflict.server, deleted: "conflict_deleted_server", color: .disputed)
        }
    }

    private func side(
        _ name: LocalizedStringKey, _ todo: Todo?, deleted: LocalizedStringKey, color: Color
    ) -> some View {
        VStack(alignment: .leading, spacing: 8) {
            Text(name)
                .font(.headline)
                .foregroundStyle(color)
                .accessibilityAddTraits(.isHeader)
            if let todo {
                ForEach(TodoField.allCases, id: \.self) { field in
                    value(field, of: todo)
                }
            } else {
                Text(deleted)
            }
        }
        .padding(12)
        .frame(maxWidth: .infinity, alignment: .leading)
        .background(color.opacity(0.1), in: .rect(cornerRadius: 12))
    }

    private func value(_ field: TodoField, of todo: Todo) -> some View {
        VStack(alignment: .leading, spacing: 2) {
            Text(localized(field.label))
                .font(.caption)
                .foregroundStyle(.secondary)
            Text(todo.told(field))
                .fontWeight(conflict.differs(field) ? .semibold : .regular)
        }
        .accessibilityElement(children: .ignore)
        .accessibilityLabel(localized(field.label))
        .accessibilityValue(
            todo.told(field) + (conflict.differs(field) ? ", " + localized("conflict_differs") : ""))
    }
}

/// The choice of a side for each field that differs.
private struct MergeForm: View {
    @Bindable var model: ConflictsModel
    let conflict: TodoConflict
    let close: @MainActor () -> Void

    var body: some View {
        Text("conflict_merge_hint")
            .foregroundStyle(.secondary)
        ForEach(TodoField.allCases.filter(conflict.differs), id: \.self) { field in
            Picker(localized(field.label), selection: $model[field]) {
                Text("conflict_mine").tag(Side.mine)
                Text("conflict_server").tag(Side.server)
            }
        }
        Button("conflict_merge_apply") {
            Task {
                await model.mergeByField(conflict)
                close()
            }
        }
        Button("action_cancel", role: .cancel, action: close)
    }
}

extension Todo {
    /// A field's value in words.
    fileprivate func told(_ field: TodoField) -> String {
        switch field {
        case .title: title
        case .notes: notes.isEmpty ? localized("value_empty") : notes
        case .isCompleted: localized(isCompleted ? "value_yes" : "value_no")
        }
    }
}
