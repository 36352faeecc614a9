import ClusterTypes
import ProtocolGenerated
import ProtocolMessages

extension HardwareReport {
    init(wire: WireHardwareReport) throws(ProtocolError) {
        try Check.present(wire.hasProcessor, "hardware.processor")
        try Check.present(wire.hasMemory, "hardware.memory")
        try Check.present(wire.hasDisk, "hardware.disk")
        try Check.present(wire.hasAddress, "hardware.address")
        self.init(
            hostname: try Check.word(wire.hostname, "hardware.hostname"),
            architecture: try Architecture(wire: wire.architecture, "hardware.architecture"),
            operatingSystem: try Check.text(wire.operatingSystem, "hardware.operating_system"),
            kernel: try Check.text(wire.kernel, "hardware.kernel"),
            processor: try ProcessorReport(wire: wire.processor),
            memory: try MemoryReport(wire: wire.memory),
            disk: try DiskReport(wire: wire.disk),
            devices: try wire.devices.map(DeviceReport.init(wire:)),
            tools: try wire.tools.map(ToolReport.init(wire:)),
            address: try AddressReport(wire: wire.address),
            container: try Check.optionalText(wire.hasContainer ? wire.container : nil, "hardware.container"))
        if wire.hasMachine { machine = try MachineReport(wire: wire.machine) }
    }

    var wire: WireHardwareReport {
        var wire = WireHardwareReport()
        wire.hostname = hostname
        wire.architecture = architecture.wire
        wire.operatingSystem = operatingSystem.cutText
        wire.kernel = kernel.cutText
        wire.processor = processor.wire
        wire.memory = memory.wire
        wire.disk = disk.wire
        wire.devices = devices.map(\.wire)
        wire.tools = tools.map(\.wire)
        wire.address = address.wire
        if let container { wire.container = container }
        if let machine { wire.machine = machine.wire }
        return wire
    }
}

extension ProcessorReport {
    init(wire: WireProcessorReport) throws(ProtocolError) {
        self.init(
            model: try Check.text(wire.model, "hardware.processor.model"), sockets: wire.sockets,
            cores: wire.cores, threads: wire.threads,
            usableMilliCPU: try Check.milliCPU(wire.usableMilliCpu, "hardware.processor.usable_milli_cpu"))
    }

    var wire: WireProcessorReport {
        var wire = WireProcessorReport()
        wire.model = model.cutText
        wire.sockets = sockets
        wire.cores = cores
        wire.threads = threads
        wire.usableMilliCpu = usableMilliCPU
        return wire
    }
}

extension MemoryReport {
    init(wire: WireMemoryReport) throws(ProtocolError) {
        self.init(
            totalBytes: try Check.amount(wire.totalBytes, "hardware.memory.total_bytes"),
            limitBytes: try Check.optionalAmount(
                wire.hasLimitBytes ? wire.limitBytes : nil, "hardware.memory.limit_bytes"),
            availableBytes: try Check.amount(wire.availableBytes, "hardware.memory.available_bytes"))
    }

    var wire: WireMemoryReport {
        var wire = WireMemoryReport()
        wire.totalBytes = totalBytes
        if let limitBytes { wire.limitBytes = limitBytes }
        wire.availableBytes = availableBytes
        return wire
    }
}

extension DiskReport {
    init(wire: WireDiskReport) throws(ProtocolError) {
        self.init(
            path: try Check.text(wire.path, "hardware.disk.path"),
            totalBytes: try Check.amount(wire.totalBytes, "hardware.disk.total_bytes"),
            availableBytes: try Check.amount(wire.availableBytes, "hardware.disk.available_bytes"))
    }

    var wire: WireDiskReport {
        var wire = WireDiskReport()
        wire.path = path
        wire.totalBytes = totalBytes
        wire.availableBytes = availableBytes
        return wire
    }
}

extension DeviceReport {
    init(wire: WireDeviceReport) throws(ProtocolError) {
        self.init(
            type: try DeviceType(wire: wire.type, "hardware.devices.type"),
            vendor: try Check.word(wire.vendor, "hardware.devices.vendor"),
            model: try Check.text(wire.model, "hardware.devices.model"),
            index: wire.index,
            chip: wire.hasChip ? wire.chip : nil,
            visibleID: try Check.word(wire.visibleID, "hardware.devices.visible_id"),
            uuid: try Check.optionalText(wire.hasUuid ? wire.uuid : nil, "hardware.devices.uuid"),
            busID: try Check.optionalText(wire.hasBusID ? wire.busID : nil, "hardware.devices.bus_id"),
            memoryTotalBytes: try Check.optionalAmount(
                wire.hasMemoryTotalBytes ? wire.memoryTotalBytes : nil, "hardware.devices.memory_total_bytes"),
            memoryUsedBytes: try Check.optionalAmount(
                wire.hasMemoryUsedBytes ? wire.memoryUsedBytes : nil, "hardware.devices.memory_used_bytes"),
            utilizationPercent: try Check.optionalRange(
                wire.hasUtilizationPercent ? wire.utilizationPercent : nil, 0...100,
                "hardware.devices.utilization_percent"),
            temperatureCelsius: wire.hasTemperatureCelsius ? wire.temperatureCelsius : nil,
            powerMilliwatts: wire.hasPowerMilliwatts ? wire.powerMilliwatts : nil,
            driverVersion: try Check.optionalText(
                wire.hasDriverVersion ? wire.driverVersion : nil, "hardware.devices.driver_version"),
            health: try DeviceHealth(wire: wire.health, "hardware.devices.health"),
            reason: try Check.optionalReason(wire.hasReason ? wire.reason : nil, "hardware.devices.reason"))
        parent = try Check.optionalText(wire.hasParent ? wire.parent : nil, "hardware.devices.parent")
        partCount = wire.hasPartCount ? wire.partCount : nil
        ageSeconds = wire.hasAgeSeconds ? wire.ageSeconds : nil
        powerLimitMilliwatts = wire.hasPowerLimitMilliwatts ? wire.powerLimitMilliwatts : nil
        processorMegahertz = wire.hasProcessorMegahertz ? wire.processorMegahertz : nil
        memoryMegahertz = wire.hasMemoryMegahertz ? wire.memoryMegahertz : nil
        correctableErrors = wire.hasCorrectableErrors ? wire.correctableErrors : nil
        uncorrectableErrors = wire.hasUncorrectableErrors ? wire.uncorrectableErrors : nil
        throttleReasons = try wire.throttleReasons.map { (reason) throws(ProtocolError) in
            try Check.reason(reason, "hardware.devices.throttle_reasons")
        }
        memoryNode = wire.hasMemoryNode ? wire.memoryNode : nil
        linkGroup = wire.hasLinkGroup ? wire.linkGroup : nil
        rootPort = try wire.hasRootPort ? Check.word(wire.rootPort, "hardware.devices.root_port") : nil
        physicalID = wire.hasPhysicalID ? wire.physicalID : nil
        networkAddress =
            try wire.hasNetworkAddress
            ? Check.word(wire.networkAddress, "hardware.devices.network_address") : nil
    }

    var wire: WireDeviceReport {
        var wire = WireDeviceReport()
        wire.type = type.wire
        wire.vendor = vendor
        wire.model = model.cutText
        wire.index = index
        if let chip { wire.chip = chip }
        wire.visibleID = visibleID
        if let uuid { wire.uuid = uuid }
        if let busID { wire.busID = busID }
        if let memoryTotalBytes { wire.memoryTotalBytes = memoryTotalBytes }
        if let memoryUsedBytes { wire.memoryUsedBytes = max(memoryUsedBytes, 0) }
        if let utilizationPercent { wire.utilizationPercent = min(utilizationPercent, 100) }
        if let temperatureCelsius { wire.temperatureCelsius = temperatureCelsius }
        if let powerMilliwatts { wire.powerMilliwatts = powerMilliwatts }
        if let driverVersion { wire.driverVersion = driverVersion }
        wire.health = health.wire
        if let reason { wire.reason = reason.cutReason }
        if let parent { wire.parent = parent }
        if let partCount { wire.partCount = partCount }
        if let ageSeconds { wire.ageSeconds = ageSeconds }
        if let powerLimitMilliwatts { wire.powerLimitMilliwatts = powerLimitMilliwatts }
        if let processorMegahertz { wire.processorMegahertz = processorMegahertz }
        if let memoryMegahertz { wire.memoryMegahertz = memoryMegahertz }
        if let correctableErrors { wire.correctableErrors = correctableErrors }
        if let uncorrectableErrors { wire.uncorrectableErrors = uncorrectableErrors }
        wire.throttleReasons = throttleReasons.prefix(ProtocolLimits.throttleReasons).map(\.cutReason)
        if let memoryNode { wire.memoryNode = memoryNode }
        if let linkGroup { wire.linkGroup = linkGroup }
        if let rootPort { wire.rootPort = rootPort }
        if let physicalID { wire.physicalID = physicalID }
        if let networkAddress { wire.networkAddress = networkAddress }
        return wire
    }
}

extension ToolReport {
    init(wire: WireToolReport) throws(ProtocolError) {
        self.init(
            name: try Check.name(wire.name, "hardware.tools.name"),
            state: try State(wire: wire.state, "hardware.tools.state"),
            message: try Check.optionalReason(wire.hasMessage ? wire.message : nil, "hardware.tools.message"))
    }

    var wire: WireToolReport {
        var wire = WireToolReport()
        wire.name = name
        wire.state = state.wire
        if let message { wire.message = message.cutReason }
        return wire
    }
}

extension AddressReport {
    init(wire: WireAddressReport) throws(ProtocolError) {
        self.init(
            local: try Check.word(wire.local, "hardware.address.local"),
            advertised: try Check.word(wire.advertised, "hardware.address.advertised"),
            rule: try Check.word(wire.rule, "hardware.address.rule"),
            explanation: try wire.explanation.map { (line) throws(ProtocolError) in
                try Check.reason(line, "hardware.address.explanation")
            })
    }

    var wire: WireAddressReport {
        var wire = WireAddressReport()
        wire.local = local
        wire.advertised = advertised
        wire.rule = rule
        wire.explanation = explanation.prefix(ProtocolLimits.explanationLines).map(\.cutReason)
        return wire
    }
}
