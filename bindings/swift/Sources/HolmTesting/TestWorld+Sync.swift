import Holm

extension TestWorld {
    /// Syncs all devices that have a network, one after the other, until none has anything to send or to fetch.
    ///
    /// After a failure that may pass it lets time go by, as long as the server asked for, else a minute, and tries again.
    ///
    /// - Throws: `HolmError`: a failure that does not pass, or one that has not after twenty rounds.
    public func syncAll() async throws {
        var last: HolmError?
        for _ in 0..<20 {
            last = nil
            var isQuiet = true
            for device in devices where device.network.isOnline {
                do {
                    let report = try await device.holm.sync()
                    if report.pushed + report.pulled + report.conflicts + report.parked > 0 { isQuiet = false }
                } catch {
                    guard error.isRetryable else { throw error }
                    last = error
                    try advance(by: error.retryAfter ?? 60)
                }
            }
            if isQuiet && last == nil { return }
        }
        throw last ?? Unrest()
    }

    /// Devices went on telling each other news for twenty rounds.
    public struct Unrest: Error, Hashable, Sendable {}
}
