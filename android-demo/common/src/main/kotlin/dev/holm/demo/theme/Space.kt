package dev.holm.demo.theme

import androidx.compose.ui.unit.dp

/** The steps of all distances. */
object Space {
    val xs = 4.dp
    val s = 8.dp
    val m = 12.dp
    val l = 16.dp
    val xl = 24.dp
    val xxl = 40.dp
}
