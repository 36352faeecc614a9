import APITypes
import ClusterTypes
import CoordinatorCore
import Foundation
import ProtocolMessages
import Testing

@testable import CoordinatorAPI

@Suite("The OpenAPI document")
struct OpenAPITests {
    struct Document {
        let root: [String: Any]

        init() throws {
            let json = try JSONSerialization.jsonObject(with: Data(OpenAPI.document.utf8))
            root = try #require(json as? [String: Any])
        }

        func object(_ path: String...) throws -> [String: Any] {
            try path.reduce(root) { object, key in
                try #require(object[key] as? [String: Any], "\(path)")
            }
        }

        func schema(_ name: String) throws -> [String: Any] { try object("components", "schemas", name) }

        /// Follows a reference to a parameter.
        func parameter(_ given: [String: Any]) throws -> [String: Any] {
            guard let reference = given["$ref"] as? String else { return given }
            let name = try #require(reference.split(separator: "/").last)
            return try object("components", "parameters", String(name))
        }
    }

    /// A route or an operation, in the words of both sides.
    struct Operation: Hashable {
        var method: String
        var path: String
        var role: String?
        var takesBody: Bool
        var query: Set<String>
        var pathNames: Set<String>
    }

    @Test func `Its operations are the routes: role, body, query and path included`() throws {
        let document = try Document()
        var described: Set<Operation> = []
        for (path, item) in try document.object("paths") {
            let item = try #require(item as? [String: Any])
            let shared = item["parameters"] as? [[String: Any]] ?? []
            for (method, operation) in item where method != "parameters" {
                let operation = try #require(operation as? [String: Any])
                let own = operation["parameters"] as? [[String: Any]] ?? []
                let parameters = try (shared + own).map { try document.parameter($0) }
                func names(_ place: String) -> Set<String> {
                    Set(
                        parameters.filter { $0["in"] as? String == place }.compactMap {
                            $0["name"] as? String
                        })
                }
                let role = operation["x-mortise-role"] as? String
                #expect((operation["security"] != nil) == (role == nil), "\(method) \(path)")
                described.insert(
                    Operation(
                        method: method.uppercased(), path: path, role: role,
                        takesBody: operation["requestBody"] != nil, query: names("query"),
                        pathNames: names("path")))
            }
        }
        let routes = Set(
            AccessTests.routes.map { route in
                Operation(
                    method: route.method, path: route.path, role: route.role?.rawValue,
                    takesBody: route.body != .none, query: Set(route.query),
                    pathNames: Set(
                        route.path.split(separator: "/").filter { $0.hasPrefix("{") }
                            .map { String($0.dropFirst().dropLast()) }))
            })
        #expect(described.subtracting(routes) == [])
        #expect(routes.subtracting(described) == [])
    }

    @Test func `Every reference leads somewhere and every schema is used`() throws {
        let document = try Document()
        let pattern = /#\/components\/(\w+)\/(\w+)/
        var used: Set<String> = []
        for match in OpenAPI.document.matches(of: pattern) {
            _ = try document.object("components", String(match.1), String(match.2))
            used.insert(String(match.2))
        }
        #expect(Set(try document.object("components", "schemas").keys).subtracting(used) == [])
    }

    @Test func `Operation ids stand once`() throws {
        let ids = OpenAPI.document.matches(of: /"operationId": "(\w+)"/).map { String($0.1) }
        #expect(Set(ids).count == ids.count && ids.count == AccessTests.routes.count)
    }

    /// - Parameters:
    ///   - full: with a value in every property.
    ///   - least: with nil wherever it may be.
    func expectShape(_ name: String, full: some Encodable, least: (some Encodable)? = nil as Bool?) throws {
        func keys(_ value: some Encodable) throws -> Set<String> {
            let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(value))
            return Set(try #require(json as? [String: Any]).keys)
        }
        let schema = try Document().schema(name)
        let properties = try #require(schema["properties"] as? [String: Any], "\(name)")
        let fullKeys = try keys(full)
        #expect(Set(properties.keys) == fullKeys, "properties of \(name)")
        let required = Set(schema["required"] as? [String] ?? [])
        let leastKeys = try least.map { try keys($0) } ?? fullKeys
        #expect(required == leastKeys, "required of \(name)")
    }

    @Test func `Shapes of jobs and tasks are those of the types`() throws {
        var counts = TaskCountsView(JobRecord.sample())
        counts.retried = 1
        func job(_ endedAt: String?, _ specification: JobSpecification?) -> JobView {
            JobView(
                revision: 1, job: JobID(1), app: "", name: "", kind: .batch, state: .failed, reason: "",
                tasks: counts, isOpen: false, priority: 0, submitter: "", submittedAt: "", endedAt: endedAt,
                specification: specification)
        }
        try expectShape("JobView", full: job("", .sample()), least: job(nil, nil))
        try expectShape("TaskCountsView", full: counts)
        try expectShape(
            "TaskView",
            full: TaskView(
                job: JobID(1), index: 0, state: .failed, attempt: 1, exitCode: 1, payload: "",
                slot: SlotID(1),
                node: NodeID(1), nodeName: "", startedAt: "", durationSeconds: 1),
            least: TaskView(job: JobID(1), index: 0, state: .ready, attempt: 0))
        func slot(_ node: NodeID?, _ name: String?, _ exitCode: Int32?) -> SlotView {
            SlotView(
                slot: SlotID(1), generation: Generation(1), job: JobID(1), state: .running, reason: "",
                node: node, nodeName: name, exitCode: exitCode, createdAt: "", since: "")
        }
        try expectShape("SlotView", full: slot(NodeID(1), "", 0), least: slot(nil, nil, nil))
        try expectShape("DeviceGrant", full: DeviceGrant(device: 0, shares: 1))
        try expectShape(
            "SubmitRequest", full: SubmitRequest(specification: .sample(), payloads: []),
            least: SubmitRequest(specification: .sample()))
        try expectShape("AppendTasksRequest", full: AppendTasksRequest(payloads: [], close: true))
        try expectShape(
            "RetryTasksRequest", full: RetryTasksRequest(indices: []), least: RetryTasksRequest())
        try expectShape("RetryTasksAnswer", full: RetryTasksAnswer(retried: 0))
    }

    /// Requests have defaults: what is required is what decoding asks for.
    @Test func `The shape of a specification is that of the type`() throws {
        var full = JobSpecification.array(0, 1)
        full.directory = "/"
        full.timeoutSeconds = 1
        full.timeRequestSeconds = 1
        full.warningSignal = .usr1
        full.bindsProcessors = true
        full.admission = Admission()
        full.resources.devices = DeviceRequest(type: .gpu, memoryShareBytes: 1, model: "H100")
        full.resources.counted = [CountedResource("license", 1)]
        full.placement.slotsPerNode = 1
        full.placement.spread = "zone"
        full.placement.gang = Gang()
        full.placement.virtualCluster = "physics"
        full.placement.startsPerMinute = 1
        full.placement.priorityClass = "urgent"
        full.retries = RetryPolicy(any: 1, rules: [RetryPolicy.Rule(exitCode: 1, count: 1)])
        struct Least: Encodable {
            var app = "", job = "", kind = "batch"
            var command = ["script": ""]
        }
        try expectShape("JobSpecification", full: full, least: Least())
        let least = try JSONDecoder().decode(JobSpecification.self, from: JSONEncoder().encode(Least()))
        #expect(least == JobSpecification(app: "", job: "", kind: .batch, command: .script("")))
        #expect(try JSONDecoder().decode(JobSpecification.self, from: JSONEncoder().encode(full)) == full)

        struct Nothing: Encodable { var encodable: Int? = nil }
        try expectShape("ResourceRequest", full: full.resources, least: Nothing())
        try expectShape("Resources", full: full.resources.resources, least: Nothing())
        try expectShape("DeviceRequest", full: full.resources.devices, least: ["type": "gpu"])
        try expectShape("CountedResource", full: full.resources.counted[0])
        try expectShape("PlacementRules", full: full.placement, least: Nothing())
        try expectShape("Gang", full: full.placement.gang, least: Nothing())
        try expectShape("SlotCount", full: full.slots)
        try expectShape("TaskArray", full: full.array, least: ["first": 0, "last": 1])
        try expectShape("RetryPolicy", full: full.retries, least: Nothing())
        try expectShape("RetryRule", full: full.retries.rules[0])
        let command = try #require(try Document().schema("JobCommand")["properties"] as? [String: Any])
        #expect(Set(command.keys) == ["argv", "script"])
    }

    @Test func `Shapes of nodes are those of the types`() throws {
        let node = NodeRecord.sample(1)
        var ending = node
        ending.endsAt = .epoch
        let load = (Heartbeat(sequence: 1), Instant.epoch)
        try expectShape(
            "NodeView", full: NodeView(ending, load: load, hardware: .sample),
            least: NodeView(node, load: nil))
        var capacity = node.capacity
        capacity.memoryNodes = [MemoryNodeCapacity(number: 0, milliCPU: 32_000)]
        try expectShape("NodeCapacity", full: capacity, least: node.capacity)
        try expectShape("MemoryNodeCapacity", full: MemoryNodeCapacity(number: 0, milliCPU: 32_000))
        var faulty = node.capacity.devices[0]
        faulty.withhold(.failed, "lost")
        faulty.vendor = "nvidia"
        faulty.memoryNode = 0
        faulty.linkGroup = 1
        faulty.rootPort = "0000:16:02.0"
        faulty.physicalID = 1
        faulty.networkAddress = "10.1.0.1"
        try expectShape("DeviceCapacity", full: faulty, least: node.capacity.devices[0])
        try expectShape("Label", full: Label("a", "b"))
        try expectShape("NodeLoadView", full: NodeLoadView(load.0, at: load.1))
        var bare = HardwareReport.sample
        bare.memory.limitBytes = nil
        bare.container = nil
        try expectShape("HardwareView", full: HardwareView(.sample), least: HardwareView(bare))
        let device = DeviceReport(type: .gpu, vendor: "", model: "", index: 0, visibleID: "")
        try expectShape(
            "HardwareDevice", full: HardwareView(.sample).devices[0], least: HardwareView.Device(device))
        try expectShape("ReasonRequest", full: ReasonRequest(reason: ""))
    }

    @Test func `Shapes of the cluster and its tokens are those of the types`() throws {
        let cluster = ClusterView(
            cluster: "", version: "", startedAt: "", revision: 1, nodes: [:], slots: [:], activeJobs: 0,
            milliCPU: 0, memoryBytes: 0, devices: 0)
        let urgent = PriorityClass(name: "urgent", priority: 500, role: "admin")
        var withClasses = cluster
        withClasses.priorityClasses = [urgent]
        try expectShape("ClusterView", full: withClasses, least: cluster)
        try expectShape("PriorityClass", full: urgent)
        try expectShape("EventView", full: EventView(at: "", subject: "", message: ""))
        try expectShape("ExplanationView", full: ExplanationView(lines: []))
        try expectShape(
            "TokenView",
            full: TokenView(
                token: TokenID(1), name: "", purpose: "", pool: "", role: "", expiresAt: "", usesLeft: 1,
                isRevoked: false, createdAt: "", secret: ""),
            least: TokenView(token: TokenID(1), name: "", purpose: "", isRevoked: false, createdAt: ""))
        try expectShape(
            "CreateTokenRequest",
            full: CreateTokenRequest(name: "", purpose: "", pool: "", role: "", expiresInSeconds: 1, uses: 1),
            least: CreateTokenRequest(name: "", purpose: ""))
        try expectShape(
            "EnrollRequest",
            full: EnrollRequest(secret: "", nodeName: "", certificateRequest: "", allocation: ""),
            least: EnrollRequest(secret: "", nodeName: "", certificateRequest: ""))
        try expectShape(
            "EnrollAnswer",
            full: EnrollAnswer(node: NodeID(1), cluster: "", certificate: "", agentEndpoints: []))
        try expectShape("StatusView", full: StatusView(status: ""))
        try expectShape("ErrorBody", full: ErrorBody(code: "", message: ""))
        let page = Page<EventView>(items: [], revision: 1, next: 1)
        let last = Page<EventView>(items: [], revision: 1)
        for name in ["Job", "Task", "Slot", "Node", "Token", "Event", "Usage", "VirtualCluster"] {
            try expectShape("\(name)Page", full: page, least: last)
        }
    }

    @Test func `Shapes of plans and moves are those of the types`() throws {
        try expectShape(
            "PlanRequest", full: PlanRequest(specification: .sample(), tasks: 1),
            least: PlanRequest(specification: .sample()))
        try expectShape("PlanView", full: PlanView(places: []))
        try expectShape("PlanPlace", full: PlanView.Place(node: NodeID(1), nodeName: ""))
        try expectShape("MovesView", full: MovesView(freed: [], wholeDevices: 0))
        try expectShape("FreedDevice", full: MovesView.FreedDevice(nodeName: "", device: 0, moves: []))
        try expectShape("Move", full: MovesView.Move(slot: SlotID(1), job: JobID(1), to: "", devices: []))
        let schema = try Document().object("components", "schemas", "PlanRequest", "properties", "tasks")
        #expect(schema["maximum"] as? Int == JobLimits.tasks)
    }

    @Test func `Shapes of history and usage are those of the types`() throws {
        try expectShape(
            "NodeHistoryView",
            full: NodeHistoryView(node: NodeID(1), name: "", from: "", stepSeconds: 1, steps: 0, series: []))
        try expectShape(
            "HistorySeriesView", full: HistorySeriesView(name: "", device: 0, mean: [nil], maximum: [1]),
            least: HistorySeriesView(name: ""))
        try expectShape(
            "UsageView",
            full: UsageView(
                user: "", job: JobID(1), resource: "", bookedSeconds: 0, idleSeconds: 0, unknownSeconds: 0,
                usedSeconds: 0, nonidleUtilizationPercent: 0, memoryBookedByteSeconds: 0,
                memoryUsedByteSeconds: 0),
            least: UsageView(
                user: "", resource: "", bookedSeconds: 0, idleSeconds: 0, unknownSeconds: 0, usedSeconds: 0))
    }

    @Test func `Shapes of virtual clusters are those of the types`() throws {
        try expectShape(
            "VirtualClusterView",
            full: VirtualClusterView(name: "", weight: 1, quotas: [:], userQuotas: [:], createdAt: ""))
        try expectShape(
            "VirtualClusterTypeView",
            full: VirtualClusterTypeView(type: "", total: 0, used: 0, available: 0, unschedulable: 0))
        try expectShape(
            "VirtualClusterUserView", full: VirtualClusterUserView(user: "", used: [:], usageSeconds: 0))
        try expectShape(
            "VirtualClusterRequest", full: VirtualClusterRequest(quotas: [:], userQuotas: [:], weight: 1),
            least: VirtualClusterRequest(quotas: [:]))
    }

    @Test func `Words of states and kinds are those of the types`() throws {
        func expectWords<Word: CaseIterable & RawRepresentable>(_ name: String, _ type: Word.Type) throws
        where Word.RawValue == String {
            let words = try #require(try Document().schema(name)["enum"] as? [String])
            #expect(Set(words) == Set(Word.allCases.map(\.rawValue)), "\(name)")
        }
        try expectWords("JobKind", JobKind.self)
        try expectWords("JobState", JobState.self)
        try expectWords("TaskState", TaskState.self)
        try expectWords("SlotState", SlotState.self)
        try expectWords("NodeState", NodeState.self)
        try expectWords("Runtime", Runtime.self)
        try expectWords("DisconnectPolicy", DisconnectPolicy.self)
        try expectWords("LossPolicy", LossPolicy.self)
        try expectWords("Architecture", Architecture.self)
        try expectWords("DeviceType", DeviceType.self)
        try expectWords("DeviceHealth", DeviceHealth.self)
        try expectWords("Role", Role.self)
        try expectWords("WarningSignal", WarningSignal.self)
    }

    @Test func `Its bounds of placement are those that are checked`() throws {
        func number(_ schema: String, _ property: String, _ bound: String) throws -> Int? {
            try Document().object("components", "schemas", schema, "properties", property)[bound] as? Int
        }
        #expect(try number("PlacementRules", "alternatives", "maxItems") == JobLimits.alternatives)
        #expect(try number("PlacementRules", "preferences", "maxItems") == JobLimits.constraints)
        #expect(try number("PlacementRules", "slotsPerNode", "maximum") == Int(JobLimits.slots))
        #expect(
            try number("Gang", "startSeconds", "maximum") == Int(JobLimits.gangStartSeconds.upperBound))
        #expect(try number("ResourceRequest", "counted", "maxItems") == JobLimits.countedResources)
    }

    @Test func `It is served to everybody`() async throws {
        try await TestServer.run { server in
            let answer = try await server.get("/v1/openapi.json", as: nil)
            #expect(answer.status == 200 && answer.text == OpenAPI.document)
            #expect(answer.header("content-type") == "application/json")
        }
    }
}
