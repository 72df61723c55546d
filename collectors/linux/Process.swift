import Glibc
import Telemetry

/// The processes that use the processor and the memory most.
///
/// Looking at every process costs 7 µs each: it is done every tenth tick, and the ticks between
/// repeat what was found.
struct ProcessCollector: Collector {
    static let name = "processes"

    private let files: HostFiles
    private var before: [Int: ProcessStat] = [:]
    private var beforeAt: Duration?
    private var found: [SampleInstance] = []
    private var ticks = 0
    private let pageBytes = Double(sysconf(Int32(_SC_PAGESIZE)))
    private let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))

    init(_ files: HostFiles) {
        self.files = files
    }

    mutating func collect(at tick: Tick, into reading: inout Reading) throws(CollectorError) {
        // The second look comes a tick after the first, so that there are shares early.
        if ticks <= 1 || ticks % Self.ticksBetweenLooks == 0 { look(at: tick) }
        ticks &+= 1
        for instance in found { reading.add(.process, instance) }
    }

    private mutating func look(at tick: Tick) {
        var now: [Int: ProcessStat] = [:]
        for entry in files.entries("proc") {
            guard let id = Int(entry), let bytes = Self.read(files.path("proc/\(entry)/stat")),
                let stat = ProcessStat.parse(bytes)
            else { continue }
            now[id] = stat
        }
        let seconds = beforeAt.map { (tick.uptime - $0) / .seconds(1) } ?? 0
        var usages: [ProcessUsage] = []
        for (id, stat) in now {
            var share: Double?
            // The id may be another process's by now: the start time tells.
            if tick.elapsed != nil, seconds > 0, let earlier = before[id],
                earlier.started == stat.started
            {
                let spent = Double(stat.processorTicks.subtracting(earlier.processorTicks))
                share = 100 * spent / ticksPerSecond / seconds
            }
            usages.append(
                ProcessUsage(id: id, name: stat.name, cpu: share, pages: stat.residentPages)
            )
        }
        before = now
        beforeAt = tick.uptime
        found = ProcessUsage.top(usages).map { usage in
            SampleInstance(
                "\(usage.name):\(usage.id)",
                values: [
                    SampleValue("cpu", usage.cpu),
                    SampleValue("memory", Double(usage.pages) * pageBytes),
                ]
            )
        }
    }

    /// A process's file is read once, and may be gone at any moment.
    private static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let bytes = [UInt8](unsafeUninitializedCapacity: statBytes) { buffer, count in
            count = max(0, Glibc.read(descriptor, buffer.baseAddress, buffer.count))
        }
        return bytes.isEmpty ? nil : bytes
    }

    /// Fifty numbers of at most twenty digits, and a name.
    private static let statBytes = 1200
    private static let ticksBetweenLooks = 10
}

/// What one process uses.
struct ProcessUsage: Hashable {
    var id: Int
    var name: String
    /// Percent of one processor; nil when it was not seen before.
    var cpu: Double?
    var pages: UInt64

    /// How many are told of each kind.
    static let count = 5

    /// The top by processor, then those by memory that are not among them.
    static func top(_ usages: [ProcessUsage]) -> [ProcessUsage] {
        let busiest = usages.filter { ($0.cpu ?? 0) > 0 }
            .sorted { ($1.cpu ?? 0, $0.id) < ($0.cpu ?? 0, $1.id) }.prefix(count)
        let largest = usages.sorted { ($1.pages, $0.id) < ($0.pages, $1.id) }.prefix(count)
        let chosen = Set(busiest.map(\.id))
        return Array(busiest) + largest.filter { !chosen.contains($0.id) && $0.pages > 0 }
    }
}

/// What `/proc/PID/stat` says.
struct ProcessStat: Hashable {
    var name: String
    var processorTicks: UInt64
    var started: UInt64
    var residentPages: UInt64

    /// The name stands in parentheses and may hold any byte, parentheses too: the last one ends
    /// it.
    static func parse(_ bytes: [UInt8]) -> ProcessStat? {
        guard let opening = bytes.firstIndex(of: UInt8(ascii: "(")),
            let closing = bytes.lastIndex(of: UInt8(ascii: ")")), opening < closing
        else { return nil }
        var scanner = ByteScanner(Array(bytes[(closing + 1)...]))
        // Fields are numbered from 1 in proc(5); the state, after the name, is the third.
        var numbers: [UInt64] = []
        _ = scanner.word()
        while numbers.count < 21, !scanner.isAtLineEnd {
            let number = scanner.unsigned()
            if number == nil { _ = scanner.word() }
            numbers.append(number ?? 0)
        }
        guard numbers.count == 21 else { return nil }
        return ProcessStat(
            name: String(decoding: bytes[(opening + 1)..<closing], as: UTF8.self),
            processorTicks: numbers[10] &+ numbers[11],
            started: numbers[18],
            residentPages: numbers[20]
        )
    }
}
