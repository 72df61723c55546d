import Telemetry

/// The one line that says how a host is, made of the other groups.
enum Summary {
    /// Adds the group `summary` to a reading that holds all the others.
    static func add(to reading: inout Reading, cpus: Int, open: [Alert]) {
        reading.add(.summary, "cpu", reading[.cpu, "used"])
        reading.add(.summary, "memory", reading[.memory, "used"])
        reading.add(.summary, "swap", reading[.memory, "swap-used"])
        for load in ["load1", "load5", "load15"] {
            reading.add(.summary, load, reading[.cpu, load])
        }
        reading.add(.summary, "cpus", Double(cpus))
        addWorst(.filesystem, "used", as: "filesystem", to: &reading)
        addWorst(.pressure, "some", as: "pressure", to: &reading)
        let disks = reading[.disk].instances.filter { !DiskCounters.isStacked($0.name) }
        reading.add(.summary, "read", sum(disks, "read"))
        reading.add(.summary, "written", sum(disks, "written"))
        let interfaces = reading[.network].instances.filter { countsAsTraffic($0.name) }
        reading.add(.summary, "rx", sum(interfaces, "rx"))
        reading.add(.summary, "tx", sum(interfaces, "tx"))
        for level in Level.alerting {
            let count = open.count { $0.level == level }
            reading.add(.summary, level.rawValue, Double(count))
        }
    }

    /// The highest value of a group's instances, and a label that says whose it is.
    private static func addWorst(
        _ node: MonitoringNode,
        _ value: String,
        as name: String,
        to reading: inout Reading
    ) {
        var worst: (instance: String, number: Double)?
        for instance in reading[node].instances {
            guard let number = instance[value], number > worst?.number ?? -1 else { continue }
            worst = (instance.name, number)
        }
        reading.add(.summary, name, worst?.number)
        if let worst, worst.number > 0 { reading.add(.summary, Label(name, worst.instance)) }
    }

    /// The sum over the instances that are known; nil when none is, zero when there is none.
    private static func sum(_ instances: [SampleInstance], _ value: String) -> Double? {
        if instances.isEmpty { return 0 }
        let numbers = instances.compactMap { $0[value] }
        return numbers.isEmpty ? nil : numbers.reduce(0, +)
    }

    /// What passes through the loop or a bridge would count twice.
    static func countsAsTraffic(_ interface: String) -> Bool {
        !["lo", "veth", "br-", "docker", "virbr", "ifb", "dummy", "tap", "vnet"].contains {
            interface.hasPrefix($0)
        }
    }
}
