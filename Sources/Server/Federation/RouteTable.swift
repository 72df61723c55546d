import XMPP

/// Where stanzas go that are for a domain of another part of the server, or of another server.
protocol Route: AnyObject, Sendable {
    /// Takes stanzas in order; from any loop.
    func send(_ stanzas: [Stanza])
}

/// The ways out of a process: by the host that a stanza is for, and one for all the rest.
struct RouteTable: Sendable {
    private let routes: [any Route]
    private let hosts: [String: Int]
    private let uplink: Int?
    private let inner: Set<String>

    /// `hosts` names domains that have a way of their own; `uplink` is for all others.
    ///
    /// Those of `inner` stay among the domains of this server.
    init(
        hosts: [String: any Route] = [:],
        inner: Set<String> = [],
        uplink: (any Route)? = nil
    ) {
        var routes: [any Route] = []
        func index(_ route: any Route) -> Int {
            if let known = routes.firstIndex(where: { $0 === route }) { return known }
            routes.append(route)
            return routes.count - 1
        }
        self.hosts = hosts.mapValues(index)
        self.uplink = uplink.map(index)
        self.inner = inner
        self.routes = routes
    }

    /// How many ways there are.
    var count: Int { routes.count }

    /// Whether there is a way for every domain.
    var hasUplink: Bool { uplink != nil }

    /// Whether the domain is one of this server's, behind a way of its own.
    func leads(to domain: String) -> Bool { hosts[domain] != nil }

    /// Whether the domain is one of those, and for the domains here alone.
    func isInternal(_ domain: String) -> Bool { inner.contains(domain) }

    /// By which way stanzas for that domain go; nil where there is none.
    func way(to domain: String) -> Int? { hosts[domain] ?? uplink }

    /// Sends what was gathered for a way.
    func send(_ stanzas: [Stanza], by way: Int) {
        guard routes.indices.contains(way) else { return }
        routes[way].send(stanzas)
    }
}
