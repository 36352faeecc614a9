import ClusterTypes
import CoordinatorCore

/// What is said to Kubernetes about pods and read of its answers.
enum KubernetesPod {
    static let tagLabel = "mortise.cluster-tag"
    static let poolLabel = "mortise.pool"
    static let launchLabel = "mortise.launch"
    private static let clusterAnnotation = "mortise.cluster"
    private static let tokenKey = "join.token"

    static func name(_ launch: LaunchID, _ number: Int, _ scope: LaunchScope) -> String {
        "\(scope.name(of: launch))-\(number)"
    }

    static func selector(_ scope: LaunchScope) -> String {
        "\(tagLabel)=\(scope.clusterTag),\(poolLabel)=\(scope.pool)"
    }

    private static func metadata(
        _ name: String, _ launch: LaunchID, _ scope: LaunchScope, labels: [String: String], owner: JSONTree?
    ) -> JSONTree {
        var labels = labels.mapValues { JSONTree.text($0) }
        labels[tagLabel] = .text(scope.clusterTag)
        labels[poolLabel] = .text(scope.pool)
        labels[launchLabel] = .text(launch.description)
        var metadata: [String: JSONTree] = [
            "name": .text(name), "labels": .object(labels),
            "annotations": .object([clusterAnnotation: .text(scope.cluster)]),
        ]
        if let owner { metadata["ownerReferences"] = .list([owner]) }
        return .object(metadata)
    }

    /// The body of `POST …/pods`. There is no secret in it: the token comes in a Secret of the pod's name, which the pod
    /// waits for.
    ///
    /// - Parameter owner: a reference as `ownerReferences` has it.
    static func creation(
        _ name: String, _ order: LaunchOrder, _ options: KubernetesOptions, _ scope: LaunchScope,
        owner: JSONTree?
    ) -> JSONTree {
        var specification: [String: JSONTree] = [
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": .integer(Int64(options.graceSeconds)),
            "automountServiceAccountToken": false, "enableServiceLinks": false,
            "containers": .list([container(name, order, options)]),
            "volumes": [
                [
                    "name": "mortise-join",
                    "secret": [
                        "secretName": .text(name),
                        // Who is no root reads it as the group of its files.
                        "defaultMode": .integer(options.user == nil ? 0o400 : 0o440),
                    ],
                ],
                ["name": "mortise-agent", "emptyDir": [:]],
            ],
        ]
        if !options.nodeSelector.isEmpty {
            specification["nodeSelector"] = .object(options.nodeSelector.mapValues { .text($0) })
        }
        if let user = options.user {
            specification["securityContext"] = [
                "runAsUser": .integer(Int64(user.user)), "runAsGroup": .integer(Int64(user.group)),
                "fsGroup": .integer(Int64(user.group)),
            ]
        }
        if let lifetime = order.lifetime {
            // The agent leaves by itself before that.
            let seconds = max(1, lifetime.components.seconds) + Int64(options.graceSeconds)
            specification["activeDeadlineSeconds"] = .integer(seconds)
        }
        return .object([
            "apiVersion": "v1", "kind": "Pod",
            "metadata": metadata(name, order.launch, scope, labels: options.labels, owner: owner),
            "spec": merged(.object(specification), options.specification),
        ])
    }

    private static func container(
        _ name: String, _ order: LaunchOrder, _ options: KubernetesOptions
    ) -> JSONTree {
        var variables = options.environment
        variables.append(EnvironmentVariable("MORTISE_ALLOCATION", name))
        if !variables.contains(where: { $0.name == "MORTISE_NAME" }) {
            variables.append(EnvironmentVariable("MORTISE_NAME", name))
        }
        if let lifetime = order.lifetime {
            variables.append(
                EnvironmentVariable("MORTISE_LIFETIME", "\(max(1, lifetime.components.seconds))s"))
        }
        let amounts = JSONTree.object(options.resources.mapValues { .text($0) })
        return .object([
            "name": "agent", "image": .text(options.image), "command": .list([.text(options.program)]),
            "args": [
                "run", "--stop-slots", "--directory", "/mortise/agent", "--join-file",
                "/mortise/join/join.token",
            ],
            "env": .list(variables.map { ["name": .text($0.name), "value": .text($0.value)] }),
            "resources": options.resources.isEmpty ? [:] : ["requests": amounts, "limits": amounts],
            "volumeMounts": [
                ["name": "mortise-join", "mountPath": "/mortise/join", "readOnly": true],
                ["name": "mortise-agent", "mountPath": "/mortise/agent"],
            ],
        ])
    }

    /// Volumes are added to ours, objects merged, everything else replaced.
    private static func merged(_ base: JSONTree, _ over: JSONTree, key: String = "") -> JSONTree {
        switch (base, over) {
        case (.object(var result), .object(let over)):
            for (key, value) in over {
                result[key] = result[key].map { merged($0, value, key: key) } ?? value
            }
            return .object(result)
        case (.list(let base), .list(let over)) where key == "volumes": return .list(base + over)
        default: return over
        }
    }

    /// The body of `POST …/secrets`: goes when its pod goes.
    ///
    /// - Parameter pod: as Kubernetes has made it.
    static func secret(_ pod: JSONTree, _ launch: LaunchID, _ start: AgentStart, _ scope: LaunchScope)
        -> JSONTree
    {
        let name = pod["metadata"]["name"].text ?? ""
        let owner: JSONTree = [
            "apiVersion": "v1", "kind": "Pod", "name": .text(name), "uid": pod["metadata"]["uid"],
        ]
        return .object([
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "immutable": true,
            "metadata": metadata(name, launch, scope, labels: [:], owner: owner),
            "stringData": .object([tokenKey: .text(start.joinToken)]),
        ])
    }

    // MARK: - Answers

    /// - Returns: nil: it is none of the scope's.
    static func allocation(_ pod: JSONTree, _ scope: LaunchScope) -> Allocation? {
        let metadata = pod["metadata"]
        let labels = metadata["labels"]
        guard let name = metadata["name"].text, name.hasPrefix(scope.prefix), Allocation.isName(name),
            labels[tagLabel].text == scope.clusterTag, labels[poolLabel].text == scope.pool,
            let number = labels[launchLabel].text.flatMap(UInt64.init), number > 0
        else { return nil }
        let status = pod["status"]
        let (state, reason) = state(status, isDeleted: !metadata["deletionTimestamp"].isNull)
        return Allocation(
            name: name, launch: LaunchID(number), state: state,
            reason: ForeignText(masking: []).beginning(of: reason, limit: ForeignText.reasonCharacters),
            host: status["podIP"].text)
    }

    private static func state(_ status: JSONTree, isDeleted: Bool) -> (Allocation.State, String) {
        switch status["phase"].text ?? "Pending" {
        case "Succeeded": return (.completed, "")
        case "Failed": return ended(status)
        case _ where isDeleted: return (.canceled, "it is being deleted")
        case "Running": return (.running, "")
        case "Unknown": return (.running, "the machine that it runs on does not answer")
        default: return (.waiting, waiting(status))
        }
    }

    /// Why a pod does not run yet: no place, no image, no volume.
    private static func waiting(_ status: JSONTree) -> String {
        let states = (status["initContainerStatuses"].list ?? []) + (status["containerStatuses"].list ?? [])
        if let waiting = states.map({ $0["state"]["waiting"] }).first(where: { !$0.isNull }),
            let reason = waiting["reason"].text
        {
            return reason + (waiting["message"].text.map { ": " + $0 } ?? "")
        }
        let conditions = status["conditions"].list ?? []
        let unscheduled = conditions.first {
            $0["type"].text == "PodScheduled" && $0["status"].text == "False"
        }
        return unscheduled?["message"].text ?? unscheduled?["reason"].text ?? ""
    }

    private static func ended(_ status: JSONTree) -> (Allocation.State, String) {
        let reason = status["reason"].text ?? ""
        let message = [reason, status["message"].text ?? ""].filter { !$0.isEmpty }.joined(separator: ": ")
        switch reason {
        case "DeadlineExceeded": return (.timedOut, message)
        case "Evicted", "Preempting", "Preempted", "NodeShutdown", "Shutdown", "Terminated", "NodeLost":
            return (.canceled, message)
        default: break
        }
        let ended = (status["containerStatuses"].list ?? []).map { $0["state"]["terminated"] }.first {
            !$0.isNull
        }
        guard let ended, let code = ended["exitCode"].integer else {
            return (.failed, message.isEmpty ? "Kubernetes does not say why" : message)
        }
        var words = ended["reason"].text == "OOMKilled" ? "killed for memory" : "the agent ended with \(code)"
        if let said = ended["message"].text, !said.isEmpty { words += ": " + said }
        return (.failed, message.isEmpty ? words : message + ": " + words)
    }
}
