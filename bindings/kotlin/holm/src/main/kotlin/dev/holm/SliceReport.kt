package dev.holm

/**
 * What a slice of background time did, and what it left.
 *
 * @property report what was done.
 * @property complete whether everything that can be done by now is done. If not, the next slice, or the next sync, goes on where this one
 * was.
 * @property remainingWrites operations that are left to send.
 * @property remainingCollections collections that may have changes on the server that are not here yet.
 */
public data class SliceReport(
    public val report: SyncReport,
    public val complete: Boolean,
    public val remainingWrites: Long,
    public val remainingCollections: Long,
)
