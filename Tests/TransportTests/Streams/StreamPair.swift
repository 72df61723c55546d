import NIOCore
import NIOEmbedded
import Synchronization
import XMPP

@testable import Transport

/// What a client's connection told.
final class ClientRecorder: ClientHandlerOwner {
    private let state = Mutex(State())

    struct State {
        var online: [JID] = []
        var stanzas: [Stanza] = []
        var ends: [ClientError] = []
        var keys: ScramKeys?
    }

    var seen: State { state.withLock { $0 } }

    func online(_ jid: JID) { state.withLock { $0.online.append(jid) } }

    func received(_ events: [ClientEvent]) -> Bool {
        state.withLock { state in
            for case .stanza(let stanza) in events { state.stanzas.append(stanza) }
        }
        return true
    }

    func answered(_ answer: Stanza, own: JID) -> Bool { false }
    func ticked(at now: NIODeadline) {}

    func ended(_ reason: ClientError, keys: ScramKeys?) {
        state.withLock { state in
            state.ends.append(reason)
            state.keys = keys
        }
    }
}

/// A client's and a server's connection in one thread and one virtual time, with a wire between
/// them that can be cut or split at any byte.
final class StreamPair {
    enum Security: CaseIterable {
        case plain, startTLS, direct
    }

    /// What happens to the bytes of one direction after the first `offset`.
    enum Fault: Equatable {
        case none
        /// The next bytes come in another read.
        case split(afterBytes: Int)
        /// The connection is lost.
        case cut(afterBytes: Int)
        /// Every read brings at most so many.
        case pieces(ofBytes: Int)
    }

    /// What all pairs of a test have in common.
    struct Setting {
        var security: Security
        var owner: TestOwner
        var serverTLS: TLSContext
        var clientTLS: TLSContext
        var keys: ScramKeys?
        var limits = ConnectionLimits()
    }

    let loop = EmbeddedEventLoop()
    let client: EmbeddedChannel
    let server: EmbeddedChannel
    let clientHandler: ClientHandler
    let recorder = ClientRecorder()
    var toServer = Fault.none
    var toClient = Fault.none
    private(set) var bytesToServer = 0
    private(set) var bytesToClient = 0
    private var isCut = false
    /// Swallows all that is sent.
    var isMute = false

    init(_ setting: Setting) throws {
        client = EmbeddedChannel(loop: loop)
        server = EmbeddedChannel(loop: loop)
        var configuration = ClientConfiguration(
            jid: TestOwner.account,
            password: TestOwner.password,
            security: setting.security.client
        )
        configuration.mechanisms = ["SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"]
        clientHandler = ClientHandler(
            configuration,
            keys: setting.keys,
            tls: setting.clientTLS,
            owner: recorder,
            on: LoopState(loop)
        )
        let listener = ListenerContext(
            ListenerConfiguration(
                host: "",
                port: 0,
                stream: .test(setting.security.server),
                limits: setting.limits
            ),
            owner: setting.owner,
            tls: TLSContextBox(setting.serverTLS),
            admission: nil
        )
        try Listener.prepare(server, listener, Loops(loop))
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: 5222)
        server.connect(to: address, promise: nil)
        client.connect(to: address, promise: nil)
        try client.pipeline.syncOperations.addHandler(clientHandler)
    }

    /// Carries bytes until there are none.
    func exchange() throws {
        loop.run()
        while !isCut {
            let one = try carry(client, server, toServer, &bytesToServer)
            let other = try carry(server, client, toClient, &bytesToClient)
            loop.run()
            if !one, !other { return }
        }
    }

    private func carry(
        _ from: EmbeddedChannel,
        _ to: EmbeddedChannel,
        _ fault: Fault,
        _ carried: inout Int
    ) throws -> Bool {
        guard !isCut else { return false }
        guard var bytes = try from.readOutbound(as: ByteBuffer.self) else {
            // An end of the connection is seen after all its bytes.
            if !from.isActive, to.isActive {
                to.close(promise: nil)
                return true
            }
            return false
        }
        if isMute { return true }
        while bytes.readableBytes > 0, to.isActive {
            let size = size(of: bytes.readableBytes, fault, carried)
            if size == 0 {
                cut()
                return true
            }
            guard let piece = bytes.readSlice(length: size) else { return true }
            carried += size
            to.pipeline.fireChannelRead(ByteBuffer(bytes: Array(piece.readableBytesView)))
            loop.run()
        }
        return true
    }

    private func size(of available: Int, _ fault: Fault, _ carried: Int) -> Int {
        switch fault {
        case .none: available
        case .pieces(let most): min(most, available)
        case .split(let offset):
            offset > carried ? min(available, offset - carried) : available
        case .cut(let offset): min(available, offset - carried)
        }
    }

    /// Takes the connection away from both.
    func cut() {
        isCut = true
        for channel in [client, server] where channel.isActive {
            channel.pipeline.fireChannelInactive()
            channel.close(promise: nil)
        }
        loop.run()
    }

    /// Lets time go by.
    func advance(by time: TimeAmount) throws {
        loop.advanceTime(by: time)
        try exchange()
    }
}

extension StreamPair.Security {
    var client: ClientConfiguration.Security {
        switch self {
        case .plain: .plain
        case .startTLS: .startTLS
        case .direct: .direct
        }
    }

    var server: ServerStream.Security {
        switch self {
        case .plain: .plain
        case .startTLS: .startTLS(isRequired: true)
        case .direct: .direct
        }
    }
}
