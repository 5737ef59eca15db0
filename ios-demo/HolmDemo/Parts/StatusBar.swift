import Holm
import HolmDemoModels
import SwiftUI

/// How the device stands with the server: phase, progress, what was refused or is in conflict, and the last sync.
struct StatusBar: View {
    let model: StatusModel
    let open: @MainActor (Route) -> Void

    var body: some View {
        if let state = model.state {
            VStack(alignment: .leading, spacing: 8) {
                if state.isSyncing { progress(state) }
                HStack {
                    Image(systemName: state.phase == .offline ? "icloud.slash" : "icloud")
                        .foregroundStyle(.secondary)
                        .accessibilityHidden(true)
                    words(state)
                        .frame(maxWidth: .infinity, alignment: .leading)
                    Button("status_sync_now", systemImage: "arrow.triangle.2.circlepath") {
                        Task { await model.sync() }
                    }
                    .labelStyle(.iconOnly)
                    .disabled(state.isSyncing)
                }
                signs(state)
            }
            .padding(.horizontal)
            .padding(.vertical, 10)
            .background(.bar)
        }
    }

    private func words(_ state: Holm.Status) -> some View {
        // The age of the last sync grows although nothing happens.
        TimelineView(.periodic(from: .now, by: 30)) { timeline in
            VStack(alignment: .leading, spacing: 2) {
                Text([state.told, state.progressTold].compactMap { $0?.text }.joined(separator: " · "))
                    .font(.subheadline.weight(.medium))
                Text(detail(state, at: timeline.date))
                    .font(.caption)
                    .foregroundStyle(.secondary)
            }
        }
        .accessibilityElement(children: .combine)
        .accessibilityLabel(localized("status_label"))
        .accessibilityValue(state.told.text + ", " + detail(state, at: .now))
        .accessibilityAddTraits(.updatesFrequently)
    }

    private func detail(_ state: Holm.Status, at now: Date) -> String {
        if state.phase == .waiting, let error = state.lastError { return error.message }
        let age = state.lastSyncTold(at: now).text
        return state.lastSync == nil ? age : localized("status_last_sync", [age])
    }

    @ViewBuilder
    private func progress(_ state: Holm.Status) -> some View {
        if let progress = state.progress, let total = progress.total, total > 0 {
            ProgressView(value: Double(min(progress.done, total)), total: Double(total))
        } else {
            ProgressView()
                .progressViewStyle(.linear)
        }
    }

    @ViewBuilder
    private func signs(_ state: Holm.Status) -> some View {
        if state.parked + state.conflicts > 0 {
            ViewThatFits(in: .horizontal) {
                HStack { pills(state) }
                VStack(alignment: .leading) { pills(state) }
            }
            .buttonStyle(.plain)
        }
    }

    @ViewBuilder
    private func pills(_ state: Holm.Status) -> some View {
        if state.parked > 0 {
            Button {
                open(.inbox)
            } label: {
                Pill(
                    label: localized("status_failed", [state.parked.formatted()]),
                    systemImage: "exclamationmark.triangle", color: .refused)
            }
        }
        if state.conflicts > 0 {
            Button {
                open(.conflicts)
            } label: {
                Pill(
                    label: localized("status_conflicts", [state.conflicts.formatted()]),
                    systemImage: "arrow.triangle.branch", color: .disputed)
            }
        }
    }
}
