import ClusterTypes
import CoordinatorCore
import Testing

@testable import CoordinatorLaunchers

@Suite("What is said to Kubernetes and read of it")
struct KubernetesPodTests {
    private func creation(
        lifetime: Duration? = nil, owner: JSONTree? = nil,
        _ change: (inout KubernetesOptions) -> Void = { _ in }
    ) -> JSONTree {
        var options = KubernetesOptions(image: "registry.example/agent:1")
        change(&options)
        return KubernetesPod.creation(
            "mortise-1f3a9c20-cloud-12-1", Launching.order(12, lifetime: lifetime), options, Launching.scope,
            owner: owner)
    }

    @Test func `A pod never starts again by itself, and waits for its token`() {
        let pod = creation()
        #expect(pod["kind"] == "Pod" && pod["metadata"]["name"] == "mortise-1f3a9c20-cloud-12-1")
        #expect(
            pod["metadata"]["labels"]
                == ["mortise.cluster-tag": "1f3a9c20", "mortise.pool": "cloud", "mortise.launch": "12"])
        #expect(pod["metadata"]["annotations"] == ["mortise.cluster": "lab"])
        let specification = pod["spec"]
        #expect(specification["restartPolicy"] == "Never" && specification["activeDeadlineSeconds"].isNull)
        #expect(specification["automountServiceAccountToken"] == false)
        #expect(
            specification["volumes"].list?.first
                == [
                    "name": "mortise-join",
                    "secret": ["secretName": "mortise-1f3a9c20-cloud-12-1", "defaultMode": 256],
                ])
        let container = specification["containers"].list?.first ?? .null
        #expect(container["command"] == ["mortise-agent"] && container["resources"] == [:])
        #expect(
            container["args"]
                == [
                    "run", "--stop-slots", "--directory", "/mortise/agent", "--join-file",
                    "/mortise/join/join.token",
                ])
        #expect(
            container["env"]
                == [
                    ["name": "MORTISE_ALLOCATION", "value": "mortise-1f3a9c20-cloud-12-1"],
                    ["name": "MORTISE_NAME", "value": "mortise-1f3a9c20-cloud-12-1"],
                ])
    }

    @Test func `Every option has its place, and the site's specification lies over it`() {
        let owner: JSONTree = ["apiVersion": "v1", "kind": "ConfigMap", "name": "m", "uid": "u"]
        let pod = creation(lifetime: .seconds(600), owner: owner) { options in
            options.resources = ["cpu": "4", "nvidia.com/gpu": "1"]
            options.nodeSelector = ["zone": "a"]
            options.user = ContainerUser(user: 1_000, group: 100)
            options.labels = ["team": "blue", "mortise.pool": "not this one"]
            options.graceSeconds = 45
            options.specification = [
                "tolerations": [["operator": "Exists"]], "automountServiceAccountToken": true,
                "securityContext": ["runAsNonRoot": true], "volumes": [["name": "data"]],
            ]
        }
        #expect(pod["metadata"]["ownerReferences"] == [owner])
        #expect(
            pod["metadata"]["labels"]["team"] == "blue"
                && pod["metadata"]["labels"]["mortise.pool"] == "cloud")
        let specification = pod["spec"]
        #expect(
            specification["activeDeadlineSeconds"] == 645
                && specification["terminationGracePeriodSeconds"] == 45)
        #expect(
            specification["nodeSelector"] == ["zone": "a"]
                && specification["tolerations"] == [["operator": "Exists"]])
        #expect(
            specification["securityContext"]
                == ["runAsUser": 1000, "runAsGroup": 100, "fsGroup": 100, "runAsNonRoot": true])
        #expect(specification["automountServiceAccountToken"] == true)
        #expect(
            specification["volumes"].list?.map { $0["name"] } == ["mortise-join", "mortise-agent", "data"])
        #expect(specification["volumes"].list?.first?["secret"]["defaultMode"] == 288)
        let container = specification["containers"].list?.first ?? .null
        let amounts: JSONTree = ["cpu": "4", "nvidia.com/gpu": "1"]
        #expect(container["resources"] == ["requests": amounts, "limits": amounts])
        #expect(container["env"].list?.last == ["name": "MORTISE_LIFETIME", "value": "600s"])
    }

    @Test func `A Secret belongs to its pod`() {
        let pod: JSONTree = ["metadata": ["name": "p", "uid": "u-1"]]
        let secret = KubernetesPod.secret(pod, LaunchID(12), Launching.start, Launching.scope)
        #expect(secret["kind"] == "Secret" && secret["metadata"]["name"] == "p")
        #expect(
            secret["metadata"]["ownerReferences"]
                == [["apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u-1"]])
        #expect(secret["stringData"] == ["join.token": "join-token-of-tests"])
    }

    private func pod(_ status: String, metadata: String = "") -> Allocation? {
        let text = """
            {"metadata":{"name":"mortise-1f3a9c20-cloud-12-1","labels":{"mortise.cluster-tag":"1f3a9c20",
            "mortise.pool":"cloud","mortise.launch":"12"}\(metadata)},"status":\(status)}
            """
        return JSONTree(parsing: Array(text.utf8)).flatMap { KubernetesPod.allocation($0, Launching.scope) }
    }

    @Test(arguments: [
        (#"{"phase":"Running","podIP":"10.2.0.7"}"#, Allocation.State.running, ""),
        (#"{"phase":"Pending"}"#, .waiting, ""),
        (
            #"{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/3 nodes are available: 3 Insufficient cpu."}]}"#,
            .waiting, "0/3 nodes are available: 3 Insufficient cpu."
        ),
        (
            #"{"phase":"Pending","containerStatuses":[{"state":{"waiting":{"reason":"ImagePullBackOff","message":"Back-off pulling image"}}}]}"#,
            .waiting, "ImagePullBackOff: Back-off pulling image"
        ),
        (#"{"phase":"Succeeded"}"#, .completed, ""),
        (
            #"{"phase":"Failed","containerStatuses":[{"state":{"terminated":{"exitCode":7,"reason":"Error"}}}]}"#,
            .failed,
            "the agent ended with 7"
        ),
        (
            #"{"phase":"Failed","containerStatuses":[{"state":{"terminated":{"exitCode":137,"reason":"OOMKilled"}}}]}"#,
            .failed, "killed for memory"
        ),
        (
            #"{"phase":"Failed","reason":"DeadlineExceeded","message":"Pod was active on the node longer than the specified deadline"}"#,
            .timedOut, "DeadlineExceeded: Pod was active on the node longer than the specified deadline"
        ),
        (
            #"{"phase":"Failed","reason":"Evicted","message":"The node was low on resource: memory."}"#,
            .canceled,
            "Evicted: The node was low on resource: memory."
        ),
        (#"{"phase":"Failed"}"#, .failed, "Kubernetes does not say why"),
        (#"{"phase":"Unknown"}"#, .running, "the machine that it runs on does not answer"),
    ])
    func `A pod's status is an allocation's state`(status: String, state: Allocation.State, reason: String) {
        let found = pod(status)
        #expect(found?.state == state && found?.reason == reason, "\(String(describing: found))")
        #expect(found?.host == (status.contains("10.2.0.7") ? "10.2.0.7" : nil))
    }

    @Test func `One that is being deleted is over for us`() {
        let found = pod(#"{"phase":"Running"}"#, metadata: #","deletionTimestamp":"2026-01-01T00:00:00Z""#)
        #expect(found?.state == .canceled && found?.reason == "it is being deleted")
    }

    @Test func `Options that cannot be are told all at once`() {
        var options = KubernetesOptions(image: "")
        options.environment = [EnvironmentVariable("1", "")]
        options.owner = .init(version: "v1", kind: "Pod", name: "p")
        options.graceSeconds = -1
        options.timeout = .zero
        options.specification = []
        let scope = LaunchScope(cluster: "lab", clusterTag: "1f3a9c20", pool: "Big_Pool")
        #expect(options.faults(scope).count == 7)
        #expect(KubernetesOptions(image: "a").faults(Launching.scope) == [])
    }
}
