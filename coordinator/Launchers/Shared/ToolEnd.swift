package import Platform

/// How a program ended that was to give an answer and gave none, in words.
package struct ToolEnd: Sendable {
    private let result: ToolResult
    private let deadline: Duration

    package init(_ result: ToolResult, deadline: Duration) {
        self.result = result
        self.deadline = deadline
    }

    /// For example "'cloud.sh' ended with 3: no credentials". Ends with a full stop.
    ///
    /// - Parameters:
    ///   - name: how the program is called in it.
    ///   - text: removes the secrets that it was given.
    package func sentence(of name: String, _ text: ForeignText = ForeignText(masking: [])) -> String {
        switch result {
        case .exited(let code, _, let errors):
            let end = code > 128 ? "was ended by signal \(code - 128)" : "ended with \(code)"
            return "\(name) \(end)" + Self.words(errors, text)
        case .timedOut(_, let errors):
            return "\(name) gave no answer within \(deadline.secondsText) and was killed"
                + Self.words(errors, text)
        case .stuck:
            return "\(name) was killed earlier and has not ended since, so it was not started again."
        case .missing:
            return "\(name) is not there, or may not be run. Check the path and its permissions."
        case .failed(let code):
            return "\(name) cannot be started: \(SystemError.text(of: code))."
        }
    }

    private static func words(_ errors: [UInt8], _ text: ForeignText) -> String {
        let lines = text.lastLines(of: errors)
        if lines.isEmpty { return " and said nothing." }
        return ": " + lines + (lines.hasSuffix(".") ? "" : ".")
    }
}
