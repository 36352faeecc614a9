/// How pods for a pool's agents are made.
package struct KubernetesOptions: Sendable, Hashable {
    /// How the API server is reached, and as whom.
    package enum Access: Sendable, Hashable {
        /// As the coordinator's own pod: the files of its service account in this folder, and `KUBERNETES_SERVICE_HOST`.
        case pod(folder: String)
        /// A kubeconfig; nil: its current context.
        case configuration(path: String, context: String?)

        package static let inCluster = Access.pod(folder: "/var/run/secrets/kubernetes.io/serviceaccount")
    }

    package var access = Access.inCluster
    /// nil: that of the service account or of the context.
    package var namespace: String?
    package var image: String
    /// A name or path in the image.
    package var program = "mortise-agent"
    /// Requests and limits alike: `cpu`, `memory`, `nvidia.com/gpu` …, with amounts as Kubernetes writes them.
    package var resources: [String: String] = [:]
    package var nodeSelector: [String: String] = [:]
    /// Of the agent. No secrets: whoever may read pods reads them.
    package var environment: [EnvironmentVariable] = []
    package var labels: [String: String] = [:]
    /// nil: the image's.
    package var user: ContainerUser?
    /// Laid over the pod's `spec`: tolerations, service account, image pull secrets, volumes …. Objects are merged, and
    /// everything else replaced.
    package var specification = JSONTree.object([:])
    /// What owns the pods: when it is deleted, Kubernetes deletes them.
    package var owner: Owner?
    /// How long an agent that is released may take to end what it runs.
    package var graceSeconds = 30
    /// For one request.
    package var timeout = Duration.seconds(30)

    /// An object in the pods' namespace.
    package struct Owner: Sendable, Hashable {
        /// `v1`, `apps/v1`.
        package var version: String
        /// `ConfigMap` or `Deployment`.
        package var kind: String
        package var name: String

        package init(version: String, kind: String, name: String) {
            self.version = version
            self.kind = kind
            self.name = name
        }

        /// Its words in paths; nil: another kind.
        var plural: String? {
            switch kind {
            case "ConfigMap": "configmaps"
            case "Deployment": "deployments"
            case "StatefulSet": "statefulsets"
            default: nil
            }
        }
    }

    package init(image: String) { self.image = image }

    /// Everything that is wrong with them, each in a sentence; empty if nothing is.
    package func faults(_ scope: LaunchScope) -> [String] {
        var faults: [String] = []
        if image.isEmpty { faults.append("image: names none") }
        // A launch's number and a pod's are added.
        if !Self.isName(scope.prefix + "1") || scope.prefix.utf8.count > 46 || scope.pool.utf8.count > 63 {
            faults.append(
                "name: pods of the pool '\(scope.pool)' would have names that begin with \(scope.prefix), and "
                    + "Kubernetes takes lower-case letters, digits and -, at most 63")
        }
        for variable in environment where !EnvironmentVariable.isName(variable.name) {
            faults.append("environment: '\(variable.name)' is no name of a variable")
        }
        if specification.object == nil { faults.append("specification: is no object") }
        if let owner, owner.plural == nil || owner.name.isEmpty {
            faults.append("owner: is a ConfigMap, a Deployment or a StatefulSet, not '\(owner.kind)'")
        }
        if !(0...3_600).contains(graceSeconds) { faults.append("grace: \(graceSeconds) s is not 0 to 3600") }
        if timeout < .seconds(1) || timeout > .seconds(600) {
            faults.append("timeout: \(timeout.secondsText) is not 1 s to 600 s")
        }
        return faults
    }

    private static func isName(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
        }
    }
}
