import Telemetry

/// How many sockets there are, and what TCP and UDP had to do twice or drop.
struct SocketCollector: Collector {
    static let name = "sockets"

    private let sockstat: KeptFile
    private let snmp: KeptFile
    private let netstat: KeptFile
    private var retransmits = RateMeter()
    private var listenDrops = RateMeter()
    private var errors = RateMeter()
    private var overflows = RateMeter()

    init(_ files: HostFiles) {
        sockstat = files.kept("proc/net/sockstat")
        snmp = files.kept("proc/net/snmp")
        netstat = files.kept("proc/net/netstat")
    }

    mutating func collect(at tick: Tick, into reading: inout Reading) throws(CollectorError) {
        let sockets = SocketCounts.parse((try? sockstat.read()) ?? [])
        let tables = (try? snmp.read()) ?? []
        let extended = (try? netstat.read()) ?? []
        let tcp = ProtocolTable.values(tables, "Tcp:", ["CurrEstab", "RetransSegs"])
        let udp = ProtocolTable.values(tables, "Udp:", ["InErrors", "RcvbufErrors"])
        let drops = ProtocolTable.values(extended, "TcpExt:", ["ListenDrops"])
        reading.add(.network, "sockets", sockets.used.map { Double($0) })
        reading.add(.network, "tcp", tcp[0].map { Double($0) })
        reading.add(.network, "tcp-waiting", sockets.waiting.map { Double($0) })
        reading.add(.network, "tcp-orphans", sockets.orphans.map { Double($0) })
        reading.add(.network, "udp", sockets.udp.map { Double($0) })
        reading.add(.network, "retransmits", retransmits.rate(tcp[1], over: tick.elapsed))
        reading.add(.network, "listen-drops", listenDrops.rate(drops[0], over: tick.elapsed))
        reading.add(.network, "udp-errors", errors.rate(udp[0], over: tick.elapsed))
        reading.add(.network, "udp-overflows", overflows.rate(udp[1], over: tick.elapsed))
    }
}

/// What `/proc/net/sockstat` says.
struct SocketCounts: Hashable {
    var used: UInt64?
    var orphans: UInt64?
    var waiting: UInt64?
    var udp: UInt64?

    static func parse(_ bytes: [UInt8]) -> SocketCounts {
        var scanner = ByteScanner(bytes)
        var counts = SocketCounts()
        while !scanner.isAtEnd {
            if scanner.take("sockets:") {
                fields(&scanner) { if $0.equals($1, "used") { counts.used = $2 } }
            } else if scanner.take("TCP:") {
                fields(&scanner) {
                    if $0.equals($1, "orphan") { counts.orphans = $2 }
                    if $0.equals($1, "tw") { counts.waiting = $2 }
                }
            } else if scanner.take("UDP:") {
                fields(&scanner) { if $0.equals($1, "inuse") { counts.udp = $2 } }
            }
            scanner.skipLine()
        }
        return counts
    }

    private static func fields(
        _ scanner: inout ByteScanner,
        _ take: (ByteScanner, Range<Int>, UInt64) -> Void
    ) {
        while !scanner.isAtLineEnd {
            let name = scanner.word()
            guard let value = scanner.unsigned() else { return }
            take(scanner, name, value)
        }
    }
}

/// The form of `/proc/net/snmp` and `/proc/net/netstat`: a line of names, then a line of values.
enum ProtocolTable {
    /// The values of `names` in the table `prefix`; nil for what this kernel does not count, and
    /// for what is negative.
    static func values(
        _ bytes: [UInt8],
        _ prefix: StaticString,
        _ names: [StaticString]
    ) -> [UInt64?] {
        var result = [UInt64?](repeating: nil, count: names.count)
        var heads = ByteScanner(bytes)
        while !heads.isAtEnd, !heads.take(prefix) { heads.skipLine() }
        var values = heads
        values.skipLine()
        guard !heads.isAtEnd, values.take(prefix) else { return result }
        while !heads.isAtLineEnd, !values.isAtLineEnd {
            let name = heads.word()
            let value = values.unsigned()
            if value == nil { _ = values.word() }
            for (index, wanted) in names.enumerated() where heads.equals(name, wanted) {
                result[index] = value
            }
        }
        return result
    }
}
