import Foundation
import Holm
import HolmDemoModels
import SwiftUI

/// The app. Everything that it knows is in its models; its views only show and ask.
@main
struct HolmDemoApp: App {
    @State private var session: SessionModel
    @Environment(\.scenePhase) private var scenePhase

    /// Its identifier is in the Info.plist, too.
    private let background = HolmBackgroundSync(identifier: "dev.holm.demo.sync")

    init() {
        let session = SessionModel(
            files: .applicationSupportDirectory.appending(path: "HolmDemo"),
            log: HolmLogBuffer(next: OSLogSink(subsystem: "dev.holm.demo")))
        _session = State(initialValue: session)
        background.register { try await session.client() }
    }

    var body: some Scene {
        WindowGroup {
            RootView(session: session)
        }
        .onChange(of: scenePhase) { _, phase in
            // Without background time, as where the user has turned it off, the app syncs when it is opened.
            if phase == .background { try? background.schedule() }
        }
    }
}
