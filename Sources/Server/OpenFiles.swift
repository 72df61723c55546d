import Glibc

/// The files that the process may have open at once; each connection is one.
///
/// A listener that cannot open what it accepts is asked again at once, for ever: connections are
/// refused before it comes to that. Other servers have a part of their own, both ways: whoever
/// writes to a thousand of them must not keep clients out.
struct OpenFiles: Sendable {
    /// Files kept for what is no connection: the database and its readers, listeners, loops,
    /// operators, name servers, and connections that are accepted only to be refused.
    static let reserve = 64

    let maximum: Int
    /// Whether other servers are reached from this process.
    let reservesPeers: Bool

    /// How many connections there may be at a time.
    private var all: Int { max(maximum - Self.reserve, maximum / 2) }

    /// How many streams other servers may open, and how many may be opened to them: a quarter of
    /// all each.
    var peers: Int { max(all / 4, 1) }

    /// How many connections clients, and all else, may have at a time.
    var connections: Int { reservesPeers ? all - 2 * (all / 4) : all }

    /// Raises the process's limit to the most that it is allowed: the usual thousand is for
    /// programs that wait with `select`.
    static func raised(reservesPeers: Bool = false) -> OpenFiles {
        OpenFiles(maximum: raisedMaximum(), reservesPeers: reservesPeers)
    }

    private static func raisedMaximum() -> Int {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return 1_024 }
        let before = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        let now = setrlimit(resource, &limit) == 0 ? limit.rlim_max : before
        return Int(clamping: now)
    }
}
