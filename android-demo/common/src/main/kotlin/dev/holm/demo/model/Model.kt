package dev.holm.demo.model

import androidx.compose.runtime.*
import dev.holm.HolmException
import kotlinx.coroutines.*

/**
 * What is behind a screen. Its state is Compose state; what a person asks for runs in [scope], which outlives the screen, so that leaving
 * one gives up nothing.
 */
abstract class Model(protected val scope: CoroutineScope) {
    /** Whether something that a person asked for is still running. */
    var isBusy: Boolean by mutableStateOf(false)
        private set

    /** What the screen has to say: a failure, or what was done. */
    var message: Message? by mutableStateOf(null)
        protected set

    fun dismiss() {
        message = null
    }

    /** Does what a person asked for. A failure becomes the [message]. */
    protected fun work(task: suspend () -> Unit): Job =
        scope.launch {
            isBusy = true
            message = null
            try {
                guarded(task)
            } finally {
                isBusy = false
            }
        }

    /** Runs something whose failure becomes the [message]. */
    protected suspend fun guarded(task: suspend () -> Unit) {
        try {
            task()
        } catch (e: HolmException) {
            message = failure(e.code, e.message)
        }
    }
}
