import HolmDemoModels
import SwiftUI

/// Where one can go from the list of tasks.
enum Route: Hashable {
    case task(id: String)
    case conflicts
    case inbox
    case settings
    case debug
}

/// The sign-in, or the tasks of the account that is signed in.
struct RootView: View {
    let session: SessionModel

    var body: some View {
        Group {
            if !session.isStarted {
                ProgressView()
            } else if let workspace = session.workspace {
                MainView(session: session, workspace: workspace)
                    .id(ObjectIdentifier(workspace))
            } else {
                SignInView(session: session)
            }
        }
        .task { await session.start() }
    }
}

/// The screens of an account, with the status bar below all of them.
private struct MainView: View {
    let session: SessionModel
    let workspace: Workspace
    @State private var path: [Route] = []

    var body: some View {
        VStack(spacing: 0) {
            NavigationStack(path: $path) {
                TaskListView(model: workspace.tasks)
                    .navigationDestination(for: Route.self) { screen($0) }
            }
            StatusBar(model: workspace.status) { path.append($0) }
        }
        .task { await workspace.run() }
    }

    @ViewBuilder
    private func screen(_ route: Route) -> some View {
        switch route {
        case .task(let id): TaskDetailView(model: workspace.detail(id))
        case .conflicts: ConflictsView(model: workspace.conflicts)
        case .inbox: InboxView(model: workspace.inbox)
        case .settings: SettingsView(session: session, deviceID: workspace.deviceID)
        case .debug: DebugView(model: workspace.debug)
        }
    }
}
