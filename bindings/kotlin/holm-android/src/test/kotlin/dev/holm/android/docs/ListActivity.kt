package dev.holm.android.docs

import android.app.Activity
import android.app.Application
import android.os.Bundle
import android.widget.ArrayAdapter
import android.widget.ListView
import dev.holm.ConflictStrategy
import dev.holm.Holm
import dev.holm.HolmConfig
import dev.holm.android.HolmAndroid
import dev.holm.android.HolmHost
import dev.holm.android.KeystoreSecretStore
import dev.holm.android.SharedHolm
import dev.holm.collectionSpec
import kotlinx.coroutines.CoroutineExceptionHandler
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.MainScope
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import kotlinx.serialization.Serializable

// snippet: a synced list
@Serializable
data class Todo(val title: String, val isCompleted: Boolean = false, val createdAt: Long = 0, val id: String = "")

val todoCollection = collectionSpec<Todo>("todos", conflict = ConflictStrategy.Prompt, indexes = listOf(listOf("isCompleted", "createdAt")))

class ErrandsApp : Application(), HolmHost {
    private val shared = SharedHolm(this) {
        HolmConfig(serverUrl, HolmAndroid.storage(this), listOf(todoCollection), secrets = KeystoreSecretStore(this))
    }

    override suspend fun holm(): Holm = shared.get()
}

class ListActivity : Activity(), CoroutineScope by MainScope() {
    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        val rows = ArrayAdapter<String>(this, android.R.layout.simple_list_item_1)
        setContentView(ListView(this).apply { adapter = rows })
        launch(CoroutineExceptionHandler { _, error -> title = "$error" }) {
            val todos = (application as HolmHost).holm().collection(todoCollection)
            todos.live { where(Todo::isCompleted eq false).orderBy(Todo::createdAt, desc) }.collect { shown ->
                rows.clear()
                rows.addAll(shown.values.map { it.title })
            }
        }
    }

    override fun onDestroy() = super.onDestroy().also { cancel() }
}
// end

/** The server's address, which an app has in its settings. */
internal lateinit var serverUrl: String
