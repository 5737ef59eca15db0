package dev.holm.android

import android.app.Application
import android.content.Context
import dev.holm.ErrorCode
import dev.holm.Event
import dev.holm.Holm
import dev.holm.HolmException
import dev.holm.Storage

/** What ties a client to an Android device. */
public object HolmAndroid {
    /**
     * Tells a client what happens to the app and the device: its network ([AndroidConnectivity]), foreground and background
     * ([AndroidLifecycle]), and the battery saver.
     *
     * Returns at once, on any thread. One call for a client, after [Holm.open]; it may be late. When the client is closed, close what this
     * returns as well; in between nothing fails.
     *
     * @return closes the ties. An app that keeps its client as long as its process may forget it.
     */
    public fun attach(application: Application, holm: Holm): AutoCloseable {
        val ties = mutableListOf<AutoCloseable>()
        whileOpen { holm.report(Event.Launched) }
        ties += AndroidConnectivity(application) { network -> whileOpen { holm.setNetwork(network) } }
        ties += PowerSaving(application) { on -> whileOpen { holm.report(Event.LowPower(on)) } }
        ties += AndroidLifecycle(application) { event -> whileOpen { holm.report(event) } }
        return AutoCloseable {
            ties.forEach { it.close() }
            ties.clear()
        }
    }

    /**
     * A place for a client's data that the system leaves out of backups: a store that comes back on another device would go on as the
     * first one.
     *
     * @param name a name for a directory.
     */
    public fun storage(context: Context, name: String = "holm"): Storage = Storage.Directory(context.noBackupFilesDir.resolve(name))

    /** A client may be closed while the system is about to tell something; everything else is a defect. */
    private inline fun whileOpen(tell: () -> Unit) {
        try {
            tell()
        } catch (e: HolmException) {
            if (e.code != ErrorCode.CLOSED) throw e
        }
    }
}
