import Glibc

/// The files that the process may have open at once; each connection is one.
///
/// A listener that cannot open what it accepts is asked again at once, for ever: connections are
/// refused before it comes to that.
struct OpenFiles {
    /// Files kept for what is no connection: the database and its readers, listeners, loops,
    /// operators, and connections that are accepted only to be refused.
    static let reserve = 64

    let maximum: Int

    /// How many connections there may be at a time.
    var connections: Int { max(maximum - Self.reserve, maximum / 2) }

    /// Raises the process's limit to the most that it is allowed: the usual thousand is for
    /// programs that wait with `select`.
    static func raised() -> OpenFiles {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return OpenFiles(maximum: 1_024) }
        let before = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        let now = setrlimit(resource, &limit) == 0 ? limit.rlim_max : before
        return OpenFiles(maximum: Int(clamping: now))
    }
}
