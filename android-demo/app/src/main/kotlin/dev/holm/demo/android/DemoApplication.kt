package dev.holm.demo.android

import android.app.Application
import android.os.Build
import dev.holm.*
import dev.holm.android.*
import dev.holm.demo.model.*
import dev.holm.demo.screen.Surroundings
import kotlinx.coroutines.MainScope

/** The process: it has the session, which lives longer than any screen, and lends its client to work in the background. */
class DemoApplication :
    Application(),
    HolmHost {
    private val scope = MainScope()

    val session: SessionModel by lazy {
        SessionModel(noBackupFilesDir, Build.MODEL, scope, KeystoreSecretStore(this)) { HolmAndroid.attach(this, it) }
    }

    val surroundings: Surroundings by lazy { Surroundings(scope, this::systemTexts, getExternalFilesDir(null) ?: filesDir) }

    override fun onCreate() {
        super.onCreate()
        session.start()
        BackgroundSync.schedule(this)
    }

    override suspend fun holm(): Holm {
        session.start().join()
        return session.holm ?: throw HolmException(ErrorCode.STORAGE_UNAVAILABLE, "the store could not be opened")
    }
}
