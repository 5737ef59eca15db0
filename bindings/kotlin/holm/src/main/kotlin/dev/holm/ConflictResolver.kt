package dev.holm

/**
 * Decides the conflicts of a collection with the strategy [ConflictStrategy.Custom].
 *
 * ```
 * val keepLonger = ConflictResolver { conflict ->
 *     val sides = conflict.decode(storyCollection)
 *     val (local, server) = (sides.local ?: return@ConflictResolver null) to (sides.server ?: return@ConflictResolver null)
 *     if (local.body.length > server.body.length) Resolution.KeepLocal else Resolution.KeepServer
 * }
 * ```
 *
 * - It must be **deterministic**: a function of the conflict alone, without the time, the network or chance, so that every device decides
 *   alike.
 * - It is called on [kotlinx.coroutines.Dispatchers.Default], for one conflict at a time, with no lock held: the app and its other
 *   documents go on meanwhile. The conflict's own document waits; the decision goes out with the next sync. If the document changes
 *   meanwhile it is asked again, at most five times.
 * - Each conflict is put to it twice, and it has five seconds for both answers. A resolver that takes longer, throws, gives two different
 *   answers, or answers what cannot be stored leaves the decision to a person: see [Holm.conflicts], whose [Conflict.resolverFault] says
 *   why. Its coroutine is cancelled when the time is over.
 * - It must not call the client that asks it.
 */
public fun interface ConflictResolver {
    /**
     * What becomes of the conflict; null: a person decides.
     *
     * What is thrown goes to the log by the name of its class alone, since its words may quote the document.
     */
    public suspend fun resolve(conflict: ConflictDetails): Resolution?
}
