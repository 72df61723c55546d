package import Telemetry

/// The numbers of which a history is kept and that the fleet table shows.
package enum Metric: Int, Sendable, Hashable, CaseIterable {
    case processor, memory, swap, load
    case networkIn, networkOut, diskRead, diskWrite
    case filesystem
    case pressureProcessor, pressureMemory, pressureIO

    /// The name in JSON and in the sort menu.
    package var name: String {
        switch self {
        case .processor: "cpu"
        case .memory: "memory"
        case .swap: "swap"
        case .load: "load"
        case .networkIn: "network_in"
        case .networkOut: "network_out"
        case .diskRead: "disk_read"
        case .diskWrite: "disk_write"
        case .filesystem: "filesystem"
        case .pressureProcessor: "pressure_cpu"
        case .pressureMemory: "pressure_memory"
        case .pressureIO: "pressure_io"
        }
    }

    package var unit: MetricDescription.Unit {
        switch self {
        case .load: .none
        case .networkIn, .networkOut, .diskRead, .diskWrite: .bytesPerSecond
        default: .percent
        }
    }

    package var ink: Ink {
        switch self {
        case .processor, .load: .processor
        case .memory, .swap: .memory
        case .networkIn, .networkOut: .network
        case .diskRead, .diskWrite, .filesystem: .disk
        case .pressureProcessor, .pressureMemory, .pressureIO: .pressure
        }
    }

    /// The value as few characters.
    package func text(_ value: Double?) -> String {
        switch unit {
        case .bytesPerSecond: Quantity.bytes(value)
        case .percent: Quantity.percent(value)
        default: Quantity.plain(value)
        }
    }
}

/// The values of one host's metrics, by their number.
package struct MetricValues: Sendable, Hashable {
    private var values = [Double?](repeating: nil, count: Metric.allCases.count)

    package init() {}

    package subscript(_ metric: Metric) -> Double? {
        get { values[metric.rawValue] }
        set { values[metric.rawValue] = newValue }
    }

    /// The highest of the pressures.
    package var worstPressure: Double? {
        [self[.pressureProcessor], self[.pressureMemory], self[.pressureIO]]
            .compactMap { $0 }.max()
    }
}
