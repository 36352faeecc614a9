/// Reads saved outputs of tools, whatever their form is among those that it knows.
package struct SavedReader: Sendable {
    package enum Fault: Error, Hashable, Sendable {
        /// There is nothing in it.
        case isEmpty
        /// No text: an archive, a picture, a program.
        case isBinary
        case unknownForm(String)
        /// No form knows it.
        case isNotRecognized
        /// The form that was asked for finds nothing in it.
        case isNot(form: String)
        /// It is of that form and not whole, as `reason` says.
        case isTruncated(form: String, reason: String)
    }

    /// In the order in which they are tried: the most particular ones first.
    package let forms: [ToolForm]

    package init(forms: [ToolForm]) { self.forms = forms }

    /// The largest output that is read: tools print some 100 kB of a machine with 8 devices, and 1 kB of a job.
    package static let limitBytes = 8 << 20

    /// What Mortise reads in an output, as JSON with a line's end.
    ///
    /// - Parameters:
    ///   - bytes: UTF-8, which need not be right everywhere, or UTF-16 with its mark, which PowerShell writes.
    ///   - fileName: of the file without its folder; "" for standard input. A single number says what it is by
    ///     nothing else.
    ///   - form: by its name; nil recognises the form.
    package func json(
        of bytes: [UInt8], fileName: String = "", form: String? = nil
    ) throws(Fault) -> String {
        guard let text = Self.text(bytes) else { throw .isBinary }
        let output = SavedOutput(text: text, fileName: fileName)
        return JSONText.write(try reading(output, form).json) + "\n"
    }

    private func reading(_ output: SavedOutput, _ name: String?) throws(Fault) -> ToolReading {
        guard let name else {
            guard let form = forms.first(where: { $0.recognizes(output) }) else {
                throw output.contentLines.isEmpty ? .isEmpty : .isNotRecognized
            }
            return try whole(form.read(output), form)
        }
        guard let form = forms.first(where: { $0.name == name }) else { throw .unknownForm(name) }
        let reading = try whole(form.read(output), form)
        // "There are no devices" is an answer only of an output of that form.
        guard !reading.isEmpty || form.recognizes(output) else {
            throw output.contentLines.isEmpty ? .isEmpty : .isNot(form: name)
        }
        return reading
    }

    private func whole(_ reading: ToolReading, _ form: ToolForm) throws(Fault) -> ToolReading {
        guard let reason = reading.truncation else { return reading }
        throw .isTruncated(form: form.name, reason: reason)
    }

    // MARK: For people

    /// The forms, each with the command that prints it, a line each.
    package var table: String {
        let width = forms.map(\.name.count).max() ?? 0
        return forms.map { form in
            form.name + String(repeating: " ", count: width + 2 - form.name.count) + form.command + "\n"
        }.joined()
    }

    /// What is wrong with an output, and what can be done.
    ///
    /// - Parameters:
    ///   - name: of the output: "'squeue.txt'", "standard input".
    ///   - program: whose `parse` reads it.
    package func message(_ fault: Fault, name: String, program: String) -> String {
        switch fault {
        case .isEmpty:
            "\(name) is empty: the tool has failed, or was not there. Keep what it prints to standard error too."
        case .isBinary: "\(name) is no text."
        case .isNotRecognized:
            "\(name) is the output of no tool that is known here. If it is one of "
                + "'\(program) parse --list' all the same, name its form with --as."
        case .isNot(let form): "There is nothing of the form \(form) in \(name)."
        case .unknownForm(let form):
            "There is no form '\(form)'. There are: \(forms.map(\.name).joined(separator: ", "))."
        case .isTruncated(let form, let reason):
            "\(name) is not a whole output of \(form): \(reason). Nothing of it is taken; save it again."
        }
    }

    /// nil for what is no text.
    private static func text(_ bytes: [UInt8]) -> String? {
        if let isBigEndian = [[0xFF, 0xFE]: false, [0xFE, 0xFF]: true][Array(bytes.prefix(2))] {
            let (high, low) = isBigEndian ? (0, 1) : (1, 0)
            let units = stride(from: 2, to: bytes.count - 1, by: 2).map {
                UInt16(bytes[$0 + high]) << 8 | UInt16(bytes[$0 + low])
            }
            return String(decoding: units, as: UTF16.self)
        }
        // Terminals write a few, and a crash leaves some in a file that was being written.
        let controls = bytes.lazy.filter { $0 < 32 && !(8...13 ~= $0) && $0 != 27 }.count
        return controls <= bytes.count / 16 ? String(decoding: bytes, as: UTF8.self) : nil
    }
}

extension ToolReading {
    fileprivate var isEmpty: Bool {
        devices.isEmpty && error == nil && others.allSatisfy { $0.value?.isEmpty ?? true }
    }
}

extension JSONText.Value {
    /// It says nothing, at any depth.
    fileprivate var isEmpty: Bool {
        switch self {
        case .null: true
        case .array(let values): values.allSatisfy(\.isEmpty)
        case .object(let members): members.allSatisfy { $0.value?.isEmpty ?? true }
        case .string, .number, .boolean: false
        }
    }
}
