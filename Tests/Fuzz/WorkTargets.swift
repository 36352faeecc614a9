import APITypes
import ClusterTypes
import ProtocolMessages

@testable import CoordinatorAPI
@testable import JobFile
@testable import YAMLSections

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

// What people write and what programs send to the API.

extension FuzzTarget {
    /// The coordinator takes what the command line makes of it, and reads the same job.
    private static func checkAccepted(_ specification: JobSpecification) {
        precondition(specification.validate().isEmpty, "invalid: \(specification)")
        let again = try? StrictJSON.decode(JobSpecification.self, from: StrictJSON.encode(specification))
        precondition(again == specification, "not the same after JSON: \(specification)")
    }

    private static func checkTold(_ error: FileError) {
        for fault in error.faults {
            precondition(!fault.message.isEmpty && (fault.line ?? 1) >= 1, "\(fault)")
        }
    }

    /// YAML: a valid job, or faults with their places.
    static var jobFiles: FuzzTarget {
        FuzzTarget(name: "job-files", inputBytes: 2_048) { bytes in
            do throws(FileError) {
                let submission = try JobFileReader.parse(text(bytes), file: "job.yaml")
                checkAccepted(submission.specification)
                if case .list = submission.tasks { _ = try PayloadList.load(submission.tasks) }
            } catch {
                checkTold(error)
            }
        }
    }

    /// Files of tasks; `[` makes the difference between JSON and lines.
    static var payloads: FuzzTarget {
        FuzzTarget(name: "payloads", inputBytes: 2_048) { bytes in
            do throws(FileError) {
                let lines = try PayloadList.lines(of: bytes, file: "tasks")
                let joined = (0..<lines.count).map { lines[$0] + "\r\n" }.joined()
                let again = try PayloadList.lines(of: Array(joined.utf8), file: "tasks")
                precondition((0..<again.count).map { again[$0] } == (0..<lines.count).map { lines[$0] })
            } catch {
                checkTold(error)
            }
            do throws(FileError) {
                let list = try JSONArrayScanner.payloads(of: bytes, file: "tasks")
                let payloads = (0..<list.count).map { list[$0] }
                if let strings = try? JSONDecoder().decode([String].self, from: Data(bytes)) {
                    precondition(strings == payloads, "another reader finds other strings")
                }
                let first = list.chunk(from: 0, maximumCount: 3, maximumBytes: 64)
                precondition(first == Array(payloads.prefix(first.count)), "a chunk of others")
            } catch {
                checkTold(error)
            }
        }
    }

    /// A line an option: `cpus 1.5`.
    static var runOptions: FuzzTarget {
        let options: [String: WritableKeyPath<RunOptions, String?>] = [
            "app": \.app, "name": \.name, "directory": \.directory, "cpus": \.cpus, "memory": \.memory,
            "disk": \.disk, "gpus": \.gpus, "npus": \.npus, "device-memory": \.deviceMemory,
            "device-memory-share": \.deviceMemoryShare,
            "device-model": \.deviceModel, "pool": \.pool, "node": \.node, "arch": \.arch, "array": \.array,
            "each-line": \.eachLine, "from-json": \.fromJSON, "slots": \.slots, "timeout": \.timeout,
            "retries": \.retries, "priority": \.priority, "on-disconnect": \.onDisconnect,
            "on-lost": \.onLost, "stop-grace": \.stopGrace, "output-limit": \.outputLimit,
            "spread": \.spread, "virtual-cluster": \.virtualCluster, "per-node": \.perNode,
            "start-rate": \.startRate, "gang-port": \.gangPort, "gang-start-timeout": \.gangStartTimeout,
            "check": \.check, "check-interval": \.checkInterval,
        ]
        return FuzzTarget(name: "run-options", inputBytes: 512) { bytes in
            var given = RunOptions(command: [])
            for line in text(bytes).split(separator: "\n") {
                let words = line.split(separator: " ", maxSplits: 1).map(String.init)
                guard words.count == 2 else { continue }
                switch words[0] {
                case "command": given.command.append(words[1])
                case "env": given.environment.append(words[1])
                case "label": given.labels.append(words[1])
                case "nodes": given.nodes.append(words[1])
                case "constraint": given.otherConstraints.append(words[1])
                case "prefer": given.preferences.append(words[1])
                case "counted": given.counted.append(words[1])
                case "free-space": given.freeSpace.append(words[1])
                case "directory-quota": given.directoryQuota.append(words[1])
                case "gang": given.isGang = true
                case "preemptible": given.isPreemptible = true
                default: if let path = options[words[0]] { given[keyPath: path] = words[1] }
                }
            }
            do throws(RunOptionsError) {
                checkAccepted(try given.submission { $0 == "HOME" ? "/home/ada" : nil }.specification)
            } catch {
                precondition(
                    !error.faults.isEmpty && error.faults.allSatisfy { !$0.isEmpty }, "\(error.faults)")
            }
        }
    }

    /// Each small grammar on the same text; one that can be written reads what it wrote.
    static var grammars: FuzzTarget {
        FuzzTarget(name: "grammars", inputBytes: 128) { bytes in
            let text = text(bytes)
            if let policy = try? RetryPolicy(parsing: text) {
                precondition((try? RetryPolicy(parsing: policy.text)) == policy, "\(policy)")
            }
            if let array = try? TaskArray(parsing: text) {
                precondition((try? TaskArray(parsing: array.text)) == array, "\(array)")
            }
            if let count = try? SlotCount(parsing: text) {
                precondition(count.minimum <= count.maximum && count.maximum >= 1, "\(count)")
            }
            if let request = try? DeviceRequest(type: .gpu, parsing: text) {
                precondition(
                    request.count >= 1 && (1...wholeDeviceShares).contains(request.shares), "\(request)")
            }
            if let count = try? Quantity.bytes(text) { precondition(count >= 0, "\(count)") }
            if let time = try? Quantity.milliseconds(text) { precondition(time >= 0, "\(time)") }
            if let cores = try? Quantity.milliCPU(text) { precondition(cores >= 1, "\(cores)") }
            _ = try? Quantity.seconds(text)
            _ = try? Quantity.whole(text, as: Int32.self)
            // Ten million tasks are allowed and take long.
            if !text.utf8.split(whereSeparator: { !Decimal.isDigit($0) }).contains(where: { $0.count > 5 }),
                let tasks = try? TaskSelection.parse([text])
            {
                precondition(zip(tasks, tasks.dropFirst()).allSatisfy { $0 < $1 }, "not in rising order")
            }
        }
    }

    /// The first letter chooses the request, the rest is its body.
    static var requests: FuzzTarget {
        func check<Body: Codable & Equatable>(_ type: Body.Type, _ body: ArraySlice<UInt8>) {
            do {
                let value = try StrictJSON.decode(type, from: body)
                let again = try StrictJSON.decode(type, from: StrictJSON.encode(value))
                precondition(again == value, "not the same: \(value)")
                if let request = value as? SubmitRequest { _ = request.specification.validate() }
            } catch let fault as StrictJSON.Fault {
                precondition(!fault.message.isEmpty)
            } catch {
                preconditionFailure("an error without a place: \(error)")
            }
        }
        return FuzzTarget(name: "requests", inputBytes: 2_048) { bytes in
            let body = bytes.dropFirst()
            switch bytes.first {
            case UInt8(ascii: "s"): check(SubmitRequest.self, body)
            case UInt8(ascii: "a"): check(AppendTasksRequest.self, body)
            case UInt8(ascii: "r"): check(RetryTasksRequest.self, body)
            case UInt8(ascii: "d"): check(ReasonRequest.self, body)
            case UInt8(ascii: "t"): check(CreateTokenRequest.self, body)
            case UInt8(ascii: "e"): check(EnrollRequest.self, body)
            default:
                let plain = percentDecoded(text(bytes)[...])
                precondition((plain?.utf8.count ?? 0) <= text(bytes).utf8.count, "longer than its encoding")
            }
        }
    }
}
