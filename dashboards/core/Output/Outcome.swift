import Telemetry
package import XMPP

/// How the program ends when it was asked a question: the worst level, as checks for Nagios do.
package enum Outcome: Int32, Sendable, CaseIterable {
    case ok = 0
    /// Also for what is above `ok` and below `critical` only by an open warning.
    case warning = 1
    /// Also when a host is down.
    case critical = 2
    /// No host, or values that can't be believed.
    case unknown = 3
    /// The command line is wrong (EX_USAGE).
    case usage = 64
    /// The server can't be reached (EX_UNAVAILABLE).
    case unavailable = 69
    /// The log-in was refused (EX_NOPERM).
    case refused = 77
    /// A file that was named can't be used (EX_CONFIG).
    case configuration = 78

    /// The outcome that a picture stands for.
    package init(_ picture: Model.Picture) {
        let levels = picture.fleet.hosts.values.map {
            $0.effectiveLevel(at: picture.now, isOnline: picture.isOnline)
        }
        if levels.contains(.critical) {
            self = .critical
        } else if levels.contains(.warning) {
            self = .warning
        } else if levels.isEmpty || levels.contains(.unknown) {
            self = .unknown
        } else {
            self = .ok
        }
    }
}

/// Decides when a single look has seen enough: the roster came, every host that is there has told
/// its values, and nothing else has shown itself for a moment.
package struct SingleLook: Sendable {
    /// How long nothing may arrive before what is there counts as all: last items come within
    /// milliseconds of the presence that asks for them.
    package static let quiet = Duration.milliseconds(500)

    private var hosts = 0
    private var groups = 0
    private var lastNews: Instant

    package init(at now: Instant) {
        lastNews = now
    }

    /// Takes note of a picture; true when it is complete.
    package mutating func isComplete(_ picture: Model.Picture, hasRoster: Bool) -> Bool {
        let all = picture.fleet.hosts.values
        let groups = all.reduce(0) { $0 + $1.samples.count + $1.alertLists.count }
        if all.count != hosts || groups != self.groups {
            hosts = all.count
            self.groups = groups
            lastNews = picture.now
        }
        guard picture.isOnline, hasRoster, !all.isEmpty else { return false }
        let isTold = all.allSatisfy { host in
            switch host.availability {
            case .available: host.heard != nil
            case .unavailable: true
            case .unseen: host.state(at: picture.now, isOnline: true) == .down
            }
        }
        return isTold && picture.now - lastNews >= Self.quiet
    }
}
