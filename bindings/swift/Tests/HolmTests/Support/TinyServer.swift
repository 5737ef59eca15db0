import Foundation

/// A server of a few lines for what a real one never does: it takes connections and is silent, or says the same to
/// every client.
final class TinyServer: Sendable {
    let url: URL

    private let listener: Int32
    private let accepted = AsyncStream.makeStream(of: Void.self)

    /// - Parameter reply: The answer to every request; `nil`: no request gets one.
    init(reply: String? = nil) throws {
        #if os(Linux)
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let listener = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard let port = Self.listen(listener), let url = URL(string: "http://127.0.0.1:\(port)") else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
        (self.listener, self.url) = (listener, url)
        let connections = accepted.continuation
        Thread.detachNewThread {
            var silent: [Int32] = []
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                if let reply { Self.answer(connection, reply) } else { silent.append(connection) }
                connections.yield()
            }
            for connection in silent { close(connection) }
        }
    }

    /// Waits until a client has connected.
    func connected() async {
        var connections = accepted.stream.makeAsyncIterator()
        await connections.next()
    }

    /// Ends the server, and every connection with it.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// Listens on a free port of this machine.
    private static func listen(_ listener: Int32) -> UInt16? {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listens = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, size) == 0 && Foundation.listen(listener, 16) == 0
                    && getsockname(listener, address, &size) == 0
            }
        }
        return listens ? address.sin_port.bigEndian : nil
    }

    private static func answer(_ connection: Int32, _ reply: String) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        guard recv(connection, &buffer, buffer.count, 0) > 0 else { return }
        _ = Array(reply.utf8).withUnsafeBytes { send(connection, $0.baseAddress, $0.count, 0) }
        // Closing with something unread would reset the connection under the reply.
        shutdown(connection, Int32(SHUT_WR))
        while recv(connection, &buffer, buffer.count, 0) > 0 {}
        close(connection)
    }
}
