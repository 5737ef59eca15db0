package dev.holm.internal

import dev.holm.CollectionSpec
import dev.holm.ConflictDetails
import dev.holm.ConflictResolver
import dev.holm.ffi.FfiConflict
import dev.holm.ffi.FfiConflictResolver
import dev.holm.ffi.FfiResolution
import dev.holm.ffi.FfiResolverException
import kotlinx.coroutines.CancellationException
import kotlinx.serialization.json.Json

/** The app's resolvers of all collections, as the core asks them. */
internal class HostResolver private constructor(private val resolvers: Map<String, ConflictResolver>, private val json: Json) :
    FfiConflictResolver {
        /** What an implementation throws is told by its name alone: its words may quote the document. Nothing may end the core's thread. */
        @Suppress("TooGenericExceptionCaught", "SwallowedException")
        override suspend fun resolve(conflict: FfiConflict): FfiResolution? {
            val resolver = resolvers[conflict.collection] ?: return null
            return try {
                resolver.resolve(ConflictDetails(conflict, json))?.lower()
            } catch (e: CancellationException) {
                throw e
            } catch (e: Throwable) {
                throw FfiResolverException.Failed(e.javaClass.name)
            }
        }

        companion object {
            /** Null if no collection has a resolver. */
            fun of(collections: List<CollectionSpec<*>>, json: Json): HostResolver? {
                val resolvers = collections.mapNotNull { spec -> spec.resolver?.let { spec.name to it } }.toMap()
                return if (resolvers.isEmpty()) null else HostResolver(resolvers, json)
            }
        }
    }
