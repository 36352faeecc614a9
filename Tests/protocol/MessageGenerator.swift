import ClusterTypes
import ProtocolMessages

/// Valid messages of every kind, the same for the same seed.
struct MessageGenerator {
    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789-._ /é漢字🚀")
    static let agentKinds = 12
    static let coordinatorKinds = 13

    mutating func agentMessage(kind: Int) -> AgentMessage {
        switch kind {
        case 0: .hello(hello())
        case 1: .heartbeat(heartbeat())
        case 2: .pull(credits: number())
        case 3: .slotReport(slotReport())
        case 4: .pullTasks(key(), credits: number())
        case 5: .taskResults(key(), list(upTo: 300) { $0.taskResult() })
        case 6: .hardware(hardware(), request: random.next())
        case 7:
            .logChunk(
                LogChunk(
                    request: random.next(),
                    bytes: list(upTo: 5_000) { UInt8(truncatingIfNeeded: $0.random.next()) },
                    isEnd: bool(), error: maybe { $0.text() }))
        case 8:
            .renewCertificate(
                certificateRequest: list(upTo: 900) { UInt8(truncatingIfNeeded: $0.random.next()) })
        case 9: .leaving(reason: text())
        case 10: .empty(generation: random.next())
        default: .lifetime(lifetime())
        }
    }

    mutating func coordinatorMessage(kind: Int) -> CoordinatorMessage {
        switch kind {
        case 0:
            .welcome(
                Welcome(
                    version: ProtocolVersion(major: 1, minor: number()), node: NodeID(identifier()),
                    cluster: name(),
                    heartbeatMilliseconds: number(in: 1...60_000), leaseMilliseconds: number(in: 1...600_000),
                    keep: list(upTo: 40) { $0.key() }))
        case 1:
            .refusal(
                Refusal(choice(Refusal.Code.allCases), text(), retryAfterMilliseconds: maybe { $0.number() }))
        case 2: .heartbeatAcknowledged(sequence: random.next())
        case 3:
            .assign(
                Assignment(
                    key: key(), job: JobID(identifier()), specification: specification(),
                    devices: list(upTo: 8) {
                        DeviceGrant(device: $0.number(in: 0...1_023), shares: $0.number(in: 1...1_000))
                    },
                    rankTable: maybe { random in
                        RankTable(
                            servers: random.list(upTo: 3) {
                                RankTable.Server(
                                    address: $0.name(),
                                    devices: $0.list(upTo: 3) { random in
                                        RankTable.Device(
                                            physicalID: random.number(), address: random.maybe { $0.name() })
                                    })
                            })
                    }))
        case 4: .stopSlot(key(), reason: text())
        case 5: .slotEndAcknowledged(key())
        case 6:
            .assignTasks(
                key(), list(upTo: 300) { TaskOrder(attempt: $0.attempt(), payload: $0.maybe { $0.text() }) })
        case 7: .taskResultsAcknowledged(key(), list(upTo: 300) { $0.attempt() })
        case 8: .requestHardware(request: random.next())
        case 9:
            .requestLog(
                LogRequest(
                    request: random.next(), key: key(), task: maybe { $0.attempt() },
                    stream: choice(LogStream.allCases), follow: bool(), tailBytes: maybe { $0.amount() }))
        case 10: .cancelLog(request: random.next())
        case 11: .certificate(pem: text())
        default: .confirmEmpty(generation: random.next())
        }
    }

    private mutating func hello() -> Hello {
        let labels = list(upTo: 10) { $0.name() }.enumerated().map {
            Label("\($0.offset)\($0.element)", $0.element)
        }
        return Hello(
            version: ProtocolVersion(major: number(), minor: number()), build: name(), cluster: name(),
            nodeName: name(), instance: random.next(), bootID: name(), labels: labels,
            slots: list(upTo: 20) {
                RunningSlot(
                    key: $0.key(),
                    state: $0.choice([.assigned, .starting, .running, .stopping, .finished, .failed]),
                    tasks: $0.list(upTo: 30) { $0.attempt() }, hasVanished: $0.bool())
            },
            hardware: hardware(), lifetime: maybe { $0.lifetime() },
            beatDictionaries: list(upTo: 3) { $0.number() })
    }

    private mutating func heartbeat() -> Heartbeat {
        // To the units of the wire.
        Heartbeat(
            sequence: random.next(), uptimeSeconds: number(), loadMilli: number() / 10 * 10,
            processorPermille: number(in: 0...1_000), memoryUsedBytes: mebibytes(),
            diskAvailableBytes: mebibytes(),
            rates: TransferRates(
                diskReadBytes: Int64(number(in: 0...63)), diskWriteBytes: Int64(number(in: 0...63)),
                networkReceiveBytes: Int64(number(in: 0...63)), networkSendBytes: Int64(number(in: 0...63))),
            devices: list(upTo: 16) {
                DeviceSample(
                    utilizationPercent: $0.maybe { $0.number(in: 0...100) },
                    memoryUsedBytes: $0.maybe { $0.mebibytes() },
                    temperatureCelsius: $0.maybe { Int32($0.number(in: 0...300)) - 100 },
                    powerMilliwatts: $0.maybe { $0.number() / 2_000 * 1_000 },
                    clockMegahertz: $0.maybe { $0.number() },
                    correctedErrors: $0.maybe { $0.random.next() >> 4 },
                    uncorrectedErrors: $0.maybe { $0.random.next() >> 4 })
            },
            slots: list(upTo: 20) {
                SlotSample(
                    key: $0.key(), state: $0.choice([.starting, .running, .stopping]),
                    milliCPU: $0.number() / 10 * 10, memoryBytes: $0.mebibytes(),
                    devicePermille: $0.maybe { $0.number(in: 0...100) * 10 })
            },
            runningSlots: number())
    }

    private mutating func mebibytes() -> Int64 { (amount() >> 20) << 20 }

    private mutating func lifetime() -> Lifetime {
        Lifetime(
            remainingMilliseconds: maybe { UInt64($0.magnitude(bits: 38)) }, isEnding: bool())
    }

    private mutating func slotReport() -> SlotReport {
        SlotReport(
            key: key(), state: choice([.starting, .running, .stopping, .finished, .failed]),
            exitCode: maybe { Int32($0.number(in: 0...255)) }, reason: text(), at: instant(),
            hasVanished: bool())
    }

    private mutating func taskResult() -> TaskResult {
        let isUnstarted = bool()
        return TaskResult(
            attempt: attempt(), exitCode: isUnstarted ? 0 : Int32(number(in: 0...255)), reason: text(),
            startedAt: instant(), durationMicroseconds: amount() >> 8, isUnstarted: isUnstarted)
    }

    private mutating func hardware() -> HardwareReport {
        var report = HardwareReport(
            hostname: name(), architecture: choice(Architecture.allCases), operatingSystem: text(),
            kernel: text(),
            processor: ProcessorReport(
                model: text(), sockets: number(), cores: number(), threads: number(),
                usableMilliCPU: Int64(number(in: 0...1_000_000))),
            memory: MemoryReport(
                totalBytes: amount(), limitBytes: maybe { $0.amount() }, availableBytes: amount()),
            disk: DiskReport(path: text(), totalBytes: amount(), availableBytes: amount()),
            devices: list(upTo: 8) { $0.device() },
            tools: list(upTo: 3) {
                ToolReport(
                    name: $0.name(), state: $0.choice(ToolReport.State.allCases),
                    message: $0.maybe { $0.text() })
            },
            address: AddressReport(
                local: name(), advertised: name(), rule: name(), explanation: list(upTo: 5) { $0.text() }),
            container: maybe { $0.name() })
        report.machine = maybe { $0.machine() }
        return report
    }

    private mutating func machine() -> MachineReport {
        var machine = MachineReport()
        machine.processorProduct = maybe { $0.text() }
        machine.memoryNodes = list(upTo: 3) {
            MemoryNodeReport(number: $0.number(), processors: $0.text(), totalBytes: $0.maybe { $0.amount() })
        }
        machine.hugePages = list(upTo: 2) {
            HugePageReport(
                pageBytes: $0.amount(), total: $0.maybe { $0.magnitude(bits: 64) },
                free: $0.maybe { $0.magnitude(bits: 64) })
        }
        machine.fileSystems = list(upTo: 4) {
            var system = FileSystemReport(purpose: $0.name(), path: $0.text())
            system.kind = $0.maybe { $0.text() }
            system.type = $0.maybe { $0.text() }
            system.source = $0.maybe { $0.text() }
            system.totalBytes = $0.maybe { $0.amount() }
            system.availableBytes = $0.maybe { $0.amount() }
            system.isReadOnly = $0.bool()
            return system
        }
        machine.interfaces = list(upTo: 3) {
            InterfaceReport(
                name: $0.text(), kind: $0.text(), state: $0.maybe { $0.text() },
                megabitsPerSecond: $0.maybe { $0.number() })
        }
        machine.container = maybe {
            var container = ContainerReport(engine: $0.text())
            container.id = $0.maybe { $0.text() }
            container.image = $0.maybe { $0.text() }
            container.pod = $0.maybe { $0.text() }
            container.podNamespace = $0.maybe { $0.text() }
            return container
        }
        machine.allocation = maybe {
            var allocation = AllocationReport(scheduler: $0.text(), jobID: $0.text())
            allocation.step = $0.maybe { $0.text() }
            allocation.arrayIndex = $0.maybe { $0.text() }
            allocation.queue = $0.maybe { $0.text() }
            allocation.cluster = $0.maybe { $0.text() }
            return allocation
        }
        return machine
    }

    private mutating func device() -> DeviceReport {
        var device = DeviceReport(
            type: choice(DeviceType.allCases), vendor: name(), model: text(), index: number(),
            chip: maybe { $0.number() }, visibleID: name(), uuid: maybe { $0.text() },
            busID: maybe { $0.text() },
            memoryTotalBytes: maybe { $0.amount() }, memoryUsedBytes: maybe { $0.amount() },
            utilizationPercent: maybe { $0.number(in: 0...100) },
            temperatureCelsius: maybe { Int32($0.number(in: 0...300)) - 100 },
            powerMilliwatts: maybe { $0.number() },
            driverVersion: maybe { $0.text() }, health: choice(DeviceHealth.allCases),
            reason: maybe { $0.text() })
        device.parent = maybe { $0.text() }
        device.partCount = maybe { $0.number() }
        device.ageSeconds = maybe { $0.number() }
        device.powerLimitMilliwatts = maybe { $0.number() }
        device.processorMegahertz = maybe { $0.number() }
        device.memoryMegahertz = maybe { $0.number() }
        device.correctableErrors = maybe { $0.magnitude(bits: 64) }
        device.uncorrectableErrors = maybe { $0.magnitude(bits: 64) }
        device.throttleReasons = list(upTo: 3) { $0.text() }
        device.memoryNode = maybe { $0.number() }
        device.linkGroup = maybe { $0.number() }
        device.rootPort = maybe { $0.name() }
        device.physicalID = maybe { $0.number() }
        device.networkAddress = maybe { $0.name() }
        return device
    }

    private mutating func specification() -> JobSpecification {
        let command: JobCommand =
            bool() ? .argv(["/bin/" + name()] + list(upTo: 9) { $0.text() }) : .script("#!" + text())
        var specification = JobSpecification(
            app: name(), job: name(), kind: choice(JobKind.allCases), command: command)
        specification.environment = list(upTo: 9) { "\($0.name())=\($0.text())" }
        specification.directory = maybe { "/" + $0.text() }
        specification.resources = ResourceRequest(
            resources: Resources(
                milliCPU: Int64(number(in: 0...1_000_000)), memoryBytes: amount(), diskBytes: amount()),
            devices: maybe {
                DeviceRequest(
                    type: $0.choice(DeviceType.allCases), count: $0.number(in: 1...16),
                    shares: $0.number(in: 1...1_000), memoryBytes: $0.amount(), model: $0.maybe { $0.text() })
            })
        specification.constraints = list(upTo: 5) {
            switch $0.number(in: 0...3) {
            case 0: .architecture($0.choice(Architecture.allCases))
            case 1: .pool($0.name())
            case 2: .label(key: $0.name(), value: $0.bool() ? "" : $0.name())
            default: .node($0.name())
            }
        }
        let minimum = number(in: 0...100)
        specification.slots = SlotCount(minimum: minimum, maximum: minimum + number(in: 1...100))
        specification.array = maybe {
            let first = $0.number(in: 0...1_000)
            return TaskArray(
                first: first, last: first + $0.number(in: 0...1_000_000), step: $0.number(in: 1...9))
        }
        specification.isOpen = bool()
        specification.timeoutSeconds = maybe { $0.number(in: 1...31_536_000) }
        specification.stopGraceSeconds = number(in: 0...3_600)
        specification.retries = RetryPolicy(
            any: number(),
            rules: list(upTo: 5) {
                RetryPolicy.Rule(exitCode: Int32($0.number(in: 0...255)), count: $0.number())
            })
        specification.priority = Int32(number(in: 0...2_000)) - 1_000
        specification.onDisconnect = choice(DisconnectPolicy.allCases)
        specification.onLost = choice(LossPolicy.allCases)
        specification.outputLimitBytes = Int64(number(in: 4_096...(1 << 30)))
        specification.timeRequestSeconds = maybe { $0.number(in: 1...31_536_000) }
        specification.bindsProcessors = bool()
        specification.warningSignal = maybe { $0.choice(WarningSignal.allCases) }
        specification.admission = maybe { $0.admission() }
        return specification
    }

    private mutating func admission() -> Admission {
        var admission = Admission()
        admission.freeSpace = list(upTo: 3) { Admission.PathAmount("/" + $0.text(), $0.amount()) }
        admission.directoryQuota = list(upTo: 3) { Admission.PathAmount("/" + $0.text(), $0.amount()) }
        admission.check = maybe { $0.text() }
        admission.intervalSeconds = number(in: 1...3_600)
        return admission
    }

    private mutating func key() -> SlotKey { SlotKey(SlotID(identifier()), Generation(identifier())) }
    private mutating func attempt() -> TaskAttempt {
        TaskAttempt(index: number(), attempt: number(in: 1...(.max)))
    }
    private mutating func instant() -> Instant { Instant(microseconds: amount() >> 8) }
    private mutating func bool() -> Bool { .random(using: &random) }
    private mutating func identifier() -> UInt64 { magnitude(bits: 63) }
    private mutating func amount() -> Int64 { Int64(magnitude(bits: 60)) }
    private mutating func number() -> UInt32 { UInt32(magnitude(bits: 32)) }
    private mutating func number(in range: ClosedRange<UInt32>) -> UInt32 {
        .random(in: range, using: &random)
    }

    /// Small and large numbers alike: every length of a varint.
    private mutating func magnitude(bits: Int) -> UInt64 {
        let width = Int.random(in: 0...bits, using: &random)
        return width == 0 ? 0 : random.next() >> (64 - width)
    }

    private mutating func choice<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: elements.indices, using: &random)]
    }

    private mutating func maybe<Value>(_ make: (inout Self) -> Value) -> Value? { bool() ? make(&self) : nil }

    private mutating func list<Element>(upTo count: Int, _ make: (inout Self) -> Element) -> [Element] {
        var list: [Element] = []
        for _ in 0..<Int.random(in: 0...count, using: &random) { list.append(make(&self)) }
        return list
    }

    private mutating func name() -> String { characters(1...20) }
    private mutating func text() -> String { characters(0...80) }

    private mutating func characters(_ count: ClosedRange<Int>) -> String {
        var text = ""
        for _ in 0..<Int.random(in: count, using: &random) { text.append(choice(Self.alphabet)) }
        return text
    }
}
