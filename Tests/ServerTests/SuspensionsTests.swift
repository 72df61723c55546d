import Modules
import Testing
import XMPP

@testable import Server

@Suite struct SuspensionsTests {
    private let romeo = JID(normalizedLocal: "romeo", domain: "example.org")
    private let juliet = JID(normalizedLocal: "juliet", domain: "example.org")
    private let session = SessionID(rawValue: 1)

    private func ids(_ letters: [Letter]) -> [String] {
        letters.map { letter in
            switch letter {
            case .stanza(let routed): routed.stanza.id ?? ""
            case .received(let stanzas, _, _): stanzas.compactMap(\.id).joined()
            case .spread(_, let recipients): recipients.compactMap(\.local).joined()
            case .closed: "closed"
            default: "?"
            }
        }
    }

    /// Who is read again after a refused change misses nothing, and nobody else waits for it.
    @Test func keepsInOrderWhatComesForASuspendedAccount() {
        var suspensions = Suspensions()
        let begins = [suspensions.begin(romeo), suspensions.begin(romeo)]
        #expect(begins == [true, false])
        let letters: [Letter] = [
            .received([Stanza(.iq, type: "set", id: "1")], from: session, of: romeo),
            .stanza(Routed(Stanza(.message, id: "2", from: juliet, to: romeo))),
            .stanza(Routed(Stanza(.message, id: "3", from: romeo, to: juliet))),
            .spread(Routed(Stanza(.presence, from: juliet)), to: [romeo, juliet]),
            .closed(session, of: romeo),
            .received([Stanza(.iq, type: "set", id: "4")], from: session, of: juliet),
        ]
        let passed = letters.compactMap { suspensions.pass($0) }
        #expect(ids(passed) == ["3", "juliet", "4"])
        let kept = suspensions.end(romeo)
        #expect(ids(kept) == ["1", "2", "romeo", "closed"])
        let later = letters.compactMap { suspensions.pass($0) }
        #expect(later.count == letters.count)
    }
}
