package dev.holm

/** What becomes of the local data at [Holm.signOut]. */
public enum class SignOutMode {
    /** It stays, with its queue, for the same account. */
    Keep,

    /** It is deleted, unless there are writes that the server does not have: then `PENDING_WRITES`, and nothing happens. */
    Wipe,

    /** It is deleted, whatever is pending. */
    WipeDiscardingPending,
}
