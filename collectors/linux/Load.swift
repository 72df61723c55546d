import Telemetry

/// The load averages, and how many threads there are.
struct LoadCollector: Collector {
    static let name = "load"

    private let file: KeptFile

    init(_ files: HostFiles) {
        file = files.kept("proc/loadavg")
    }

    mutating func collect(at tick: Tick, into reading: inout Reading) throws(CollectorError) {
        guard let load = LoadAverages.parse(try file.read()) else {
            throw .malformed("proc/loadavg")
        }
        reading.add(.cpu, "load1", load.one)
        reading.add(.cpu, "load5", load.five)
        reading.add(.cpu, "load15", load.fifteen)
        reading.add(.process, "threads", load.threads.map { Double($0) })
    }
}

/// What `/proc/loadavg` says.
struct LoadAverages: Hashable {
    var one: Double
    var five: Double
    var fifteen: Double
    var threads: UInt64?

    static func parse(_ bytes: [UInt8]) -> LoadAverages? {
        var scanner = ByteScanner(bytes)
        guard let one = scanner.decimal(), let five = scanner.decimal(),
            let fifteen = scanner.decimal()
        else { return nil }
        _ = scanner.unsigned()
        let threads = scanner.take(UInt8(ascii: "/")) ? scanner.unsigned() : nil
        return LoadAverages(one: one, five: five, fifteen: fifteen, threads: threads)
    }
}
