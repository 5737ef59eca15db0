package dev.holm

import java.io.File

/** Where a client keeps its data. */
public sealed interface Storage {
    /**
     * In this directory, which is made if it is not there. In one process it has one open client at a time. Other processes of the app may
     * open it, too, but not with `KeystoreSecretStore`, which one process alone may use.
     *
     * @property path the directory. On Android a place below `context.filesDir` that backups leave out.
     */
    public data class Directory(public val path: String) : Storage {
        /** In this directory. */
        public constructor(directory: File) : this(directory.path)
    }

    /** In memory: gone when the client is closed. For tests and previews. */
    public data object InMemory : Storage
}

/** What an acknowledged write survives. */
public enum class Durability {
    /** A power cut. */
    Full,

    /** The death of the app, but not a power cut: the last moments may be missing then. */
    Normal,
}
