/// One form of output that a tool has: what it looks like, and what Mortise reads in it.
///
/// Forms are listed in `all`; each vendor has its own file beside this one. The parsers themselves are the ones that the
/// probes use: a form only names what they find.
struct ToolForm: Sendable {
    /// For `--as`: "nvidia-smi-xml".
    let name: String
    /// The command that prints it: "nvidia-smi -q -x".
    let command: String
    /// By structure, never by the name or the version of a product. A text that two forms know is read by the first.
    let recognizes: @Sendable (SavedOutput) -> Bool
    let read: @Sendable (SavedOutput) -> ToolReading

    /// The most particular ones first.
    static var all: [ToolForm] { nvidia + ascend + accelerators + machine }
}

/// What a tool has printed, with the name of the file that keeps it ("" for standard input): a single number says
/// what it is by nothing else.
struct SavedOutput: Sendable {
    let text: String
    let fileName: String
}

/// What Mortise reads in an output. It prints as JSON: `devices` and `error` always, other keys where the form has them.
struct ToolReading: Sendable {
    var devices: [DeviceReading] = []
    /// A stable code for what the tool complains of: "no_driver", "gpu_lost". nil for an answer.
    var error: String?
    /// What the form says beside its devices, in printed order.
    var others: [(key: String, value: JSONText.Value?)] = []

    var json: JSONText.Value {
        .object(
            [("devices", .array(devices.map(\.json))), ("error", .known(error))] + others)
    }
}

/// One device as the output shows it. nil is "the output does not say", and prints as null.
struct DeviceReading: Sendable {
    var index: UInt32?
    var chip: UInt32?
    var name: String?
    var uuid: String?
    var busID: String?
    var memoryTotalMiB: Int64?
    var memoryUsedMiB: Int64?
    var utilizationPercent: UInt32?
    var temperatureCelsius: Int32?
    /// As printed: "OK", "Alarm".
    var health: String?
    /// Keys that only some forms have, and usual ones that a form knows more exactly; a nil value is left out.
    var others: [(key: String, value: JSONText.Value?)] = []

    var json: JSONText.Value {
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
