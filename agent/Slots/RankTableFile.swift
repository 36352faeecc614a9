import ProtocolMessages
import TextForms

/// The NPUs of a gang as HCCL reads them: Huawei's rank table of version 1.0.
enum RankTableFile {
    /// The path of the file.
    static let variable = "RANK_TABLE_FILE"

    static func text(for table: RankTable) -> String {
        var rank = 0
        let servers = table.servers.map { server in
            JSONText.Value.object([
                ("server_id", .string(server.address)),
                (
                    "device",
                    .array(
                        server.devices.map { device in
                            defer { rank += 1 }
                            return .object([
                                ("device_id", .string(String(device.physicalID))),
                                ("device_ip", .optional(device.address)),
                                ("rank_id", .string(String(rank))),
                            ])
                        })
                ),
                ("host_nic_ip", .string("reserve")),
            ])
        }
        return JSONText.write(
            .object([
                ("version", .string("1.0")),
                ("server_count", .string(String(servers.count))),
                ("server_list", .array(servers)),
                ("status", .string("completed")),
            ])) + "\n"
    }

    /// Which addresses are missing, in one line; nil: none is.
    static func lack(of table: RankTable) -> String? {
        let lacks = table.servers.compactMap { server -> String? in
            let devices = server.devices.filter { $0.address == nil }.map { String($0.physicalID) }
            return devices.isEmpty ? nil : "\(devices.joined(separator: ", ")) of \(server.address)"
        }
        guard !lacks.isEmpty else { return nil }
        return
            "the rank table has no device_ip for NPU \(lacks.joined(separator: "; ")): neither /etc/hccn.conf nor "
            + "hccn_tool told it there"
    }
}
