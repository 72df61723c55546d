import Testing
import XMPP

@testable import Modules

// XEP-0060 §6.3, §6.4
@Suite struct SubscriptionOptionsTests {
    private static let viewer = "v@example.org/top"
    private static let filter = "{urn:lapwing:1}filter"

    private func open() throws -> NodesConversation {
        var talk = NodesConversation()
        _ = try talk.create("n", ["access_model": "open"])
        return talk
    }

    private func form(_ reply: Stanza?, _ name: String) throws -> DataForm {
        let element = try #require(reply?.payload?.child(name)?.child("x", Namespace.dataForms))
        return try #require(DataForm(element))
    }

    // §6.3.3
    @Test func showsTheFormWithAllFields() throws {
        var talk = try open()
        _ = try talk.subscribe(Self.viewer, "n")
        let outcome = try talk.get("<options node='n' jid='v@example.org'/>", from: Self.viewer)
        #expect(outcome.reply?.payload?.child("options")?["node"] == "n")
        let form = try form(outcome.reply, "options")
        #expect(form.kind == .form)
        #expect(form.formType == Namespace.pubsub + "#subscribe_options")
        #expect(
            form.answers.map(\.name) == [
                "pubsub#deliver", "pubsub#digest", "pubsub#digest_frequency", "pubsub#expire",
                "pubsub#include_body", "pubsub#show-values", "pubsub#subscription_type",
                "pubsub#subscription_depth", Self.filter, "{urn:lapwing:1}min-interval",
                "{urn:lapwing:1}deadband", "{urn:lapwing:1}project", "{urn:lapwing:1}on-change",
                "{urn:lapwing:1}quiet",
            ]
        )
    }

    // §6.3.5
    @Test func keepsWhatIsSetAndShowsIt() throws {
        var talk = try open()
        let id = try talk.subscribe(Self.viewer, "n").subscriptionID
        let outcome = try talk.setOptions(
            Self.viewer,
            "n",
            ["digest": "true", "show-values": "chat|online", Self.filter: "level >= warning"]
        )
        #expect(outcome.error == nil)
        #expect(outcome.durabilities == [.immediate])
        let form = try form(
            talk.get("<options node='n' jid='v@example.org'/>", from: Self.viewer).reply,
            "options"
        )
        #expect(form["pubsub#digest"] == ["1"])
        #expect(form["pubsub#show-values"] == ["chat", "online"])
        #expect(form[Self.filter] == ["level >= warning"])
        #expect(talk.service.nodes["n"]?.subscriptions[try #require(id)]?.options.isDigest == true)
        // The same again changes nothing.
        #expect(try talk.setOptions(Self.viewer, "n", ["digest": "1"]).changes.isEmpty)
    }

    @Test func leavesOptionsOfACancelledFormAlone() throws {
        var talk = try open()
        _ = try talk.subscribe(Self.viewer, "n")
        let form = "<x xmlns='jabber:x:data' type='cancel'/>"
        let content = "<options node='n' jid='v@example.org'>\(form)</options>"
        let outcome = try talk.set(content, from: Self.viewer)
        #expect(outcome.error == nil)
        #expect(outcome.changes.isEmpty)
    }

    // §6.3.6
    @Test(arguments: [
        ("digest", "maybe"), ("digest_frequency", "999"), ("digest_frequency", "604800001"),
        ("expire", "tomorrow"), ("expire", "2001-01-01T00:00:00Z"), ("show-values", "away|gone"),
        ("subscription_type", "both"), ("subscription_depth", "-1"),
        ("subscription_depth", "deep"), ("unknown", "1"),
        ("{urn:lapwing:1}min-interval", "-1"), ("{urn:lapwing:1}min-interval", "86400001"),
        ("{urn:lapwing:1}on-change", "sometimes"), ("{urn:lapwing:1}unknown", "1"),
        // What changes would be told of is not said.
        ("{urn:lapwing:1}on-change", "enter"),
    ])
    func refusesWhatMakesNoSense(_ field: String, _ value: String) throws {
        var talk = try open()
        _ = try talk.subscribe(Self.viewer, "n")
        let outcome = try talk.setOptions(Self.viewer, "n", ["deliver": "0", field: value])
        #expect(outcome.error == "modify bad-request invalid-options")
        #expect(outcome.changes.isEmpty)
        #expect(try talk.publish("n", "1").told == ["v@example.org: n item 1"])
    }

    // docs/protocol.md: the text gives the column.
    @Test(arguments: [
        ("filter", "level >="), ("deadband", "cpu.user"), ("quiet", "22:00"),
    ])
    func refusesATextThatCannotBeRead(_ field: String, _ text: String) throws {
        var talk = try open()
        _ = try talk.subscribe(Self.viewer, "n")
        let text = text.replacing(">", with: "&gt;")
        let options = ["{urn:lapwing:1}" + field: text]
        for outcome in [
            try talk.setOptions(Self.viewer, "n", options),
            try talk.subscribe("w@example.org/top", "n", options),
        ] {
            #expect(outcome.error == "modify not-acceptable invalid-options")
            #expect(outcome.changes.isEmpty)
        }
    }

    @Test(arguments: [
        ("digest_frequency", "1000"), ("digest_frequency", "604800000"), ("expire", ""),
        ("show-values", ""), ("subscription_type", "all"), ("subscription_depth", "all"),
        ("{urn:lapwing:1}min-interval", "86400000"), ("{urn:lapwing:1}on-change", ""),
    ])
    func takesWhatIsJustAllowed(_ field: String, _ value: String) throws {
        var talk = try open()
        _ = try talk.subscribe(Self.viewer, "n")
        #expect(try talk.setOptions(Self.viewer, "n", [field: value]).error == nil)
    }

    @Test func refusesAFormOfAnotherType() throws {
        var talk = try open()
        _ = try talk.subscribe(Self.viewer, "n")
        let form = NodesConversation.form(Namespace.pubsub + "#node_config", [:])
        let content = "<options node='n' jid='v@example.org'>\(form)</options>"
        #expect(try talk.set(content, from: Self.viewer).error == "modify bad-request")
    }

    // §6.3.4
    @Test(arguments: [
        ("<options node='n'/>", "modify bad-request jid-required"),
        ("<options node='n' jid='@'/>", "modify bad-request invalid-jid"),
        ("<options node='n' jid='x@example.org'/>", "auth forbidden"),
        (
            "<options node='n' jid='v@example.org/else'/>",
            "modify unexpected-request not-subscribed"
        ),
        ("<options node='x' jid='v@example.org'/>", "cancel item-not-found"),
        ("<options jid='v@example.org'/>", "modify unexpected-request not-subscribed"),
        (
            "<options node='n' jid='v@example.org' subid='x'/>",
            "modify not-acceptable invalid-subid"
        ),
    ])
    func tellsEachReasonApart(_ content: String, _ error: String) throws {
        var talk = try open()
        _ = try talk.subscribe(Self.viewer, "n")
        #expect(try talk.get(content, from: Self.viewer).error == error)
        #expect(try talk.set(content, from: Self.viewer).error == error)
    }

    @Test func wantsAForm() throws {
        var talk = try open()
        _ = try talk.subscribe(Self.viewer, "n")
        #expect(
            try talk.set("<options node='n' jid='v@example.org'/>", from: Self.viewer).error
                == "modify bad-request invalid-options"
        )
    }

    // §6.3.7
    @Test func subscribesWithOptionsAndAnswersWithThem() throws {
        var talk = try open()
        _ = try talk.publish("n", "1")
        let outcome = try talk.subscribe(Self.viewer, "n", ["deliver": "0"])
        #expect(outcome.state == "subscribed")
        let form = try form(outcome.reply, "options")
        #expect(form.kind == .result)
        #expect(form["pubsub#deliver"] == ["0"])
        // Who wants nothing gets the last item neither.
        #expect(outcome.told.isEmpty)
        #expect(try talk.publish("n", "2").told.isEmpty)
        _ = try talk.setOptions(Self.viewer, "n", ["deliver": "1"])
        #expect(try talk.publish("n", "3").told == ["v@example.org: n item 3"])
    }

    @Test(arguments: [
        "<subscribe node='n' jid='v@example.org'/><options node='n'>FORM</options>",
        "<subscribe node='n' jid='v@example.org'/><options jid='v@example.org'>FORM</options>",
        "<options>FORM</options><subscribe node='n' jid='v@example.org'/>",
    ])
    func refusesOptionsInTheWrongPlace(_ content: String) throws {
        var talk = try open()
        let form = NodesConversation.optionsForm(["deliver": "1"])
        let content = content.replacing("FORM", with: form)
        #expect(try talk.set(content, from: Self.viewer).error == "modify bad-request")
    }

    @Test func subscribesNobodyWithOptionsThatMakeNoSense() throws {
        var talk = try open()
        let outcome = try talk.subscribe(Self.viewer, "n", ["digest": "maybe"])
        #expect(outcome.error == "modify bad-request invalid-options")
        #expect(talk.service.subscribed.isEmpty)
    }

    // §6.4
    @Test func showsTheDefaults() throws {
        var talk = try open()
        let everywhere = try form(talk.get("<default/>", from: Self.viewer).reply, "default")
        #expect(everywhere["pubsub#deliver"] == ["1"])
        #expect(everywhere["pubsub#expire"] == [])
        _ = try talk.configure("n", ["tempsub": "1"])
        let here = try talk.get("<default node='n'/>", from: Self.viewer).reply
        #expect(here?.payload?.child("default")?["node"] == "n")
        #expect(try form(here, "default")["pubsub#expire"] == ["presence"])
        #expect(try talk.get("<default node='x'/>").error == "cancel item-not-found")
    }

    // docs/protocol.md, rules: else a filter could not hold anything back.
    @Test func replacesDeliveryByInterest() throws {
        var talk = try open()
        _ = try talk.arrive(Self.viewer, wanting: ["n"])
        _ = try talk.subscribe(Self.viewer, "n", ["deliver": "0"])
        #expect(try talk.publish("n", "1").told.isEmpty)
        _ = try talk.leave(Self.viewer)
        #expect(try talk.arrive(Self.viewer, wanting: ["n"]).told.isEmpty)
    }

    @Test func comesBackFromTheStoreAsItWas() throws {
        var talk = try open()
        let options = [
            "show-values": "dnd|xa", "expire": "2026-12-01T00:00:00Z", "digest": "1",
            "{urn:lapwing:1}on-change": "both", Self.filter: "level >= warning",
        ]
        talk.now = Instant(milliseconds: 1_780_000_000_000)
        let id = try #require(try talk.subscribe(Self.viewer, "n", options).subscriptionID)
        let record = try #require(talk.service.nodes["n"]?.subscriptions[id])
        var read = SubscriptionOptions()
        SubscriptionOptions.table.restore(
            SubscriptionOptions.table.differences(of: record.options, from: .init()),
            into: &read
        )
        #expect(read == record.options)
    }
}
