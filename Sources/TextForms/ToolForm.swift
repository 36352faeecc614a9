/// One form of output that a tool has: what it looks like, and what Mortise reads in it.
///
/// The parsers themselves are the ones that Mortise works with: a form only names what they find.
package struct ToolForm: Sendable {
    /// For `--as`: "nvidia-smi-xml".
    package let name: String
    /// The command that prints it: "nvidia-smi -q -x".
    package let command: String
    /// By structure, never by the name or the version of a product. A text that two forms know is read by the first.
    package let recognizes: @Sendable (SavedOutput) -> Bool
    package let read: @Sendable (SavedOutput) -> ToolReading

    package init(
        name: String, command: String, recognizes: @escaping @Sendable (SavedOutput) -> Bool,
        read: @escaping @Sendable (SavedOutput) -> ToolReading
    ) {
        self.name = name
        self.command = command
        self.recognizes = recognizes
        self.read = read
    }
}

/// What a tool has printed, with the name of the file that keeps it ("" for standard input): a single number says
/// what it is by nothing else.
package struct SavedOutput: Sendable {
    package let text: String
    package let fileName: String

    package init(text: String, fileName: String) {
        self.text = text
        self.fileName = fileName
    }

    /// Without what terminals do with it.
    package var plain: String { Scan.plain(text) }

    /// With something in them.
    package var contentLines: [Substring] {
        Scan.lines(plain).filter { line in line.contains { !$0.isWhitespace } }
    }
}

/// What Mortise reads in an output. It prints as JSON: `devices` and `error` always, other keys where the form has them.
package struct ToolReading: Sendable {
    package var devices: [DeviceReading] = []
    /// A stable code for what the tool complains of: "no_driver", "gpu_lost". nil for an answer.
    package var error: String?
    /// What the form says beside its devices, in printed order.
    package var others: [(key: String, value: JSONText.Value?)] = []
    /// What shows that the output is not whole, where a part of it must not be taken for all.
    package var truncation: String?

    package init(
        devices: [DeviceReading] = [], error: String? = nil,
        others: [(key: String, value: JSONText.Value?)] = [], truncation: String? = nil
    ) {
        self.devices = devices
        self.error = error
        self.others = others
        self.truncation = truncation
    }

    package var json: JSONText.Value {
        .object(
            [("devices", .array(devices.map(\.json))), ("error", .known(error))] + others)
    }
}

/// One device as the output shows it. nil is "the output does not say", and prints as null.
package struct DeviceReading: Sendable {
    package var index: UInt32?
    package var chip: UInt32?
    package var name: String?
    package var uuid: String?
    package var busID: String?
    package var memoryTotalMiB: Int64?
    package var memoryUsedMiB: Int64?
    package var utilizationPercent: UInt32?
    package var temperatureCelsius: Int32?
    /// As printed: "OK", "Alarm".
    package var health: String?
    /// Keys that only some forms have, and usual ones that a form knows more exactly; a nil value is left out.
    package var others: [(key: String, value: JSONText.Value?)] = []

    package init(
        index: UInt32? = nil, chip: UInt32? = nil, name: String? = nil, uuid: String? = nil,
        busID: String? = nil, memoryTotalMiB: Int64? = nil, memoryUsedMiB: Int64? = nil,
        utilizationPercent: UInt32? = nil, temperatureCelsius: Int32? = nil, health: String? = nil,
        others: [(key: String, value: JSONText.Value?)] = []
    ) {
        self.index = index
        self.chip = chip
        self.name = name
        self.uuid = uuid
        self.busID = busID
        self.memoryTotalMiB = memoryTotalMiB
        self.memoryUsedMiB = memoryUsedMiB
        self.utilizationPercent = utilizationPercent
        self.temperatureCelsius = temperatureCelsius
        self.health = health
        self.others = others
    }

    package var json: JSONText.Value {
        let usual: [(key: String, value: JSONText.Value?)] = [
            ("index", .known(index)), ("chip", .known(chip)), ("name", .known(name)),
            ("uuid", .known(uuid)),
            ("bus_id", .known(busID)), ("memory_total_mib", .known(memoryTotalMiB)),
            ("memory_used_mib", .known(memoryUsedMiB)),
            ("utilization_percent", .known(utilizationPercent)),
            ("temperature_c", .known(temperatureCelsius)), ("health", .known(health)),
        ]
        return .object(usual.filter { member in !others.contains { $0.key == member.key } } + others)
    }
}
