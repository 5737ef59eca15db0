package dev.holm

/**
 * How a collection's conflicts are resolved: the same field changed here and on the server. Fields that only one side changed never
 * conflict. Whatever loses is in [Holm.journal].
 */
public enum class ConflictStrategy {
    /** The server's document stands. */
    ServerWins,

    /** What was changed here stands; fields not touched here are the server's. */
    LocalWins,

    /** The later of the two edits stands. Clocks that are wrong do not matter: Holm knows the server's time. */
    LastWriteWins,

    /** Field by field: a field that both changed goes to the later edit. An edit outlives a delete. */
    Merge,

    /** A person decides: the conflict is kept in [Holm.conflicts] until [Conflict.resolve]. */
    Prompt,
}
