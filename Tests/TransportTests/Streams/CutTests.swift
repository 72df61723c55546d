import NIOCore
import NIOEmbedded
import Testing
import XMPP

@testable import Transport

/// A whole conversation, split and cut at every byte in both directions.
///
/// Log-in with SCRAM (bound to the channel where there is TLS), binding, a stanza each way, and an
/// orderly end.
@Suite(.timeLimit(.minutes(10))) struct CutTests {
    let certificates = try? TestCertificates()

    private func setting(_ security: StreamPair.Security) throws -> StreamPair.Setting {
        let made = try #require(certificates).make()
        return StreamPair.Setting(
            security: security,
            owner: try TestOwner(),
            serverTLS: try .server([made.files]),
            clientTLS: try .client(.fingerprint(made.fingerprint.description))
        )
    }

    /// Every byte in the clear and through STARTTLS, which begins in the clear; direct TLS differs
    /// in its beginning only, so a sample of it does.
    private func offsets(_ security: StreamPair.Security, below end: Int) -> StrideTo<Int> {
        stride(from: 0, to: end, by: security == .direct ? 13 : 1)
    }

    /// Has the conversation; the owner is a new one each time.
    private func converse(
        _ setting: StreamPair.Setting,
        toServer: StreamPair.Fault = .none,
        toClient: StreamPair.Fault = .none
    ) throws -> StreamPair {
        let pair = try StreamPair(setting)
        pair.toServer = toServer
        pair.toClient = toClient
        try pair.exchange()
        pair.clientHandler.send(
            Stanza(.iq, type: "get", id: "ask", [Element("version", "test")])
        )
        try pair.exchange()
        pair.clientHandler.close()
        try pair.exchange()
        return pair
    }

    private func expectWhole(_ pair: StreamPair, _ owner: TestOwner, _ fault: String) {
        let seen = pair.recorder.seen
        #expect(seen.online.count == 1, "\(fault)")
        #expect(seen.stanzas.map(\.id) == ["ask"], "\(fault)")
        #expect(seen.ends == [.closed], "\(fault)")
        #expect(owner.received.map(\.id) == ["ask"], "\(fault)")
        #expect(owner.boundCount == 1 && owner.closedCount == 1, "\(fault)")
        #expect(!pair.server.isActive && !pair.client.isActive, "\(fault)")
    }

    @Test(arguments: StreamPair.Security.allCases)
    func meansTheSameHoweverItIsSplit(security: StreamPair.Security) throws {
        var setting = try setting(security)
        let whole = try converse(setting)
        expectWhole(whole, setting.owner, "whole")
        setting.keys = whole.recorder.seen.keys
        for size in [1, 2, 3, 7, 64] {
            setting.owner = try TestOwner()
            let pair = try converse(
                setting,
                toServer: .pieces(ofBytes: size),
                toClient: .pieces(ofBytes: size)
            )
            expectWhole(pair, setting.owner, "pieces of \(size)")
        }
        let end = max(whole.bytesToServer, whole.bytesToClient)
        for offset in offsets(security, below: end) {
            setting.owner = try TestOwner()
            let pair = try converse(
                setting,
                toServer: .split(afterBytes: offset),
                toClient: .split(afterBytes: offset)
            )
            expectWhole(pair, setting.owner, "split at \(offset)")
        }
    }

    @Test(arguments: StreamPair.Security.allCases)
    func endsCleanlyWhereverItIsCut(security: StreamPair.Security) throws {
        var setting = try setting(security)
        let whole = try converse(setting)
        setting.keys = whole.recorder.seen.keys
        for offset in offsets(security, below: whole.bytesToServer) {
            setting.owner = try TestOwner()
            let pair = try converse(setting, toServer: .cut(afterBytes: offset))
            expectCut(pair, setting.owner, "to the server at \(offset)")
        }
        for offset in offsets(security, below: whole.bytesToClient) {
            setting.owner = try TestOwner()
            let pair = try converse(setting, toClient: .cut(afterBytes: offset))
            expectCut(pair, setting.owner, "to the client at \(offset)")
        }
    }

    private func expectCut(_ pair: StreamPair, _ owner: TestOwner, _ fault: String) {
        let seen = pair.recorder.seen
        #expect(seen.online.count <= 1, "\(fault)")
        #expect(seen.ends.count == 1, "\(fault)")
        // A session that began ends, once; and a stanza comes whole or not at all.
        #expect(owner.boundCount <= 1 && owner.closedCount == owner.boundCount, "\(fault)")
        #expect(owner.received.isEmpty || owner.received.map(\.id) == ["ask"], "\(fault)")
        #expect(seen.stanzas.isEmpty || seen.stanzas.map(\.id) == ["ask"], "\(fault)")
        #expect(!pair.server.isActive && !pair.client.isActive, "\(fault)")
    }
}
