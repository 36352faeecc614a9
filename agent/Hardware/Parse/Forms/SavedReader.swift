/// Reads saved outputs of tools, whatever their form: the forms' entry from outside of this module.
package enum SavedReader {
    /// A form as people see it.
    package struct Form: Hashable, Sendable {
        /// For `--as`: "nvidia-smi-xml".
        package let name: String
        /// The command that prints it.
        package let command: String
    }

    package enum Fault: Error, Hashable, Sendable {
        /// No text: an archive, a picture, a program.
        case isBinary
        case unknownForm(String)
        /// No form knows it.
        case isNotRecognized
        /// The form that was asked for finds nothing in it.
        case isNot(form: String)
    }

    /// In the order in which they are tried.
    package static var forms: [Form] { ToolForm.all.map { Form(name: $0.name, command: $0.command) } }

    /// The largest output that is read: tools print some 100 kB of a machine with 8 devices.
    package static let limitBytes = 8 << 20

    /// What Mortise reads in an output, as JSON with a line's end.
    ///
    /// - Parameters:
    ///   - bytes: UTF-8, which need not be right everywhere, or UTF-16 with its mark, which PowerShell writes.
    ///   - fileName: of the file without its folder; "" for standard input. A single number says what it is by
    ///     nothing else.
    ///   - form: by its name; nil recognises the form.
    package static func json(
        of bytes: [UInt8], fileName: String = "", form: String? = nil
    ) throws(Fault) -> String {
        guard let text = text(bytes) else { throw .isBinary }
        let output = SavedOutput(text: text, fileName: fileName)
        return JSONText.write(try reading(output, form).json) + "\n"
    }

    private static func reading(_ output: SavedOutput, _ name: String?) throws(Fault) -> ToolReading {
        guard let name else {
            guard let form = ToolForm.all.first(where: { $0.recognizes(output) }) else {
                throw .isNotRecognized
            }
            return form.read(output)
        }
        guard let form = ToolForm.all.first(where: { $0.name == name }) else { throw .unknownForm(name) }
        let reading = form.read(output)
        // "There are no devices" is an answer only of an output of that form.
        guard !reading.isEmpty || form.recognizes(output) else { throw .isNot(form: name) }
        return reading
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
