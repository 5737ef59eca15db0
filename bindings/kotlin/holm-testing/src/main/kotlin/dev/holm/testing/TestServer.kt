package dev.holm.testing

import dev.holm.testing.ffi.FfiTestServer
import dev.holm.testing.ffi.FfiTestServerException
import kotlin.time.Instant

/** The server of a world. */
internal class TestServer(config: String?, start: Instant) : AutoCloseable {
    private val server =
        try {
            FfiTestServer.start(config, start.toEpochMilliseconds())
        } catch (e: FfiTestServerException.Failed) {
            throw IllegalArgumentException("the server does not start: ${e.reason}", e)
        }

    val url: String = server.url()

    fun advance(ms: ULong) = server.advance(ms)

    override fun close() {
        if (server.uniffiIsDestroyed) return
        server.stop()
        server.destroy()
    }
}
