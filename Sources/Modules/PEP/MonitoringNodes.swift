import XMPP

/// How durable a host's nodes are, by their names: a policy of the server and no option of the
/// publisher's.
///
/// A crash may lose the last second of samples, which the next second brings again; never an
/// alert, nor anything else that was acknowledged.
package enum MonitoringNodes {
    private static let samples: Set<String> = Set(
        [
            "summary", "cpu", "memory", "pressure", "disk", "filesystem", "network", "process",
            "sensor", "service", "check", "late",
        ].map { Namespace.lapwing + "#" + $0 }
    )

    package static let durability: @Sendable (String) -> Durability = { name in
        samples.contains(name) ? .behind : .immediate
    }
}
