import Telemetry

/// What each network interface receives and sends, and whether it is up.
struct NetworkCollector: Collector {
    static let name = "network"

    private let files: HostFiles
    private let file: KeptFile
    private var interfaces: [String: Interface] = [:]
    private var ticks = 0

    private struct Interface {
        var meters = [RateMeter](repeating: RateMeter(), count: NetworkCounters.columns.count)
        let state: KeptFile
        var isUp: Double?
    }

    init(_ files: HostFiles) {
        self.files = files
        file = files.kept("proc/net/dev")
    }

    mutating func collect(at tick: Tick, into reading: inout Reading) throws(CollectorError) {
        var seen: [String: Interface] = [:]
        for counters in NetworkCounters.parse(try file.read()) {
            var interface =
                interfaces[counters.name]
                ?? Interface(state: files.kept("sys/class/net/\(counters.name)/operstate"))
            if interface.isUp == nil || ticks % Self.ticksBetweenStates == 0 {
                interface.isUp = (try? interface.state.read()).map(Self.isUp)
            }
            let values = zip(NetworkCounters.columns.indices, counters.values).map { index, value in
                SampleValue(
                    NetworkCounters.columns[index],
                    interface.meters[index].rate(value, over: tick.elapsed)
                )
            }
            seen[counters.name] = interface
            // Interfaces that exist unused on every host are noise.
            if counters.isUntouched, interface.isUp != 1 { continue }
            let instance = SampleInstance(
                counters.name,
                values: values + [SampleValue("up", interface.isUp)]
            )
            reading.add(.network, instance)
        }
        interfaces = seen
        ticks &+= 1
    }

    /// `unknown` is what drivers without a carrier say of an interface that works (RFC 2863).
    static func isUp(_ bytes: [UInt8]) -> Double {
        var scanner = ByteScanner(bytes)
        return scanner.take("up") || scanner.take("unknown") ? 1 : 0
    }

    /// A cable is pulled seldom: its state is read at every fifth tick.
    private static let ticksBetweenStates = 5
}

/// A line of `/proc/net/dev`.
struct NetworkCounters: Hashable {
    var name: String
    /// In the order of ``columns``.
    var values: [UInt64]

    static let columns = [
        "rx", "tx", "rx-packets", "tx-packets", "rx-errors", "tx-errors", "rx-drops", "tx-drops",
    ]

    var isUntouched: Bool { values.allSatisfy { $0 == 0 } }

    static func parse(_ bytes: [UInt8]) -> [NetworkCounters] {
        var scanner = ByteScanner(bytes)
        var interfaces: [NetworkCounters] = []
        while !scanner.isAtEnd {
            if let interface = line(&scanner) { interfaces.append(interface) }
            scanner.skipLine()
        }
        return interfaces
    }

    /// Nil for the two lines of the head.
    ///
    /// Old kernels put no space after the colon.
    private static func line(_ scanner: inout ByteScanner) -> NetworkCounters? {
        scanner.skipSpaces()
        guard let name = scanner.upTo(UInt8(ascii: ":")), !name.isEmpty else { return nil }
        var fields: [UInt64] = []
        fields.reserveCapacity(16)
        while fields.count < 16, let field = scanner.unsigned() { fields.append(field) }
        guard fields.count == 16 else { return nil }
        return NetworkCounters(
            name: scanner.text(name),
            values: [
                fields[0], fields[8], fields[1], fields[9], fields[2], fields[10], fields[3],
                fields[11],
            ]
        )
    }
}
