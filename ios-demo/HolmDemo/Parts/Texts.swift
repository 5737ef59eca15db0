import Foundation
import HolmDemoModels

/// A text of `Localizable.xcstrings` in the person's language, with its gaps filled. Both demos have the same texts,
/// and so the same gaps: `{0}`, `{1}`, …
func localized(_ key: String, _ arguments: [String] = []) -> String {
    var text = Bundle.main.localizedString(forKey: key, value: nil, table: nil)
    for (index, argument) in arguments.enumerated() {
        text = text.replacingOccurrences(of: "{\(index)}", with: argument)
    }
    return text
}

extension Message {
    /// The message in the person's language.
    var text: String { localized(key, arguments) }
}
