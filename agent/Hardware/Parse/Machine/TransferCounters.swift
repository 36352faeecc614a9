import ClusterTypes
package import ProtocolMessages
import TextForms

/// Bytes that disks and networks have carried since the machine was started; counters may go round.
package struct TransferCounters: Hashable, Sendable {
    package var diskRead: UInt64 = 0
    package var diskWritten: UInt64 = 0
    package var received: UInt64 = 0
    package var sent: UInt64 = 0

    /// In `/proc/diskstats`, whatever a device's own sectors are.
    private static let sectorBytes: UInt64 = 512

    /// - Parameters:
    ///   - diskstats: `/proc/diskstats`.
    ///   - networks: `/proc/net/dev`.
    ///   - isPhysical: whether an interface is a device; where none is, as in a container, all but the loopback count.
    package init(diskstats: String, networks: String, isPhysical: (String) -> Bool) {
        addDisks(diskstats)
        addNetworks(networks, isPhysical)
    }

    /// Whole disks only: what a partition, a volume or an array carries, its disks carry.
    private mutating func addDisks(_ text: String) {
        let lines = Scan.lines(text).map { Scan.words($0) }.filter { $0.count >= 10 }
        let names = Set(lines.map { String($0[2]) })
        for words in lines {
            let name = words[2]
            guard !["loop", "ram", "zram", "dm-", "md", "sr", "fd"].contains(where: { name.hasPrefix($0) }),
                !Self.isPartition(name, of: names)
            else { continue }
            diskRead &+= (UInt64(words[5]) ?? 0) &* Self.sectorBytes
            diskWritten &+= (UInt64(words[9]) ?? 0) &* Self.sectorBytes
        }
    }

    /// "sda1" of "sda", "nvme0n1p1" of "nvme0n1".
    private static func isPartition(_ name: some StringProtocol, of names: Set<String>) -> Bool {
        let stem = String(name.reversed().drop { $0.isASCII && $0.isNumber }.reversed())
        guard stem.count < name.count else { return false }
        return names.contains(stem) || (stem.hasSuffix("p") && names.contains(String(stem.dropLast())))
    }

    private mutating func addNetworks(_ text: String, _ isPhysical: (String) -> Bool) {
        let lines = Scan.lines(text).compactMap { line -> (name: String, counts: [UInt64])? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let counts = Scan.words(line[line.index(after: colon)...]).map { UInt64($0) ?? 0 }
            let name = Scan.trimmed(line[..<colon])
            return counts.count >= 16 && name != "lo" ? (String(name), counts) : nil
        }
        let physical = lines.filter { isPhysical($0.name) }
        for line in physical.isEmpty ? lines : physical {
            received &+= line.counts[0]
            sent &+= line.counts[8]
        }
    }

    /// Bytes a second since an earlier reading; 0 where no time has passed or a counter went back.
    package func rates(since earlier: TransferCounters, over time: Duration) -> TransferRates {
        let microseconds = time.wholeMicroseconds
        func rate(_ now: UInt64, _ before: UInt64) -> Int64 {
            guard microseconds > 0, now >= before else { return 0 }
            return Int64(clamping: UInt64((Double(now - before) * 1e6 / Double(microseconds)).rounded()))
        }
        return TransferRates(
            diskReadBytes: rate(diskRead, earlier.diskRead),
            diskWriteBytes: rate(diskWritten, earlier.diskWritten),
            networkReceiveBytes: rate(received, earlier.received),
            networkSendBytes: rate(sent, earlier.sent))
    }
}
