import APITypes
import ClusterTypes

/// What can be ordered about a pool's autoscaler.
enum PoolAction: String {
    case pause, resume
}

extension APIClient {
    func pools() async throws -> Page<PoolView> { try await get(APIPath.make(["pools"])) }

    func pool(_ name: String) async throws -> PoolView { try await get(APIPath.make(["pools", name])) }

    func perform(_ action: PoolAction, on pool: String) async throws -> PoolView {
        try await post(APIPath.make(["pools", pool, action.rawValue]))
    }

    func scale(_ pool: String, _ request: ScaleRequest) async throws -> PoolView {
        try await post(APIPath.make(["pools", pool, "scale"]), request)
    }

    func launches(of pool: String?) async throws -> Page<LaunchView> {
        try await get(APIPath.make(["launches"], query: [("pool", pool)]))
    }

    func launch(_ launch: LaunchID) async throws -> LaunchView {
        try await get(APIPath.make(["launches", "\(launch)"]))
    }
}
