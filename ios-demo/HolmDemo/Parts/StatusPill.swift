import Holm
import SwiftUI

/// How a task stands with the server.
struct StatusPill: View {
    let status: Holm.SyncStatus

    var body: some View {
        Pill(label: localized(look.key), systemImage: look.image, color: look.color)
    }

    private var look: (key: String, image: String, color: Color) {
        switch status {
        case .synced: ("sync_synced", "checkmark.icloud", .accentColor)
        case .pendingCreate: ("sync_pending_create", "clock", .waiting)
        case .pendingUpdate: ("sync_pending_update", "clock", .waiting)
        case .pendingDelete: ("sync_pending_delete", "clock", .waiting)
        case .syncing: ("sync_syncing", "arrow.up.circle", .waiting)
        case .failed: ("sync_failed", "exclamationmark.triangle", .refused)
        case .conflict: ("sync_conflict", "arrow.triangle.branch", .disputed)
        }
    }
}

/// A small sign on a ground of its colour.
struct Pill: View {
    let label: String
    let systemImage: String
    let color: Color

    var body: some View {
        Label(label, systemImage: systemImage)
            .font(.caption.weight(.medium))
            .foregroundStyle(color)
            .padding(.horizontal, 8)
            .padding(.vertical, 3)
            .background(color.opacity(0.14), in: .rect(cornerRadius: 8))
    }
}

/// Colours by what they mean; each has a light and a dark form. What one does has the accent colour.
extension Color {
    /// What waits to be sent.
    static let waiting = Color("Waiting")
    /// What the server refused.
    static let refused = Color("Refused")
    /// What is in conflict.
    static let disputed = Color("Disputed")
}
