package dev.holm

/**
 * Where tokens come from that Holm cannot renew itself: the app's own sign-in.
 *
 * ```
 * val mySignIn = TokenProvider { myIdentitySdk.accessToken() }
 * ```
 *
 * - It is asked for a new token while a session goes on that [Holm.setToken] began: shortly before its token ends (if that is a JSON Web
 *   Token, which says when), and once after the server has refused it. Without a session, so also after a sign-out, it is not asked.
 * - It is called on [kotlinx.coroutines.Dispatchers.Default], once at a time, and has 30 seconds. Its coroutine is cancelled when the time is
 *   over, and at a sign-out.
 * - It must not wait for a call of the client that needs the network: that waits for the token.
 */
public fun interface TokenProvider {
    /**
     * A token that is good now; null: the user has signed out there, and syncs fail with `UNAUTHORIZED`.
     *
     * If it throws, there is no token at the moment: syncs fail with `TOKEN_UNAVAILABLE` and are tried again. What it throws goes to the log
     * by the name of its class alone, since its words may quote a token.
     */
    public suspend fun token(): String?
}
