import Telemetry

/// How long tasks waited for processor, disk and memory (PSI).
///
/// A kernel before 4.20 has no such files, and one started with `psi=0` answers `EOPNOTSUPP`:
/// then there are no instances.
struct PressureCollector: Collector {
    static let name = "pressure"

    private var resources: [Resource]

    private struct Resource {
        let name: String
        let file: KeptFile
        var some = RateMeter()
        var full = RateMeter()
    }

    init(_ files: HostFiles) {
        resources = ["cpu", "io", "memory"].map {
            Resource(name: $0, file: files.kept("proc/pressure/" + $0))
        }
    }

    mutating func collect(at tick: Tick, into reading: inout Reading) throws(CollectorError) {
        for index in resources.indices {
            guard let bytes = try? resources[index].file.read() else { continue }
            let stalls = PressureStalls.parse(bytes)
            guard let some = stalls.some else { continue }
            let someNow = resources[index].some.rate(some.total, over: tick.elapsed)
            let fullNow = resources[index].full.rate(stalls.full?.total, over: tick.elapsed)
            reading.add(
                .pressure,
                SampleInstance(
                    resources[index].name,
                    values: [
                        SampleValue("some", some.average),
                        SampleValue("full", stalls.full?.average),
                        SampleValue("some-now", someNow.map(Self.share)),
                        SampleValue("full-now", fullNow.map(Self.share)),
                    ]
                )
            )
        }
    }

    /// Microseconds of each second as percent; the kernel's clock and ours may differ a little.
    private static func share(_ microseconds: Double) -> Double {
        min(100, microseconds / 10_000)
    }
}

/// What a file of `/proc/pressure` says; of the processor, `full` came with 5.13.
struct PressureStalls: Hashable {
    var some: Stall?
    var full: Stall?

    /// One line.
    struct Stall: Hashable {
        /// Percent over the last ten seconds.
        var average: Double
        /// Microseconds since the boot.
        var total: UInt64?
    }

    static func parse(_ bytes: [UInt8]) -> PressureStalls {
        var scanner = ByteScanner(bytes)
        var stalls = PressureStalls()
        while !scanner.isAtEnd {
            if scanner.take("some ") {
                stalls.some = stall(&scanner)
            } else if scanner.take("full ") {
                stalls.full = stall(&scanner)
            }
            scanner.skipLine()
        }
        return stalls
    }

    private static func stall(_ scanner: inout ByteScanner) -> Stall? {
        var average: Double?
        var total: UInt64?
        while !scanner.isAtLineEnd {
            if scanner.take("avg10=") {
                average = scanner.decimal()
            } else if scanner.take("total=") {
                total = scanner.unsigned()
            }
            _ = scanner.word()
        }
        return average.map { Stall(average: $0, total: total) }
    }
}
