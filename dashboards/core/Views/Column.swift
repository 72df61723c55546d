package import Telemetry
import XMPP

/// A column of the fleet table.
package enum Column: String, Sendable, Hashable, CaseIterable {
    case level, host, state, processor, memory, load, disk, networkIn, networkOut, pressure
    case alerts, age, history

    package var title: String {
        switch self {
        case .level: "L"
        case .host: "HOST"
        case .state: "STATE"
        case .processor: "CPU"
        case .memory: "MEM"
        case .load: "LOAD"
        case .disk: "DISK"
        case .networkIn: "RX/s"
        case .networkOut: "TX/s"
        case .pressure: "PSI"
        case .alerts: "ALERTS"
        case .age: "AGE"
        case .history: "CPU HISTORY"
        }
    }

    /// What the column is called where one is chosen.
    package var name: String {
        switch self {
        case .level: "level"
        case .host: "host name"
        case .state: "state"
        case .processor: "cpu"
        case .memory: "memory"
        case .load: "load"
        case .disk: "fullest filesystem"
        case .networkIn: "network in"
        case .networkOut: "network out"
        case .pressure: "worst pressure"
        case .alerts: "open alerts"
        case .age: "age of values"
        case .history: "cpu history"
        }
    }

    var width: Int {
        switch self {
        case .level: 1
        case .host: 10
        case .state, .processor, .memory, .load, .disk, .networkIn, .networkOut, .pressure: 5
        case .alerts: 6
        case .age: 4
        case .history: 20
        }
    }

    var alignment: Alignment {
        switch self {
        case .level, .host, .state, .history: .leading
        default: .trailing
        }
    }

    /// Those that rows can be sorted by.
    package static let sortable = allCases.filter { $0 != .history }

    /// From the one that is left out last to the one that is left out first.
    private static let byPriority: [Column] = [
        .host, .level, .state, .processor, .memory, .age, .load, .disk, .pressure, .networkIn,
        .networkOut, .alerts, .history,
    ]

    /// The columns that fit into `width`, in the order of the table, with the host's width.
    static func fitting(_ width: Int, longestName: Int) -> (columns: [Column], hostWidth: Int) {
        var chosen: Set<Column> = []
        var used = 0
        for column in byPriority {
            let needed = column.width + (chosen.isEmpty ? 0 : 1)
            guard used + needed <= width || chosen.isEmpty else { break }
            chosen.insert(column)
            used += needed
        }
        let spare = max(width - used, 0)
        let wanted = min(max(longestName, Column.host.width), maximumHostWidth)
        let hostWidth = min(Column.host.width + spare, wanted, width)
        return (allCases.filter(chosen.contains), hostWidth)
    }

    /// Wider than host names need to be, so that the numbers stay near them.
    private static let maximumHostWidth = 40
}

extension Column {
    /// The metric whose age the column's value has; nil for columns of something else.
    private var metric: Metric? {
        switch self {
        case .processor: .processor
        case .memory: .memory
        case .load: .load
        case .disk: .filesystem
        case .networkIn: .networkIn
        case .networkOut: .networkOut
        // All three come from one group.
        case .pressure: .pressureIO
        case .level, .host, .state, .alerts, .age, .history: nil
        }
    }

    /// What the column says of a host.
    func text(_ host: Host, in picture: Model.Picture) -> String {
        if let metric {
            // Where the whole host is stale, its state says so beside the last values.
            let isStale = host.staleAge(of: metric, at: picture.now) != nil
            let isUp = host.state(at: picture.now, isOnline: picture.isOnline) == .up
            if isStale, isUp { return "stale" }
            return metric.text(self == .pressure ? host.values.worstPressure : host.values[metric])
        }
        return switch self {
        case .level: Self.letter(host.effectiveLevel(at: picture.now, isOnline: picture.isOnline))
        case .host: host.name
        case .state: host.state(at: picture.now, isOnline: picture.isOnline).label
        case .processor, .memory, .load, .disk, .networkIn, .networkOut, .pressure, .history: ""
        case .alerts: host.alerts.isEmpty ? "" : String(host.alerts.count)
        case .age: Quantity.age(host.age(at: picture.now))
        }
    }

    /// A level in one character, so that colour is never needed to read it.
    package static func letter(_ level: Level) -> String {
        switch level {
        case .ok: "."
        case .unknown: "?"
        case .info: "i"
        case .warning: "W"
        case .critical: "C"
        }
    }
}

extension Host.State {
    /// The state as the table writes it.
    var label: String { self == .unknown ? "?" : rawValue }
}

// MARK: - Order

extension Column {
    /// By what hosts are sorted: a number where there is one, larger first.
    private func rank(_ host: Host, in picture: Model.Picture) -> Double? {
        switch self {
        case .level: host.effectiveLevel(at: picture.now, isOnline: picture.isOnline).badness
        case .host, .history: nil
        case .state: host.state(at: picture.now, isOnline: picture.isOnline).badness
        case .processor: host.values[.processor]
        case .memory: host.values[.memory]
        case .load: host.values[.load]
        case .disk: host.values[.filesystem]
        case .networkIn: host.values[.networkIn]
        case .networkOut: host.values[.networkOut]
        case .pressure: host.values.worstPressure
        case .alerts: Double(host.alerts.count)
        case .age: host.heard.map { -Double($0.milliseconds) }
        }
    }

    /// The hosts in the column's order: numbers from the largest, names from A; hosts without a
    /// number last, equals by name.
    func sorted(_ hosts: [Host], in picture: Model.Picture, reversed: Bool) -> [Host] {
        let keyed = hosts.indices.map { index in
            (
                index: index, rank: rank(hosts[index], in: picture),
                name: hosts[index].name.lowercased()
            )
        }
        let sorted = keyed.sorted { left, right in
            if left.rank != right.rank {
                guard let one = left.rank else { return false }
                guard let other = right.rank else { return true }
                return reversed ? one < other : one > other
            }
            if left.name != right.name {
                return (left.name < right.name) != (reversed && self == .host)
            }
            return hosts[left.index].jid.description < hosts[right.index].jid.description
        }
        return sorted.map { hosts[$0.index] }
    }
}

extension Level {
    fileprivate var badness: Double {
        switch self {
        case .ok: 0
        case .unknown: 1
        case .info: 2
        case .warning: 3
        case .critical: 4
        }
    }
}

extension Host.State {
    fileprivate var badness: Double {
        switch self {
        case .up: 0
        case .unknown: 1
        case .stale: 2
        case .down: 3
        }
    }
}
