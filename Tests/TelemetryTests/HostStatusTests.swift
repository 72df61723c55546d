import Testing
import XMPP

@testable import Telemetry

/// How a host is doing, as the fleet service says it.
@Suite struct HostStatusTests {
    private let status = HostStatus(
        name: "web1",
        jid: JID(normalizedLocal: "web1", domain: "example.org"),
        state: .gone,
        level: .warning,
        at: Instant(milliseconds: 1_700_000_000_000),
        since: Instant(milliseconds: 1_600_000_000_000)
    )

    @Test func readsBackWhatItWrites() throws {
        #expect(try HostStatus(status.element) == status)
        let bytes = status.element.serialized()
        #expect(try HostStatus(try Element(parsing: bytes)) == status)
    }

    @Test(arguments: ["name", "jid", "state", "at", "since"])
    func needs(_ attribute: String) {
        var element = status.element
        element[attribute] = nil
        #expect(throws: PayloadError.missing(attribute)) { try HostStatus(element) }
    }

    @Test func readsALevelThatItDoesNotKnowAsUnknown() throws {
        var element = status.element
        element["level"] = "dire"
        #expect(try HostStatus(element).level == .unknown)
        element["state"] = "dire"
        #expect(throws: PayloadError.malformed("state")) { try HostStatus(element) }
    }
}
