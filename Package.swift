// swift-tools-version: 6.1
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A module of the product. Each may import only what stands above it in `targets`.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// A module with loops over every byte of a copy. Optimised in debug builds, too: tests send hundreds of megabytes
/// through it.
func hotModule(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(
    name: name, dependencies: dependencies,
    swiftSettings: settings + [.unsafeFlags(["-O"], .when(configuration: .debug))])
}

func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.init(stringLiteral: name), "TestSupport"] + dependencies,
    path: "Tests/\(name)", swiftSettings: settings)
}

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let services: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let web: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")
let jwt: Target.Dependency = .product(name: "JWTKit", package: "jwt-kit")

let package = Package(
  name: "crmsync",
  platforms: [.macOS(.v15)],
  products: [.executable(name: "crmsync", targets: ["crmsync"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
  ],
  targets: [
    // C libraries, by Debian package.
    .systemLibrary(name: "CRabbitMQ", pkgConfig: "librabbitmq", providers: [.apt(["librabbitmq-dev"])]),
    .systemLibrary(name: "CPostgreSQL", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CMalloc"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    // Swift over the C libraries: nothing above these three knows C exists.
    module("ThreadExecutor"),
    module("AMQP", ["CRabbitMQ", "ThreadExecutor", log]),
    module("PostgreSQL", ["CPostgreSQL", "ThreadExecutor", log]),
    hotModule("HTTP", ["CCurl", "CZlib", "ThreadExecutor", log]),

    // The words and the decisions: pure, no I/O.
    hotModule("SyncModel"),
    // Not `Configuration`: a package that Hummingbird depends on has a module of that name.
    .target(
      name: "SyncConfiguration", dependencies: ["SyncModel", yaml], path: "Sources/Configuration",
      swiftSettings: settings),

    // The ends and the memory.
    hotModule("Veeva", ["SyncModel", "HTTP", jwt, log]),
    hotModule("PostgresDestination", ["SyncModel", "PostgreSQL", log]),
    module("Marketo", ["SyncModel", "HTTP", log]),
    module("Checkpoints", ["SyncModel", "PostgreSQL", log, services]),
    // From the mirror in PostgreSQL to Marketo.
    module("Delivery", ["SyncModel", "PostgreSQL", "HTTP", "Marketo", "Checkpoints", log]),
    // From marketers' changes in PostgreSQL to Veeva.
    module("WriteBack", ["SyncModel", "Veeva", "PostgreSQL", "PostgresDestination", "Checkpoints"]),
    module("JobQueue", ["AMQP", log]),

    // What a process is connected to, and where a crash test may halt it.
    module("ProgressMarkers", [log]),
    module(
      "Tenants",
      [
        "SyncModel", "SyncConfiguration", "HTTP", "Veeva", "PostgreSQL", "PostgresDestination", "Checkpoints",
        "Marketo", "Delivery", "WriteBack", log,
      ]),

    // The path of a record.
    module("Worker", ["Tenants", "JobQueue", "ProgressMarkers", log, services]),
    module("Coordinator", ["Tenants", "JobQueue", "ProgressMarkers", log, services]),
    module("Operations", ["Tenants", "JobQueue", log]),

    // Stand-ins, a Veeva org and a Marketo instance, that speak the real wire protocols.
    hotModule("Simulator", ["CZlib", web, jwt, log, services]),

    .executableTarget(
      name: "crmsync",
      dependencies: [
        "SyncConfiguration", "Worker", "Coordinator", "Operations", "Simulator", "CMalloc", arguments, log, services,
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      swiftSettings: settings),

    // Measures what jobs cost beside their records: `./dev bench plan`. No product of the package.
    .executableTarget(
      name: "crmsync-bench", dependencies: ["AMQP", "Checkpoints", "JobQueue", "PostgreSQL", "SyncModel", log],
      path: "bench/planning", swiftSettings: settings),

    .target(
      name: "TestSupport", dependencies: ["SyncModel", "PostgreSQL"], path: "Tests/Support", swiftSettings: settings),
    tests(of: "ThreadExecutor"),
    tests(of: "AMQP", [log]),
    tests(of: "PostgreSQL", [log]),
    tests(of: "HTTP", ["Simulator"]),
    tests(of: "SyncModel"),
    .testTarget(
      name: "SyncConfigurationTests", dependencies: ["SyncConfiguration", "SyncModel", "TestSupport"],
      path: "Tests/Configuration", swiftSettings: settings),
    tests(of: "Veeva", ["HTTP", "Simulator", "SyncModel", log]),
    tests(of: "Marketo", ["HTTP", "Simulator", log, services]),
    tests(of: "Checkpoints", ["PostgreSQL", "SyncModel"]),
    tests(
      of: "Delivery",
      ["Checkpoints", "HTTP", "Marketo", "PostgreSQL", "PostgresDestination", "Simulator", "SyncModel", log, services]),
    tests(of: "PostgresDestination", ["PostgreSQL", "SyncModel"]),
    tests(
      of: "WriteBack",
      [
        "Checkpoints", "HTTP", "PostgreSQL", "PostgresDestination", "Simulator", "SyncConfiguration", "SyncModel",
        "Tenants", "Veeva", log, services,
      ]),
    tests(of: "JobQueue", ["AMQP", log]),
    tests(of: "Tenants", ["SyncConfiguration", "Checkpoints", "PostgreSQL", "SyncModel", log]),
    tests(of: "Coordinator", ["Checkpoints", "JobQueue", "PostgresDestination", log]),
    tests(of: "Operations"),
    tests(
      of: "Worker",
      [
        "Tenants", "JobQueue", "Checkpoints", "ProgressMarkers", "AMQP", "PostgreSQL", "PostgresDestination", "Veeva",
        "SyncConfiguration", "SyncModel", log,
      ]),
    .testTarget(
      name: "SimulatorTests", dependencies: ["Simulator", "TestSupport"], path: "Tests/Simulator",
      exclude: ["Python"], swiftSettings: settings),
    .testTarget(
      name: "Acceptance", dependencies: ["AMQP", "PostgreSQL", "TestSupport"], path: "Tests/Acceptance",
      exclude: ["compare.py"], swiftSettings: settings),
  ]
)
