import ClusterTypes
package import ProtocolMessages
import TextForms

/// Where a device is on this machine: its file, and the processor cores near it.
package struct DevicePlace: Hashable, Sendable {
    /// nil is not known.
    package var file: String?
    /// Counted through all sockets, as Slurm does; empty where they are not known, or all are equally near.
    package var cores: [Int]

    package init(file: String? = nil, cores: [Int] = []) {
        self.file = file
        self.cores = cores
    }
}

/// Finds the places of devices in /sys and /proc.
package struct DevicePlaceReader {
    private let files: FileSource
    /// Number of the core of each hardware thread.
    private let coreOfThread: [Int: Int]

    package init(files: FileSource = .machine()) {
        self.files = files
        coreOfThread = Self.cores(files)
    }

    package func places(of devices: [DeviceReport]) -> [DevicePlace] {
        devices.map { device in
            let bus = device.busID.flatMap { Self.kernelName($0) }
            return DevicePlace(file: file(device, bus), cores: bus.map(cores) ?? [])
        }
    }

    private func file(_ device: DeviceReport, _ bus: String?) -> String? {
        guard device.isNamed else { return nil }
        switch device.vendor {
        case "nvidia": return "/dev/nvidia\(bus.flatMap(minor) ?? device.index)"
        case "huawei":
            let name = device.parent == nil ? "davinci" : "vdavinci"
            return UInt32(device.visibleID).map { "/dev/\(name)\($0)" }
        case "amd", "intel", "moorethreads":
            let names = bus.map { files.list("/sys/bus/pci/devices/\($0)/drm") } ?? []
            return names.first { $0.hasPrefix("renderD") }.map { "/dev/dri/" + $0 }
        case "habana":
            let names = bus.map { files.list("/sys/bus/pci/devices/\($0)/accel") } ?? []
            return names.first { $0.hasPrefix("accel") }.map { "/dev/accel/" + $0 }
        default: return nil
        }
    }

    /// The number in its file's name, which is not always the tool's.
    private func minor(_ bus: String) -> UInt32? {
        let text = files.read("/proc/driver/nvidia/gpus/\(bus)/information") ?? ""
        for line in Scan.lines(text) where line.hasPrefix("Device Minor") {
            return Scan.pair(line).flatMap { UInt32(Scan.trimmed($0.value)) }
        }
        return nil
    }

    private func cores(_ bus: String) -> [Int] {
        let text = files.read("/sys/bus/pci/devices/\(bus)/local_cpulist") ?? ""
        guard let threads = ProcessorList.parse(text) else { return [] }
        let near = threads.map { coreOfThread[$0] }
        guard !near.contains(nil) else { return [] }
        let cores = Set(near.compactMap { $0 })
        return cores.count == Set(coreOfThread.values).count ? [] : cores.sorted()
    }

    /// "00000000:C1:00.0" is "0000:c1:00.0" to the kernel.
    static func kernelName(_ text: String) -> String? {
        guard let address = BusAddress(text)?.number else { return nil }
        func digits(_ number: UInt64, _ count: Int) -> String {
            let digits = String(number, radix: 16)
            return String(repeating: "0", count: max(0, count - digits.count)) + digits
        }
        return digits(address >> 16, 4) + ":" + digits(address >> 8 & 0xFF, 2) + ":"
            + digits(address >> 3 & 0x1F, 2) + "." + digits(address & 7, 1)
    }

    /// Sockets in the order of their first thread, cores in the order of theirs; empty where /sys does not say all.
    private static func cores(_ files: FileSource) -> [Int: Int] {
        let base = "/sys/devices/system/cpu/"
        let online = ProcessorList.parse(files.read(base + "online") ?? "") ?? []
        var threads: [(thread: Int, package: Int, core: Int)] = []
        for thread in online {
            let directory = "\(base)cpu\(thread)/topology/"
            guard
                let package = files.read(directory + "physical_package_id").flatMap({ Int(Scan.trimmed($0)) }
                ),
                let first = files.read(directory + "thread_siblings_list")
                    .flatMap({ ProcessorList.parse($0) })?.min()
            else { return [:] }
            threads.append((thread, package, first))
        }
        var firstOfPackage: [Int: Int] = [:]
        for (thread, package, _) in threads {
            firstOfPackage[package] = min(thread, firstOfPackage[package] ?? thread)
        }
        let order = Set(threads.map(\.core)).sorted { left, right in
            let packages = [left, right].map { core in
                threads.first { $0.core == core }.flatMap { firstOfPackage[$0.package] } ?? 0
            }
            return packages[0] == packages[1] ? left < right : packages[0] < packages[1]
        }
        let numbers = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, $0) })
        return Dictionary(
            threads.compactMap { thread in numbers[thread.core].map { (thread.thread, $0) } },
            uniquingKeysWith: { first, _ in first })
    }
}
