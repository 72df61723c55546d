import Glibc

/// Many connections that log in and then say nothing: memory and CPU of each.
struct IdleLoad {
    let options: Options

    func run() throws(LoadError) -> String {
        let process = try options.number("pid", default: 0)
        let count = try options.number("connections", default: 2_000)
        let accounts = try options.number("accounts", default: 200)
        let loop = try Loop(options.server())
        let password = try options.text("password")
        let prefix = options.text("users", default: "user")
        func account(_ index: Int) -> Login.Account {
            Login.Account(
                user: "\(prefix)\(index % accounts)",
                password: password,
                resource: "r\(index)"
            )
        }
        // What the first connections make the server set up is not theirs: they are not counted.
        let warmUp = min(accounts, 20)
        try loop.logIn((0..<warmUp).map { account(count + $0) }, window: 4)
        loop.settle(seconds: 1)
        let before = try ProcessUsage(of: process)
        let started = now()
        try loop.logIn((0..<count).map(account), window: 32)
        let seconds = Double(now() - started) / 1e6
        let loggedIn = try ProcessUsage(of: process)
        loop.settle(seconds: 3)
        let idle = try ProcessUsage(of: process)
        let failures = loop.links.compactMap(\.failure)
        guard failures.isEmpty else { throw LoadError(failures[0]) }
        let memory = Double(idle.residentKiB - before.residentKiB) / Double(count)
        let cpu = Double(loggedIn.cpuMicroseconds - before.cpuMicroseconds) / 1_000 / Double(count)
        return json([
            ("connections", Double(count)), ("kib_per_connection", memory),
            ("cpu_ms_per_login", cpu), ("logins_per_second", Double(count) / seconds),
        ])
    }
}

extension Options {
    func server() throws(LoadError) -> Loop.Server {
        Loop.Server(
            host: text("host", default: "127.0.0.1"),
            port: try number("port", default: 5222),
            domain: try text("domain"),
            security: text("security", default: "plain"),
            speaksMQTT: text("security", default: "plain") == "mqtt"
        )
    }
}

extension Loop {
    /// Goes on reading for a while.
    func settle(seconds: Int) {
        let end = now() + seconds * 1_000_000
        while now() < end { turn(milliseconds: 100) }
    }
}

/// One line of JSON with numbers.
func json(_ members: [(String, Double)]) -> String {
    "{" + members.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
}
