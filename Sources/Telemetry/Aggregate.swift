package import XMPP

/// What the samples of one node came to in a minute or an hour.
package struct Aggregate: Sendable, Hashable {
    package var from: Instant
    package var to: Instant
    /// How many samples there were.
    package var count: Int
    /// For how much of the period the node's values were known.
    package var known: Duration
    /// The worst level of the period.
    package var level: Level
    package var values: [AggregateValue]
    /// Values once per core, disk, mount and so on.
    package var instances: [AggregateInstance]
    /// How many instances were left out to stay within ``PayloadLimits``.
    package var truncated: Int

    package init(
        from: Instant,
        to: Instant,
        count: Int,
        known: Duration? = nil,
        level: Level = .ok,
        values: [AggregateValue] = [],
        instances: [AggregateInstance] = [],
        truncated: Int = 0
    ) {
        self.from = from
        self.to = to
        self.count = count
        self.known = known ?? (to - from)
        self.level = level
        self.values = values
        self.instances = instances
        self.truncated = truncated
    }

    /// The group's own value of that name; nil when it was never known.
    package subscript(_ name: String) -> AggregateValue? {
        values.first { $0.name == name }
    }

    /// A value of one instance; nil when it was never known.
    package subscript(_ name: String, instance: String) -> AggregateValue? {
        instances.first { $0.name == instance }?[name]
    }
}

/// The values of one core, disk, mount, network interface or process over the period.
package struct AggregateInstance: Sendable, Hashable {
    package var name: String
    package var values: [AggregateValue]

    package init(_ name: String, values: [AggregateValue] = []) {
        self.name = name
        self.values = values
    }

    /// The value of that name; nil when it was never known.
    package subscript(_ name: String) -> AggregateValue? {
        values.first { $0.name == name }
    }
}

/// A named number over the period; what was unknown has no part in it.
package struct AggregateValue: Sendable, Hashable {
    package var name: String
    package var min: Double
    /// Over time: a value counts for as long as it stood.
    package var mean: Double
    package var max: Double
    package var last: Double
    /// How many samples had it.
    package var count: Int
    /// For how much of the period it was known.
    package var known: Duration

    package init(
        _ name: String,
        min: Double,
        mean: Double,
        max: Double,
        last: Double,
        count: Int,
        known: Duration
    ) {
        self.name = name
        self.min = min
        self.mean = mean
        self.max = max
        self.last = last
        self.count = count
        self.known = known
    }
}
