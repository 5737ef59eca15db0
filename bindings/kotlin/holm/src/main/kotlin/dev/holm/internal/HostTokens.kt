package dev.holm.internal

import dev.holm.TokenProvider
import dev.holm.ffi.FfiTokenException
import dev.holm.ffi.FfiTokenProvider
import kotlinx.coroutines.CancellationException

/** The app's own sign-in, as the core asks it. */
internal class HostTokens(private val provider: TokenProvider) : FfiTokenProvider {
    /** What an implementation throws is told by its name alone: its words may quote a token. Nothing may end the core's thread. */
    @Suppress("TooGenericExceptionCaught", "SwallowedException")
    override suspend fun token(): String? =
        try {
            provider.token()
        } catch (e: CancellationException) {
            throw e
        } catch (e: Throwable) {
            throw FfiTokenException.Failed(e.javaClass.name)
        }
}
