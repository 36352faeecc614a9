/// Names of ARM processors, which `/proc/cpuinfo` tells by numbers alone.
///
/// Numbers: the implementer's and part's fields of MIDR_EL1, as Arm and the implementers document them.
package enum ArmNames {
    /// - Parameters:
    ///   - implementer: "0x41".
    ///   - part: "0xd0c".
    package static func core(implementer: String, part: String) -> String? {
        cores[implementer.lowercased() + " " + part.lowercased()]
    }

    /// The product around a core: one core is sold by several makers, and their firmware tells whose it is.
    ///
    /// - Parameters:
    ///   - maker: `sys_vendor` of `/sys/class/dmi/id`: "Amazon EC2".
    ///   - systemOnChip: `family` of `/sys/devices/soc0`, a maker's JEP-106 number: "jep106:0a16".
    package static func product(
        implementer: String, part: String, maker: String?, systemOnChip: String?
    ) -> String? {
        guard implementer.lowercased() == "0x41" else { return nil }
        let part = part.lowercased()
        if let maker = maker?.lowercased() {
            for (name, parts) in products where maker.hasPrefix(name) { return parts[part] }
        }
        switch systemOnChip?.lowercased() {
        case "jep106:0a16": return part == "0xd0c" ? "Ampere Altra" : nil
        case "jep106:036b": return part == "0xd4f" ? "NVIDIA Grace" : nil
        default: return nil
        }
    }

    private static let products: [(maker: String, parts: [String: String])] = [
        (
            "amazon",
            [
                "0xd08": "AWS Graviton", "0xd0c": "AWS Graviton2", "0xd40": "AWS Graviton3",
                "0xd4f": "AWS Graviton4",
            ]
        ),
        ("google", ["0xd0c": "Ampere Altra", "0xd4f": "Google Axion"]),
        ("microsoft", ["0xd0c": "Ampere Altra", "0xd49": "Azure Cobalt 100"]),
        ("alibaba", ["0xd0c": "Ampere Altra", "0xd49": "Alibaba Yitian 710"]),
        ("oracle", ["0xd0c": "Ampere Altra"]),
    ]

    private static let cores = [
        "0x41 0xc05": "ARM Cortex-A5", "0x41 0xc07": "ARM Cortex-A7", "0x41 0xc08": "ARM Cortex-A8",
        "0x41 0xc09": "ARM Cortex-A9", "0x41 0xc0e": "ARM Cortex-A17", "0x41 0xc0f": "ARM Cortex-A15",
        "0x41 0xd03": "ARM Cortex-A53", "0x41 0xd04": "ARM Cortex-A35", "0x41 0xd05": "ARM Cortex-A55",
        "0x41 0xd07": "ARM Cortex-A57", "0x41 0xd08": "ARM Cortex-A72", "0x41 0xd09": "ARM Cortex-A73",
        "0x41 0xd0a": "ARM Cortex-A75", "0x41 0xd0b": "ARM Cortex-A76", "0x41 0xd0c": "ARM Neoverse N1",
        "0x41 0xd0d": "ARM Cortex-A77", "0x41 0xd40": "ARM Neoverse V1", "0x41 0xd41": "ARM Cortex-A78",
        "0x41 0xd42": "ARM Cortex-A78AE", "0x41 0xd44": "ARM Cortex-X1", "0x41 0xd46": "ARM Cortex-A510",
        "0x41 0xd47": "ARM Cortex-A710", "0x41 0xd48": "ARM Cortex-X2", "0x41 0xd49": "ARM Neoverse N2",
        "0x41 0xd4a": "ARM Neoverse E1", "0x41 0xd4b": "ARM Cortex-A78C", "0x41 0xd4d": "ARM Cortex-A715",
        "0x41 0xd4e": "ARM Cortex-X3", "0x41 0xd4f": "ARM Neoverse V2", "0x41 0xd80": "ARM Cortex-A520",
        "0x41 0xd81": "ARM Cortex-A720", "0x41 0xd82": "ARM Cortex-X4", "0x41 0xd83": "ARM Neoverse V3AE",
        "0x41 0xd84": "ARM Neoverse V3", "0x41 0xd85": "ARM Cortex-X925", "0x41 0xd87": "ARM Cortex-A725",
        "0x41 0xd8e": "ARM Neoverse N3",
        "0x42 0x516": "Broadcom Vulcan", "0x43 0x0a1": "Cavium ThunderX", "0x43 0x0af": "Cavium ThunderX2",
        "0x43 0x0b8": "Marvell ThunderX3", "0x46 0x001": "Fujitsu A64FX", "0x46 0x003": "Fujitsu MONAKA",
        "0x48 0xd01": "HiSilicon Kunpeng 920", "0x48 0xd02": "HiSilicon Kunpeng 920B",
        "0x4e 0x000": "NVIDIA Denver", "0x4e 0x003": "NVIDIA Denver 2", "0x4e 0x004": "NVIDIA Carmel",
        "0x4e 0x010": "NVIDIA Olympus", "0x50 0x000": "APM X-Gene", "0x51 0x001": "Qualcomm Oryon",
        "0x51 0xc00": "Qualcomm Falkor", "0x6d 0xd49": "Azure Cobalt 100",
        "0x70 0x303": "Phytium FTC310", "0x70 0x660": "Phytium FTC660", "0x70 0x661": "Phytium FTC661",
        "0x70 0x662": "Phytium FTC662", "0x70 0x663": "Phytium FTC663", "0x70 0x664": "Phytium FTC664",
        "0x70 0x862": "Phytium FTC862", "0xc0 0xac3": "Ampere-1", "0xc0 0xac4": "Ampere-1A",
        "0xc0 0xac5": "Ampere-1B",
    ]
}
