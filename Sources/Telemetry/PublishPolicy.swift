/// Decides which groups have moved far enough to be published.
///
/// A group is told when it was never told, when its level changed, when it was silent for the
/// heartbeat, or when a number moved past its band and the minimum interval has passed.
package struct PublishPolicy: Sendable {
    package var minimumInterval: Duration
    package var heartbeat: Duration
    package var deadbands: Deadbands

    private var told: [MonitoringNode: Told] = [:]

    package init(
        minimumInterval: Duration = .seconds(1),
        heartbeat: Duration = .seconds(60),
        deadbands: Deadbands = Deadbands()
    ) {
        self.minimumInterval = minimumInterval
        self.heartbeat = heartbeat
        self.deadbands = deadbands
    }

    /// What was published last for a group, and the bands of its numbers in the same order.
    private struct Told: Sendable {
        var group: Reading.Group
        var level: Level
        var at: Duration
        var bands: [Double]
        var instanceBands: [Double]
    }

    /// Whether to publish this group now.
    package func isDue(_ group: Reading.Group, level: Level, at now: Duration) -> Bool {
        guard let told = told[group.node], level == told.level else { return true }
        let silence = now - told.at
        // Ticks tremble by milliseconds: half a tick early is still the tick that was meant.
        if silence + Self.slack >= heartbeat { return true }
        if silence + Self.slack < minimumInterval { return false }
        return hasMoved(group, since: told)
    }

    /// Notes that the group was published as it is.
    package mutating func published(_ group: Reading.Group, level: Level, at now: Duration) {
        let before = told[group.node]
        told[group.node] = Told(
            group: group,
            level: level,
            at: now,
            bands: bands(group.values, of: group.node, like: before?.group.values, before?.bands),
            instanceBands: bands(
                group.instances.first?.values ?? [],
                of: group.node,
                like: before?.group.instances.first?.values,
                before?.instanceBands
            )
        )
    }

    /// Looks bands up by name, or keeps those there are when the names are still the same.
    private func bands(
        _ values: [SampleValue],
        of node: MonitoringNode,
        like before: [SampleValue]?,
        _ known: [Double]?
    ) -> [Double] {
        if let before, let known, known.count == values.count,
            zip(before, values).allSatisfy({ $0.name == $1.name })
        {
            return known
        }
        return values.map { deadbands.band(node, $0.name) }
    }

    private func hasMoved(_ group: Reading.Group, since told: Told) -> Bool {
        if group.labels != told.group.labels { return true }
        if differ(group.values, told.group.values, told.bands) { return true }
        guard group.instances.count == told.group.instances.count else { return true }
        for (now, before) in zip(group.instances, told.group.instances) {
            if now.name != before.name { return true }
            if differ(now.values, before.values, told.instanceBands) { return true }
        }
        return false
    }

    private func differ(_ now: [SampleValue], _ before: [SampleValue], _ bands: [Double]) -> Bool {
        guard now.count == before.count else { return true }
        for index in now.indices {
            guard now[index].name == before[index].name else { return true }
            let band = index < bands.count ? bands[index] : 0
            switch (now[index].number, before[index].number) {
            case (nil, nil): continue
            case (let now?, let before?):
                if band == 0 ? now != before : (now - before).magnitude >= band { return true }
            case (nil, _?), (_?, nil):
                if band.isFinite { return true }
            }
        }
        return false
    }

    private static let slack = Duration.milliseconds(100)
}
