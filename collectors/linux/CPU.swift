import Telemetry

/// How the processors spent their time, together and one by one, and what kept them busy.
struct CPUCollector: Collector {
    static let name = "cpu"

    private let file: KeptFile
    private var before: ProcStat?
    private var switches = RateMeter()
    private var interrupts = RateMeter()
    private var forks = RateMeter()

    init(_ files: HostFiles) {
        file = files.kept("proc/stat")
    }

    mutating func collect(at tick: Tick, into reading: inout Reading) throws(CollectorError) {
        guard let stat = ProcStat.parse(try file.read()) else { throw .malformed("proc/stat") }
        defer { before = stat }
        let isContinuous = tick.elapsed != nil
        let total = isContinuous ? stat.total.shares(since: before?.total) : nil
        reading.add(.cpu, "used", total?.used)
        reading.add(.cpu, "user", total?.user)
        reading.add(.cpu, "nice", total?.nice)
        reading.add(.cpu, "system", total?.system)
        reading.add(.cpu, "iowait", total?.iowait)
        reading.add(.cpu, "irq", total?.irq)
        reading.add(.cpu, "softirq", total?.softirq)
        reading.add(.cpu, "steal", total?.steal)
        reading.add(.cpu, "guest", total?.guest)
        reading.add(.cpu, "switches", switches.rate(stat.switches, over: tick.elapsed))
        reading.add(.cpu, "interrupts", interrupts.rate(stat.interrupts, over: tick.elapsed))
        reading.add(.process, "running", stat.running.map { Double($0) })
        reading.add(.process, "blocked", stat.blocked.map { Double($0) })
        reading.add(.process, "forks", forks.rate(stat.forks, over: tick.elapsed))
        for core in stat.cores {
            let earlier = before?.cores.first { $0.number == core.number }
            let shares = isContinuous ? core.times.shares(since: earlier?.times) : nil
            reading.add(.cpu, Self.instance(core.number, shares))
        }
    }

    private static func instance(_ number: UInt64, _ shares: CPUTimes.Shares?) -> SampleInstance {
        SampleInstance(
            "cpu" + String(number),
            values: [
                SampleValue("used", shares?.used), SampleValue("user", shares?.user),
                SampleValue("system", shares?.system), SampleValue("iowait", shares?.iowait),
            ]
        )
    }
}

/// What `/proc/stat` says.
struct ProcStat: Hashable {
    var total = CPUTimes()
    /// Those that are online, by the kernel's numbers.
    var cores: [Core] = []
    var switches: UInt64?
    var interrupts: UInt64?
    var forks: UInt64?
    var running: UInt64?
    var blocked: UInt64?

    /// One processor's line.
    struct Core: Hashable {
        var number: UInt64
        var times: CPUTimes
    }

    /// Nil when there is no line of all processors.
    static func parse(_ bytes: [UInt8]) -> ProcStat? {
        var scanner = ByteScanner(bytes)
        var stat = ProcStat()
        guard scanner.take("cpu ") else { return nil }
        stat.total = CPUTimes(reading: &scanner)
        scanner.skipLine()
        while !scanner.isAtEnd {
            if scanner.take("cpu") {
                if let number = scanner.unsigned() {
                    let times = CPUTimes(reading: &scanner)
                    stat.cores.append(Core(number: number, times: times))
                }
            } else if scanner.take("intr ") {
                stat.interrupts = scanner.unsigned()
            } else if scanner.take("ctxt ") {
                stat.switches = scanner.unsigned()
            } else if scanner.take("processes ") {
                stat.forks = scanner.unsigned()
            } else if scanner.take("procs_running ") {
                stat.running = scanner.unsigned()
            } else if scanner.take("procs_blocked ") {
                stat.blocked = scanner.unsigned()
            }
            scanner.skipLine()
        }
        return stat
    }
}

/// Time spent in each mode since the boot, in ticks of the kernel.
struct CPUTimes: Hashable {
    var user: UInt64 = 0
    var nice: UInt64 = 0
    var system: UInt64 = 0
    var idle: UInt64 = 0
    var iowait: UInt64 = 0
    var irq: UInt64 = 0
    var softirq: UInt64 = 0
    var steal: UInt64 = 0
    var guest: UInt64 = 0
    var guestNice: UInt64 = 0

    /// Percent of the time between two readings.
    struct Shares: Hashable {
        var used, user, nice, system, iowait, irq, softirq, steal, guest: Double
    }

    init() {}

    /// Columns that an old kernel lacks stay zero: steal came with 2.6.11, guest with 2.6.24.
    init(reading scanner: inout ByteScanner) {
        user = scanner.unsigned() ?? 0
        nice = scanner.unsigned() ?? 0
        system = scanner.unsigned() ?? 0
        idle = scanner.unsigned() ?? 0
        iowait = scanner.unsigned() ?? 0
        irq = scanner.unsigned() ?? 0
        softirq = scanner.unsigned() ?? 0
        steal = scanner.unsigned() ?? 0
        guest = scanner.unsigned() ?? 0
        guestNice = scanner.unsigned() ?? 0
    }

    /// Nil for the first reading, and when a counter went back: the processor was unplugged, or
    /// the host restarted from a snapshot.
    func shares(since before: CPUTimes?) -> Shares? {
        guard let before, user >= before.user, nice >= before.nice, system >= before.system,
            irq >= before.irq, softirq >= before.softirq, steal >= before.steal,
            guest >= before.guest, guestNice >= before.guestNice
        else { return nil }
        // The kernel lets these two fall back a little (proc(5)): that is no time spent.
        let idled = Double(idle.subtracting(before.idle))
        let waited = Double(iowait.subtracting(before.iowait))
        // Guests' time is in user and nice as well: told apart, it must not count twice.
        let guests = Double(guest - before.guest)
        let niceGuests = Double(guestNice - before.guestNice)
        let users = Double(user - before.user)
        let nices = Double(nice - before.nice)
        let systems = Double(system - before.system)
        let irqs = Double(irq - before.irq)
        let softirqs = Double(softirq - before.softirq)
        let stolen = Double(steal - before.steal)
        let whole = users + nices + systems + idled + waited + irqs + softirqs + stolen
        guard whole > 0 else { return nil }
        let percent = 100 / whole
        return Shares(
            used: max(0, whole - idled - waited) * percent,
            user: max(0, users - guests) * percent,
            nice: max(0, nices - niceGuests) * percent,
            system: systems * percent,
            iowait: waited * percent,
            irq: irqs * percent,
            softirq: softirqs * percent,
            steal: stolen * percent,
            guest: (guests + niceGuests) * percent
        )
    }
}

extension UInt64 {
    /// The difference, or zero when it would be negative.
    func subtracting(_ other: UInt64) -> UInt64 { self > other ? self - other : 0 }
}
