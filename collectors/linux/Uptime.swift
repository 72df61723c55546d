import Glibc
import Telemetry

/// How long the host runs: the kernel's clock, no file needed.
struct UptimeCollector: Collector {
    static let name = "uptime"

    mutating func collect(at tick: Tick, into reading: inout Reading) throws(CollectorError) {
        reading.add(.summary, "uptime", Double(tick.boottime.components.seconds))
    }
}

/// What identifies a boot of a host.
enum Boot {
    /// The kernel's id of this boot; empty where it does not tell.
    static func identifier(_ files: HostFiles) -> String {
        let bytes = (try? files.contents("proc/sys/kernel/random/boot_id")) ?? []
        var scanner = ByteScanner(bytes)
        return scanner.text(scanner.word())
    }
}

extension Boot {
    /// The name and release of the kernel and the machine's kind.
    static func system() -> String {
        var name = utsname()
        guard uname(&name) == 0 else { return "" }
        return [text(&name.sysname), text(&name.release), text(&name.machine)]
            .joined(separator: " ")
    }

    /// The host's own name.
    static func hostName() -> String {
        var name = utsname()
        guard uname(&name) == 0 else { return "" }
        return text(&name.nodename)
    }

    /// One of the fixed arrays of `utsname`, up to its zero.
    private static func text<Field>(_ field: inout Field) -> String {
        withUnsafeBytes(of: &field) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
