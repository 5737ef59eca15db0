package dev.holm.demo.screen

import androidx.compose.runtime.*

/** Where one can be. */
sealed interface Screen {
    data object Tasks : Screen

    data class Task(val id: String) : Screen

    data object Conflicts : Screen

    data object Inbox : Screen

    data object Settings : Screen

    data object Debug : Screen
}

/** The way back from where one is. */
class Navigator {
    private val stack = mutableStateListOf<Screen>(Screen.Tasks)

    val current: Screen get() = stack.last()

    val canGoBack: Boolean get() = stack.size > 1

    fun go(screen: Screen) {
        stack += screen
    }

    fun home() {
        stack.removeRange(1, stack.size)
    }

    fun back() {
        if (canGoBack) stack.removeAt(stack.lastIndex)
    }
}
