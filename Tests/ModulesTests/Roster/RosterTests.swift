import Testing
import XMPP

@testable import Modules

@Suite struct RosterTests {
    let juliet = JID(normalizedLocal: "juliet", domain: "example.com")

    // RFC 6121 §3.1.2
    @Test func remembersThatItAsked() throws {
        var roster = Roster()
        let outcome = try roster.subscribe(to: juliet)
        #expect(outcome.passes && outcome.pushes)
        #expect(roster[juliet]?.asking == true)
        #expect(roster[juliet]?.subscription == "none")
    }

    @Test func asksAgainWithoutAnotherPush() throws {
        var roster = Roster()
        _ = try roster.subscribe(to: juliet)
        #expect(try roster.subscribe(to: juliet) == Roster.Outcome(passes: true))
    }

    // RFC 6121 §3.1.6
    @Test func seesTheContactOnceApproved() throws {
        var roster = Roster()
        _ = try roster.subscribe(to: juliet)
        let outcome = roster.subscribedReceived(from: juliet)
        #expect(outcome.passes && outcome.pushes)
        #expect(roster[juliet]?.subscription == "to")
        #expect(roster[juliet]?.asking == false)
    }

    // RFC 6121 §3.1.6: who did not ask is not answered.
    @Test func ignoresAnApprovalThatWasNotAskedFor() {
        var roster = Roster()
        #expect(roster.subscribedReceived(from: juliet) == Roster.Outcome())
        #expect(roster[juliet] == nil)
    }

    // RFC 6121 §3.1.3: an item that is only asked for is not shown.
    @Test func hidesAContactThatOnlyAsks() {
        var roster = Roster()
        let outcome = roster.subscribeReceived(from: juliet)
        #expect(outcome.passes && !outcome.pushes)
        #expect(roster[juliet]?.isVisible == false)
        #expect(roster.subscribeReceived(from: juliet) == Roster.Outcome())
    }

    // RFC 6121 §3.1.5
    @Test func showsItselfOnceItApproved() throws {
        var roster = Roster()
        _ = roster.subscribeReceived(from: juliet)
        let outcome = try roster.approve(juliet)
        #expect(outcome.passes && outcome.pushes && outcome.audience == .gained)
        #expect(roster[juliet]?.subscription == "from")
        #expect(roster[juliet]?.isVisible == true)
    }

    // RFC 6121 §3.4.2
    @Test func answersARequestThatWasApprovedBefore() throws {
        var roster = Roster()
        let approval = try roster.approve(juliet)
        #expect(approval.pushes && !approval.passes)
        let request = roster.subscribeReceived(from: juliet)
        #expect(request.approves && !request.passes && request.audience == .gained)
        #expect(roster[juliet]?.approved == false)
        #expect(roster[juliet]?.subscription == "from")
    }

    // RFC 6121 §3.1.3: a second request of one that is approved is answered in its name.
    @Test func answersAgainWhomItApproved() throws {
        var roster = Roster([RosterItem(juliet, from: true)])
        #expect(roster.subscribeReceived(from: juliet) == Roster.Outcome(approves: true))
    }

    // RFC 6121 §3.2
    @Test func takesItsPresenceBack() {
        var roster = Roster([RosterItem(juliet, to: true, from: true)])
        let outcome = roster.refuse(juliet)
        #expect(outcome.passes && outcome.pushes && outcome.audience == .lost)
        #expect(roster[juliet]?.subscription == "to")
    }

    @Test func refusesWithoutHavingBeenAsked() {
        var roster = Roster([RosterItem(juliet)])
        #expect(roster.refuse(juliet) == Roster.Outcome())
    }

    // RFC 6121 §3.3
    @Test func losesAnAudienceThatUnsubscribes() {
        var roster = Roster([RosterItem(juliet, to: true, from: true)])
        let outcome = roster.unsubscribeReceived(from: juliet)
        #expect(outcome.passes && outcome.audience == .lost)
        #expect(roster[juliet]?.subscription == "to")
    }

    @Test func refusesOneContactMoreThanTheLimit() throws {
        var roster = Roster(
            (0..<Roster.itemsMaximum).map {
                RosterItem(JID(normalizedLocal: "u\($0)", domain: "example.com"))
            }
        )
        #expect(throws: StanzaError.self) { try roster.set(juliet, name: nil, groups: []) }
        _ = try roster.remove(JID(normalizedLocal: "u0", domain: "example.com"))
        #expect(try roster.set(juliet, name: nil, groups: []).jid == juliet)
    }

    // RFC 6121 §2.3.3
    @Test(arguments: [["a", "a"], [""]])
    func refusesGroups(_ groups: [String]) {
        var roster = Roster()
        #expect(throws: StanzaError.self) { try roster.set(juliet, name: nil, groups: groups) }
        #expect(roster.items.isEmpty)
    }

    @Test func refusesANameOverTheLimit() throws {
        var roster = Roster()
        let limit = String(repeating: "x", count: Roster.nameBytesMaximum)
        #expect(try roster.set(juliet, name: limit, groups: []).name == limit)
        #expect(throws: StanzaError.self) {
            try roster.set(juliet, name: limit + "x", groups: [])
        }
    }
}
