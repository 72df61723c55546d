import Telemetry
import Testing
import XMPP

@testable import Agent

struct PublisherTests {
    private let payload = Element.Node.element(Element("sample", Namespace.lapwing))
    private let event = Event(
        .fired,
        at: Instant(milliseconds: 0),
        seq: 1,
        run: "r",
        summary: "s"
    )

    private func result(_ stanza: Stanza) -> Stanza {
        Stanza(.iq, type: "result", id: stanza.id)
    }

    private func error(_ stanza: Stanza, _ condition: StanzaError.Condition) -> Stanza {
        Stanza(.iq, type: "error", id: stanza.id, [StanzaError(condition).element])
    }

    private func node(_ stanza: Stanza) -> String? {
        stanza.payload?.child("publish")?["node"]
    }

    private func hasOptions(_ stanza: Stanza) -> Bool {
        stanza.payload?.child("publish-options") != nil
    }

    @Test func keepsTheNewestSnapshotsUntilItIsOnline() throws {
        let publisher = Probe()
        #expect(publisher.publish(.cpu, payload).isEmpty)
        #expect(publisher.publish(.cpu, .element(Element("newer", Namespace.lapwing))).isEmpty)
        let stanzas = publisher.online()
        #expect(stanzas.first?.kind == .presence)
        #expect(stanzas.first?.payload("priority", Namespace.client)?.text == "-1")
        #expect(stanzas.dropFirst().map(node) == [MonitoringNode.cpu.name])
        let item = stanzas.last?.payload?.child("publish")?.child("item")
        #expect(item?["id"] == "current")
        #expect(item?.elements.first?.name == "newer")
    }

    @Test func theFirstPublishOfANodeCarriesItsOptions() throws {
        let publisher = Probe(access: .roster)
        _ = publisher.online()
        let first = try #require(publisher.publish(.cpu, payload).first)
        let second = try #require(publisher.publish(.cpu, payload).first)
        #expect(hasOptions(first))
        #expect(!hasOptions(second))
        let options = try #require(first.payload?.child("publish-options"))
        let element = try #require(options.elements.first)
        let form = try #require(DataForm(element))
        #expect(form.formType == Namespace.pubsub + "#publish-options")
        #expect(form["pubsub#access_model"] == ["roster"])
        #expect(form["pubsub#persist_items"] == ["true"])
        #expect(form["pubsub#max_items"] == ["1"])
    }

    @Test func theLogKeepsAThousandEvents() throws {
        let publisher = Probe()
        _ = publisher.online()
        let stanza = try #require(publisher.publish(event).first)
        let options = try #require(stanza.payload?.child("publish-options"))
        let element = try #require(options.elements.first)
        let form = try #require(DataForm(element))
        #expect(form["pubsub#max_items"] == ["1000"])
        #expect(stanza.payload?.child("publish")?.child("item")?["id"] == "r-1")
    }

    @Test(arguments: [
        StanzaError.Condition.conflict, .notAcceptable, .badRequest, .featureNotImplemented,
    ])
    func publishesPlainlyWhereOptionsAreRefused(condition: StanzaError.Condition) throws {
        let publisher = Probe()
        _ = publisher.online()
        let first = try #require(publisher.publish(.cpu, payload).first)
        let again = publisher.received(error(first, condition))
        #expect(again.map(node) == [MonitoringNode.cpu.name])
        #expect(again.allSatisfy { !hasOptions($0) })
        let notices = publisher.takeNotices()
        #expect(notices.count == 1)
        // Another node's refusal is not said again.
        let other = try #require(publisher.publish(.memory, payload).first)
        _ = publisher.received(error(other, condition))
        #expect(publisher.takeNotices().isEmpty)
    }

    @Test func countsResultsOffById() throws {
        let publisher = Probe()
        _ = publisher.online()
        let stanza = try #require(publisher.publish(.cpu, payload).first)
        #expect(publisher.received(Stanza(.iq, type: "result", id: "other")).isEmpty)
        #expect(publisher.published == 0)
        _ = publisher.received(result(stanza))
        _ = publisher.received(result(stanza))
        #expect(publisher.published == 1)
    }

    @Test func anEventIsKeptUntilTheServerHasTakenIt() throws {
        let publisher = Probe()
        _ = publisher.publish(event)
        _ = publisher.online()
        publisher.offline()
        let stanzas = publisher.online()
        let again = try #require(stanzas.last)
        #expect(node(again) == MonitoringNode.events.name)
        _ = publisher.received(result(again))
        #expect(publisher.queuedEvents == 0)
        publisher.offline()
        #expect(publisher.online().count == 1)
    }

    @Test func anEventThatTheServerWillNeverTakeIsGivenUp() throws {
        let publisher = Probe()
        _ = publisher.online()
        let first = try #require(publisher.publish(event).first)
        let plain = try #require(publisher.received(error(first, .conflict)).first)
        #expect(publisher.received(error(plain, .forbidden)).isEmpty)
        #expect(publisher.queuedEvents == 0)
        #expect(publisher.dropped == 1)
    }

    @Test func anEventThatMustWaitIsTriedAgainWithTheNextConnection() throws {
        let publisher = Probe()
        _ = publisher.online()
        let first = try #require(publisher.publish(event).first)
        #expect(publisher.received(error(first, .resourceConstraint)).isEmpty)
        #expect(publisher.queuedEvents == 1)
        publisher.offline()
        #expect(publisher.online().count == 2)
    }

    @Test func eventsAreBounded() {
        let publisher = Probe()
        for number in 0...Publisher.mostEvents {
            var event = event
            event.seq = number
            _ = publisher.publish(event)
        }
        #expect(publisher.queuedEvents == Publisher.mostEvents)
        #expect(publisher.dropped == 1)
        let first = publisher.online().dropFirst().first
        #expect(first?.payload?.child("publish")?.child("item")?["id"] == "r-1")
    }

    @Test func aSlowServerStopsSamples() {
        let publisher = Probe()
        _ = publisher.online()
        for _ in 0..<Publisher.mostWaiting {
            #expect(publisher.hasRoom)
            _ = publisher.publish(.cpu, payload)
        }
        #expect(!publisher.hasRoom)
    }

    @Test func answersRequestsWithAnError() throws {
        let publisher = Probe()
        let request = Stanza(.iq, type: "get", id: "x", [Element("query", "urn:x")])
        let answer = try #require(publisher.received(request).first)
        #expect(answer.type == "error")
        #expect(answer.id == "x")
        #expect(publisher.received(Stanza(.message, [Element("body", Namespace.client)])).isEmpty)
    }
}

/// A publisher that can be asked within an expectation.
private final class Probe {
    private var publisher: Publisher

    init(access: AgentSettings.AccessModel = .presence) {
        publisher = Publisher(access: access)
    }

    var published: Int { publisher.published }
    var dropped: Int { publisher.dropped }
    var queuedEvents: Int { publisher.queuedEvents }
    var hasRoom: Bool { publisher.hasRoom }

    func online() -> [Stanza] { publisher.online() }
    func offline() { publisher.offline() }
    func takeNotices() -> [String] { publisher.takeNotices() }
    func received(_ stanza: Stanza) -> [Stanza] { publisher.received(stanza) }
    func publish(_ event: Event) -> [Stanza] { publisher.publish(event) }

    func publish(_ node: MonitoringNode, _ payload: Element.Node) -> [Stanza] {
        publisher.publish(node, payload)
    }
}
