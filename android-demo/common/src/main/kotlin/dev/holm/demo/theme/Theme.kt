package dev.holm.demo.theme

import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.material3.*
import androidx.compose.runtime.*
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.text.TextStyle
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.unit.*

/** One colour of meaning: to write with, to write on it, as a ground, and to write on that. */
private class Ink(val strong: Long, val onStrong: Long, val ground: Long, val onGround: Long)

/** What is under everything: the screen, the sheets on it, bars; to write on them, and fainter; lines, and fainter. */
private class Ground(
    val screen: Long,
    val sheet: Long,
    val bar: Long,
    val ink: Long,
    val faint: Long,
    val line: Long,
    val hair: Long,
)

/** Sea and sand: [primary] is what one does, [secondary] what waits, [tertiary] a conflict, [error] a refusal. */
private fun ColorScheme.of(ground: Ground, primary: Ink, secondary: Ink, tertiary: Ink, error: Ink): ColorScheme =
    copy(
        primary = Color(primary.strong),
        onPrimary = Color(primary.onStrong),
        primaryContainer = Color(primary.ground),
        onPrimaryContainer = Color(primary.onGround),
        secondary = Color(secondary.strong),
        onSecondary = Color(secondary.onStrong),
        secondaryContainer = Color(secondary.ground),
        onSecondaryContainer = Color(secondary.onGround),
        tertiary = Color(tertiary.strong),
        onTertiary = Color(tertiary.onStrong),
        tertiaryContainer = Color(tertiary.ground),
        onTertiaryContainer = Color(tertiary.onGround),
        error = Color(error.strong),
        onError = Color(error.onStrong),
        errorContainer = Color(error.ground),
        onErrorContainer = Color(error.onGround),
        background = Color(ground.screen),
        onBackground = Color(ground.ink),
        surface = Color(ground.screen),
        onSurface = Color(ground.ink),
        onSurfaceVariant = Color(ground.faint),
        surfaceContainerLow = Color(ground.sheet),
        surfaceContainerHigh = Color(ground.sheet),
        surfaceContainerHighest = Color(ground.bar),
        outline = Color(ground.line),
        outlineVariant = Color(ground.hair),
    )

private val light =
    lightColorScheme().of(
        Ground(0xFFF5F4EF, 0xFFFFFFFF, 0xFFEBEAE3, ink = 0xFF1C2322, faint = 0xFF55605E, line = 0xFF7C8683, hair = 0xFFDDDCD4),
        primary = Ink(0xFF17615D, 0xFFFFFFFF, 0xFFD3ECE8, 0xFF0A3D3A),
        secondary = Ink(0xFF84591A, 0xFFFFFFFF, 0xFFF8E8CC, 0xFF573705),
        tertiary = Ink(0xFF5A4B9C, 0xFFFFFFFF, 0xFFE8E3FA, 0xFF3A2D75),
        error = Ink(0xFFA93C2B, 0xFFFFFFFF, 0xFFFBE3DE, 0xFF752215),
    )

private val dark =
    darkColorScheme().of(
        Ground(0xFF121716, 0xFF1D2422, 0xFF262E2C, ink = 0xFFE4E8E6, faint = 0xFFA9B4B1, line = 0xFF86918E, hair = 0xFF343D3B),
        primary = Ink(0xFF86D0C8, 0xFF06302D, 0xFF1C4A46, 0xFFC8ECE7),
        secondary = Ink(0xFFE6BE80, 0xFF3E2803, 0xFF4B3815, 0xFFF8E3BF),
        tertiary = Ink(0xFFC4B8F5, 0xFF2C2160, 0xFF403575, 0xFFE8E2FD),
        error = Ink(0xFFF3A797, 0xFF561408, 0xFF652A1E, 0xFFFBDDD6),
    )

private val type =
    Typography(
        headlineMedium = TextStyle(fontSize = 28.sp, lineHeight = 34.sp, fontWeight = FontWeight.SemiBold),
        titleLarge = TextStyle(fontSize = 20.sp, lineHeight = 26.sp, fontWeight = FontWeight.SemiBold),
        titleMedium = TextStyle(fontSize = 16.sp, lineHeight = 22.sp, fontWeight = FontWeight.Medium),
        bodyLarge = TextStyle(fontSize = 16.sp, lineHeight = 23.sp),
        bodyMedium = TextStyle(fontSize = 14.sp, lineHeight = 20.sp),
        bodySmall = TextStyle(fontSize = 12.sp, lineHeight = 16.sp),
        labelLarge = TextStyle(fontSize = 14.sp, lineHeight = 20.sp, fontWeight = FontWeight.Medium),
        labelMedium = TextStyle(fontSize = 12.sp, lineHeight = 16.sp, fontWeight = FontWeight.Medium),
    )

private val shapes =
    Shapes(small = RoundedCornerShape(10.dp), medium = RoundedCornerShape(16.dp), large = RoundedCornerShape(20.dp))

@Composable
fun HolmTheme(isDark: Boolean, content: @Composable () -> Unit) {
    MaterialTheme(colorScheme = if (isDark) dark else light, typography = type, shapes = shapes, content = content)
}
