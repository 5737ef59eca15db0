//! What happens to the app around the client.

/// Something that a platform reports through [`Holm::report`](crate::Holm::report). It says what happened, not what to do about it: when to
/// sync is decided in one place, the same for every platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// The process has started. Looks for changes at once.
    Launched,
    /// The app is on the screen: looks for changes at once, and from now on at the short interval of the network.
    Foreground,
    /// The app has left the screen: from now on at the long interval only, as long as the system lets the process run at all.
    Background,
    /// The device saves energy (true) or has stopped to: intervals are stretched meanwhile.
    LowPower(bool),
    /// A push notification says that the server has something new. Looks for it within half a second, so that the devices of one notification
    /// do not all come at once; a failure's wait is kept.
    PushReceived,
}
