import Configuration
import Testing

/// What another configuration changes that a running server does not take.
@Suite struct ConfigurationChangesTests {
    private let running = ServerConfiguration(domain: "example.org", dataDirectory: "/data")

    @Test func namesNothingThatIsTheSame() {
        #expect(running.keysForRestart(of: running).isEmpty)
    }

    @Test func namesWhatIsReadAtTheStartOnly() {
        var other = running
        other.limits.stanzaDepth += 1
        other.logLevel = .debug
        #expect(other.keysForRestart(of: running) == ["log_level", "limits"])
    }

    @Test func leavesOutWhatIsReadAgain() {
        var other = running
        other.components = [.init(domain: "gateway.example.org", secret: "12345678")]
        #expect(other.keysForRestart(of: running).isEmpty)
    }

    /// A key that is added has to be named here too.
    @Test func looksAtEveryKey() {
        var other = ServerConfiguration(domain: "example.net", dataDirectory: "/other")
        other.logLevel = .error
        other.eventLoops = 7
        other.listeners = [.init(address: "::1", port: 1, security: .plain)]
        other.tls = .init(certificateFile: "c", keyFile: "k")
        other.furtherDomains = [.init(name: "example.com")]
        other.accounts.plain.toggle()
        other.groups = []
        other.history.isEnabled.toggle()
        other.componentListener.port += 1
        other.federation = .init()
        other.names.records = ["x"]
        other.limits.stanzaDepth += 1
        other.role = .router
        other.processName = "other"
        other.links = [
            .init(name: "s2s", secret: "0123456789abcdef", way: .connect(.socket("/run/s")))
        ]
        other.pidFile = "/run/pid"
        let keys = Mirror(reflecting: running).children.count
        #expect(other.keysForRestart(of: running).count == keys - 1)
    }
}
