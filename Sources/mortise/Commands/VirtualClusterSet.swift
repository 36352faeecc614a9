import APITypes
import ArgumentParser
import Terminal

struct VirtualClusterSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Make a virtual cluster, or change its quotas and its weight.",
        discussion: """
            A type is VENDOR_TYPE_ARCHITECTURE, like nvidia_gpu_amd64 or huawei_npu_arm64, or cpu for whole cores. What \
            is not named stays as it is. A type of device without a quota is not its to use; without a quota of cpu \
            its CPUs have no limit.

            Example: 40 GPUs, 8 at most for each user, and twice the share of the others:

              mortise virtual-cluster set vision --quota nvidia_gpu_amd64=40 \
            --user-quota nvidia_gpu_amd64=8 --weight 2
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("So many of this type; none takes a quota away.", valueName: "type=count"))
    var quota: [QuotaChange] = []

    @Option(help: ArgumentHelp("So many of this type for each user.", valueName: "type=count"))
    var userQuota: [QuotaChange] = []

    @Option(help: "It is due so many parts where others are due one: 1 to 1000.")
    var weight: UInt32?

    @Flag(help: "The same as --format json.")
    var json = false

    @Argument(help: "Its name.")
    var name: String

    func run() async throws {
        var common = common
        if json { common.format = .json }
        let client = try common.client()
        let former = try await client.virtualClusters().items.first { $0.name == name }
        let request = VirtualClusterRequest(
            quotas: QuotaChange.apply(quota, to: former?.quotas ?? [:]),
            userQuotas: QuotaChange.apply(userQuota, to: former?.userQuotas ?? [:]),
            weight: weight ?? former?.weight)
        let view = try await client.setVirtualCluster(name, request)
        try common.confirm(
            "Virtual cluster \(name) is \(former == nil ? "made" : "changed").", quietText: name, json: view)
    }
}

/// `nvidia_gpu_amd64=40`, or `cpu=none`.
struct QuotaChange: ExpressibleByArgument, Hashable {
    let type: String
    /// nil: no quota.
    let count: UInt32?

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else { return nil }
        type = String(argument[..<equals])
        let text = argument[argument.index(after: equals)...]
        if text == "none" {
            count = nil
        } else {
            guard let count = UInt32(text) else { return nil }
            self.count = count
        }
    }

    static func apply(_ changes: [QuotaChange], to quotas: [String: UInt32]) -> [String: UInt32] {
        changes.reduce(into: quotas) { $0[$1.type] = $1.count }
    }
}
