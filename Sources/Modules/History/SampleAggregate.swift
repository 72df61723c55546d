package import Telemetry
package import XMPP

/// The samples of one node over one period, as they come in.
///
/// A number counts for as long as it stood: agents publish when something moved, so that a mean
/// over samples would be one over the busy moments alone.
package struct SampleAggregate: Sendable {
    /// Numbers of one node that are followed, instances' included: what a payload of 64 KiB holds.
    package static let seriesMaximum = 1_024
    /// Bytes of their names together: a quarter of a payload.
    package static let nameBytesMaximum = 16 * 1024

    package private(set) var from: Instant
    package let resolution: HistoryResolution
    private var count = 0
    private var milliseconds: Int64 = 0
    /// The worst level of the period, and the one that stands.
    private var worst = Level.ok
    private var level = Level.ok
    private var values = NameTable<ValueSeries>()
    private var instances = NameTable<InstanceSeries>()
    private var seriesCount = 0
    private var nameBytes = 0
    private var truncated = 0
    /// Whether the last sample still stands.
    private var isCurrent = false

    /// The period that `moment` lies in.
    package init(_ resolution: HistoryResolution, at moment: Instant) {
        self.resolution = resolution
        from = resolution.start(of: moment)
    }

    /// The first moment after the period.
    package var to: Instant { from + resolution.duration }

    private struct InstanceSeries: NamedRow {
        let name: String
        var values = NameTable<ValueSeries>()

        var isCurrent: Bool { values.rows.contains(where: \.isCurrent) }
    }
}

// MARK: - Taking in

extension SampleAggregate {
    /// Takes a sample, which stands until the next.
    package mutating func add(_ sample: Sample) {
        end()
        isCurrent = true
        count &+= 1
        level = sample.level
        worst = max(worst, level)
        rewind()
        var left = Room(self)
        for value in sample.values {
            guard let number = value.number else { continue }
            Self.add(number, value.name, to: &values, &left)
        }
        var refused = max(sample.truncated, 0)
        for instance in sample.instances {
            guard let position = position(of: instance.name, &left) else {
                refused &+= 1
                continue
            }
            instances.change(at: position) { row in
                for value in instance.values {
                    guard let number = value.number else { continue }
                    Self.add(number, value.name, to: &row.values, &left)
                }
            }
        }
        truncated = max(truncated, refused)
        take(left)
    }

    /// Takes what a part of the period came to.
    package mutating func add(_ part: Aggregate) {
        count &+= part.count
        milliseconds &+= part.known.wholeMilliseconds
        worst = max(worst, part.level)
        truncated = max(truncated, part.truncated)
        rewind()
        var left = Room(self)
        for value in part.values {
            guard let position = Self.position(of: value.name, in: &values, &left) else { continue }
            values.change(at: position) { $0.add(value) }
        }
        for instance in part.instances {
            guard let position = position(of: instance.name, &left) else { continue }
            instances.change(at: position) { row in
                for value in instance.values {
                    guard let place = Self.position(of: value.name, in: &row.values, &left)
                    else { continue }
                    row.values.change(at: place) { $0.add(value) }
                }
            }
        }
        take(left)
    }

    /// The last sample stood for that long.
    package mutating func hold(_ duration: Duration) {
        let duration = duration.wholeMilliseconds
        guard isCurrent, duration > 0 else { return }
        milliseconds &+= duration
        worst = max(worst, level)
        values.changeAll { $0.hold(duration) }
        instances.changeAll { row in row.values.changeAll { $0.hold(duration) } }
    }

    /// The last sample no longer stands.
    package mutating func end() {
        guard isCurrent else { return }
        isCurrent = false
        values.changeAll { $0.end() }
        instances.changeAll { row in row.values.changeAll { $0.end() } }
    }

    /// Begins the period that `moment` lies in, with what still stands.
    package mutating func restart(at moment: Instant) {
        from = resolution.start(of: moment)
        count = 0
        milliseconds = 0
        truncated = 0
        worst = .ok
        values.removeAll { !$0.isCurrent }
        instances.removeAll { !$0.isCurrent }
        values.changeAll { $0.restart() }
        instances.changeAll { row in
            row.values.removeAll { !$0.isCurrent }
            row.values.changeAll { $0.restart() }
        }
        measure()
    }
}

// MARK: - Room

extension SampleAggregate {
    /// What may still be added.
    private struct Room {
        var series: Int
        var nameBytes: Int

        init(_ aggregate: SampleAggregate) {
            series = seriesMaximum - aggregate.seriesCount
            nameBytes = nameBytesMaximum - aggregate.nameBytes
        }

        mutating func take(_ name: String, series count: Int) -> Bool {
            let bytes = name.utf8.count
            guard series >= count, nameBytes >= bytes else { return false }
            series -= count
            nameBytes -= bytes
            return true
        }
    }

    private mutating func take(_ left: Room) {
        seriesCount = Self.seriesMaximum - left.series
        nameBytes = Self.nameBytesMaximum - left.nameBytes
    }

    private mutating func measure() {
        seriesCount = values.rows.count
        nameBytes = values.rows.reduce(0) { $0 + $1.name.utf8.count }
        for instance in instances.rows {
            seriesCount += instance.values.rows.count
            nameBytes += instance.name.utf8.count
            nameBytes += instance.values.rows.reduce(0) { $0 + $1.name.utf8.count }
        }
    }

    private mutating func rewind() {
        values.rewind()
        instances.rewind()
        instances.changeAll { $0.values.rewind() }
    }

    private mutating func position(of instance: String, _ left: inout Room) -> Int? {
        if let position = instances.position(of: instance) { return position }
        // One that no number of could be followed would be an empty shell.
        guard left.series > 0, left.take(instance, series: 0) else { return nil }
        return instances.append(InstanceSeries(name: instance))
    }

    private static func position(
        of name: String,
        in table: inout NameTable<ValueSeries>,
        _ left: inout Room
    ) -> Int? {
        if let position = table.position(of: name) { return position }
        guard table.rows.count < PayloadLimits.values, left.take(name, series: 1) else {
            return nil
        }
        return table.append(ValueSeries(name))
    }

    private static func add(
        _ number: Double,
        _ name: String,
        to table: inout NameTable<ValueSeries>,
        _ left: inout Room
    ) {
        guard let position = position(of: name, in: &table, &left) else { return }
        table.change(at: position) { $0.add(number) }
    }
}

// MARK: - Giving out

extension SampleAggregate {
    /// Whether no sample came or stands.
    package var isEmpty: Bool { count == 0 && milliseconds == 0 && !isCurrent }

    /// What the period came to; nil when no sample came or stood in it.
    package var aggregate: Aggregate? {
        guard count > 0 || milliseconds > 0 else { return nil }
        let read = instances.rows.map { row in
            AggregateInstance(row.name, values: row.values.rows.compactMap(\.value))
        }
        return Aggregate(
            from: from,
            to: to,
            count: count,
            known: .milliseconds(milliseconds),
            level: worst,
            values: values.rows.compactMap(\.value),
            instances: read.filter { !$0.values.isEmpty },
            truncated: truncated
        )
    }
}
