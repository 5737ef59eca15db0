extension Optional {
    /// For dialogs, which take away what they show about by saying that they are shown no more.
    var isThere: Bool {
        get { self != nil }
        set { if !newValue { self = nil } }
    }
}
