package dev.holm.support

import kotlinx.coroutines.channels.Channel
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.net.SocketException
import java.util.concurrent.ConcurrentLinkedQueue

/** Accepts connections and never answers. */
class SilentServer : AutoCloseable {
    private val listener = ServerSocket(0, 50, InetAddress.getLoopbackAddress())
    private val open = ConcurrentLinkedQueue<Socket>()

    /** Gets an element when a request has begun to come in. */
    val asked = Channel<Unit>(Channel.UNLIMITED)

    val url: String = "http://127.0.0.1:${listener.localPort}"

    init {
        Thread(::accept).apply { isDaemon = true }.start()
    }

    private fun accept() {
        try {
            while (true) {
                val socket = listener.accept().also { open += it }
                Thread { listen(socket) }.apply { isDaemon = true }.start()
            }
        } catch (_: SocketException) {
            // Closed.
        }
    }

    private fun listen(socket: Socket) {
        try {
            if (socket.getInputStream().read() >= 0) asked.trySend(Unit)
        } catch (_: SocketException) {
            // Closed.
        }
    }

    override fun close() {
        listener.close()
        open.forEach { it.close() }
    }
}
