import Glibc

/// What a process has used so far, from /proc.
struct ProcessUsage {
    /// User and system time, its reaped children included.
    var cpuMicroseconds: Int
    /// The same by the counters of its threads in nanoseconds, finer than clock ticks.
    var scheduledMicroseconds: Int
    var residentKiB: Int

    static var ourselves: Int { Int(getpid()) }

    init(of process: Int) throws(LoadError) {
        guard let stat = Self.read("/proc/\(process)/stat"),
            let status = Self.read("/proc/\(process)/status"),
            // The name may hold spaces and parentheses: the fields begin behind the last one.
            let end = stat.lastIndex(of: ")")
        else { throw LoadError("process \(process) is not there") }
        let fields = stat[end...].split(separator: " ").dropFirst().map(String.init)
        // utime, stime, cutime and cstime are fields 14 to 17 of proc(5); field 3 is our first.
        let ticks = fields.dropFirst(11).prefix(4).compactMap { Int($0) }.reduce(0, +)
        cpuMicroseconds = ticks * (1_000_000 / sysconf(Int32(_SC_CLK_TCK)))
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        scheduledMicroseconds = Self.scheduled(process)
        residentKiB = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }

    /// Of all of them together.
    init(of processes: [Int]) throws(LoadError) {
        cpuMicroseconds = 0
        scheduledMicroseconds = 0
        residentKiB = 0
        for process in processes {
            let usage = try ProcessUsage(of: process)
            cpuMicroseconds += usage.cpuMicroseconds
            scheduledMicroseconds += usage.scheduledMicroseconds
            residentKiB += usage.residentKiB
        }
    }

    private static func scheduled(_ process: Int) -> Int {
        guard let directory = opendir("/proc/\(process)/task") else { return 0 }
        defer { closedir(directory) }
        var nanoseconds = 0
        while let entry = readdir(directory) {
            let thread = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            // The parent folder has the main thread's counter once more.
            guard !thread.hasPrefix("."),
                let text = read("/proc/\(process)/task/\(thread)/schedstat")
            else { continue }
            nanoseconds += text.split(separator: " ").first.flatMap { Int($0) } ?? 0
        }
        return nanoseconds / 1_000
    }

    private static func read(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}

/// Microseconds of the monotonic clock.
func now() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000_000 + time.tv_nsec / 1_000
}
