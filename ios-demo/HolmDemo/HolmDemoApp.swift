import HolmDemoModels
import SwiftUI

/// The app. Everything that it knows is in its models; its views only show and ask.
@main
struct HolmDemoApp: App {
    @State private var session = SessionModel(files: .applicationSupportDirectory.appending(path: "HolmDemo"))

    var body: some Scene {
        WindowGroup {
            RootView(session: session)
        }
    }
}
