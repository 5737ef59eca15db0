import Foundation

/// What one call costs.
struct Cost {
    let name: String
    let about: String
    let microseconds: Double
    /// Whether it belongs into the file of figures that are kept.
    let isKept: Bool
}

/// Measures a call: many in a row, several rounds, and of them the quickest, which others on this machine disturbed
/// least.
func measure(
    _ name: String, _ about: String, calls: Int, isKept: Bool = true, _ call: (Int) async throws -> Void
) async rethrows -> Cost {
    var best = UInt64.max
    for round in 0..<7 {
        let began = DispatchTime.now().uptimeNanoseconds
        for number in 0..<calls { try await call(round * calls + number) }
        best = min(best, DispatchTime.now().uptimeNanoseconds - began)
    }
    return Cost(name: name, about: about, microseconds: Double(best) / Double(calls) / 1_000, isKept: isKept)
}

/// The same for a call that does not wait: nothing of the loop is asynchronous.
func measure(_ name: String, _ about: String, calls: Int, isKept: Bool = true, _ call: () throws -> Void) rethrows
    -> Cost
{
    var best = UInt64.max
    for _ in 0..<7 {
        let began = DispatchTime.now().uptimeNanoseconds
        for _ in 0..<calls { try call() }
        best = min(best, DispatchTime.now().uptimeNanoseconds - began)
    }
    return Cost(name: name, about: about, microseconds: Double(best) / Double(calls) / 1_000, isKept: isKept)
}
