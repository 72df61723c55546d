/// How far a number may move before that is worth telling.
///
/// Bands are absolute, in the unit of the number: a relative band is no help where numbers are
/// small and tremble.
package struct Deadbands: Sendable, Hashable {
    /// Bytes of the host's memory, from which the band of memory values follows.
    package var memoryTotal: Double

    package init(memoryTotal: Double = 0) {
        self.memoryTotal = memoryTotal
    }

    /// The band of one number; infinite for one that never causes a publish by itself.
    package func band(_ node: MonitoringNode, _ name: String) -> Double {
        if Self.silent.contains(name) { return .infinity }
        if Self.loads.contains(name) { return Self.load }
        guard let metric = metric(node, name) else { return 0 }
        switch metric.unit {
        case .percent: return node == .memory ? Self.memoryShare : Self.share
        case .bytes: return node == .memory ? memoryTotal * Self.memoryFraction : Self.space
        case .bytesPerSecond: return Self.throughput
        case .perSecond: return Self.operations
        case .seconds: return .infinity
        case .milliseconds: return Self.operations
        case .none: return metric.perInstance && node == .filesystem ? Self.inodes(name) : 0
        }
    }

    private func metric(_ node: MonitoringNode, _ name: String) -> MetricDescription? {
        Catalogue.metrics.first { $0.group == node && $0.name == name }
    }

    /// Percentage points of cpu, pressure and other shares.
    static let share = 1.0
    /// Percentage points of memory: the same band as ``memoryFraction``.
    static let memoryShare = 0.1
    /// Of the memory's size.
    static let memoryFraction = 0.001
    /// Bytes of a filesystem.
    static let space = 16.0 * 1024 * 1024
    static let load = 0.05
    /// Bytes per second.
    static let throughput = 4096.0
    /// Operations per second.
    static let operations = 10.0

    /// A filesystem's count of inodes moves with every file; 1024 are about 16 MiB of files.
    private static func inodes(_ name: String) -> Double {
        name == "inodes-free" ? 1024 : 0
    }

    private static let loads: Set<String> = ["load1", "load5", "load15"]
    /// Counts that move with any use of the host, the agent's own among them.
    private static let silent: Set<String> = [
        "uptime", "agent-cpu", "agent-memory", "agent-publishes", "threads", "files", "running",
        "sockets", "tcp-waiting", "queue",
    ]
}
