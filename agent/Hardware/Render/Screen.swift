/// Draws one text over another on a terminal, without flicker.
package enum Screen {
    /// From the upper left corner; what is left of the text before is wiped.
    ///
    /// - Parameter width: longer lines are cut, for a broken line would shift all below it.
    package static func over(_ text: String, width: Int?) -> String {
        var drawn = "\u{1B}[H"
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            drawn += line.prefix(width ?? .max) + "\u{1B}[K\n"
        }
        return drawn + "\u{1B}[J"
    }
}
