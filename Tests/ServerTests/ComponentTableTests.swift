import Configuration
import Modules
import Testing
import XMPP

@testable import Server

@Suite struct ComponentTableTests {
    private let domain = "gateway.example.org"
    private let one = SessionID(rawValue: 1)
    private let two = SessionID(rawValue: 2)

    private func table(_ several: ServerConfiguration.Component.Several) -> ComponentTable {
        ComponentTable([.init(domain: domain, secret: "12345678", several: several)])
    }

    private func session(_ table: ComponentTable, from sender: String) -> SessionID? {
        guard case .session(let session) = table.destination(of: domain, from: try? JID(sender))
        else { return nil }
        return session
    }

    @Test func knowsWhatIsNoComponents() {
        #expect(table(.replace).destination(of: "example.org", from: nil) == nil)
        #expect(ComponentTable([]).destination(of: domain, from: nil) == nil)
        guard case .refused = table(.replace).attach(one, to: "other.example.org") else {
            Issue.record("a domain that is no component's was given away")
            return
        }
    }

    @Test func tellsWhoIsNotHere() {
        let table = table(.replace)
        guard case .absent = table.destination(of: domain, from: nil) else {
            Issue.record("there is nobody")
            return
        }
        _ = table.attach(one, to: domain)
        #expect(session(table, from: "a@b") == one)
        #expect(table.isAttached(domain))
        #expect(table.detach(one, from: domain))
        #expect(!table.isAttached(domain))
        #expect(session(table, from: "a@b") == nil)
    }

    @Test func replacesTheFirst() {
        let table = table(.replace)
        _ = table.attach(one, to: domain)
        guard case .attached(replacing: [one], isFirst: true) = table.attach(two, to: domain) else {
            Issue.record("the first was not replaced")
            return
        }
        // The end of the first comes later, and takes nothing from the second.
        #expect(!table.detach(one, from: domain))
        #expect(session(table, from: "a@b") == two)
    }

    @Test func refusesTheSecond() {
        let table = table(.refuse)
        _ = table.attach(one, to: domain)
        guard case .refused = table.attach(two, to: domain) else {
            Issue.record("the second was let in")
            return
        }
        #expect(session(table, from: "a@b") == one)
    }

    /// One that stays here is for nobody else.
    @Test(arguments: [
        ("a@example.org", true), ("a@gateway.example.org", true), ("a@other.example.org", true),
        ("a@example.net", false), (nil, true),
    ])
    func hidesWhatStaysHere(_ sender: String?, _ isReached: Bool) {
        let others = ServerConfiguration.Component(domain: "other.example.org", secret: "12345678")
        let table = ComponentTable([component { $0.isFederated = false }, others])
        #expect(table.isInternal(domain) && !table.isInternal(others.domain))
        #expect(!table.isFederated(domain) && table.isFederated(others.domain))
        #expect(!table.isFederated("example.org") && !table.isInternal("example.org"))
        for attached in [false, true] {
            if attached { _ = table.attach(one, to: domain) }
            let destination = table.destination(
                of: domain,
                from: sender.flatMap { try? JID($0) },
                isServed: { $0 == "example.org" }
            )
            if case .hidden? = destination {
                #expect(!isReached)
            } else {
                #expect(isReached)
            }
        }
        // It can be reached from outside at once where that is changed.
        _ = table.replace(with: [component(), others])
        #expect(table.isFederated(domain))
    }

    // MARK: Changes while the server runs

    private func component(
        _ change: (inout ServerConfiguration.Component) -> Void = { _ in }
    ) -> ServerConfiguration.Component {
        var component = ServerConfiguration.Component(domain: domain, secret: "12345678")
        change(&component)
        return component
    }

    @Test func keepsWhatIsAsItWas() {
        let table = ComponentTable([component()])
        _ = table.attach(one, to: domain)
        #expect(table.replace(with: [component()]).isEmpty)
        // How many there may be is asked when one comes.
        let changes = table.replace(with: [component { $0.several = .share }])
        #expect(changes.changed == [domain])
        #expect(changes.ended.isEmpty)
        #expect(session(table, from: "a@b") == one)
        _ = table.attach(two, to: domain)
        #expect(!table.detach(two, from: domain))
    }

    /// What becomes of a component, and how its connections end.
    enum Fate: CaseIterable {
        case removed, givenAnotherSecret, givenOtherRights

        var condition: StreamError.Condition {
            switch self {
            case .removed: .hostUnknown
            case .givenAnotherSecret: .notAuthorized
            case .givenOtherRights: .reset
            }
        }
    }

    @Test(arguments: Fate.allCases)
    func endsConnectionsThatWouldNotBeLetInSo(_ fate: Fate) {
        let table = ComponentTable([component { $0.several = .share }])
        _ = table.attach(one, to: domain)
        _ = table.attach(two, to: domain)
        let condition = fate.condition
        let other: ServerConfiguration.Component? =
            switch fate {
            case .removed: nil
            case .givenAnotherSecret: component { $0.secret = "87654321" }
            case .givenOtherRights: component { $0.privileges.message = .outgoing }
            }
        let changes = table.replace(with: other.map { [$0] } ?? [])
        #expect(changes.ended.mapValues(\.condition) == [one: condition, two: condition])
        #expect(changes.removed == (other == nil ? [domain] : []))
        #expect(changes.changed == (other == nil ? [] : [domain]))
        #expect(table.has(domain) == (other != nil))
        // Their ends come later.
        #expect(!table.detach(one, from: domain))
        #expect(table.detach(two, from: domain))
    }

    @Test func letsInWhatIsAdded() {
        let table = ComponentTable([])
        #expect(table.secret(of: domain) == nil)
        #expect(table.replace(with: [component()]).added == [domain])
        #expect(table.secret(of: domain) == Array("12345678".utf8))
        guard case .attached = table.attach(one, to: domain) else {
            Issue.record("it is not let in")
            return
        }
        #expect(session(table, from: "a@b") == one)
        _ = table.replace(with: [])
        #expect(table.destination(of: domain, from: nil) == nil)
    }

    @Test func sharesBySender() {
        let table = table(.share)
        _ = table.attach(one, to: domain)
        _ = table.attach(two, to: domain)
        let senders = (0..<50).map { "user\($0)@example.org" }
        let found = senders.map { session(table, from: $0) }
        #expect(Set(found) == [one, two])
        // All sessions of one sender go the same way, each time.
        #expect(senders.map { session(table, from: $0 + "/phone") } == found)
        #expect(!table.detach(one, from: domain))
        #expect(senders.allSatisfy { session(table, from: $0) == two })
    }
}
