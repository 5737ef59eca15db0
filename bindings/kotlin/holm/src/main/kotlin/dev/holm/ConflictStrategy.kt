package dev.holm

/**
 * How a collection's conflicts are resolved: the same member changed here and on the server. Members that only one side changed never
 * conflict, and [FieldRule] overrides the strategy for single paths. What loses is in [Holm.journal].
 */
public enum class ConflictStrategy {
    /** The server's value stands, and the server's delete too. */
    ServerWins,

    /** The local value stands, and the local delete too. */
    LocalWins,

    /** The later of the two edits stands; so does a later delete. Clocks that are wrong do not matter: Holm knows the server's time. */
    LastWriteWins,

    /** The later of the two edits stands; an edit outlives a delete. */
    Merge,

    /** A person decides: the conflict is kept in [Holm.conflicts] until [Conflict.resolve]. */
    Prompt,

    /** The collection's [CollectionSpec.resolver] decides; if it fails, a person does. */
    Custom,
}

/** Who decides a path that both sides changed. */
public enum class FieldRule {
    /** The later edit. */
    Lww,

    /** The server's value. */
    Server,

    /** The local value. */
    Local,

    /** Both: a number to which both sides add. Setting it sends the difference. */
    Sum,

    /** Both: an array used as a set. Setting it sends what was added and what was removed. */
    Union,

    /** The greater number or text. */
    Max,

    /** The lesser number or text. */
    Min,

    /** Both, line by line; lines that both sides changed go to the later edit. */
    Text,

    /** A person; with [ConflictStrategy.Custom], the collection's resolver. */
    Prompt,
}
