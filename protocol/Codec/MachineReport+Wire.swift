import ProtocolGenerated
import ProtocolMessages

extension MachineReport {
    init(wire: WireMachineReport) throws(ProtocolError) {
        self.init()
        processorProduct = try Check.optionalText(
            wire.hasProcessorProduct ? wire.processorProduct : nil, "hardware.machine.processor_product")
        memoryNodes = try wire.memoryNodes.map(MemoryNodeReport.init(wire:))
        hugePages = try wire.hugePages.map(HugePageReport.init(wire:))
        fileSystems = try wire.fileSystems.map(FileSystemReport.init(wire:))
        interfaces = try wire.interfaces.map(InterfaceReport.init(wire:))
        container = wire.hasContainer ? try ContainerReport(wire: wire.container) : nil
        allocation = wire.hasAllocation ? try AllocationReport(wire: wire.allocation) : nil
    }

    /// As much of the lists as is taken.
    var wire: WireMachineReport {
        var wire = WireMachineReport()
        if let processorProduct { wire.processorProduct = processorProduct.cutText }
        wire.memoryNodes = memoryNodes.prefix(ProtocolLimits.memoryNodesPerMachine).map(\.wire)
        wire.hugePages = hugePages.prefix(ProtocolLimits.hugePageSizes).map(\.wire)
        wire.fileSystems = fileSystems.prefix(ProtocolLimits.fileSystemsPerMachine).map(\.wire)
        wire.interfaces = interfaces.prefix(ProtocolLimits.interfacesPerMachine).map(\.wire)
        if let container { wire.container = container.wire }
        if let allocation { wire.allocation = allocation.wire }
        return wire
    }
}

extension MemoryNodeReport {
    init(wire: WireMemoryNodeReport) throws(ProtocolError) {
        self.init(
            number: wire.number,
            processors: try Check.text(wire.processors, "hardware.machine.memory_nodes.processors"),
            totalBytes: try Check.optionalAmount(
                wire.hasTotalBytes ? wire.totalBytes : nil, "hardware.machine.memory_nodes.total_bytes"))
    }

    var wire: WireMemoryNodeReport {
        var wire = WireMemoryNodeReport()
        wire.number = number
        wire.processors = processors.cutText
        if let totalBytes { wire.totalBytes = totalBytes }
        return wire
    }
}

extension HugePageReport {
    init(wire: WireHugePageReport) throws(ProtocolError) {
        self.init(
            pageBytes: try Check.amount(wire.pageBytes, "hardware.machine.huge_pages.page_bytes"),
            total: wire.hasTotal ? wire.total : nil, free: wire.hasFree ? wire.free : nil)
    }

    var wire: WireHugePageReport {
        var wire = WireHugePageReport()
        wire.pageBytes = pageBytes
        if let total { wire.total = total }
        if let free { wire.free = free }
        return wire
    }
}

extension FileSystemReport {
    init(wire: WireFileSystemReport) throws(ProtocolError) {
        let field = "hardware.machine.file_systems"
        self.init(
            purpose: try Check.word(wire.purpose, field + ".purpose"),
            path: try Check.text(wire.path, field + ".path"))
        kind = try Check.optionalText(wire.hasKind ? wire.kind : nil, field + ".kind")
        type = try Check.optionalText(wire.hasType ? wire.type : nil, field + ".type")
        source = try Check.optionalText(wire.hasSource ? wire.source : nil, field + ".source")
        totalBytes = try Check.optionalAmount(
            wire.hasTotalBytes ? wire.totalBytes : nil, field + ".total_bytes")
        availableBytes = try Check.optionalAmount(
            wire.hasAvailableBytes ? wire.availableBytes : nil, field + ".available_bytes")
        isReadOnly = wire.isReadOnly
    }

    var wire: WireFileSystemReport {
        var wire = WireFileSystemReport()
        wire.purpose = purpose
        wire.path = path.cutText
        if let kind { wire.kind = kind.cutText }
        if let type { wire.type = type.cutText }
        if let source { wire.source = source.cutText }
        if let totalBytes { wire.totalBytes = totalBytes }
        if let availableBytes { wire.availableBytes = availableBytes }
        wire.isReadOnly = isReadOnly
        return wire
    }
}

extension InterfaceReport {
    init(wire: WireInterfaceReport) throws(ProtocolError) {
        self.init(
            name: try Check.text(wire.name, "hardware.machine.interfaces.name"),
            kind: try Check.text(wire.kind, "hardware.machine.interfaces.kind"),
            state: try Check.optionalText(
                wire.hasState ? wire.state : nil, "hardware.machine.interfaces.state"),
            megabitsPerSecond: wire.hasMegabitsPerSecond ? wire.megabitsPerSecond : nil)
    }

    var wire: WireInterfaceReport {
        var wire = WireInterfaceReport()
        wire.name = name.cutText
        wire.kind = kind.cutText
        if let state { wire.state = state.cutText }
        if let megabitsPerSecond { wire.megabitsPerSecond = megabitsPerSecond }
        return wire
    }
}

extension ContainerReport {
    init(wire: WireContainerReport) throws(ProtocolError) {
        let field = "hardware.machine.container"
        self.init(engine: try Check.text(wire.engine, field + ".engine"))
        id = try Check.optionalText(wire.hasID ? wire.id : nil, field + ".id")
        image = try Check.optionalText(wire.hasImage ? wire.image : nil, field + ".image")
        pod = try Check.optionalText(wire.hasPod ? wire.pod : nil, field + ".pod")
        podNamespace = try Check.optionalText(
            wire.hasPodNamespace ? wire.podNamespace : nil, field + ".pod_namespace")
    }

    var wire: WireContainerReport {
        var wire = WireContainerReport()
        wire.engine = engine.cutText
        if let id { wire.id = id.cutText }
        if let image { wire.image = image.cutText }
        if let pod { wire.pod = pod.cutText }
        if let podNamespace { wire.podNamespace = podNamespace.cutText }
        return wire
    }
}

extension AllocationReport {
    init(wire: WireAllocationReport) throws(ProtocolError) {
        let field = "hardware.machine.allocation"
        self.init(
            scheduler: try Check.text(wire.scheduler, field + ".scheduler"),
            jobID: try Check.text(wire.jobID, field + ".job_id"))
        step = try Check.optionalText(wire.hasStep ? wire.step : nil, field + ".step")
        arrayIndex = try Check.optionalText(
            wire.hasArrayIndex ? wire.arrayIndex : nil, field + ".array_index")
        queue = try Check.optionalText(wire.hasQueue ? wire.queue : nil, field + ".queue")
        cluster = try Check.optionalText(wire.hasCluster ? wire.cluster : nil, field + ".cluster")
    }

    var wire: WireAllocationReport {
        var wire = WireAllocationReport()
        wire.scheduler = scheduler.cutText
        wire.jobID = jobID.cutText
        if let step { wire.step = step.cutText }
        if let arrayIndex { wire.arrayIndex = arrayIndex.cutText }
        if let queue { wire.queue = queue.cutText }
        if let cluster { wire.cluster = cluster.cutText }
        return wire
    }
}
