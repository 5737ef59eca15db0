package dev.holm.bench

import kotlin.time.Duration
import kotlin.time.DurationUnit
import kotlin.time.measureTime

/**
 * What one call costs.
 *
 * @property isKept whether it belongs into the file of figures that are kept.
 */
internal data class Cost(
    val name: String,
    val about: String,
    val microseconds: Double,
    val isKept: Boolean,
)

private const val ROUNDS = 9

/**
 * Measures a call: many in a row, several rounds, and of them the quickest, which others on this machine disturbed least. The first rounds
 * are also what warms up the JVM. The call gets a number that does not come twice.
 */
internal inline fun measure(
    name: String,
    about: String,
    calls: Int,
    isKept: Boolean = true,
    call: (Int) -> Unit,
): Cost {
    var best = Duration.INFINITE
    for (round in 0 until ROUNDS) {
        best = minOf(best, measureTime { for (number in 0 until calls) call(round * calls + number) })
    }
    return Cost(name, about, best.toDouble(DurationUnit.MICROSECONDS) / calls, isKept)
}
