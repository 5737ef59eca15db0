// The part of UIKit that the demo's views use; see ../SwiftUI/Builders.swift.

@MainActor open class UIApplication {
    public nonisolated static let openSettingsURLString = ""
}
