/// The last lines of the log, in memory: for a debug menu, or to go with a report of a problem. May be read and written
/// from any thread.
public final class HolmLogBuffer: HolmLogSink {
    private struct Ring: Sendable {
        var lines: [Holm.LogLine] = []
        /// Where the oldest line is, once the ring is full.
        var oldest = 0
    }

    private let capacity: Int
    private let next: (any HolmLogSink)?
    private let ring = Lock(Ring())

    /// An empty buffer.
    ///
    /// - Parameters:
    ///   - capacity: How many lines it keeps.
    ///   - next: Who gets the lines as well.
    public init(capacity: Int = 1_000, next: (any HolmLogSink)? = nil) {
        self.capacity = max(1, capacity)
        self.next = next
    }

    /// Keeps the lines in the place of the oldest ones.
    public func log(_ lines: [Holm.LogLine]) {
        ring.withLock { ring in
            for line in lines {
                if ring.lines.count < capacity {
                    ring.lines.append(line)
                } else {
                    ring.lines[ring.oldest] = line
                    ring.oldest = (ring.oldest + 1) % capacity
                }
            }
        }
        next?.log(lines)
    }

    /// The lines, oldest first.
    public var lines: [Holm.LogLine] {
        ring.withLock { ring in Array(ring.lines[ring.oldest...] + ring.lines[..<ring.oldest]) }
    }

    /// The lines as a text to share, one a line, oldest first.
    public var text: String {
        lines.map { "\($0)\n" }.joined()
    }

    /// Forgets all lines.
    public func clear() {
        ring.withLock { ring in ring = Ring() }
    }
}
