import Telemetry

/// Where in the groups' samples the metrics stand (docs/protocol.md).
enum Readings {
    /// The metrics that a sample of `node` tells; nil where it says that one is unknown.
    static func of(_ node: MonitoringNode, _ sample: Sample) -> [(Metric, Double?)] {
        switch node {
        case .summary: summary(sample)
        case .cpu: [(.processor, sample["used"]), (.load, sample["load1"])]
        case .memory: [(.memory, sample["used"]), (.swap, sample["swap-used"])]
        case .network: [(.networkIn, sum(sample, "rx")), (.networkOut, sum(sample, "tx"))]
        case .disk: [(.diskRead, sum(sample, "read")), (.diskWrite, sum(sample, "written"))]
        case .filesystem: [(.filesystem, highest(sample, "used"))]
        case .pressure:
            [
                (.pressureProcessor, pressure(sample, "cpu")),
                (.pressureMemory, pressure(sample, "memory")),
                (.pressureIO, pressure(sample, "io")),
            ]
        default: []
        }
    }

    /// The node that tells a metric best; others count while it is silent.
    ///
    /// Groups are finer than the summary. Of network and disks only the summary knows the total:
    /// it leaves out what would count twice, such as bridges and volumes over other disks.
    static func source(of metric: Metric) -> MonitoringNode {
        switch metric {
        case .processor, .load: .cpu
        case .memory, .swap: .memory
        case .networkIn, .networkOut, .diskRead, .diskWrite: .summary
        case .filesystem: .filesystem
        case .pressureProcessor, .pressureMemory, .pressureIO: .pressure
        }
    }

    private static func summary(_ sample: Sample) -> [(Metric, Double?)] {
        let names: [(Metric, String)] = [
            (.processor, "cpu"), (.memory, "memory"), (.swap, "swap"), (.load, "load1"),
            (.filesystem, "filesystem"), (.networkIn, "rx"), (.networkOut, "tx"),
            (.diskRead, "read"), (.diskWrite, "written"),
            // The summary tells the worst alone, and not whose it is.
            (.pressureIO, "pressure"),
        ]
        // What a summary does not name it leaves to the groups; what it names as unknown is
        // unknown.
        return names.compactMap { metric, name in
            sample.values.first { $0.name == name }.map { (metric, $0.number) }
        }
    }

    /// The share of time in which something waited: the kernel's ten-second average.
    private static func pressure(_ sample: Sample, _ resource: String) -> Double? {
        sample.instances.first { $0.name == resource }?["some"]
    }

    /// The sum over all instances; nil when none is known.
    private static func sum(_ sample: Sample, _ name: String) -> Double? {
        let values = sample.instances.compactMap { $0[name] }
        return values.isEmpty ? nil : values.reduce(0, +)
    }

    private static func highest(_ sample: Sample, _ name: String) -> Double? {
        sample.instances.compactMap { $0[name] }.max()
    }
}

extension Aggregate {
    /// The highest values of the period, as a sample.
    var highest: Sample {
        Sample(
            at: from,
            values: values.map { SampleValue($0.name, $0.max) },
            instances: instances.map { instance in
                SampleInstance(
                    instance.name,
                    values: instance.values.map { SampleValue($0.name, $0.max) }
                )
            }
        )
    }
}
