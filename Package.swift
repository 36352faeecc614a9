// swift-tools-version: 6.2
import PackageDescription

// Every module is one folder; the folder path is the module name (coordinator/Core is CoordinatorCore).
// `pure` modules may depend on pure modules alone: no clock, I/O, randomness, async, logging or Foundation.
// Tests/Architecture holds the rule against the sources.

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

func pure(_ name: String, _ path: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: path, swiftSettings: settings)
}

func shell(
    _ name: String, _ path: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [],
    resources: [Resource]? = nil
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: path, exclude: exclude, resources: resources,
        swiftSettings: settings)
}

func program(_ name: String, _ path: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: settings)
}

func tests(
    _ name: String, _ path: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/" + path, exclude: exclude,
        swiftSettings: settings)
}

extension Target.Dependency {
    static let nioCore = product(name: "NIOCore", package: "swift-nio")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
    static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
    static let nioWebSocket = product(name: "NIOWebSocket", package: "swift-nio")
    static let nioTLS = product(name: "NIOTLS", package: "swift-nio")
    static let nioEmbedded = product(name: "NIOEmbedded", package: "swift-nio")
    static let nioFoundationEssentials = product(name: "NIOFoundationEssentialsCompat", package: "swift-nio")
    static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
    static let x509 = product(name: "X509", package: "swift-certificates")
    static let asn1 = product(name: "SwiftASN1", package: "swift-asn1")
    static let crypto = product(name: "Crypto", package: "swift-crypto")
    static let protobuf = product(name: "SwiftProtobuf", package: "swift-protobuf")
    static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
    static let logging = product(name: "Logging", package: "swift-log")
    static let coreMetrics = product(name: "CoreMetrics", package: "swift-metrics")
    static let serviceLifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let hummingbird = product(name: "Hummingbird", package: "hummingbird")
    static let hummingbirdCore = product(name: "HummingbirdCore", package: "hummingbird")
    static let hummingbirdTLS = product(name: "HummingbirdTLS", package: "hummingbird")
    static let grdb = product(name: "GRDB", package: "GRDB.swift")
    static let yams = product(name: "Yams", package: "Yams")
    static let histogram = product(name: "Histogram", package: "hdrhistogram-swift")
}

let package = Package(
    name: "mortise",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "mortise", targets: ["mortise"]),
        .executable(name: "mortise-agent", targets: ["mortise-agent"]),
        .executable(name: "mortise-coordinator", targets: ["mortise-coordinator"]),
        .executable(name: "mortise-bench", targets: ["mortise-bench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.0"),
        .package(url: "https://github.com/apple/swift-asn1.git", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-protobuf.git", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0", traits: []),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift.git", from: "0.2.0"),
    ],
    targets: [
        // Shared words and small tools
        pure("ClusterTypes", "Sources/ClusterTypes"),
        pure("Exposition", "Sources/Exposition"),
        pure("TextForms", "Sources/TextForms"),
        .systemLibrary(
            name: "CZstd", path: "Sources/CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        shell("Zstd", "Sources/Zstd", ["CZstd"]),
        .systemLibrary(
            name: "CPostgreSQL", path: "Sources/CPostgreSQL", pkgConfig: "libpq",
            providers: [.apt(["libpq-dev"])]),
        shell("PostgreSQL", "Sources/PostgreSQL", ["CPostgreSQL", "Platform"]),
        .target(name: "CPlatform", path: "Sources/CPlatform"),
        shell("Platform", "Sources/Platform", ["CPlatform"]),
        shell(
            "TLSIdentity", "Sources/TLSIdentity",
            ["ClusterTypes", "Platform", .x509, .asn1, .crypto, .nioCore, .nioSSL]),
        shell("HTTPSClient", "Sources/HTTPSClient", [.nioCore, .nioPosix, .nioHTTP1, .nioSSL]),
        shell("YAMLSections", "Sources/YAMLSections", ["ClusterTypes", .yams]),
        shell("JobFile", "Sources/JobFile", ["ClusterTypes", "APITypes", "YAMLSections", .yams]),
        shell("Inventory", "Sources/Inventory", ["ClusterTypes", "TextForms", "YAMLSections", .yams]),
        shell("Terminal", "Sources/Terminal", ["Platform"]),
        shell("APITypes", "Sources/APITypes", ["ClusterTypes"]),
        shell("Instruments", "Sources/Instruments", ["Exposition", .coreMetrics]),

        // The agent link
        pure("ProtocolMessages", "protocol/Messages", ["ClusterTypes"]),
        shell("ProtocolGenerated", "protocol/Generated", [.protobuf]),
        shell(
            "ProtocolCodec", "protocol/Codec",
            ["ClusterTypes", "ProtocolMessages", "ProtocolGenerated", "Zstd", .protobuf]),

        // The coordinator
        pure("CoordinatorPlacement", "coordinator/Placement", ["ClusterTypes"]),
        pure("CoordinatorAutoscale", "coordinator/Autoscale", ["ClusterTypes", "CoordinatorPlacement"]),
        pure("CoordinatorSchedulers", "coordinator/Schedulers", ["TextForms"]),
        pure(
            "CoordinatorCore", "coordinator/Core",
            ["ClusterTypes", "ProtocolMessages", "CoordinatorPlacement", "CoordinatorAutoscale"]),
        pure(
            "CoordinatorHistory", "coordinator/History",
            ["ClusterTypes", "ProtocolMessages", "CoordinatorCore"]),
        pure(
            "CoordinatorMetrics", "coordinator/Metrics",
            ["ClusterTypes", "ProtocolMessages", "CoordinatorCore", "Exposition"]),
        shell("CoordinatorStore", "coordinator/Store", ["ClusterTypes", "CoordinatorCore"]),
        shell(
            "CoordinatorStoreRows", "coordinator/StoreRows",
            ["ClusterTypes", "ProtocolMessages", "CoordinatorCore", "CoordinatorStore"]),
        shell(
            "CoordinatorStoreSQLite", "coordinator/StoreSQLite",
            [
                "ClusterTypes", "CoordinatorCore", "CoordinatorStore", "CoordinatorStoreRows", .grdb,
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        shell(
            "CoordinatorStorePostgres", "coordinator/StorePostgres",
            [
                "ClusterTypes", "CoordinatorCore", "CoordinatorStore", "CoordinatorStoreRows", "PostgreSQL",
            ]),
        shell(
            "CoordinatorDriver", "coordinator/Driver",
            [
                "ClusterTypes", "ProtocolMessages", "ProtocolCodec", "CoordinatorCore", "CoordinatorHistory",
                "CoordinatorMetrics", "CoordinatorStore", "Instruments", "Platform", "Zstd", .coreMetrics,
                .logging,
            ]),
        shell(
            "CoordinatorGateway", "coordinator/Gateway",
            [
                "ClusterTypes", "ProtocolMessages", "CoordinatorCore", "Instruments", "TLSIdentity",
                .nioCore, .nioPosix, .nioHTTP1, .nioTLS, .nioWebSocket, .nioSSL, .coreMetrics, .logging,
            ]),
        shell(
            "CoordinatorAPI", "coordinator/API",
            [
                "ClusterTypes", "APITypes", "ProtocolMessages", "CoordinatorCore", "CoordinatorHistory",
                "CoordinatorMetrics", "CoordinatorStore", "Exposition", "TLSIdentity", "Zstd", .hummingbird,
                .hummingbirdCore, .hummingbirdTLS, .nioCore, .nioSSL, .logging,
                .serviceLifecycle,
            ]),
        shell(
            "CoordinatorLaunchers", "coordinator/Launchers",
            [
                "ClusterTypes", "CoordinatorCore", "CoordinatorSchedulers", "HTTPSClient", "Platform",
                "TextForms", .nioCore, .nioPosix, .crypto, .yams,
            ]),
        shell(
            "PoolFile", "Sources/PoolFile",
            [
                "ClusterTypes", "CoordinatorAutoscale", "CoordinatorCore", "CoordinatorLaunchers",
                "HTTPSClient", "Inventory", "YAMLSections", .yams,
            ]),
        shell(
            "CoordinatorBridge", "coordinator/Bridge", ["ClusterTypes", "CoordinatorSchedulers", "Platform"]),
        program(
            "mortise-coordinator", "coordinator/Main",
            [
                "ClusterTypes", "APITypes", "Platform", "TLSIdentity", "Terminal", "HTTPSClient",
                "ProtocolMessages", "Exposition", "Instruments", "CoordinatorAutoscale", "CoordinatorCore",
                "CoordinatorPlacement",
                "CoordinatorHistory", "CoordinatorMetrics", "CoordinatorStore", "CoordinatorStoreRows",
                "CoordinatorStoreSQLite", "CoordinatorStorePostgres",
                "CoordinatorDriver",
                "CoordinatorGateway", "CoordinatorAPI", "CoordinatorBridge", "CoordinatorLaunchers",
                "Inventory", "PoolFile",
                "CoordinatorSchedulers", "TextForms", "YAMLSections", .argumentParser, .coreMetrics, .logging,
                .serviceLifecycle, .unixSignals,
            ]),

        // The agent
        pure("AgentCore", "agent/Core", ["ClusterTypes", "ProtocolMessages"]),
        pure("AgentDoctor", "agent/Doctor", ["ClusterTypes", "ProtocolMessages"]),
        shell(
            "AgentHardware", "agent/Hardware",
            ["ClusterTypes", "Exposition", "ProtocolMessages", "Platform", "TextForms"]),
        shell(
            "AgentLink", "agent/Link",
            [
                "ClusterTypes", "APITypes", "ProtocolMessages", "ProtocolCodec", "TLSIdentity", "HTTPSClient",
                "Platform",
                .nioCore, .nioPosix, .nioTLS, .nioWebSocket, .nioSSL, .crypto,
            ]),
        shell(
            "AgentSlots", "agent/Slots",
            [
                "ClusterTypes", "ProtocolMessages", "ProtocolCodec", "Platform", "TextForms", .nioCore,
                .nioPosix,
            ]),
        program(
            "mortise-agent", "agent/Main",
            [
                "ClusterTypes", "Exposition", "ProtocolMessages", "ProtocolCodec", "Platform", "TLSIdentity",
                "HTTPSClient", "AgentCore", "AgentDoctor", "AgentHardware", "AgentLink", "AgentSlots",
                "Terminal", "TextForms", .nioCore,
                .nioPosix, .nioHTTP1, .argumentParser, .logging,
            ]),

        // The command line
        program(
            "mortise", "Sources/mortise",
            [
                "ClusterTypes", "APITypes", "Inventory", "JobFile", "YAMLSections", "HTTPSClient", "Platform",
                "Terminal", "TLSIdentity", .argumentParser, .nioCore, .nioPosix,
            ]),

        // The simulator: both machines in virtual time
        shell(
            "Simulator", "Sources/Simulator",
            [
                "ClusterTypes", "ProtocolMessages", "CoordinatorAutoscale", "CoordinatorCore",
                "CoordinatorStore",
                "AgentCore",
            ]),
        program(
            "mortise-sim", "Sources/mortise-sim",
            [
                "ClusterTypes", "CoordinatorAutoscale", "CoordinatorPlacement", "Platform", "Simulator",
                .argumentParser,
            ]),

        // Load and its measuring: real sessions of thousands of pretended agents
        pure("LoadModel", "Sources/LoadModel", ["ClusterTypes", "ProtocolMessages"]),
        program(
            "mortise-bench", "Sources/mortise-bench",
            [
                "ClusterTypes", "LoadModel", "APITypes", "ProtocolMessages", "ProtocolCodec", "AgentCore",
                "AgentLink", "CoordinatorCore", "CoordinatorHistory", "CoordinatorStore",
                "CoordinatorStoreSQLite", "CoordinatorStorePostgres", "HTTPSClient", "Platform", "Terminal",
                "TLSIdentity", "Zstd", .nioCore, .nioPosix, .histogram, .argumentParser, .unixSignals,
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),

        // Tests mirror the folders
        tests("ArchitectureTests", "Architecture"),
        tests("ClusterTypesTests", "ClusterTypes", ["ClusterTypes"]),
        tests(
            "SharedTests", "Shared",
            [
                "Zstd", "Platform", "Terminal", "TLSIdentity", "HTTPSClient", "ClusterTypes",
                .nioCore, .nioPosix, .nioHTTP1, .nioSSL,
            ]),
        tests("TerminalTests", "Terminal", ["Terminal"]),
        tests("TextFormsTests", "TextForms", ["TextForms"]),
        tests(
            "MetricsTests", "Metrics",
            [
                "Exposition", "Instruments", "CoordinatorMetrics", "CoordinatorCore", "ClusterTypes",
                "ProtocolMessages", "Platform", .coreMetrics,
            ]),
        tests("InventoryTests", "Inventory", ["Inventory", "ClusterTypes", "YAMLSections"]),
        tests("JobFileTests", "JobFile", ["JobFile", "APITypes", "ClusterTypes", "YAMLSections"]),
        tests(
            "CommandLineTests", "mortise",
            [
                "mortise", "APITypes", "ClusterTypes", "Inventory", "JobFile", "YAMLSections", "HTTPSClient",
                "Terminal", .argumentParser,
            ]),
        tests(
            "ProtocolTests", "protocol",
            [
                "ProtocolMessages", "ProtocolCodec", "ProtocolGenerated", "ClusterTypes", "Zstd", "LoadModel",
            ]),
        tests(
            "CoordinatorCoreTests", "coordinator/Core",
            [
                "CoordinatorCore", "CoordinatorStore", "ClusterTypes", "ProtocolMessages",
                "CoordinatorPlacement",
            ]),
        tests("SchedulersTests", "coordinator/Schedulers", ["CoordinatorSchedulers", "TextForms"]),
        tests("PlacementTests", "coordinator/Placement", ["ClusterTypes", "CoordinatorPlacement"]),
        tests(
            "AutoscaleTests", "coordinator/Autoscale",
            ["ClusterTypes", "CoordinatorAutoscale", "CoordinatorPlacement"]),
        tests(
            "ReplayTests", "mortise-sim",
            ["mortise-sim", "ClusterTypes", "CoordinatorAutoscale", "CoordinatorPlacement"]),
        tests(
            "BridgeTests", "coordinator/Bridge",
            ["CoordinatorBridge", "CoordinatorSchedulers", "ClusterTypes"]),
        tests(
            "LaunchersTests", "coordinator/Launchers",
            [
                "CoordinatorBridge", "CoordinatorLaunchers", "CoordinatorCore", "CoordinatorSchedulers",
                "ClusterTypes", "HTTPSClient", "LauncherServers", "Platform", "PostgresServer", "TLSIdentity",
                .nioCore, .nioPosix, .nioHTTP1, .nioSSL,
            ]),
        tests(
            "PoolFileTests", "PoolFile",
            [
                "ClusterTypes", "CoordinatorAutoscale", "CoordinatorCore", "CoordinatorLaunchers",
                "PoolFile", "YAMLSections",
            ]),
        tests(
            "CoordinatorMainTests", "coordinator/Main",
            [
                "mortise-coordinator", "CoordinatorBridge", "CoordinatorCore", "CoordinatorLaunchers",
                "CoordinatorPlacement", "LauncherServers", "PostgresServer", .argumentParser,
            ]),
        tests(
            "HistoryTests", "coordinator/History",
            [
                "CoordinatorHistory", "CoordinatorDriver", "CoordinatorCore", "CoordinatorStore",
                "ClusterTypes", "LoadModel", "ProtocolMessages", "Zstd", .logging,
            ]),
        tests(
            "DriverTests", "coordinator/Driver",
            [
                "CoordinatorDriver", "CoordinatorCore", "CoordinatorStore", "ClusterTypes",
                "ProtocolMessages", "ProtocolCodec", .logging,
            ]),
        tests(
            "StoreContractTests", "Contract",
            [
                "CoordinatorStore", "CoordinatorStoreRows", "CoordinatorStoreSQLite",
                "CoordinatorStorePostgres",
                "CoordinatorCore", "ClusterTypes", "ProtocolMessages", "PostgreSQL", "PostgresServer", .grdb,
            ]),
        tests("PostgreSQLTests", "PostgreSQL", ["PostgreSQL", "PostgresServer"]),
        // Real servers, one for each test process: what both of the above need.
        .target(
            name: "PostgresServer", dependencies: ["PostgreSQL"], path: "Tests/PostgresServer",
            swiftSettings: settings),
        // The same for launchers: a scheduler, sshd, podman.
        .target(
            name: "LauncherServers",
            dependencies: [
                "CoordinatorLaunchers", "HTTPSClient", "Platform", "PostgresServer", .nioCore, .nioPosix,
            ], path: "Tests/LauncherServers", swiftSettings: settings),
        tests(
            "LinkTests", "Link",
            [
                "CoordinatorGateway", "CoordinatorCore", "AgentLink", "TLSIdentity", "HTTPSClient",
                "APITypes",
                "ProtocolMessages", "ProtocolCodec", "ClusterTypes",
                .nioCore, .nioPosix, .nioEmbedded, .nioSSL, .nioHTTP1, .nioWebSocket, .logging,
            ]),
        tests(
            "APITests", "coordinator/API",
            [
                "CoordinatorAPI", "APITypes", "ClusterTypes", "ProtocolMessages", "CoordinatorCore",
                "CoordinatorHistory", "CoordinatorStore", "CoordinatorMetrics", "Exposition", "TLSIdentity",
                "HTTPSClient", "Zstd",
                .nioCore, .nioPosix, .nioSSL, .logging, .serviceLifecycle,
            ]),
        tests("AgentCoreTests", "agent/Core", ["AgentCore", "ClusterTypes", "ProtocolMessages"]),
        tests(
            "DoctorTests", "agent/Doctor",
            ["AgentDoctor", "AgentHardware", "ClusterTypes", "ProtocolMessages"]),
        tests(
            "HardwareTests", "agent/Hardware",
            [
                "AgentHardware", "APITypes", "ClusterTypes", "Exposition", "Platform", "ProtocolMessages",
                "TextForms",
            ]),
        tests(
            "SlotsTests", "agent/Slots",
            [
                "AgentSlots", "ClusterTypes", "ProtocolMessages", "Platform", "slot-supervisor-for-tests",
                .nioCore, .nioPosix,
            ]),
        program(
            "slot-supervisor-for-tests", "Tests/agent/SlotSupervisor",
            ["AgentSlots", "ClusterTypes", "ProtocolMessages", "Platform", .nioCore, .nioPosix]),
        tests(
            "ScenarioTests", "Scenarios",
            ["CoordinatorCore", "CoordinatorStore", "AgentCore", "ClusterTypes", "ProtocolMessages"],
            exclude: ["cases"]),
        tests("SimulatorTests", "Simulator", ["Simulator", "ClusterTypes"]),
        tests(
            "EndToEndTests", "EndToEnd",
            [
                // Built with it, and run by it.
                "mortise", "mortise-agent", "mortise-coordinator", "mortise-bench",
                "APITypes", "HTTPSClient", "TLSIdentity", "Platform", "ClusterTypes", "LauncherServers",
                "PostgreSQL", "PostgresServer", .nioCore, .nioPosix, .nioHTTP1,
            ]),
    ],
    swiftLanguageModes: [.v6]
)

// `dev/fuzz` builds with MORTISE_FUZZ=1, in a folder of its own: the modules that read bytes from outside,
// instrumented for libFuzzer, and of those that also do I/O only the sources that parse, so that neither NIO nor
// BoringSSL nor GRDB has to be built.
if Context.environment["MORTISE_FUZZ"] == "1" {
    let whole = [
        "ClusterTypes", "Exposition", "TextForms", "CZstd", "Zstd", "CPlatform", "Platform", "APITypes",
        "YAMLSections", "JobFile", "Inventory", "ProtocolMessages",
        "ProtocolGenerated", "ProtocolCodec", "AgentHardware", "CoordinatorPlacement",
        "CoordinatorAutoscale", "CoordinatorSchedulers", "CoordinatorCore", "CoordinatorStore",
        "CoordinatorStoreRows",
    ]
    let parsers: [String: (sources: [String], dependencies: [Target.Dependency])] = [
        "AgentSlots": (["Bytes.swift", "LocalMessage.swift", "LogHeader.swift", "SlotFiles.swift"], []),
        "CoordinatorAPI": (
            ["APIError.swift", "PercentDecoding.swift", "Query.swift", "StrictJSON.swift"],
            ["APITypes", "CoordinatorCore"]
        ),
        "CoordinatorStoreSQLite": (
            ["Columns.swift"],
            [
                "CoordinatorCore", "CoordinatorStore", "CoordinatorStoreRows",
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]
        ),
        "HTTPSClient": (["HTTPSEndpoint.swift"], []),
        "TLSIdentity": (
            [
                "Encoding.swift", "IdentityError.swift", "JoinTokenText.swift", "NodeDescription.swift",
                "NodeURI.swift", "Secret.swift",
            ], []
        ),
    ]
    package.targets = package.targets.filter { whole.contains($0.name) || parsers[$0.name] != nil }
    // A program's module cannot be linked into another program.
    package.targets.append(
        .target(
            name: "AgentMain", dependencies: ["ProtocolMessages", "ProtocolCodec"], path: "agent/Main",
            sources: ["LocalMessages.swift"], swiftSettings: settings))
    let names = package.targets.map(\.name)
    for target in package.targets {
        if let parser = parsers[target.name] {
            target.sources = parser.sources
            target.resources = nil
            target.dependencies =
                ["ClusterTypes", "Platform", "ProtocolMessages", "ProtocolCodec"] + parser.dependencies
        }
        // Written by a program from the schema, and a third of all code: its branches would drown ours.
        guard target.name != "ProtocolGenerated" else { continue }
        target.swiftSettings = target.swiftSettings.map { $0 + [.unsafeFlags(["-sanitize=fuzzer"])] }
    }
    package.targets.append(
        .executableTarget(
            name: "mortise-fuzz",
            dependencies: names.map { .init(stringLiteral: $0) }
                + [.product(name: "GRDBSQLite", package: "GRDB.swift")],
            path: "Tests", exclude: ["Fuzz/Corpus"], sources: ["Fuzz", "protocol/MessageGenerator.swift"],
            swiftSettings: settings,
            linkerSettings: [.unsafeFlags(["-use-ld=lld"]), .linkedLibrary("stdc++")]))
    package.products = [.executable(name: "mortise-fuzz", targets: ["mortise-fuzz"])]
}
