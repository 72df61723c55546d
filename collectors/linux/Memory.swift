import Telemetry

/// How the memory and the swap are used.
struct MemoryCollector: Collector {
    static let name = "memory"

    private let file: KeptFile

    init(_ files: HostFiles) {
        file = files.kept("proc/meminfo")
    }

    mutating func collect(at tick: Tick, into reading: inout Reading) throws(CollectorError) {
        guard let memory = MemoryInfo.parse(try file.read()) else {
            throw .malformed("proc/meminfo")
        }
        reading.add(.memory, "used", memory.usedShare)
        reading.add(.memory, "total", Double(memory.total))
        reading.add(.memory, "available", Double(memory.available))
        reading.add(.memory, "free", Double(memory.free))
        reading.add(.memory, "buffers", Double(memory.buffers))
        reading.add(.memory, "cached", Double(memory.cached))
        reading.add(.memory, "dirty", Double(memory.dirty))
        reading.add(.memory, "slab", Double(memory.slab))
        reading.add(.memory, "swap-total", Double(memory.swapTotal))
        reading.add(.memory, "swap-free", Double(memory.swapFree))
        reading.add(.memory, "swap-used", memory.swapUsedShare)
    }
}

/// What `/proc/meminfo` says, in bytes.
struct MemoryInfo: Hashable {
    var total: UInt64 = 0
    var free: UInt64 = 0
    var available: UInt64 = 0
    var buffers: UInt64 = 0
    var cached: UInt64 = 0
    var dirty: UInt64 = 0
    var slab: UInt64 = 0
    var swapTotal: UInt64 = 0
    var swapFree: UInt64 = 0

    /// Percent that no program could get.
    var usedShare: Double {
        100 * Double(total.subtracting(available)) / Double(max(total, 1))
    }

    /// Percent; zero for a host without swap.
    var swapUsedShare: Double {
        swapTotal == 0 ? 0 : 100 * Double(swapTotal.subtracting(swapFree)) / Double(swapTotal)
    }

    static func parse(_ bytes: [UInt8]) -> MemoryInfo? {
        var scanner = ByteScanner(bytes)
        var memory = MemoryInfo()
        var available: UInt64?
        while !scanner.isAtEnd {
            if scanner.take("MemTotal:") {
                memory.total = scanner.kibibytes()
            } else if scanner.take("MemFree:") {
                memory.free = scanner.kibibytes()
            } else if scanner.take("MemAvailable:") {
                available = scanner.kibibytes()
            } else if scanner.take("Buffers:") {
                memory.buffers = scanner.kibibytes()
            } else if scanner.take("Cached:") {
                memory.cached = scanner.kibibytes()
            } else if scanner.take("Dirty:") {
                memory.dirty = scanner.kibibytes()
            } else if scanner.take("Slab:") {
                memory.slab = scanner.kibibytes()
            } else if scanner.take("SwapTotal:") {
                memory.swapTotal = scanner.kibibytes()
            } else if scanner.take("SwapFree:") {
                memory.swapFree = scanner.kibibytes()
            }
            scanner.skipLine()
        }
        guard memory.total > 0 else { return nil }
        // Before 3.14 the kernel did not tell: what is free or can be dropped comes nearest.
        let droppable = memory.free &+ memory.buffers &+ memory.cached
        memory.available = min(available ?? droppable, memory.total)
        return memory
    }
}

extension ByteScanner {
    /// A number of KiB as bytes; zero when there is none, the largest when it does not fit.
    fileprivate mutating func kibibytes() -> UInt64 {
        let (bytes, overflow) = (unsigned() ?? 0).multipliedReportingOverflow(by: 1024)
        return overflow ? .max : bytes
    }
}
