import Telemetry

/// Pages that went to the swap and came back, faults that had to wait for a disk, and programs
/// that were killed for want of memory.
struct PagingCollector: Collector {
    static let name = "paging"

    private let file: KeptFile
    private var swapIn = RateMeter()
    private var swapOut = RateMeter()
    private var faults = RateMeter()

    init(_ files: HostFiles) {
        file = files.kept("proc/vmstat")
    }

    mutating func collect(at tick: Tick, into reading: inout Reading) throws(CollectorError) {
        let paging = PagingCounters.parse(try file.read())
        reading.add(.memory, "swap-in", swapIn.rate(paging.swapIn, over: tick.elapsed))
        reading.add(.memory, "swap-out", swapOut.rate(paging.swapOut, over: tick.elapsed))
        reading.add(.memory, "major-faults", faults.rate(paging.majorFaults, over: tick.elapsed))
        reading.add(.memory, "oom-kills", paging.oomKills.map { Double($0) })
    }
}

/// What `/proc/vmstat` says that matters here; kills are counted since Linux 4.13.
struct PagingCounters: Hashable {
    var swapIn: UInt64?
    var swapOut: UInt64?
    var majorFaults: UInt64?
    var oomKills: UInt64?

    static func parse(_ bytes: [UInt8]) -> PagingCounters {
        var scanner = ByteScanner(bytes)
        var paging = PagingCounters()
        while !scanner.isAtEnd {
            if scanner.take("pswpin ") {
                paging.swapIn = scanner.unsigned()
            } else if scanner.take("pswpout ") {
                paging.swapOut = scanner.unsigned()
            } else if scanner.take("pgmajfault ") {
                paging.majorFaults = scanner.unsigned()
            } else if scanner.take("oom_kill ") {
                paging.oomKills = scanner.unsigned()
                break
            }
            scanner.skipLine()
        }
        return paging
    }
}
