import TextForms

/// Accelerators on the PCI bus, in its order: what is there even where no tool tells of it.
package struct PCIReader: Sendable {
    private static let directory = "/sys/bus/pci/devices"
    private let files: FileSource

    package init(files: FileSource) { self.files = files }

    /// Empty where the system does not show its bus.
    package func accelerators() -> [PCIAccelerator] {
        let found = files.list(Self.directory).compactMap { name -> (BusAddress, PCIAccelerator)? in
            let device = Self.directory + "/" + name
            guard let address = BusAddress(name), let vendor = files.read(device + "/vendor"),
                PCIAccelerator.isMaker(vendor), let code = files.read(device + "/class"),
                let number = files.read(device + "/device"),
                // A virtual function is a part of the device that has it.
                !files.exists(device + "/physfn")
            else { return nil }
            var accelerator = PCIAccelerator(busID: name, vendor: vendor, device: number, class: code)
            accelerator?.memoryNode = files.read(device + "/numa_node").flatMap { UInt32(Scan.trimmed($0)) }
            accelerator?.rootPort = files.target(device).flatMap { Self.rootPort(of: $0) }
            return accelerator.map { (address, $0) }
        }
        return found.sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// "0000:16:02.0" in "../../../devices/pci0000:16/0000:16:02.0/0000:17:00.0/0000:18:00.0": behind one root port there
    /// is one device, or a switch with several.
    private static func rootPort(of path: String) -> String? {
        let parts = path.split(separator: "/")
        guard let root = parts.firstIndex(where: { $0.hasPrefix("pci") }), root + 2 < parts.count else {
            return nil
        }
        return String(parts[root + 1])
    }
}
