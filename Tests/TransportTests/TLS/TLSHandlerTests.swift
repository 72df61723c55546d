import COpenSSL
import NIOCore
import NIOEmbedded
import Testing
import XMPP

@testable import Transport

@Suite struct TLSHandlerTests {
    let certificates = try? TestCertificates()

    private func certificate(_ names: [String] = ["example.org"]) throws -> TestCertificates.Made {
        try #require(certificates).make(names)
    }

    @Test(arguments: TLSVersion.allCases)
    func carriesBytesBothWays(version: TLSVersion) throws {
        let pair = try TLSPair(certificate(), versions: version...version)
        try pair.exchange()
        #expect(pair.clientSees.opened?.version == (version == .v13 ? "TLSv1.3" : "TLSv1.2"))
        #expect(pair.serverSees.opened?.serverName == "example.org")
        pair.client.send(Array("<from-client/>".utf8))
        pair.server.send(Array("<from-server/>".utf8))
        try pair.exchange()
        #expect(pair.serverSees.received == Array("<from-client/>".utf8))
        #expect(pair.clientSees.received == Array("<from-server/>".utf8))
    }

    @Test(arguments: TLSVersion.allCases)
    func survivesAnyCutOfItsRecords(version: TLSVersion) throws {
        let made = try certificate()
        for chunk in [1, 2, 3, 5, 7, 100, 1000] {
            let pair = try TLSPair(made, versions: version...version)
            try pair.exchange(chunk: chunk)
            let text = [UInt8](repeating: 0x61, count: 40_000)
            pair.client.send(text)
            pair.server.send(text)
            try pair.exchange(chunk: chunk)
            #expect(pair.serverSees.received == text)
            #expect(pair.clientSees.received == text)
        }
    }

    @Test func gathersWritesIntoOneRecord() throws {
        let pair = try TLSPair(certificate(), versions: .v13 ... .v13)
        try pair.exchange()
        pair.server.send(Array("<stream:stream>".utf8))
        try pair.exchange()
        for _ in 0..<10 { pair.server.write(ByteBuffer(string: "<message/>"), promise: nil) }
        pair.server.flush()
        let wire = try #require(try pair.server.readOutbound(as: ByteBuffer.self))
        // A record's header says how long it is: this one is all there is.
        #expect(wire.getInteger(at: 3, as: UInt16.self) == UInt16(wire.readableBytes - 5))
        #expect(try pair.server.readOutbound(as: ByteBuffer.self) == nil)
    }

    @Test func holdsWritesUntilTheHandshakeHasEnded() throws {
        let pair = try TLSPair(certificate(), versions: .v12 ... .v13)
        let written = pair.client.writeAndFlush(ByteBuffer(string: "<early/>"))
        #expect(pair.serverSees.received.isEmpty)
        try pair.exchange()
        try written.wait()
        #expect(pair.serverSees.received == Array("<early/>".utf8))
    }

    @Test(arguments: TLSVersion.allCases)
    func resumesASession(version: TLSVersion) throws {
        let made = try certificate()
        let server = try TLSContext.server([made.files], versions: version...version)
        let client = try TLSContext.client(.fingerprint(made.fingerprint.description))
        for turn in 0..<3 {
            let pair = try TLSPair(server: server, client: client)
            try pair.exchange()
            // The ticket comes with the server's first words.
            pair.server.send(Array("<stream:stream>".utf8))
            try pair.exchange()
            #expect(pair.clientSees.opened?.isResumed == (turn > 0))
            #expect(pair.serverSees.opened?.isResumed == (turn > 0))
            try expectEqualBindings(pair)
            pair.client.close(promise: nil)
            try pair.exchange()
        }
    }

    @Test(arguments: TLSVersion.allCases)
    func bothSidesHaveTheSameBindings(version: TLSVersion) throws {
        let pair = try TLSPair(certificate(), versions: version...version)
        try pair.exchange()
        try expectEqualBindings(pair)
        #expect((pair.serverTLS.channelBindings.unique == nil) == (version == .v13))
    }

    private func expectEqualBindings(_ pair: TLSPair) throws {
        #expect(pair.clientTLS.channelBindings == pair.serverTLS.channelBindings)
        #expect(pair.clientTLS.channelBindings.exporter?.count == 32)
        #expect(pair.clientTLS.channelBindings.serverEndPoint?.count == 32)
    }

    @Test func differsInItsExporterFromConnectionToConnection() throws {
        let made = try certificate()
        let first = try TLSPair(made, versions: .v12 ... .v13)
        let second = try TLSPair(made, versions: .v12 ... .v13)
        try first.exchange()
        try second.exchange()
        let one = first.clientTLS.channelBindings
        let other = second.clientTLS.channelBindings
        #expect(one.exporter != other.exporter)
        #expect(one.serverEndPoint == other.serverEndPoint)
    }

    @Test func choosesACertificateByName() throws {
        let first = try certificate(["example.org"])
        let second = try certificate(["other.example", "*.wild.example"])
        let server = try TLSContext.server([first.files, second.files])
        for (name, made) in [
            ("example.org", first), ("other.example", second), ("a.wild.example", second),
            ("unknown.example", first),
        ] {
            let client = try TLSContext.client(.fingerprint(made.fingerprint.description))
            let pair = try TLSPair(server: server, client: client, name: name)
            try pair.exchange()
            #expect(pair.clientSees.opened != nil, "\(name): \(pair.clientSees.errors)")
        }
    }

    @Test func agreesOnTheProtocolForDirectTLS() throws {
        let made = try certificate()
        let client = try TLSContext.client(.fingerprint(made.fingerprint.description))
        let pair = try TLSPair(server: .server([made.files]), client: client, isDirect: true)
        try pair.exchange()
        #expect(pair.clientSees.opened?.applicationProtocol == "xmpp-client")
        #expect(pair.serverSees.opened?.applicationProtocol == "xmpp-client")
    }
}

/// How a connection ends, well or not.
@Suite struct TLSEndingTests {
    let certificates = try? TestCertificates()

    private func pair(_ versions: ClosedRange<TLSVersion> = .v12 ... .v13) throws -> TLSPair {
        let pair = try TLSPair(#require(certificates).make(), versions: versions)
        try pair.exchange()
        return pair
    }

    @Test(arguments: TLSVersion.allCases)
    func saysGoodbye(version: TLSVersion) throws {
        let pair = try pair(version...version)
        pair.client.send(Array("</stream:stream>".utf8))
        pair.client.close(promise: nil)
        try pair.exchange()
        #expect(pair.serverSees.received == Array("</stream:stream>".utf8))
        #expect(pair.serverSees.sawInputClosed)
        pair.server.pipeline.fireChannelInactive()
        #expect(pair.serverError == nil)
    }

    @Test func answersAfterTheOtherSidesGoodbye() throws {
        let pair = try pair()
        // An embedded channel has no half of it to close.
        pair.clientTLS.engine.close()
        pair.server.pipeline.fireChannelRead(try #require(pair.clientTLS.engine.takeOutbound()))
        #expect(pair.serverSees.sawInputClosed)
        pair.server.send(Array("</stream:stream>".utf8))
        pair.server.close(promise: nil)
        try pair.exchange()
        #expect(pair.clientSees.received == Array("</stream:stream>".utf8))
    }

    @Test func tellsATruncatedConnection() throws {
        let pair = try pair()
        pair.client.send(Array("<message>".utf8))
        try pair.exchange()
        pair.server.pipeline.fireChannelInactive()
        #expect(pair.serverError == .truncated)
    }

    @Test func tellsAHandshakeCutShort() throws {
        let pair = try TLSPair(#require(certificates).make(), versions: .v12 ... .v13)
        pair.client.pipeline.fireChannelInactive()
        #expect(pair.clientError == .handshake("the peer closed the connection"))
    }

    @Test func refusesGarbage() throws {
        let pair = try TLSPair(#require(certificates).make(), versions: .v12 ... .v13)
        pair.server.pipeline.fireChannelRead(ByteBuffer(string: "<stream:stream to='example.org'>"))
        guard case .handshake? = pair.serverError else {
            Issue.record("\(String(describing: pair.serverError))")
            return
        }
        #expect(!pair.server.isActive)
    }

    @Test func refusesARecordThatWasChanged() throws {
        let pair = try pair(.v13 ... .v13)
        pair.client.send(Array("<message/>".utf8))
        var wire = try #require(try pair.client.readOutbound(as: ByteBuffer.self))
        let last = wire.writerIndex - 1
        wire.setInteger((wire.getInteger(at: last, as: UInt8.self) ?? 0) ^ 1, at: last)
        pair.server.pipeline.fireChannelRead(wire)
        guard case .broken? = pair.serverError else {
            Issue.record("\(String(describing: pair.serverError))")
            return
        }
        #expect(pair.serverSees.received.isEmpty)
        #expect(!pair.server.isActive)
    }

    @Test func refusesRenegotiation() throws {
        let pair = try pair(.v12 ... .v12)
        // Our client would not ask, so it is made to.
        let ssl = pair.clientTLS.engine.ssl
        let before = pair.serverTLS.channelBindings.unique
        SSL_clear_options(ssl, lw_options())
        #expect(SSL_renegotiate(ssl) == 1)
        SSL_do_handshake(ssl)
        pair.client.send(Array("<message/>".utf8))
        try pair.exchange()
        // A second handshake would have other Finished messages.
        #expect(before != nil)
        #expect(pair.serverTLS.channelBindings.unique == before)
        #expect(pair.serverSees.received.isEmpty)
    }
}
