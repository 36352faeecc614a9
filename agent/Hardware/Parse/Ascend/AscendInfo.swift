import TextForms

/// The table of `npu-smi info`, in all forms seen from version 20 to 26.
///
/// A card has a row with its name and health, and under it one or more rows of chips; newer tables print the card's
/// row again for each chip. A table of processes may follow.
package struct AscendInfo: Hashable, Sendable {
    package var toolVersion: String?
    package var driverVersion: String?
    package var devices: [AscendDevice] = []
    /// nil where there is no table of processes.
    package var processes: [AscendProcess]?
    /// A row of the table's head was there.
    package var hasHeader = false
    /// The table has its head, and every card row its chip row.
    package var isComplete: Bool { hasHeader && isBalanced }

    private var isBalanced = true
    private var columns = AscendColumns()
    private var card: AscendDevice?
    private var hasChip = true

    package init(parsing text: String) {
        let lines = AscendText.lines(text)
        for (position, line) in lines.enumerated() {
            let line = Scan.trimmed(line)
            guard let cells = AscendText.cells(line) else {
                // A rule ends the rows of one chip.
                if line.hasPrefix("+") { endCard() }
                continue
            }
            // The text ends inside this row: its last number may be half a number.
            if position == lines.count - 1, !line.hasSuffix("|") || line.count == 1 {
                isBalanced = false
                continue
            }
            read(cells)
        }
        endCard()
    }

    private mutating func endCard() {
        isBalanced = isBalanced && hasChip
        card = nil
        hasChip = true
    }

    private mutating func read(_ cells: [String]) {
        if cells.count == 1 { return readVersions(cells[0]) }
        if let header = columns.processes(cells) {
            endCard()
            columns.processHeader = header
            processes = []
        } else if columns.readHeader(cells) {
            endCard()
            hasHeader = true
            columns.processHeader = nil
        } else if let header = columns.processHeader {
            if let process = Self.process(cells, header) { processes?.append(process) }
        } else if cells.count == 3 || cells.count == 4 {
            readDevice(cells)
        }
    }

    /// `npu-smi 24.1.rc3    Version: 24.1.rc3`.
    private mutating func readVersions(_ cell: String) {
        let words = Scan.words(cell)
        guard words.first == "npu-smi" else { return }
        if words.count > 1, words[1] != "Version:" { toolVersion = AscendText.name(words[1]) }
        if let label = words.firstIndex(of: "Version:"), label + 1 < words.count {
            driverVersion = AscendText.name(words[label + 1])
        }
    }

    // MARK: Devices

    private mutating func readDevice(_ cells: [String]) {
        let place = cells[0..<(cells.count - 2)].flatMap { Scan.words($0) }
        let middle = cells[cells.count - 2]
        let readings = AscendColumns.Reading.list(cells[cells.count - 1])
        let areNumbers = place.allSatisfy { AscendText.number($0) != nil }
        // A chip's row has a bus address where a card's has its health; "NA" where the chip is part of a processor.
        let isBus = BusAddress(middle) != nil || (card != nil && AscendText.name(middle) == nil)
        let isChip = areNumbers && place.count <= 2 && isBus
        if isChip, let known = card {
            guard let device = chip(place, middle, readings, of: known) else { return }
            add(device)
            hasChip = true
        } else if !isChip, let id = place.first.flatMap({ AscendText.number($0) }) {
            endCard()
            card = newCard(id, place, middle, readings)
            hasChip = false
        }
    }

    private func newCard(
        _ id: UInt32, _ place: [String], _ health: String, _ readings: [AscendColumns.Reading]
    ) -> AscendDevice {
        let name = place.dropFirst().joined(separator: " ")
        var device = AscendDevice(card: id, chip: 0, name: AscendText.name(name))
        device.health = Self.health(health)
        let values = columns.cardValues(readings)
        device.powerMilliwatts = values[.power].flatMap { Scan.milliwatts($0.first) }
        device.temperatureCelsius = values[.temperature].flatMap { Scan.signed($0.first) }
        device.hugePages = values[.hugePages].map { pages in
            AscendUsage(used: Self.pages(pages.first), total: Self.pages(pages.second))
        }
        return device
    }

    private func chip(
        _ place: [String], _ bus: String, _ readings: [AscendColumns.Reading], of card: AscendDevice
    ) -> AscendDevice? {
        guard !readings.isEmpty else { return nil }
        var device = card
        // The newest tables have no column for the chip: one chip per card.
        device.chip = place.first.flatMap { AscendText.number($0) } ?? 0
        let physical = place.count == 2 ? AscendText.number(place[1]) : nil
        device.physicalID = columns.hasPhysicalID ? physical : nil
        device.busID = AscendText.name(bus)
        let values = columns.chipValues(readings)
        device.utilizationPercent = values[.utilization].flatMap { Scan.percent($0.first) }
        device.memory = values[.memory].map(Self.bytes)
        device.highBandwidthMemory = values[.highBandwidthMemory].map(Self.bytes)
        return device
    }

    /// A table that is printed again replaces what it said before.
    private mutating func add(_ device: AscendDevice) {
        let known = devices.firstIndex { other in
            other.card == device.card && other.chip == device.chip && other.busID == device.busID
        }
        if let known {
            devices[known] = device
        } else if devices.count < AscendText.deviceLimit {
            devices.append(device)
        }
    }

    /// As printed, with "UNKNOWN" being a word of the tool here.
    private static func health(_ cell: String) -> String? {
        cell.lowercased() == "unknown" ? cell : AscendText.name(cell)
    }

    private static func bytes(_ pair: AscendColumns.Reading) -> AscendUsage {
        AscendUsage(used: Scan.bytes(pair.first), total: pair.second.flatMap { Scan.bytes($0) })
    }

    private static func pages(_ text: String?) -> Int64? {
        text.flatMap { Scan.unsigned($0) }.map { Int64($0) }
    }

    // MARK: Processes

    private static func process(_ cells: [String], _ header: [String]) -> AscendProcess? {
        guard cells.count == header.count else { return nil }
        func cell(_ title: String) -> String? {
            header.firstIndex { $0.lowercased().hasPrefix(title) }.map { cells[$0] }
        }
        let place = Scan.words(cells[0])
        guard
            (1...2).contains(place.count), let card = AscendText.number(place[0]),
            let processID = cell("process id").flatMap({ AscendText.number($0) })
        else { return nil }
        return AscendProcess(
            card: card, chip: place.count == 2 ? AscendText.number(place[1]) : 0, processID: processID,
            containerProcessID: cell("process id in container").flatMap { AscendText.number($0) },
            name: cell("process name").flatMap { AscendText.name($0) } ?? "",
            memoryBytes: cell("process memory").flatMap { Scan.bytes($0) })
    }
}
