import Testing
import XMPP

@testable import Modules

// XEP-0060 §7.1.5
@Suite struct PublishOptionsTests {
    @Test func makesTheNodeAsTheOptionsSay() throws {
        var talk = NodesConversation()
        let outcome = try talk.publish(
            "n",
            "1",
            options: ["access_model": "whitelist", "max_items": "max"]
        )
        #expect(
            outcome.changes.first
                == .saveNode(
                    owner: NodesConversation.owner,
                    node: "n",
                    configuration: [
                        "pubsub#access_model": ["whitelist"], "pubsub#max_items": ["max"],
                    ]
                )
        )
        _ = try talk.publish("n", "2")
        #expect(try talk.items(of: "n") == ["1", "2"])
    }

    @Test func publishesWhereEachPreconditionIsMet() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["access_model": "open", "persist_items": "1"])
        let outcome = try talk.publish(
            "n",
            options: ["access_model": "open", "persist_items": "true"]
        )
        #expect(outcome.error == nil)
    }

    @Test(arguments: [
        ["access_model": "open"], ["access_model": "nonsense"], ["max_items": "7"],
        ["unknown": "1"], ["access_model": "presence", "{urn:x}own": "1"],
    ])
    func refusesWhereOnePreconditionIsNotMet(_ options: [String: String]) throws {
        var talk = NodesConversation()
        _ = try talk.create("n")
        let outcome = try talk.publish("n", "1", options: options)
        #expect(outcome.error == "cancel conflict precondition-not-met")
        #expect(outcome.changes.isEmpty)
        #expect(try talk.get("<items node='n'/>").items.isEmpty)
    }

    // Unknown fields reject the publish, also where there is no node yet.
    @Test func refusesAnUnknownOptionOfANodeThatIsToBeMade() throws {
        var talk = NodesConversation()
        let outcome = try talk.publish("n", "1", options: ["unknown": "1"])
        #expect(outcome.error == "modify not-acceptable invalid-options")
        #expect(talk.service.counts == (0, 0))
    }

    @Test func refusesOptionsThatAreAnotherForm() throws {
        var talk = NodesConversation()
        let form =
            "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
            + "<value>http://jabber.org/protocol/pubsub#publish-option</value></field></x>"
        let outcome = try talk.set(
            "<publish-options>\(form)</publish-options>"
                + "<publish node='n'><item><a xmlns='urn:a'/></item></publish>"
        )
        #expect(outcome.error == "modify bad-request")
    }
}
