import Telemetry

/// What whole disks read and write, and how busy they are.
struct DiskCollector: Collector {
    static let name = "disk"

    private let files: HostFiles
    private let file: KeptFile
    private var disks: [String: Meters] = [:]
    /// By name: whether it is a whole disk.
    ///
    /// Emptied when a device is gone, since its name may come
    /// back as another's.
    private var isWhole: [String: Bool] = [:]

    private struct Meters {
        var bytesRead = RateMeter()
        var bytesWritten = RateMeter()
        var reads = RateMeter()
        var writes = RateMeter()
        var busy = RateMeter()
        var queue = RateMeter()
        var waited = RateMeter()
    }

    init(_ files: HostFiles) {
        self.files = files
        file = files.kept("proc/diskstats")
    }

    mutating func collect(at tick: Tick, into reading: inout Reading) throws(CollectorError) {
        var seen: [String: Meters] = [:]
        for disk in DiskCounters.parse(try file.read()) where isWholeDisk(disk) {
            var meters = disks[disk.name] ?? Meters()
            reading.add(.disk, Self.instance(disk, &meters, tick.elapsed))
            seen[disk.name] = meters
        }
        if seen.count < disks.count { isWhole = [:] }
        disks = seen
    }

    /// Partitions are in their disk's counters already; what never did any work is no disk.
    private mutating func isWholeDisk(_ disk: DiskCounters) -> Bool {
        if disk.reads == 0, disk.writes == 0 { return false }
        if let known = isWhole[disk.name] { return known }
        var answer = !disk.isVirtual
        if answer {
            answer =
                files.exists("sys/block")
                ? files.exists("sys/block/" + disk.sysfsName) : !disk.looksLikePartition
        }
        isWhole[disk.name] = answer
        return answer
    }

    private static func instance(
        _ disk: DiskCounters,
        _ meters: inout Meters,
        _ elapsed: Double?
    ) -> SampleInstance {
        let read = meters.bytesRead.rate(disk.sectorsRead, over: elapsed)
        let written = meters.bytesWritten.rate(disk.sectorsWritten, over: elapsed)
        let reads = meters.reads.rate(disk.reads, over: elapsed)
        let writes = meters.writes.rate(disk.writes, over: elapsed)
        let busy = meters.busy.rate(disk.busyMilliseconds, over: elapsed)
        let queue = meters.queue.rate(disk.weightedMilliseconds, over: elapsed)
        let waited = meters.waited.rate(disk.waitedMilliseconds, over: elapsed)
        var wait: Double?
        if let waited, let reads, let writes {
            wait = reads + writes > 0 ? waited / (reads + writes) : 0
        }
        return SampleInstance(
            disk.name,
            values: [
                SampleValue("read", read.map { $0 * DiskCounters.sectorBytes }),
                SampleValue("written", written.map { $0 * DiskCounters.sectorBytes }),
                SampleValue("reads", reads),
                SampleValue("writes", writes),
                SampleValue("busy", busy.map { min(100, $0 / 10) }),
                SampleValue("queue", queue.map { $0 / 1000 }),
                SampleValue("wait", wait),
            ]
        )
    }
}

/// A line of `/proc/diskstats`.
struct DiskCounters: Hashable {
    var name: String
    var reads: UInt64
    var sectorsRead: UInt64
    var writes: UInt64
    var sectorsWritten: UInt64
    /// Milliseconds that requests took, all added up.
    var waitedMilliseconds: UInt64
    var busyMilliseconds: UInt64
    var weightedMilliseconds: UInt64

    /// The kernel's unit in this file, whatever the disk's own sectors are.
    static let sectorBytes = 512.0

    static func parse(_ bytes: [UInt8]) -> [DiskCounters] {
        var scanner = ByteScanner(bytes)
        var disks: [DiskCounters] = []
        while !scanner.isAtEnd {
            if let disk = line(&scanner) { disks.append(disk) }
            scanner.skipLine()
        }
        return disks
    }

    /// Nil for what is no line of at least eleven counters: 2.6 had shorter ones for partitions.
    private static func line(_ scanner: inout ByteScanner) -> DiskCounters? {
        guard scanner.unsigned() != nil, scanner.unsigned() != nil else { return nil }
        let name = scanner.word()
        if scanner.bytes(name).starts(with: "loop".utf8) { return nil }
        guard !name.isEmpty, let reads = scanner.unsigned(), scanner.unsigned() != nil,
            let sectorsRead = scanner.unsigned(), let readTime = scanner.unsigned(),
            let writes = scanner.unsigned(), scanner.unsigned() != nil,
            let sectorsWritten = scanner.unsigned(), let writeTime = scanner.unsigned(),
            scanner.unsigned() != nil, let busy = scanner.unsigned(),
            let weighted = scanner.unsigned()
        else { return nil }
        return DiskCounters(
            name: scanner.text(name),
            reads: reads,
            sectorsRead: sectorsRead,
            writes: writes,
            sectorsWritten: sectorsWritten,
            waitedMilliseconds: readTime &+ writeTime,
            busyMilliseconds: busy,
            weightedMilliseconds: weighted
        )
    }

    /// Memory that poses as a disk, and drives without a fixed medium.
    var isVirtual: Bool {
        ["loop", "ram", "zram", "fd", "sr"].contains { prefix in
            name.hasPrefix(prefix) && (name.dropFirst(prefix.count).first?.isNumber ?? false)
        }
    }

    /// Built on other disks, whose counters hold the same work.
    static func isStacked(_ name: String) -> Bool {
        name.hasPrefix("dm-") || name.hasPrefix("md") || name.hasPrefix("drbd")
            || name.hasPrefix("bcache")
    }

    /// In `/sys`, the slash of names such as `cciss/c0d0` is written otherwise.
    var sysfsName: String {
        String(name.map { $0 == "/" ? "!" : $0 })
    }

    /// By the name alone, for hosts whose `/sys` can't be seen: `sda1`, `nvme0n1p2`, `mmcblk0p1`.
    var looksLikePartition: Bool {
        let digits = name.reversed().prefix { $0.isNumber }.count
        guard digits > 0 else { return false }
        let stem = name.dropLast(digits)
        if stem.last == "p", stem.dropLast().last?.isNumber == true { return true }
        return ["sd", "hd", "vd", "xvd"].contains { name.hasPrefix($0) }
    }
}
