import APITypes
import ClusterTypes
import CoordinatorCore
import CoordinatorStore

extension APIHandlers {
    var virtualClusterRoutes: [Route] {
        [
            Route("GET", "/v1/virtual-clusters", role: .viewer, listVirtualClusters),
            Route("GET", "/v1/virtual-clusters/{name}", role: .viewer, showVirtualCluster),
            Route("PUT", "/v1/virtual-clusters/{name}", role: .admin, body: .smallJSON, setVirtualCluster),
            Route("DELETE", "/v1/virtual-clusters/{name}", role: .admin, deleteVirtualCluster),
        ]
    }

    func listVirtualClusters(_ call: Call) async throws -> Answer {
        let revision = try await service.reader.revision()
        return try .json(
            Page(items: try await virtualClusters().map { VirtualClusterView($0) }, revision: revision))
    }

    func showVirtualCluster(_ call: Call) async throws -> Answer {
        let name = try call.parameter("name")
        guard let status = try await virtualClusters().first(where: { $0.record.name == name }) else {
            throw APIError.notFound(
                "There is no virtual cluster '\(name)' ('mortise virtual-cluster list' lists them).")
        }
        return try .json(VirtualClusterView(status))
    }

    func setVirtualCluster(_ call: Call) async throws -> Answer {
        let name = try call.parameter("name")
        let request = try call.decode(VirtualClusterRequest.self)
        var faults: [String] = []
        if let fault = faultOfName(name) { faults.append("name: \(fault)") }
        let quotas = self.quotas(request.quotas, "quotas", &faults)
        let userQuotas = self.quotas(request.userQuotas ?? [:], "userQuotas", &faults)
        let weight = request.weight ?? 1
        if !VirtualClusterRecord.weights.contains(weight) {
            faults.append("weight: is \(weight), must be in 1...1000")
        }
        guard faults.isEmpty else { throw APIError.invalid(faults) }
        let reply = try await submit(
            .setVirtualCluster(
                VirtualClusterRecord(
                    name: name, quotas: quotas, userQuotas: userQuotas, weight: weight,
                    createdAt: service.now())))
        guard case .virtualCluster(let record) = reply else {
            throw unexpected(reply, to: "setVirtualCluster")
        }
        return try .json(VirtualClusterView(record))
    }

    func deleteVirtualCluster(_ call: Call) async throws -> Answer {
        let reply = try await submit(.dropVirtualCluster(try call.parameter("name")))
        guard case .virtualCluster(let record) = reply else {
            throw unexpected(reply, to: "dropVirtualCluster")
        }
        return try .json(VirtualClusterView(record))
    }

    private func virtualClusters() async throws -> [VirtualClusterStatus] {
        let reply = try await submit(.listVirtualClusters)
        guard case .virtualClusters(let found) = reply else {
            throw unexpected(reply, to: "listVirtualClusters")
        }
        return found
    }

    private func quotas(
        _ counts: [String: UInt32], _ place: String, _ faults: inout [String]
    ) -> [Quota] {
        var quotas: [Quota] = []
        for (name, count) in counts.sorted(by: { $0.key < $1.key }) {
            if let quota = Quota(named: name, count), count <= Quota.largest {
                quotas.append(quota)
            } else if count > Quota.largest {
                faults.append("\(place).\(name): is \(count), must be in 0...\(Quota.largest)")
            } else {
                faults.append(
                    "\(place).\(name): is no type; write VENDOR_TYPE_ARCHITECTURE, like nvidia_gpu_amd64 or "
                        + "huawei_npu_arm64, or cpu")
            }
        }
        return quotas
    }
}

extension VirtualClusterView {
    /// What it says, without what it has now.
    init(_ record: VirtualClusterRecord) {
        self.init(
            name: record.name, weight: record.weight, quotas: record.quotas.byName,
            userQuotas: record.userQuotas.byName, createdAt: record.createdAt.rfc3339)
    }

    init(_ status: VirtualClusterStatus) {
        self.init(status.record)
        types = status.shares.map {
            VirtualClusterTypeView(
                type: $0.name, total: $0.total, used: $0.used, available: $0.available,
                unschedulable: $0.unschedulable)
        }
        usageSeconds = status.usageSeconds.inThousandths
        users = status.users.map {
            VirtualClusterUserView(
                user: $0.name, used: $0.used.byName, usageSeconds: $0.usageSeconds.inThousandths)
        }
    }
}

extension Double {
    /// More digits say nothing.
    fileprivate var inThousandths: Double { (self * 1_000).rounded() / 1_000 }
}
