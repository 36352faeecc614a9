import ArgumentParser
import JobFile

// The options of `mortise run` in the groups of its help screen. They stay texts here: JobFile's RunOptions reads
// and checks them all, and names everything that is wrong at once.

struct JobOptions: ParsableArguments {
    @Option(help: "The job's name; default is the program's.")
    var name: String?

    @Option(help: "The group that the job belongs to; default is its name.")
    var app: String?

    @Option(
        name: [.customLong("env")],
        help: ArgumentHelp(
            "A variable of the command; NAME alone passes on its value here.", valueName: "NAME=value"))
    var environment: [String] = []

    @Option(help: "Absolute working directory on the node; default is a fresh one.")
    var directory: String?

    func apply(to run: inout RunOptions) {
        run.name = name
        run.app = app
        run.environment = environment
        run.directory = directory
    }
}

struct TaskOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("One task for each number: FIRST-LAST or FIRST-LAST:STEP.", valueName: "range"))
    var array: String?

    @Option(
        help: ArgumentHelp(
            "One task for each line of this file; empty lines are left out.", valueName: "file"),
        completion: .file())
    var eachLine: String?

    @Option(
        name: .customLong("from-json"),
        help: ArgumentHelp("One task for each element of this file's JSON array.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var fromJSON: String?

    @Flag(help: "One task for each line of standard input.")
    var stdin = false

    func apply(to run: inout RunOptions) {
        run.array = array
        run.eachLine = eachLine
        run.fromJSON = fromJSON
        run.readsStandardInput = stdin
    }
}

struct ResourceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Cores, in steps of 0.001; default 1.", valueName: "number"))
    var cpus: String?

    @Option(help: ArgumentHelp("Memory, for example 2GiB.", valueName: "size"))
    var memory: String?

    @Option(help: ArgumentHelp("Disk space, for example 500MB.", valueName: "size"))
    var disk: String?

    @Option(help: ArgumentHelp("GPUs, or a share of each: 2, 1:0.25.", valueName: "N[:share]"))
    var gpus: String?

    @Option(help: ArgumentHelp("NPUs, or a share of each.", valueName: "N[:share]"))
    var npus: String?

    @Option(help: ArgumentHelp("Least memory of each device.", valueName: "size"))
    var deviceMemory: String?

    @Option(
        help: ArgumentHelp(
            "So much memory of each device, and as large a part of the device.", valueName: "size"))
    var deviceMemoryShare: String?

    @Option(
        help: ArgumentHelp(
            "A word of the device's model, or several of which any will do: A100, 'A100|H100'.",
            valueName: "word"))
    var deviceModel: String?

    @Option(
        help: ArgumentHelp(
            "Of what the labels of a node count, for example license.matlab=2.", valueName: "NAME=N"))
    var counted: [String] = []

    func apply(to run: inout RunOptions) {
        run.cpus = cpus
        run.memory = memory
        run.disk = disk
        run.gpus = gpus
        run.npus = npus
        run.deviceMemory = deviceMemory
        run.deviceMemoryShare = deviceMemoryShare
        run.deviceModel = deviceModel
        run.counted = counted
    }
}

struct PlacementOptions: ParsableArguments {
    @Option(help: "Only nodes of this pool.")
    var pool: String?

    @Option(help: "Only this node.")
    var node: String?

    @Option(help: "Only nodes of this architecture: amd64 or arm64.")
    var arch: String?

    @Option(
        name: .customLong("label"), help: ArgumentHelp("Only nodes with this label.", valueName: "KEY=VALUE"))
    var labels: [String] = []

    @Option(
        help: ArgumentHelp(
            "Only nodes whose names fit one of these, each with at most so many slots: 'n-[01]+:4'.",
            valueName: "REGEX[:N]"))
    var nodes: [String] = []

    @Option(
        name: .customLong("constraint"),
        help: ArgumentHelp(
            "Only nodes that fulfil it: label:KEY, !label:KEY, labels:KEY=A,B, with=JOB, apart=JOB.",
            valueName: "constraint"))
    var constraints: [String] = []

    @Option(
        name: .customLong("prefer"),
        help: ArgumentHelp("Rather nodes that fulfil this constraint.", valueName: "constraint"))
    var preferences: [String] = []

    @Option(
        help: ArgumentHelp("As many slots on each value of this label as on the others.", valueName: "key"))
    var spread: String?

    @Option(help: ArgumentHelp("At most so many slots on one node.", valueName: "N"))
    var perNode: String?

    @Option(help: ArgumentHelp("Whose quota it is counted against.", valueName: "name"))
    var virtualCluster: String?

    @Flag(help: "Its slots may be stopped for work of other users, and count against no quota.")
    var preemptible = false

    func apply(to run: inout RunOptions) {
        run.pool = pool
        run.node = node
        run.arch = arch
        run.labels = labels
        run.nodes = nodes
        run.otherConstraints = constraints
        run.preferences = preferences
        run.spread = spread
        run.perNode = perNode
        run.virtualCluster = virtualCluster
        run.isPreemptible = preemptible
    }
}

struct RuleOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How many at once; default is one, for tasks as many as fit.", valueName: "N|MIN-MAX"))
    var slots: String?

    @Flag(help: "All slots start together, or none does; for MPI and distributed training.")
    var gang = false

    @Option(help: ArgumentHelp("Where the slots of a gang meet; default 29500.", valueName: "port"))
    var gangPort: String?

    @Option(
        help: ArgumentHelp(
            "All slots of a gang run by then, or go back; default 10m.", valueName: "duration"))
    var gangStartTimeout: String?

    @Option(help: ArgumentHelp("At most so many slots start in a minute: 10/min.", valueName: "N/min"))
    var startRate: String?

    @Option(help: ArgumentHelp("End a task that takes longer: 90s, 15m, 1h30m.", valueName: "duration"))
    var timeout: String?

    @Option(
        help: ArgumentHelp("Tries after a failure: 3, or by exit code 91:1,92:3,*:2.", valueName: "rules"))
    var retries: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "-1000 to 1000, the higher goes first, or a priority class of the cluster; default 0.",
            valueName: "number"))
    var priority: String?

    @Option(help: ArgumentHelp("When a node loses the coordinator: stop or keep.", valueName: "policy"))
    var onDisconnect: String?

    @Option(help: ArgumentHelp("When work is lost with its node: requeue or fail.", valueName: "policy"))
    var onLost: String?

    @Option(help: ArgumentHelp("Between TERM and KILL; default 5s.", valueName: "duration"))
    var stopGrace: String?

    @Option(help: ArgumentHelp("Newest output that is kept; default 16MiB.", valueName: "size"))
    var outputLimit: String?

    @Option(
        help: ArgumentHelp(
            "Fail what goes down with its node or supervisor so often; default 3, 0 never.",
            valueName: "number"))
    var crashLimit: String?

    @Option(
        help: ArgumentHelp(
            "How long a task takes: nodes whose time ends sooner do not get it.", valueName: "duration"))
    var timeRequest: String?

    @Option(
        help: ArgumentHelp(
            "Sent to the command when its node's time is about to end: HUP, INT, USR1 or USR2.",
            valueName: "signal"))
    var warnSignal: String?

    @Flag(name: .customLong("bind-cpus"), help: "Run on processors near the slot's devices alone.")
    var bindCPUs = false

    @Option(
        help: ArgumentHelp(
            "Begin only where the path's file system has so much free space: /scratch=50GiB.",
            valueName: "path=size"))
    var freeSpace: [String] = []

    @Option(
        help: ArgumentHelp(
            "Begin only while the directory takes less than that: /data/out=1TiB.", valueName: "path=size"))
    var directoryQuota: [String] = []

    @Option(
        help: ArgumentHelp(
            "Begin only where this line of shell ends with 0 on the node.", valueName: "command"))
    var check: String?

    @Option(help: ArgumentHelp("Between looks at these three; default 10s.", valueName: "duration"))
    var checkInterval: String?

    func apply(to run: inout RunOptions) {
        run.slots = slots
        run.isGang = gang
        run.gangPort = gangPort
        run.gangStartTimeout = gangStartTimeout
        run.startRate = startRate
        run.timeout = timeout
        run.retries = retries
        run.priority = priority
        run.onDisconnect = onDisconnect
        run.onLost = onLost
        run.stopGrace = stopGrace
        run.outputLimit = outputLimit
        run.crashLimit = crashLimit
        run.timeRequest = timeRequest
        run.warnSignal = warnSignal
        run.bindsProcessors = bindCPUs
        run.freeSpace = freeSpace
        run.directoryQuota = directoryQuota
        run.check = check
        run.checkInterval = checkInterval
    }
}
