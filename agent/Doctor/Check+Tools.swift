package import ProtocolMessages

extension Check {
    /// Slower tools are worth a word: the agent asks them again and again.
    private static let slowTool = Duration.seconds(5)

    /// A vendor's tool.
    ///
    /// - Parameters:
    ///   - found: devices that it lists.
    ///   - present: devices of its vendor on the PCI bus.
    package static func tool(_ tool: ToolReport, found: Int, present: Int, took duration: Duration) -> Check {
        check(tool, found: found, present: present, isSlow: duration > slowTool).timed(duration)
    }

    private static func check(_ tool: ToolReport, found: Int, present: Int, isSlow: Bool) -> Check {
        let name = "tool"
        let message = tool.message.map { ": \($0)" } ?? ""
        switch tool.state {
        case .ok where isSlow:
            return Check(
                name, of: tool.name, .warning, "\(devices(found)), but the answer took long",
                mend: "Where the driver has a persistence mode, switch it on ('nvidia-smi -pm 1').")
        case .ok: return Check(name, of: tool.name, .ok, devices(found) + message)
        case .missing where present > 0:
            return Check(
                name, of: tool.name, .failed,
                "\(devices(present)) on the PCI bus, and no tool that knows of them",
                mend:
                    "Install the vendor's driver and tool, or pass both into the container; the agent looks in PATH."
            )
        case .missing: return Check(name, of: tool.name, .skipped, "not installed, and no such device")
        case .failed:
            return Check(
                name, of: tool.name, .failed, "it fails\(message)",
                mend:
                    "Run it by hand as this user: its own words say more. Often the driver was updated and the "
                    + "machine not started again, or the devices were not passed into the container.")
        case .timedOut:
            return Check(
                name, of: tool.name, .failed, "it hangs\(message)",
                mend:
                    "The driver does not answer: look at dmesg; a reset of the device or a restart of the machine "
                    + "mends it.")
        case .unreadable:
            return Check(
                name, of: tool.name, .failed, "its answer is not understood\(message)",
                mend: "Please report it with the saved output.")
        }
    }

    private static func devices(_ count: Int) -> String { count == 1 ? "1 device" : "\(count) devices" }

    /// One check for each device that is not well, and one for the others.
    package static func devices(_ devices: [DeviceReport]) -> [Check] {
        let sick = devices.filter { $0.health == .warning || $0.health == .failed }
        var checks = sick.map { device in
            Check(
                "device",
                of: "\(device.vendor) \(device.visibleID.isEmpty ? "\(device.index)" : device.visibleID)",
                device.health == .failed ? .failed : .warning,
                device.reason ?? "its tool calls it \(device.health.rawValue)",
                mend:
                    "The agent keeps serving the other devices. Look at the tool's own words and at dmesg; reset or "
                    + "replace the device.")
        }
        let well = devices.count - sick.count
        if well > 0 { checks.append(Check("device", .ok, well == 1 ? "1 is well" : "\(well) are well")) }
        return checks
    }

    /// What runs containers.
    package enum EngineFinding: Hashable, Sendable {
        case version(String)
        /// Its first words.
        case refused(String)
        case hangs
    }

    package struct EngineAnswer: Hashable, Sendable {
        package var name: String
        package var finding: EngineFinding
        package var took: Duration

        package init(name: String, finding: EngineFinding, took: Duration) {
            self.name = name
            self.finding = finding
            self.took = took
        }
    }

    /// - Parameter answers: of those that are installed.
    package static func engines(_ answers: [EngineAnswer]) -> [Check] {
        guard !answers.isEmpty else {
            return [
                Check(
                    "engine", .skipped,
                    "none of docker, podman, nerdctl, apptainer and singularity is installed",
                    mend: "Only jobs that start containers themselves need one.")
            ]
        }
        return answers.map { answer in
            let check =
                switch answer.finding {
                case .version(let version):
                    Check("engine", of: answer.name, .ok, version.isEmpty ? "it answers" : version)
                case .refused(let words):
                    Check(
                        "engine", of: answer.name, .warning,
                        words.isEmpty ? "it fails" : "it fails: \(words)",
                        mend:
                            "Start its service, and let this user use it (for docker: the group 'docker', or "
                            + "rootless).")
                case .hangs:
                    Check(
                        "engine", of: answer.name, .warning, "it does not answer",
                        mend: "Look at its service: systemctl status \(answer.name).")
                }
            return check.timed(answer.took)
        }
    }
}
