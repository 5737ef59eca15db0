package dev.holm.internal

import dev.holm.ConflictDetails
import dev.holm.ConflictResolver
import dev.holm.ffi.FfiConflict
import dev.holm.ffi.FfiConflictResolver
import dev.holm.ffi.FfiResolution
import dev.holm.ffi.FfiResolverException
import kotlinx.coroutines.CancellationException
import kotlinx.serialization.json.Json

/** The resolver of a collection, as the core asks it. */
internal class HostResolver(private val resolver: ConflictResolver, private val json: Json) : FfiConflictResolver {
    /** What an implementation throws is told by its name alone: its words may quote the document. Nothing may end the core's thread. */
    @Suppress("TooGenericExceptionCaught", "SwallowedException")
    override suspend fun resolve(conflict: FfiConflict): FfiResolution? =
        try {
            resolver.resolve(ConflictDetails(conflict, json))?.lower()
        } catch (e: CancellationException) {
            throw e
        } catch (e: Throwable) {
            throw FfiResolverException.Failed(e.javaClass.name)
        }
}
