import APITypes

extension APIClient {
    func virtualClusters() async throws -> Page<VirtualClusterView> {
        try await get(APIPath.make(["virtual-clusters"]))
    }

    func virtualCluster(_ name: String) async throws -> VirtualClusterView {
        try await get(APIPath.make(["virtual-clusters", name]))
    }

    func setVirtualCluster(_ name: String, _ request: VirtualClusterRequest) async throws
        -> VirtualClusterView
    {
        try await put(APIPath.make(["virtual-clusters", name]), request)
    }

    func deleteVirtualCluster(_ name: String) async throws -> VirtualClusterView {
        try await delete(APIPath.make(["virtual-clusters", name]))
    }
}
