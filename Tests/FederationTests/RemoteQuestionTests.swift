import Testing
import XMPP

@testable import Federation

/// The questions of dialback.
@Suite struct RemoteQuestionTests {
    private let pair = RemoteDialogue.pair
    private let question = Self.question()

    private static func question(
        _ key: String = "k",
        about domain: String = RemoteDialogue.there
    ) -> DialbackQuestion {
        let pair = DomainPair(local: RemoteDialogue.here, remote: domain)
        return DialbackQuestion(pair: pair, streamID: "s", key: key)
    }

    @Test func asksOnAStreamForQuestions() {
        var dialogue = RemoteDialogue()
        let theirs = dialogue.accept()
        let actions = dialogue.verify(question, for: theirs)
        let asked = PeerID(2)
        #expect(actions == [.connect(asked, pair, .questions), .ask(asked, question)])
        #expect(dialogue.answer(question, .valid) == [.verified(theirs, question, .valid)])
        #expect(dialogue.end(asked) == [])
        #expect(dialogue.table.domains.isEmpty)
        #expect(dialogue.table.dutyCount == 0)
        #expect(dialogue.table.counts == RemoteTable.Counts())
    }

    @Test func asksOnAStreamOfOursThatIsThere() throws {
        var dialogue = RemoteDialogue()
        let ours = try dialogue.ready()
        let theirs = dialogue.accept()
        #expect(dialogue.verify(question, for: theirs) == [.ask(ours, question)])
        #expect(dialogue.answer(question, .valid) == [.verified(theirs, question, .valid)])
        #expect(dialogue.send(.stanza(1)).written == [1])
    }

    /// It may be the impostor's.
    @Test func asksNothingOnAStreamOfThePeers() {
        var dialogue = RemoteDialogue()
        let theirs = dialogue.accept()
        _ = dialogue.prove(theirs, pair, .both)
        #expect(dialogue.verify(question, for: theirs).connects.count == 1)
    }

    @Test func questionsShareAStream() {
        var dialogue = RemoteDialogue()
        let theirs = dialogue.accept()
        let asked = PeerID(2)
        _ = dialogue.verify(question, for: theirs)
        let other = Self.question("l")
        #expect(dialogue.verify(other, for: theirs) == [.ask(asked, other)])
        #expect(dialogue.verify(other, for: theirs) == [])
        _ = dialogue.answer(question, .invalid)
        _ = dialogue.answer(other, .valid)
        // It closes behind its last answer, so the next question needs another.
        let third = Self.question("m")
        #expect(dialogue.verify(third, for: theirs).connects == [PeerID(3)])
    }

    @Test(arguments: [
        (FederationFailure.disconnected, DialbackVerdict.timedOut),
        (.unreachable("no such host", isPermanent: true), .notFound),
    ])
    func failureOfTheStreamIsTheAnswer(
        _ failure: FederationFailure,
        _ verdict: DialbackVerdict
    ) throws {
        var dialogue = RemoteDialogue()
        let theirs = dialogue.accept()
        let asked = try dialogue.verify(question, for: theirs).connected
        #expect(dialogue.end(asked, failure) == [.verified(theirs, question, verdict)])
        #expect(dialogue.table.domains.isEmpty)
    }

    @Test func questionHasItsTime() throws {
        var dialogue = RemoteDialogue()
        let theirs = dialogue.accept()
        let asked = try dialogue.verify(question, for: theirs).connected
        #expect(dialogue.pass(.seconds(19)) == [])
        let actions = dialogue.pass(.seconds(1))
        #expect(actions == [.verified(theirs, question, .timedOut), .close(asked, nil)])
        #expect(dialogue.answer(question, .valid) == [])
        #expect(dialogue.table.counts == RemoteTable.Counts())
    }

    @Test func nobodyIsToldWhoIsGone() {
        var dialogue = RemoteDialogue()
        let theirs = dialogue.accept()
        _ = dialogue.verify(question, for: theirs)
        _ = dialogue.end(theirs)
        #expect(dialogue.answer(question, .valid) == [])
    }

    @Test func failedQuestionsMakeNoPause() throws {
        var dialogue = RemoteDialogue()
        let theirs = dialogue.accept()
        let asked = try dialogue.verify(question, for: theirs).connected
        _ = dialogue.end(asked, .timedOut)
        #expect(dialogue.send(.stanza()).connects.count == 1)
    }

    @Test func answerLiftsAPause() throws {
        var dialogue = RemoteDialogue()
        let ours = try dialogue.connecting()
        _ = dialogue.end(ours, .timedOut)
        let theirs = dialogue.accept()
        _ = dialogue.verify(question, for: theirs)
        #expect(dialogue.send(.stanza()).bounces.count == 1)
        _ = dialogue.answer(question, .valid)
        #expect(dialogue.send(.stanza()).connects.count == 1)
    }

    // MARK: Limits

    @Test func strangersAreLimited() throws {
        var dialogue = RemoteDialogue { $0.strangers = 2 }
        let theirs = dialogue.accept()
        let questions = (0..<3).map { Self.question(about: "d\($0).example") }
        let first = try dialogue.verify(questions[0], for: theirs).connected
        _ = dialogue.verify(questions[1], for: theirs)
        let actions = dialogue.verify(questions[2], for: theirs)
        #expect(actions == [.verified(theirs, questions[2], .timedOut)])
        // A domain that we have business with is none.
        _ = dialogue.connecting(to: "d2.example")
        #expect(dialogue.verify(questions[2], for: theirs).connects.count == 1)
        _ = dialogue.end(first, .timedOut)
        let next = Self.question(about: "d3.example")
        #expect(dialogue.verify(next, for: theirs).connects.count == 1)
    }

    @Test func questionsOfADomainAreLimited() {
        var dialogue = RemoteDialogue { $0.questionsPerDomain = 1 }
        let theirs = dialogue.accept()
        _ = dialogue.verify(question, for: theirs)
        let other = Self.question("l")
        let expected: [RemoteTable.Action] = [.verified(theirs, other, .timedOut)]
        #expect(dialogue.verify(other, for: theirs) == expected)
        _ = dialogue.answer(question, .valid)
        #expect(dialogue.verify(other, for: theirs).connects.count == 1)
    }

    @Test func questionsInAllAreLimited() {
        var dialogue = RemoteDialogue { $0.questions = 1 }
        let theirs = dialogue.accept()
        _ = dialogue.verify(question, for: theirs)
        let other = Self.question(about: "three.example")
        let expected: [RemoteTable.Action] = [.verified(theirs, other, .timedOut)]
        #expect(dialogue.verify(other, for: theirs) == expected)
    }

    @Test func streamsForQuestionsAreLimited() {
        var dialogue = RemoteDialogue { $0.questionStreams = 1 }
        let theirs = dialogue.accept()
        _ = dialogue.verify(question, for: theirs)
        let other = Self.question(about: "three.example")
        let expected: [RemoteTable.Action] = [.verified(theirs, other, .timedOut)]
        #expect(dialogue.verify(other, for: theirs) == expected)
    }
}

extension RemoteDialogue {
    fileprivate mutating func connecting(to domain: String) -> [Action] {
        send(.stanza(to: domain))
    }
}
