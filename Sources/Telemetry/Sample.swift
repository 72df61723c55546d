package import XMPP

/// A snapshot of one group of values at one moment: the payload of most nodes.
package struct Sample: Sendable, Hashable {
    package var at: Instant
    /// Counts per node within `run`; gaps are normal.
    package var seq: Int
    /// The incarnation of the agent that took it.
    package var run: String
    package var level: Level
    package var values: [SampleValue]
    package var labels: [Label]
    /// Values once per core, disk, mount and so on.
    package var instances: [SampleInstance]
    /// How many instances were left out to stay within ``PayloadLimits/bytes``.
    package var truncated: Int

    package init(
        at: Instant,
        seq: Int = 0,
        run: String = "",
        level: Level = .ok,
        values: [SampleValue] = [],
        labels: [Label] = [],
        instances: [SampleInstance] = [],
        truncated: Int = 0
    ) {
        self.at = at
        self.seq = seq
        self.run = run
        self.level = level
        self.values = values
        self.labels = labels
        self.instances = instances
        self.truncated = truncated
    }

    /// The group's own value of that name; nil when it is missing or unknown.
    package subscript(_ name: String) -> Double? {
        values.first { $0.name == name }?.number
    }

    /// A value of one instance; nil when it is missing or unknown.
    package subscript(_ name: String, instance: String) -> Double? {
        instances.first { $0.name == instance }?[name]
    }

    /// The text of a label of the group itself.
    package func label(_ name: String) -> String? {
        labels.first { $0.name == name }?.text
    }
}

/// The values of one core, disk, mount, network interface or process.
package struct SampleInstance: Sendable, Hashable {
    package var name: String
    package var values: [SampleValue]
    package var labels: [Label]

    package init(_ name: String, values: [SampleValue] = [], labels: [Label] = []) {
        self.name = name
        self.values = values
        self.labels = labels
    }

    /// The value of that name; nil when it is missing or unknown.
    package subscript(_ name: String) -> Double? {
        values.first { $0.name == name }?.number
    }
}

/// A named number; nil means that it is unknown at this moment, which is not the same as zero.
package struct SampleValue: Sendable, Hashable {
    package var name: String
    package var number: Double?

    package init(_ name: String, _ number: Double?) {
        self.name = name
        self.number = number
    }
}

/// A named text beside the numbers.
package struct Label: Sendable, Hashable {
    package var name: String
    package var text: String

    package init(_ name: String, _ text: String) {
        self.name = name
        self.text = text
    }
}
