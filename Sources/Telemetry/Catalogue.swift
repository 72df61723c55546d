/// Every number that the agent publishes, in the order of its groups: what `meta` tells.
package enum Catalogue {
    package static let metrics: [MetricDescription] =
        summary + cpu + memory + pressure + disk + filesystem + network + process

    /// The description of a number; nil when it is not in the catalogue.
    package static func metric(
        _ group: MonitoringNode,
        _ name: String,
        perInstance: Bool = false
    ) -> MetricDescription? {
        metrics.first { $0.group == group && $0.name == name && $0.perInstance == perInstance }
    }

    private static let share = 0.0...100.0

    private static let summary: [MetricDescription] = [
        .init(.summary, "cpu", .gauge, .percent, range: share),
        .init(.summary, "memory", .gauge, .percent, range: share),
        .init(.summary, "swap", .gauge, .percent, range: share),
        .init(.summary, "load1", canonical: "node_load1"),
        .init(.summary, "load5", canonical: "node_load5"),
        .init(.summary, "load15", canonical: "node_load15"),
        .init(.summary, "cpus"),
        .init(.summary, "filesystem", .gauge, .percent, range: share),
        .init(.summary, "pressure", .gauge, .percent, range: share),
        .init(.summary, "read", .rate, .bytesPerSecond),
        .init(.summary, "written", .rate, .bytesPerSecond),
        .init(.summary, "rx", .rate, .bytesPerSecond),
        .init(.summary, "tx", .rate, .bytesPerSecond),
        .init(.summary, "uptime", .gauge, .seconds),
        .init(.summary, "critical"),
        .init(.summary, "warning"),
        .init(.summary, "info"),
    ]

    private static func mode(_ name: String, perInstance: Bool = false) -> MetricDescription {
        .init(
            .cpu,
            name,
            .gauge,
            .percent,
            perInstance: perInstance,
            canonical: "node_cpu_seconds_total",
            labels: [Label("mode", name)],
            range: share
        )
    }

    private static let cpu: [MetricDescription] =
        [.init(.cpu, "used", .gauge, .percent, range: share)]
        + ["user", "nice", "system", "iowait", "irq", "softirq", "steal", "guest"].map { mode($0) }
        + [
            .init(.cpu, "load1", canonical: "node_load1"),
            .init(.cpu, "load5", canonical: "node_load5"),
            .init(.cpu, "load15", canonical: "node_load15"),
            .init(.cpu, "switches", .rate, .perSecond, canonical: "node_context_switches_total"),
            .init(.cpu, "interrupts", .rate, .perSecond, canonical: "node_intr_total"),
            .init(.cpu, "used", .gauge, .percent, perInstance: true, range: share),
        ] + ["user", "system", "iowait"].map { mode($0, perInstance: true) }

    private static func bytes(_ name: String, _ field: String) -> MetricDescription {
        .init(.memory, name, .gauge, .bytes, canonical: "node_memory_\(field)_bytes")
    }

    private static let memory: [MetricDescription] = [
        .init(.memory, "used", .gauge, .percent, range: share),
        bytes("total", "MemTotal"),
        bytes("available", "MemAvailable"),
        bytes("free", "MemFree"),
        bytes("buffers", "Buffers"),
        bytes("cached", "Cached"),
        bytes("dirty", "Dirty"),
        bytes("slab", "Slab"),
        bytes("swap-total", "SwapTotal"),
        bytes("swap-free", "SwapFree"),
        .init(.memory, "swap-used", .gauge, .percent, range: share),
        .init(.memory, "swap-in", .rate, .perSecond, canonical: "node_vmstat_pswpin"),
        .init(.memory, "swap-out", .rate, .perSecond, canonical: "node_vmstat_pswpout"),
        .init(.memory, "major-faults", .rate, .perSecond, canonical: "node_vmstat_pgmajfault"),
        .init(.memory, "oom-kills", .counter, canonical: "node_vmstat_oom_kill"),
    ]

    private static let pressure: [MetricDescription] = [
        .init(.pressure, "some", .gauge, .percent, perInstance: true, range: share),
        .init(.pressure, "full", .gauge, .percent, perInstance: true, range: share),
        .init(.pressure, "some-now", .rate, .percent, perInstance: true, range: share),
        .init(.pressure, "full-now", .rate, .percent, perInstance: true, range: share),
    ]

    private static func disk(
        _ name: String,
        _ unit: MetricDescription.Unit,
        _ field: String
    ) -> MetricDescription {
        .init(.disk, name, .rate, unit, perInstance: true, canonical: "node_disk_\(field)_total")
    }

    private static let disk: [MetricDescription] = [
        disk("read", .bytesPerSecond, "read_bytes"),
        disk("written", .bytesPerSecond, "written_bytes"),
        disk("reads", .perSecond, "reads_completed"),
        disk("writes", .perSecond, "writes_completed"),
        .init(
            .disk,
            "busy",
            .gauge,
            .percent,
            perInstance: true,
            canonical: "node_disk_io_time_seconds_total",
            range: share
        ),
        .init(
            .disk,
            "queue",
            perInstance: true,
            canonical: "node_disk_io_time_weighted_seconds_total"
        ),
        .init(.disk, "wait", .gauge, .milliseconds, perInstance: true),
    ]

    private static func filesystem(
        _ name: String,
        _ unit: MetricDescription.Unit,
        _ field: String
    ) -> MetricDescription {
        .init(
            .filesystem,
            name,
            .gauge,
            unit,
            perInstance: true,
            canonical: "node_filesystem_\(field)"
        )
    }

    private static let filesystem: [MetricDescription] = [
        .init(.filesystem, "used", .gauge, .percent, perInstance: true, range: share),
        filesystem("size", .bytes, "size_bytes"),
        filesystem("available", .bytes, "avail_bytes"),
        .init(.filesystem, "inodes-used", .gauge, .percent, perInstance: true, range: share),
        filesystem("inodes", .none, "files"),
        filesystem("inodes-free", .none, "files_free"),
        filesystem("readonly", .none, "readonly"),
    ]

    private static func network(
        _ name: String,
        _ unit: MetricDescription.Unit,
        _ field: String
    ) -> MetricDescription {
        .init(
            .network,
            name,
            .rate,
            unit,
            perInstance: true,
            canonical: "node_network_\(field)_total"
        )
    }

    private static let network: [MetricDescription] = [
        network("rx", .bytesPerSecond, "receive_bytes"),
        network("tx", .bytesPerSecond, "transmit_bytes"),
        network("rx-packets", .perSecond, "receive_packets"),
        network("tx-packets", .perSecond, "transmit_packets"),
        network("rx-errors", .perSecond, "receive_errs"),
        network("tx-errors", .perSecond, "transmit_errs"),
        network("rx-drops", .perSecond, "receive_drop"),
        network("tx-drops", .perSecond, "transmit_drop"),
        .init(.network, "up", perInstance: true, canonical: "node_network_up"),
        .init(.network, "sockets", canonical: "node_sockstat_sockets_used"),
        .init(.network, "tcp", canonical: "node_netstat_Tcp_CurrEstab"),
        .init(.network, "tcp-waiting", canonical: "node_sockstat_TCP_tw"),
        .init(.network, "tcp-orphans", canonical: "node_sockstat_TCP_orphan"),
        .init(.network, "udp", canonical: "node_sockstat_UDP_inuse"),
        .init(
            .network,
            "retransmits",
            .rate,
            .perSecond,
            canonical: "node_netstat_Tcp_RetransSegs"
        ),
        .init(
            .network,
            "listen-drops",
            .rate,
            .perSecond,
            canonical: "node_netstat_TcpExt_ListenDrops"
        ),
        .init(.network, "udp-errors", .rate, .perSecond, canonical: "node_netstat_Udp_InErrors"),
        .init(
            .network,
            "udp-overflows",
            .rate,
            .perSecond,
            canonical: "node_netstat_Udp_RcvbufErrors"
        ),
    ]

    private static let process: [MetricDescription] = [
        .init(.process, "threads", canonical: "node_processes_threads"),
        .init(.process, "running", canonical: "node_procs_running"),
        .init(.process, "blocked", canonical: "node_procs_blocked"),
        .init(.process, "forks", .rate, .perSecond, canonical: "node_forks_total"),
        .init(.process, "files", canonical: "node_filefd_allocated"),
        .init(.process, "files-limit", canonical: "node_filefd_maximum"),
        .init(.process, "agent-cpu", .gauge, .percent),
        .init(.process, "agent-memory", .gauge, .bytes),
        .init(.process, "agent-publishes", .counter),
        .init(.process, "agent-drops", .counter),
        .init(.process, "cpu", .gauge, .percent, perInstance: true),
        .init(.process, "memory", .gauge, .bytes, perInstance: true),
    ]
}
