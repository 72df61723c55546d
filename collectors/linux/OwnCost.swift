import Glibc
import Telemetry

/// What the agent itself costs: its processor time and its memory.
struct OwnCostCollector: Collector {
    static let name = "agent"

    /// Always this process's, also where the host's files are elsewhere.
    private let file = KeptFile("/proc/self/statm")
    private var cpu = RateMeter()
    private let pageBytes = Double(sysconf(Int32(_SC_PAGESIZE)))

    mutating func collect(at tick: Tick, into reading: inout Reading) throws(CollectorError) {
        let rate = cpu.rate(Self.microseconds(), over: tick.elapsed)
        reading.add(.process, "agent-cpu", rate.map { $0 / 10_000 })
        let pages = Self.residentPages((try? file.read()) ?? [])
        reading.add(.process, "agent-memory", pages.map { Double($0) * pageBytes })
    }

    /// The second field of `/proc/self/statm`.
    static func residentPages(_ bytes: [UInt8]) -> UInt64? {
        var scanner = ByteScanner(bytes)
        _ = scanner.unsigned()
        return scanner.unsigned()
    }

    /// Processor time of this process so far.
    private static func microseconds() -> UInt64? {
        var usage = rusage()
        guard getrusage(RUSAGE_SELF.rawValue, &usage) == 0 else { return nil }
        let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        let rest = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec
        return UInt64(exactly: seconds &* 1_000_000 &+ rest)
    }
}
