import XMPP

/// A server's and a client's machine in conversation, through the writer and the parser, with the
/// bytes cut into pieces; TLS is pretended.
final class StreamPair {
    private(set) var server: ServerStream
    private(set) var client: ClientStream
    private let serverParser = XMLStreamParser(limits: .beforeAuthentication)
    private let clientParser = XMLStreamParser(limits: .server)
    private var toServer: [UInt8] = []
    private var toClient: [UInt8] = []
    private let bindings: (server: ChannelBindings, client: ChannelBindings)
    private let bytesAtOnce: Int

    /// What came of it.
    private(set) var online: JID?
    private(set) var failure: ClientStreamFailure?
    private(set) var serverStanzas: [Stanza] = []
    private(set) var clientStanzas: [Stanza] = []
    private(set) var serverIsDone = false
    private(set) var clientIsDone = false
    /// The mechanism that the client chose.
    private(set) var mechanism: String?
    /// The first message of its exchange.
    private(set) var firstMessage: String?
    /// All that the server said, in the order of saying.
    private(set) var serverSaid: [UInt8] = []

    /// `clientBindings` other than the server's are those of a man in the middle.
    init(
        _ server: ServerStream.Configuration,
        _ client: ClientStream.Configuration,
        bindings: ChannelBindings = Fixture.bindings,
        clientBindings: ChannelBindings? = nil,
        bytesAtOnce: Int = .max
    ) {
        self.server = ServerStream(server)
        self.client = ClientStream(client)
        self.bindings = (bindings, clientBindings ?? bindings)
        self.bytesAtOnce = bytesAtOnce
    }

    /// Lets them talk until nobody has anything to say.
    func run() {
        perform(client.connected())
        settle()
    }

    func send(fromClient stanza: Stanza) {
        toServer += stanza.serialized()
        settle()
    }

    func send(fromServer stanza: Stanza) {
        toClient += stanza.serialized()
        settle()
    }

    func closeClient() {
        perform(client.close())
        settle()
    }

    func closeServer(_ error: StreamError?) {
        perform(server.close(error))
        settle()
    }

    private func settle() {
        while !toServer.isEmpty || !toClient.isEmpty {
            let server = Array(toServer.prefix(bytesAtOnce))
            toServer.removeFirst(server.count)
            feedServer(server)
            let client = Array(toClient.prefix(bytesAtOnce))
            toClient.removeFirst(client.count)
            feedClient(client)
        }
    }

    private func feedServer(_ bytes: [UInt8]) {
        do throws(StreamError) {
            for event in try serverParser.feed(bytes) {
                switch event {
                case .opened(let header): perform(server.opened(header))
                case .element(let element):
                    note(element)
                    perform(server.received(element))
                case .closed: perform(server.peerClosed())
                case .passed: break
                }
            }
        } catch {
            perform(server.inputFailed(error))
        }
    }

    private func feedClient(_ bytes: [UInt8]) {
        do throws(StreamError) {
            for event in try clientParser.feed(bytes) {
                switch event {
                case .opened(let header): perform(client.opened(header))
                case .element(let element): perform(client.received(element))
                case .closed: perform(client.peerClosed())
                case .passed: break
                }
            }
        } catch {
            perform(client.inputFailed(error))
        }
    }

    private func note(_ element: Element) {
        guard element.matches("auth", Namespace.sasl) else { return }
        mechanism = element["mechanism"]
        firstMessage = element.saslMessage
    }

    private func writeToClient(_ bytes: [UInt8]) {
        serverSaid += bytes
        toClient += bytes
    }

    private func perform(_ action: ServerStream.Action) {
        switch action {
        case .nothing, .attempt, .unbind: break
        case .deliver(let stanza): serverStanzas.append(stanza)
        case .send(let element):
            writeToClient(element.serialized(inheriting: Namespace.client))
        case .open(let header, let features):
            var writer = XMLWriter()
            writer.write(header)
            if let features { writer.write(features, inheriting: Namespace.client) }
            writeToClient(writer.bytes)
        case .startTLS(let proceed):
            writeToClient(proceed.serialized(inheriting: Namespace.client))
            serverParser.restart()
        case .lookUp(let account):
            let known = account == Fixture.alice ? Fixture.credentials : nil
            perform(server.credentialsFound(known.map { .found($0) } ?? .unknownAccount))
        case .verifyPlain(let attempt): perform(server.plainVerified(attempt.isCorrect()))
        case .restart(let success, _):
            writeToClient(success.serialized(inheriting: Namespace.client))
            serverParser.restart()
            serverParser.limits = .client
        case .bind(let account, let resource):
            perform(
                server.bound(
                    JID(
                        normalizedLocal: account.local,
                        domain: account.domain,
                        resource: resource ?? "made-up"
                    )
                )
            )
        case .close(let ending):
            writeToClient(ending.serialized())
            if !ending.awaitsPeer { serverIsDone = true }
        case .disconnect: serverIsDone = true
        }
    }

    private func perform(_ action: ClientStream.Action) {
        switch action {
        case .nothing: break
        case .deliver(let stanza): clientStanzas.append(stanza)
        case .send(let element): toServer += element.serialized(inheriting: Namespace.client)
        case .open(let header):
            clientParser.restart()
            var writer = XMLWriter()
            writer.write(header)
            toServer += writer.bytes
        case .startTLS:
            server.tlsEstablished(bindings.server)
            perform(client.tlsEstablished(bindings.client))
        case .online(let jid): online = jid
        case .fail(let reason, let ending):
            failure = reason
            if let ending { toServer += ending.serialized() }
            if ending?.awaitsPeer != true { clientIsDone = true }
        case .close(let ending):
            toServer += ending.serialized()
            if !ending.awaitsPeer { clientIsDone = true }
        case .disconnect: clientIsDone = true
        }
    }
}
