package dev.holm

/** The kind of network that the device has, for [Holm.setNetwork]. */
public enum class Network {
    /** None: no request is tried. */
    Offline,

    /** Mobile data or another metered network. */
    Metered,

    /** Wi-Fi, cable, or unknown. What a client starts with. */
    Unmetered,
}
