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
            return PCIAccelerator(busID: name, vendor: vendor, device: number, class: code).map {
                (address, $0)
            }
        }
        return found.sorted { $0.0 < $1.0 }.map(\.1)
    }
}
