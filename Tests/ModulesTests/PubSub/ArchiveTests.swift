import Testing
import XMPP

@testable import Modules

// What was published on nodes, by time (XEP-0313, XEP-0442).
@Suite struct ArchiveTests {
    private static let start = Instant(milliseconds: 1_700_000_000_000)

    /// A node with an item each second, the first at `start`.
    private func filled(_ count: Int) throws -> NodesConversation {
        var talk = NodesConversation()
        _ = try talk.create("n", ["max_items": "max"])
        for id in 0..<count {
            talk.now = Self.start + .seconds(Int64(id))
            _ = try talk.publish("n", String(id))
        }
        return talk
    }

    /// The ids of the results in the order in which they are sent, and what ends them.
    private struct Answer {
        var ids: [String] = []
        var end: ArchiveEnd?
        var error: String?
        var results: [ArchiveResult] = []
    }

    private func ask(
        _ talk: inout NodesConversation,
        _ content: String,
        attributes: String = "node='n' queryid='q'",
        from: String = NodesConversation.agent
    ) throws -> Answer {
        let from = try JID(from)
        let markup = "<query xmlns='urn:xmpp:mam:2' \(attributes)>\(content)</query>"
        let payload = try Element(parsing: Array(markup.utf8))
        let iq = Stanza(.iq, type: "set", id: "a", from: from, to: talk.service.owner, [payload])
        var answer = Answer()
        do throws(StanzaError) {
            var effects = try talk.service.receiveQuestion(
                iq,
                from: from,
                relation: talk.relations[from.bare] ?? Relation()
            )
            if case .load(let request) = effects.first {
                let payloads = request.items.map { ($0, Array("<b/>".utf8)) }
                effects = talk.service.loaded(
                    request.answered(Dictionary(uniqueKeysWithValues: payloads)),
                    at: talk.now
                )
            }
            for effect in effects {
                switch effect {
                case .send(let message):
                    #expect(answer.end == nil)
                    #expect(message.to == from)
                    let result = message.payload("result", ArchiveQuery.namespace)
                    answer.results += result.flatMap(ArchiveResult.init).map { [$0] } ?? []
                case .reply(let reply): answer.end = reply.payload.flatMap(ArchiveEnd.init)
                default: Issue.record("an answer changes nothing")
                }
            }
        } catch {
            answer.error = error.summary
        }
        answer.ids = answer.results.map(\.id)
        return answer
    }

    private func form(_ fields: [String: String]) -> String {
        let answers = fields.map { "<field var='\($0.key)'><value>\($0.value)</value></field>" }
        return "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
            + "<value>urn:xmpp:mam:2</value></field>\(answers.joined())</x>"
    }

    private func set(_ content: String) -> String {
        "<set xmlns='\(ResultSetRequest.namespace)'>\(content)</set>"
    }

    // XEP-0442 §3: each item as its notification was, in the order of publishing.
    @Test func answersWithNotifications() throws {
        var talk = try filled(3)
        let answer = try ask(&talk, "")
        #expect(answer.ids == ["0", "1", "2"])
        #expect(answer.end?.isComplete == true)
        let first = try #require(answer.results.first)
        #expect(first.queryID == "q")
        #expect(first.stamp == Self.start)
        let items = first.event.child("items")
        #expect(items?["node"] == "n")
        #expect(items?.child("item")?["id"] == "0")
        #expect(items?.child("item")?.children.count == 1)
    }

    // XEP-0313 §4.1.2: both ends are included.
    @Test func answersByTime() throws {
        var talk = try filled(6)
        let (two, four) = (Self.start + .seconds(2), Self.start + .seconds(4))
        let both = form(["start": two.dateTime, "end": four.dateTime])
        #expect(try ask(&talk, both).ids == ["2", "3", "4"])
        #expect(try ask(&talk, form(["start": four.dateTime])).ids == ["4", "5"])
        #expect(try ask(&talk, form(["end": two.dateTime])).ids == ["0", "1", "2"])
        let none = form(["start": four.dateTime, "end": two.dateTime])
        #expect(try ask(&talk, none).ids.isEmpty)
        // The clock was set back: the answer is as true.
        talk.now = two
        _ = try talk.publish("n", "back")
        #expect(try ask(&talk, both).ids == ["2", "3", "4", "back"])
        let behind = form(["start": two.dateTime, "after-id": "3", "before-id": "back"])
        #expect(try ask(&talk, behind).ids == ["4", "5"])
    }

    // XEP-0313 §4.1.4
    @Test func answersByID() throws {
        var talk = try filled(6)
        #expect(try ask(&talk, form(["after-id": "1", "before-id": "4"])).ids == ["2", "3"])
        #expect(try ask(&talk, form(["ids": "3</value><value>1"])).ids == ["1", "3"])
        let gone = ["after-id", "before-id", "ids"]
        for field in gone {
            let answer = try ask(&talk, form([field: "' OR 1=1 --"]))
            #expect(answer.error == "cancel item-not-found")
        }
        #expect(try ask(&talk, form(["with": "host@example.org"])).ids.count == 6)
        #expect(try ask(&talk, form(["with": "x@example.org"])).ids.isEmpty)
    }

    // XEP-0313 §4.3.2, §4.3.4
    @Test func answersInPages() throws {
        var talk = try filled(5)
        let first = try ask(&talk, set("<max>2</max>"))
        #expect(first.ids == ["0", "1"])
        #expect(first.end?.isComplete == false)
        #expect(first.end?.page == ResultSetAnswer(first: "0", last: "1", index: 0, count: 5))
        let last = try ask(&talk, set("<max>2</max><before/>"))
        #expect(last.ids == ["3", "4"])
        #expect(last.end?.isComplete == false)
        #expect(try ask(&talk, set("<max>2</max><after>3</after>")).end?.isComplete == true)
        #expect(try ask(&talk, set("<max>2</max><before>2</before>")).end?.isComplete == true)
        #expect(
            try ask(&talk, set("<max>2</max><after>x</after>")).error == "cancel item-not-found"
        )
        let flipped = try ask(&talk, set("<max>2</max>") + "<flip-page/>")
        #expect(flipped.ids == ["1", "0"])
        #expect(flipped.end?.page.first == "0")
    }

    // XEP-0413 §4.3
    @Test func answersInTheOrderOfCreation() throws {
        var talk = try filled(3)
        _ = try talk.publish("n", "0")
        #expect(try ask(&talk, "").ids == ["1", "2", "0"])
        let order = "<order xmlns='urn:xmpp:order-by:1' by='creation'/>"
        #expect(try ask(&talk, order).ids == ["0", "1", "2"])
    }

    @Test func refusesWhatItCannotAnswer() throws {
        var talk = try filled(1)
        let stranger = try ask(&talk, "", from: "x@example.org/a")
        #expect(stranger.error == "auth not-authorized presence-subscription-required")
        #expect(try ask(&talk, "", attributes: "").error == "cancel feature-not-implemented")
        #expect(try ask(&talk, "", attributes: "node='x'").error == "cancel item-not-found")
        #expect(try ask(&talk, form(["start": "soon"])).error == "modify bad-request")
        #expect(try ask(&talk, form(["size": "1"])).error == "cancel feature-not-implemented")
        let minutes = form(["{urn:lapwing:1}resolution": "minute"])
        #expect(try ask(&talk, minutes).error == "cancel feature-not-implemented")
    }

    // XEP-0313 §5 and §4.1.5
    @Test func tellsItsEndsAndItsFields() throws {
        let talk = try filled(3)
        func get(_ content: String) throws -> Element? {
            let payload = try Element(parsing: Array(content.utf8))
            let iq = Stanza(.iq, type: "get", id: "a", from: NodesConversation.owner, [payload])
            let effects = try talk.service.receiveQuestion(
                iq,
                from: NodesConversation.owner,
                relation: Relation(isOwner: true)
            )
            guard case .reply(let reply) = effects.first else { return nil }
            return reply.payload
        }
        let metadata = try get("<metadata xmlns='urn:xmpp:mam:2' node='n'/>")
        #expect(metadata?.child("start")?["id"] == "0")
        #expect(metadata?.child("end")?["timestamp"] == (Self.start + .seconds(2)).dateTime)
        let fields = try get("<query xmlns='urn:xmpp:mam:2' node='n'/>")
        #expect(fields?.child("x", Namespace.dataForms) != nil)
    }
}
