package import XMPP

/// All values of one tick, by group, in the order in which the collectors gave them.
package struct Reading: Sendable, Hashable {
    package private(set) var groups: [Group] = []
    package var at: Instant

    package init(at: Instant) {
        self.at = at
    }

    /// The values of one node.
    package struct Group: Sendable, Hashable {
        package var node: MonitoringNode
        package var values: [SampleValue] = []
        package var labels: [Label] = []
        package var instances: [SampleInstance] = []
    }

    /// The group of a node; empty when nothing was collected for it.
    package subscript(_ node: MonitoringNode) -> Group {
        groups.first { $0.node == node } ?? Group(node: node)
    }

    /// A group's own value; nil when it is missing or unknown.
    package subscript(_ node: MonitoringNode, _ name: String) -> Double? {
        for group in groups where group.node == node {
            return group.values.first { $0.name == name }?.number
        }
        return nil
    }

    package mutating func add(_ node: MonitoringNode, _ name: String, _ number: Double?) {
        groups[index(node)].values.append(SampleValue(name, number))
    }

    package mutating func add(_ node: MonitoringNode, _ instance: SampleInstance) {
        groups[index(node)].instances.append(instance)
    }

    package mutating func add(_ node: MonitoringNode, _ label: Label) {
        groups[index(node)].labels.append(label)
    }

    private mutating func index(_ node: MonitoringNode) -> Int {
        if let index = groups.firstIndex(where: { $0.node == node }) { return index }
        groups.append(Group(node: node))
        return groups.count - 1
    }
}
