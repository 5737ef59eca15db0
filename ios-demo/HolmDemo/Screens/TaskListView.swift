import Holm
import HolmDemoModels
import SwiftUI

/// The list of tasks: make, finish, filter, delete, pull to refresh.
struct TaskListView: View {
    @Bindable var model: TaskListModel
    @State private var draft = ""
    @Environment(\.dynamicTypeSize) private var typeSize

    var body: some View {
        List {
            MessageBanner(model: model)
            Section {
                newTask
            } footer: {
                if model.unsynced > 0 {
                    Label(
                        localized("tasks_unsynced", [model.unsynced.formatted()]), systemImage: "icloud.and.arrow.up")
                }
            }
            Section {
                filter
                ForEach(model.tasks) { stored in
                    TaskRow(stored: stored, model: model)
                }
            }
            if model.isEmpty { EmptyTasks(filter: model.filter).listRowBackground(Color.clear) }
        }
        .animation(.default, value: model.tasks)
        .navigationTitle("tasks_title")
        .refreshable { await model.refresh() }
        .task(id: model.filter) { await model.run() }
        .toolbar {
            ToolbarItemGroup(placement: .topBarTrailing) {
                link("conflicts_title", "arrow.triangle.branch", .conflicts)
                link("inbox_title", "tray", .inbox)
                link("settings_title", "gearshape", .settings)
            }
        }
    }

    private var newTask: some View {
        HStack {
            TextField("tasks_new_hint", text: $draft)
                .submitLabel(.done)
                .onSubmit(add)
                .accessibilityLabel(localized("tasks_new"))
            Button("action_add", systemImage: "plus.circle.fill", action: add)
                .labelStyle(.iconOnly)
                .buttonStyle(.borderless)
                .disabled(draft.allSatisfy(\.isWhitespace))
        }
    }

    @ViewBuilder
    private var filter: some View {
        let picker = Picker("tasks_title", selection: $model.filter) {
            Text("filter_all").tag(TaskFilter.all)
            Text("filter_open").tag(TaskFilter.open)
            Text("filter_done").tag(TaskFilter.done)
        }
        // Segments do not grow with the text.
        if typeSize.isAccessibilitySize {
            picker.pickerStyle(.menu)
        } else {
            picker.pickerStyle(.segmented)
        }
    }

    private func link(_ title: LocalizedStringKey, _ image: String, _ route: Route) -> some View {
        NavigationLink(value: route) { Label(title, systemImage: image) }
    }

    private func add() {
        let title = draft
        guard !title.allSatisfy(\.isWhitespace) else { return }
        draft = ""
        Task { await model.create(title) }
    }
}

/// One task: done or not, and how it stands with the server where that is worth a word.
private struct TaskRow: View {
    let stored: Holm.Stored<Todo>
    let model: TaskListModel

    private var todo: Todo { stored.value }

    var body: some View {
        NavigationLink(value: Route.task(id: stored.id)) {
            HStack(alignment: .firstTextBaseline) {
                Button {
                    Task { await model.toggle(todo) }
                } label: {
                    Image(systemName: todo.isCompleted ? "checkmark.circle.fill" : "circle")
                        .imageScale(.large)
                }
                .buttonStyle(.borderless)
                .accessibilityLabel(localized(todo.isCompleted ? "task_mark_open" : "task_mark_done", [todo.title]))
                VStack(alignment: .leading, spacing: 4) {
                    Text(todo.title)
                        .strikethrough(todo.isCompleted)
                        .foregroundStyle(todo.isCompleted ? .secondary : .primary)
                    if stored.status.needsSync { StatusPill(status: stored.status) }
                }
            }
        }
        .swipeActions {
            Button("action_delete", systemImage: "trash", role: .destructive) {
                Task { await model.delete(todo) }
            }
        }
    }
}

/// What is shown where no task is.
private struct EmptyTasks: View {
    let filter: TaskFilter

    var body: some View {
        switch filter {
        case .all:
            Nothing(title: "tasks_empty_all_title", text: "tasks_empty_all_text", systemImage: "sun.horizon")
        case .open:
            Nothing(title: "tasks_empty_open_title", text: "tasks_empty_open_text", systemImage: "cup.and.saucer")
        case .done:
            Nothing(title: "tasks_empty_done_title", text: "tasks_empty_done_text", systemImage: "circle.dashed")
        }
    }
}
