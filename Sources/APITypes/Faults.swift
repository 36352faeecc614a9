/// Collects faults, so that a user sees all of them at once.
struct Faults {
    var lines: [String] = []

    mutating func add(_ path: String, _ fault: String) { lines.append("\(path): \(fault)") }

    mutating func check(_ isGood: Bool, _ path: String, _ fault: @autoclosure () -> String) {
        if !isGood { add(path, fault()) }
    }

    mutating func checkRange<Number: BinaryInteger>(
        _ number: Number, _ range: ClosedRange<Number>, _ path: String
    ) {
        check(
            range.contains(number), path,
            "is \(number), must be in \(range.lowerBound)...\(range.upperBound)")
    }

    mutating func checkName(_ name: String, _ path: String) {
        if let fault = faultOfName(name) { add(path, fault) }
    }

    /// Arguments or environment entries: what one `execve` takes.
    mutating func checkWords(_ words: [String], _ path: String) {
        var total = 0
        for (position, word) in words.enumerated() {
            total += word.utf8.count + 1
            check(!word.utf8.contains(0), "\(path)[\(position)]", "holds a NUL character")
            check(
                word.utf8.count <= JobLimits.wordBytes, "\(path)[\(position)]",
                "is longer than \(JobLimits.wordBytes) bytes")
        }
        check(total <= JobLimits.commandBytes, path, "is longer than \(JobLimits.commandBytes) bytes in all")
    }

    /// At most ten lines for any number of bad payloads.
    mutating func checkPayloads(_ payloads: [String]) {
        check(
            payloads.count <= JobLimits.payloadsPerRequest, "payloads",
            "are \(payloads.count), at most \(JobLimits.payloadsPerRequest) in one request; append the rest")
        let end = lines.count + 10
        for (position, payload) in payloads.enumerated() where lines.count < end {
            check(!payload.utf8.contains(0), "payloads[\(position)]", "holds a NUL character")
            check(
                payload.utf8.count <= JobLimits.payloadBytes, "payloads[\(position)]",
                "is longer than \(JobLimits.payloadBytes) bytes; put it into a file")
        }
    }
}
