import TextForms

/// `npu-smi info watch`: a row for each chip and each time, under a head that is printed once.
package struct AscendWatch: Hashable, Sendable {
    package struct Sample: Hashable, Sendable {
        package var card: UInt32
        /// 0 in tables without that column.
        package var chip: UInt32
        package var powerMilliwatts: UInt32?
        package var temperatureCelsius: Int32?
        package var utilizationPercent: UInt32?
        /// Of HBM where the chip has any, else of its other memory.
        package var memoryUsedPercent: UInt32?
    }

    /// The newest of each chip, in printed order.
    package var samples: [Sample] = []
    package var hasHeader = false

    package init(parsing text: String) {
        var columns: [String] = []
        for line in AscendText.lines(text) {
            let words = Scan.words(line)
            if words.first?.lowercased() == "npuid(idx)" {
                columns = Self.columns(words)
                hasHeader = true
            } else if words.count == columns.count, let sample = Self.sample(words, columns) {
                let known = samples.firstIndex { $0.card == sample.card && $0.chip == sample.chip }
                if let known { samples[known] = sample } else { samples.append(sample) }
            }
        }
    }

    /// Each title ends with its unit in brackets.
    private static func columns(_ words: [String]) -> [String] {
        var columns: [String] = []
        var title = ""
        for word in words {
            title += word.lowercased()
            if word.hasSuffix(")") {
                columns.append(title)
                title = ""
            }
        }
        return columns
    }

    private static func sample(_ words: [String], _ columns: [String]) -> Sample? {
        func word(_ names: String...) -> String? {
            for name in names { if let position = columns.firstIndex(of: name) { return words[position] } }
            return nil
        }
        guard let card = word("npuid(idx)").flatMap({ AscendText.number($0) }) else { return nil }
        let chip = word("chipid(idx)").map { AscendText.number($0) } ?? 0
        guard let chip else { return nil }
        return Sample(
            card: card, chip: chip, powerMilliwatts: word("pwr(w)").flatMap { Scan.milliwatts($0) },
            temperatureCelsius: word("temp(c)").flatMap { Scan.signed($0) },
            utilizationPercent: word("aicore(%)", "npuutil(%)").flatMap { Scan.percent($0) },
            memoryUsedPercent: word("memory(%)").flatMap { Scan.percent($0) })
    }
}
