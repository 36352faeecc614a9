package import ClusterTypes
package import ProtocolMessages
import TextForms

/// A device on the PCI bus that is a GPU or an NPU by its numbers, whatever drives it.
///
/// Numbers of `/sys/bus/pci/devices/<address>/{vendor,device,class}`. Left out are the displays of management
/// processors (Huawei 1711, ASPEED, Matrox, ATI ES1000), graphics inside of processors, and the bridges, network and
/// sound functions that the same vendors make.
package struct PCIAccelerator: Hashable, Sendable {
    /// "0000:c1:00.0"
    package let busID: String
    /// As in `DeviceReport.vendor`.
    package let vendor: String
    package let type: DeviceType
    /// "10de:2330"
    package let numbers: String
    /// Number of the NUMA node that it is near to; nil: the machine has one, or does not say.
    package var memoryNode: UInt32?
    /// "0000:c0:01.0", the port of the processor that it is behind; nil: the machine does not say, as virtual ones.
    package var rootPort: String?

    /// - Parameters: texts of the three files: "0x10de".
    /// - Returns: nil for any other device.
    package init?(busID: String, vendor: String, device: String, class: String) {
        guard BusAddress(busID) != nil, let vendor = Self.number(vendor), let device = Self.number(device),
            let code = Self.number(`class`), let maker = Self.makers[vendor],
            maker.isAccelerator(Kind(code), device)
        else { return nil }
        self.busID = busID
        self.vendor = maker.name
        type = maker.type
        numbers = Self.digits(vendor) + ":" + Self.digits(device)
    }

    /// Makers are looked up before the other files are read.
    package static func isMaker(_ vendor: String) -> Bool { number(vendor).flatMap { makers[$0] } != nil }

    /// What it is, from the upper bytes of its class.
    private enum Kind {
        case display, accelerator, coprocessor, other
        /// What these makers put on their cards beside the accelerator.
        case companion

        init(_ code: UInt32) {
            switch code >> 16 {
            case 0x03: self = .display
            case 0x12: self = .accelerator
            case 0x0B: self = .coprocessor
            case 0x01, 0x02, 0x04, 0x06, 0x07, 0x0C: self = .companion
            default: self = .other
            }
        }
    }

    private struct Maker: Sendable {
        let name: String
        let type: DeviceType
        let isAccelerator: @Sendable (Kind, UInt32) -> Bool
    }

    private static let makers: [UInt32: Maker] = [
        0x10DE: Maker(name: "nvidia", type: .gpu) { kind, _ in kind == .display || kind == .accelerator },
        0x19E5: Maker(name: "huawei", type: .npu) { kind, _ in kind == .accelerator },
        // Below are ATI's old cards and processors' graphics, above more of these.
        0x1002: Maker(name: "amd", type: .gpu) { kind, device in
            (kind == .display || kind == .accelerator) && 0x6600...0x7FFF ~= device
        },
        0x8086: Maker(name: "intel", type: .gpu) { kind, device in
            kind == .display && discreteIntel.contains { $0 ~= device }
        },
        0x1DA3: Maker(name: "habana", type: .npu) { kind, _ in kind != .companion },
        0xCABC: Maker(name: "cambricon", type: .npu) { kind, _ in kind != .companion },
        0x1ED5: Maker(name: "moorethreads", type: .gpu) { kind, _ in kind == .display || kind == .accelerator
        },
        0x1E3E: Maker(name: "iluvatar", type: .gpu) { kind, _ in kind != .companion },
        0x9999: Maker(name: "metax", type: .gpu) { kind, _ in kind == .display || kind == .accelerator },
        0x1E36: Maker(name: "enflame", type: .npu) { kind, _ in kind != .companion },
        0x1D22: Maker(name: "kunlunxin", type: .npu) { kind, _ in kind == .accelerator },
        // Hygon's processors have the same vendor, and a coprocessor for encryption.
        0x1D94: Maker(name: "hygon", type: .gpu) { kind, _ in kind == .display || kind == .accelerator },
    ]

    /// Max and Flex, Arc A and B, and what was before them.
    private static let discreteIntel: [ClosedRange<UInt32>] = [
        0x0201...0x0210, 0x0BD0...0x0BE5, 0x4905...0x4909, 0x5690...0x56CF, 0xE200...0xE2FF,
    ]

    private static func number(_ text: String) -> UInt32? {
        let text = Scan.trimmed(text).lowercased()
        return text.hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : nil
    }

    private static func digits(_ number: UInt32) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// A device that no tool has named: it is there, and no work can be told to use it.
    ///
    /// - Parameters:
    ///   - index: position among the devices of its vendor on the bus.
    ///   - reason: why no tool has named it.
    package func report(index: UInt32, reason: String) -> DeviceReport {
        DeviceReport(
            type: type, vendor: vendor, model: "\(vendor) \(numbers)", index: index, visibleID: "",
            busID: busID,
            health: .unknown, reason: reason)
    }
}
