import Testing
import XMPP

@testable import Modules

// Pages of items (XEP-0059, XEP-0060 §6.5.4) and their order (XEP-0413).
@Suite struct ItemPageTests {
    private static let order = "<order xmlns='urn:xmpp:order-by:1'"

    private func filled(_ ids: [String], bytes: Int = 0) throws -> NodesConversation {
        var talk = NodesConversation()
        _ = try talk.create("n", ["max_items": "max"])
        let payload = "<a xmlns='urn:a'>\(String(repeating: "x", count: bytes))</a>"
        for id in ids {
            talk.now = talk.now + .milliseconds(10)
            _ = try talk.publish("n", id, payload)
        }
        return talk
    }

    private func set(_ content: String) -> String {
        "<set xmlns='\(ResultSetRequest.namespace)'>\(content)</set>"
    }

    /// The ids of a page and what was said of it.
    private func page(
        _ talk: inout NodesConversation,
        _ content: String,
        _ items: String = "<items node='n'/>"
    ) throws -> (ids: [String], answer: ResultSetAnswer?) {
        var outcome = try talk.get(items + content)
        for request in outcome.loads {
            let payloads = Dictionary(
                uniqueKeysWithValues: request.items.map { ($0, Array("<b/>".utf8)) }
            )
            outcome = talk.outcome(
                of: talk.service.loaded(request.answered(payloads), at: talk.now)
            )
        }
        let set = outcome.reply?.payload?.child("set", ResultSetRequest.namespace)
        return (outcome.items, set.flatMap(ResultSetAnswer.init))
    }

    // XEP-0059 §2.2, §2.3: all pages together are the list, whichever way one goes.
    @Test(arguments: [1, 3, 7, 100], ["", " by='creation'/>", " by='creation' desc='1'/>"])
    func pagesTogetherAreTheList(_ length: Int, _ order: String) throws {
        let ids = (1...20).map(String.init)
        var talk = try filled(ids + ["4", "9"])
        let order = order.isEmpty ? "" : Self.order + order
        let whole =
            order.isEmpty
            ? ids.filter { $0 != "4" && $0 != "9" } + ["4", "9"]
            : (order.contains("desc") ? ids.reversed() : ids)
        var forward: [String] = []
        var place = ""
        while forward.count < 20 {
            let (ids, answer) = try page(&talk, order + set("<max>\(length)</max>\(place)"))
            #expect(answer?.index == forward.count)
            #expect(answer?.count == 20)
            forward += ids
            place = "<after>\(try #require(answer?.last))</after>"
        }
        #expect(forward == whole)
        var backward: [String] = []
        place = "<before/>"
        while backward.count < 20 {
            let (ids, answer) = try page(&talk, order + set("<max>\(length)</max>\(place)"))
            backward = ids + backward
            #expect(answer?.index == 20 - backward.count)
            place = "<before>\(try #require(answer?.first))</before>"
        }
        #expect(backward == whole)
    }

    // XEP-0059 §2.7 and §2.6.
    @Test func countsAndJumps() throws {
        var talk = try filled(["1", "2", "3"])
        let counted = try page(&talk, set("<max>0</max>"))
        #expect(counted.ids.isEmpty)
        #expect(counted.answer == ResultSetAnswer(index: nil, count: 3))
        #expect(try page(&talk, set("<max>1</max><index>1</index>")).ids == ["2"])
        #expect(try page(&talk, set("<max>1</max><index>7</index>")).ids.isEmpty)
    }

    // XEP-0060 §6.5.4: what does not fit is told, and comes with the page before it.
    @Test func endsAnAnswerThatWouldBeTooLarge() throws {
        let ids = (1...6).map(String.init)
        var talk = try filled(ids, bytes: 60_000)
        let last = try page(&talk, "")
        #expect(last.ids == ["3", "4", "5", "6"])
        #expect(last.answer == ResultSetAnswer(first: "3", last: "6", index: 2, count: 6))
        #expect(try page(&talk, set("<before>3</before>")).ids == ["1", "2"])
        #expect(try page(&talk, set("")).ids == ["1", "2", "3", "4"])
        let named = "<items node='n'>\(ids.map { "<item id='\($0)'/>" }.joined())</items>"
        let chosen = try page(&talk, "", named)
        #expect(chosen.ids == ["1", "2", "3", "4"])
        #expect(chosen.answer?.count == 6)
    }

    @Test func saysNothingOfPagesWhereAllIsThere() throws {
        var talk = try filled(["1", "2", "3"])
        #expect(try page(&talk, "").answer == nil)
        #expect(try page(&talk, "", "<items node='n' max_items='2'/>").answer == nil)
        #expect(try page(&talk, "", "<items node='n' max_items='2'/>").ids == ["2", "3"])
    }

    // XEP-0413 §4.1, §4.2
    @Test func ordersTheMostRecent() throws {
        var talk = try filled(["1", "2", "3", "4", "1"])
        let three = "<items node='n' max_items='3'/>"
        let created = try page(&talk, Self.order + " by='creation' desc='true'/>", three)
        #expect(created.ids == ["4", "3", "2"])
        let modified = try page(&talk, Self.order + " by='modification' desc='true'/>", three)
        #expect(modified.ids == ["1", "4", "3"])
        let rising = try page(&talk, Self.order + " by='creation'/>", three)
        #expect(rising.ids == ["2", "3", "4"])
        let refused = try talk.get("<items node='n'/>" + Self.order + " by='size'/>")
        #expect(refused.error == "cancel feature-not-implemented")
    }

    // What is kept says when the id was first published.
    @Test func storesWhenAnItemWasCreated() throws {
        var talk = try filled(["1"])
        let created = talk.now
        talk.now = talk.now + .seconds(5)
        guard case .saveItem(_, _, let record, _) = try talk.publish("n", "1").changes.first else {
            Issue.record("nothing was stored")
            return
        }
        #expect(record.created == created)
        #expect(record.published == talk.now)
    }

    @Test(arguments: [
        ("<before>gone</before>", "cancel item-not-found"),
        ("<after>'; DROP TABLE items; --</after>", "cancel item-not-found"),
        ("<after>1</after><before>2</before>", "modify bad-request"),
        ("<max>-1</max>", "modify bad-request"), ("<max>x</max>", "modify bad-request"),
        ("<index>99999999999999999999</index>", "modify bad-request"),
    ])
    func refusesPagesThatAreNone(_ content: String, _ error: String) throws {
        var talk = try filled(["1", "2"])
        #expect(try talk.get("<items node='n'/>" + set(content)).error == error)
        #expect(try page(&talk, set("<max>9223372036854775807</max>")).ids == ["1", "2"])
    }

    // Items of samples are written behind: what is read waits for that.
    @Test func waitsForWhatIsWrittenBehind() throws {
        var talk = try filled(["1", "2"])
        #expect(try talk.get("<items node='n'/>").loads.first?.isBehind == false)
        let node = "urn:lapwing:1#late"
        _ = try talk.create(node, ["max_items": "max"])
        let payload = "<a xmlns='urn:a'>\(String(repeating: "x", count: 40_000))</a>"
        for id in 1...3 { _ = try talk.publish(node, String(id), payload) }
        #expect(try talk.get("<items node='\(node)'/>").loads.first?.isBehind == true)
    }
}
