import ArgumentParser
import YAMLSections

/// A time as options take it: `10s`, `5m`, `6h`, `31d`.
struct TimeSpan: ExpressibleByArgument, Equatable {
    let seconds: Int64

    init(seconds: Int64) { self.seconds = seconds }

    init?(argument: String) {
        guard let seconds = try? Quantity.seconds(argument), seconds > 0 else { return nil }
        self.seconds = Int64(seconds)
    }

    var defaultValueDescription: String {
        for (unit, length) in [("d", Int64(86_400)), ("h", 3_600), ("m", 60)] where seconds % length == 0 {
            return "\(seconds / length)\(unit)"
        }
        return "\(seconds)s"
    }
}
