package dev.holm.android.support

import android.app.Application
import dev.holm.Holm
import dev.holm.android.HolmHost

/** An application whose client a test gives it. */
internal class HostApp :
    Application(),
    HolmHost {
    lateinit var client: suspend () -> Holm

    override suspend fun holm(): Holm = client()
}
