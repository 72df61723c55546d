/// What every load on pubsub begins with: links of accounts, and requests that are all answered.
final class Stage {
    let options: Options
    let loop: Loop
    let dialect: Dialect
    let process: Int
    private static let patience = 300_000_000

    init(_ options: Options) throws(LoadError) {
        self.options = options
        process = try options.number("pid", default: 0)
        loop = try Loop(options.server())
        loop.keepsAlive = true
        if loop.server.speaksMQTT {
            dialect = .mqtt(quality: try options.number("quality", default: 0))
        } else {
            dialect = .xmpp(service: options.text("service", default: ""))
        }
    }

    /// Logs in `users`0, `users`1 and so on.
    func logIn(_ users: String, count: Int) throws(LoadError) -> [Link] {
        try logIn((0..<count).map { "\(users)\($0)" })
    }

    func logIn(
        _ users: [String],
        at server: Loop.Server? = nil
    ) throws(LoadError) -> [Link] {
        let password = try options.text("password")
        let first = loop.links.count
        let accounts = users.map { user in
            Login.Account(user: user, password: password, resource: "load")
        }
        try loop.logIn(accounts, window: 16, at: server)
        let links = Array(loop.links[first...])
        for link in links {
            link.received.removeAll()
            link.role = .counting
        }
        return links
    }

    /// Says that these are there, so that a bare address reaches them.
    func announce(_ links: [Link], priority: Int = 0) {
        guard !dialect.isMQTT else { return }
        for link in links {
            link.send("<presence><priority>\(priority)</priority></presence>")
            loop.flush(link)
        }
        loop.settle(seconds: 1)
    }

    /// What one link asks for, in this order.
    struct Requests {
        let link: Link
        let texts: [[UInt8]]
        fileprivate var sent = 0
        fileprivate let answeredBefore: Int

        init(_ link: Link, _ texts: [[UInt8]]) {
            self.link = link
            self.texts = texts
            answeredBefore = link.tally.answers
        }

        fileprivate var answered: Int { link.tally.answers - answeredBefore }
    }

    /// Sends everything, some at a time on each link, until all of it is answered without error.
    func ask(_ all: [Requests], window: Int = 32) throws(LoadError) {
        var all = all
        for requests in all { requests.link.tally.watch = [.answers, .errors, .messages] }
        let deadline = now() + Self.patience
        while all.contains(where: { $0.answered < $0.texts.count }) {
            for index in all.indices {
                let link = all[index].link
                while all[index].sent < all[index].texts.count,
                    all[index].sent - all[index].answered < window
                {
                    link.send(all[index].texts[all[index].sent])
                    all[index].sent += 1
                }
                loop.flush(link)
            }
            loop.turn(milliseconds: 100)
            try checkLinks()
            guard now() < deadline else { throw LoadError("the server does not answer") }
        }
    }

    func checkLinks() throws(LoadError) {
        for link in loop.links {
            if let failure = link.failure { throw LoadError(failure) }
        }
    }
}

/// What a server, of one process or several, used and what came of it between two moments.
struct Measurement {
    let before: ProcessUsage
    let own: ProcessUsage
    let started = now()
    private let processes: [Int]

    init(of process: Int) throws(LoadError) {
        try self.init(of: [process])
    }

    init(of processes: [Int]) throws(LoadError) {
        self.processes = processes
        before = try ProcessUsage(of: processes)
        own = try ProcessUsage(of: ProcessUsage.ourselves)
    }

    var seconds: Double { Double(now() - started) / 1e6 }

    /// The members of the result that every load has; CPU is divided by `number`.
    func members(per name: String, number: Int) throws(LoadError) -> [(String, Double)] {
        let seconds = seconds
        let after = try ProcessUsage(of: processes)
        let ours = try ProcessUsage(of: ProcessUsage.ourselves)
        let cpu = Double(after.cpuMicroseconds - before.cpuMicroseconds)
        let scheduled = Double(after.scheduledMicroseconds - before.scheduledMicroseconds)
        let number = Double(max(1, number))
        let generator = Double(ours.cpuMicroseconds - own.cpuMicroseconds)
        return [
            ("cpu_us_per_\(name)", cpu / number),
            ("scheduled_us_per_\(name)", scheduled / number),
            ("\(name)s_per_second", number / seconds),
            ("server_cpu_percent", cpu / 1e4 / seconds),
            ("generator_cpu_percent", generator / 1e4 / seconds),
            ("resident_mib", Double(after.residentKiB) / 1_024),
            ("seconds", seconds),
        ]
    }
}
