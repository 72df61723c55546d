import Testing
import XMPP

@testable import Modules

// XEP-0060 §4.5 authorize, §6.1.4, §8.6, §8.7; pubsub.md §1.9, 28 and 29.
@Suite struct ApprovalTests {
    private static let viewer = "v@example.org/top"
    private static let formType = Namespace.pubsub + "#subscribe_authorization"

    private func closed() throws -> NodesConversation {
        var talk = NodesConversation()
        _ = try talk.create("n", ["access_model": "authorize"])
        _ = try talk.publish("n", "1")
        return talk
    }

    private func answer(_ allow: String?, id: String? = nil, _ jid: String? = nil) -> String {
        var fields = ["node": "n"]
        fields["allow"] = allow
        fields["subid"] = id
        fields["subscriber_jid"] = jid
        return NodesConversation.form(Self.formType, fields)
    }

    @Test func asksTheOwnerAndAnswersPending() throws {
        var talk = try closed()
        let outcome = try talk.subscribe(Self.viewer, "n")
        #expect(outcome.state == "pending")
        #expect(outcome.told.isEmpty)
        let message = try #require(outcome.sent.first)
        #expect(message.to == NodesConversation.owner)
        let form = try #require(
            message.payload("x", Namespace.dataForms).flatMap(DataForm.init)
        )
        #expect(form.kind == .form)
        #expect(form.formType == Self.formType)
        #expect(form["pubsub#node"] == ["n"])
        #expect(form["pubsub#subscriber_jid"] == ["v@example.org"])
        #expect(form["pubsub#subid"] == [try #require(outcome.subscriptionID)])
        #expect(form["pubsub#allow"] == ["0"])
        #expect(PubSubService.isApproval(message) == false)
    }

    // §6.1.3.7, §6.5.9.3: who waits gets nothing yet.
    @Test func givesNothingToWhoWaits() throws {
        var talk = try closed()
        _ = try talk.subscribe(Self.viewer, "n")
        #expect(
            try talk.subscribe(Self.viewer, "n").error
                == "auth not-authorized pending-subscription"
        )
        #expect(
            try talk.get("<items node='n'/>", from: Self.viewer).error
                == "auth not-authorized not-subscribed"
        )
        #expect(try talk.publish("n", "2").told.isEmpty)
        let own = try talk.get("<subscriptions/>", from: Self.viewer).reply?.payload?.elements.first
        #expect(own?.elements.first?["subscription"] == "pending")
    }

    @Test(arguments: ["1", "true"])
    func approvesAndSendsTheLastItem(_ allow: String) throws {
        var talk = try closed()
        let id = try talk.subscribe(Self.viewer, "n").subscriptionID
        let outcome = try talk.tell(answer(allow, id: id), from: NodesConversation.agent)
        #expect(outcome.word == ["v@example.org: n v@example.org subscribed"])
        #expect(outcome.told == ["v@example.org: n item 1 late"])
        #expect(outcome.durabilities == [.immediate])
        #expect(try talk.get("<items node='n'/>", from: Self.viewer).items == ["1"])
        #expect(try talk.publish("n", "2").told == ["v@example.org: n item 2"])
        // The first answer decides.
        #expect(
            try talk.tell(answer("0", id: id), from: NodesConversation.agent).error
                == "cancel item-not-found"
        )
    }

    @Test(arguments: ["0", "false"])
    func refusesAndTells(_ allow: String) throws {
        var talk = try closed()
        _ = try talk.subscribe(Self.viewer, "n")
        let outcome = try talk.tell(
            answer(allow, nil, "v@example.org"),
            from: NodesConversation.agent
        )
        #expect(outcome.word == ["v@example.org: n v@example.org none"])
        #expect(talk.service.subscribed.isEmpty)
        // One may ask again.
        #expect(try talk.subscribe(Self.viewer, "n").state == "pending")
    }

    private func answer(_ allow: String, _ id: String?, _ jid: String) -> String {
        answer(allow, id: id, jid)
    }

    @Test func leavesARequestOfACancelledFormWaiting() throws {
        var talk = try closed()
        _ = try talk.subscribe(Self.viewer, "n")
        let form = NodesConversation.form(Self.formType, [:]).replacing("submit", with: "cancel")
        let outcome = try talk.tell(form, from: NodesConversation.agent)
        #expect(outcome.error == nil)
        #expect(outcome.changes.isEmpty)
        #expect(
            try talk.subscribe(Self.viewer, "n").error
                == "auth not-authorized pending-subscription"
        )
    }

    @Test func takesAnswersFromOwnersOnly() throws {
        var talk = try closed()
        let id = try talk.subscribe(Self.viewer, "n").subscriptionID
        #expect(try talk.tell(answer("1", id: id), from: Self.viewer).error == "auth forbidden")
        _ = try talk.affiliate("w@example.org", "n", "owner")
        #expect(try talk.tell(answer("1", id: id), from: "w@example.org/a").error == nil)
    }

    @Test func refusesAnAnswerThatDoesNotSay() throws {
        var talk = try closed()
        let id = try talk.subscribe(Self.viewer, "n").subscriptionID
        let agent = NodesConversation.agent
        #expect(try talk.tell(answer(nil, id: id), from: agent).error == "modify bad-request")
        #expect(try talk.tell(answer("yes", id: id), from: agent).error == "modify bad-request")
        #expect(try talk.tell(answer("1"), from: agent).error == "cancel item-not-found")
        #expect(
            try talk.tell(answer("1", id: id, "w@example.org"), from: agent).error
                == "cancel item-not-found"
        )
    }

    // §6.2: who waits may go.
    @Test func letsARequestBeWithdrawn() throws {
        var talk = try closed()
        let id = try talk.subscribe(Self.viewer, "n").subscriptionID
        let content = "<unsubscribe node='n' jid='v@example.org'/>"
        #expect(try talk.set(content, from: Self.viewer).state == "none")
        #expect(
            try talk.tell(answer("1", id: id), from: NodesConversation.agent).error
                == "cancel item-not-found"
        )
    }

    // §6.1.4: who is affiliated needs no approval.
    @Test(arguments: ["member", "publisher", "owner"])
    func subscribesAffiliatesAtOnce(_ affiliation: String) throws {
        var talk = try closed()
        _ = try talk.affiliate("v@example.org", "n", affiliation)
        #expect(try talk.subscribe(Self.viewer, "n").state == "subscribed")
    }

    // §8.7; pubsub.md §1.9, 29.
    @Test(arguments: [
        ("owner", "subscribed"), ("publisher", "subscribed"), ("member", "subscribed"),
        ("outcast", "none"), ("publish-only", "none"),
    ])
    func followsTheAffiliation(_ affiliation: String, _ state: String) throws {
        var talk = try closed()
        _ = try talk.subscribe(Self.viewer, "n")
        let outcome = try talk.affiliate("v@example.org", "n", affiliation)
        #expect(outcome.word == ["v@example.org: n v@example.org \(state)"])
    }

    // §8.8.2: approved in the list of subscriptions.
    @Test func approvesByTheListOfSubscriptions() throws {
        var talk = try closed()
        _ = try talk.subscribe(Self.viewer, "n")
        // §8.8.1.2: the list leaves out who waits.
        let list = try talk.get("#<subscriptions node='n'/>").reply?.payload?.elements.first
        #expect(list?.elements.isEmpty == true)
        let outcome = try talk.set(
            "#<subscriptions node='n'>"
                + "<subscription jid='v@example.org' subscription='subscribed'/></subscriptions>"
        )
        #expect(outcome.error == nil)
        #expect(outcome.word == ["v@example.org: n v@example.org subscribed"])
        #expect(outcome.told == ["v@example.org: n item 1 late"])
    }

    @Test func approvesWhereTheNodeOpens() throws {
        var talk = try closed()
        _ = try talk.subscribe(Self.viewer, "n")
        #expect(
            try talk.configure("n", ["access_model": "open"]).word
                == ["v@example.org: n v@example.org subscribed"]
        )
    }

    // Who had subscribed before keeps it; who only looked on does not.
    @Test func keepsSubscribersWhereTheNodeCloses() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["access_model": "open"])
        _ = try talk.subscribe(Self.viewer, "n")
        _ = try talk.arrive("w@example.org/top", wanting: ["n"])
        _ = try talk.configure("n", ["access_model": "authorize"])
        #expect(try talk.publish("n", "1").told == ["v@example.org: n item 1"])
    }

    // pubsub.md §1.9, 9: sessions that ask for notifications get them once they may.
    @Test func notifiesSessionsOnceApproved() throws {
        var talk = try closed()
        #expect(try talk.arrive(Self.viewer, wanting: ["n"]).told.isEmpty)
        let id = try talk.subscribe(Self.viewer, "n").subscriptionID
        let outcome = try talk.tell(answer("1", id: id), from: NodesConversation.agent)
        #expect(outcome.told == ["\(Self.viewer): n item 1 late"])
        #expect(try talk.publish("n", "2").told == ["\(Self.viewer): n item 2"])
    }

    @Test func asksAllOwnersOnAService() throws {
        var talk = NodesConversation(profile: .shared(users: "example.org"))
        let form = NodesConversation.form(
            Namespace.pubsub + "#node_config",
            ["access_model": "authorize"]
        )
        let create = "<create node='n'/><configure>\(form)</configure>"
        _ = try talk.set(create, from: "a@example.org/1")
        let affiliate =
            "#<affiliations node='n'><affiliation jid='b@example.org' affiliation='owner'/>"
            + "</affiliations>"
        _ = try talk.set(affiliate, from: "a@example.org/1")
        let outcome = try talk.subscribe(Self.viewer, "n")
        #expect(outcome.state == "pending")
        #expect(outcome.sent.compactMap(\.to?.description) == ["a@example.org", "b@example.org"])
    }
}
