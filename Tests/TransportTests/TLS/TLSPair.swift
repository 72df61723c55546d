import NIOCore
import NIOEmbedded
import Testing

@testable import Transport

/// What a channel's last handler saw.
final class Recorder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    var received: [UInt8] = []
    var reads = 0
    var opened: TLSSummary?
    var errors: [TLSError] = []
    var sawInputClosed = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += Array(unwrapInboundIn(data).readableBytesView)
        reads += 1
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .opened(let summary)? = event as? TLSEvent { opened = summary }
        if let event = event as? ChannelEvent, event == .inputClosed { sawInputClosed = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? TLSError { errors.append(error) }
    }
}

/// A client and a server in one thread, joined by whoever calls ``exchange(chunk:)``.
struct TLSPair {
    let client = EmbeddedChannel()
    let server = EmbeddedChannel()
    let clientTLS: TLSHandler
    let serverTLS: TLSHandler
    let clientSees = Recorder()
    let serverSees = Recorder()

    init(
        server serverContext: TLSContext,
        client clientContext: TLSContext,
        name: String = "example.org",
        wanted: String? = nil,
        isDirect: Bool = false
    ) throws {
        serverTLS = try TLSHandler(server: serverContext, name: wanted)
        clientTLS = try TLSHandler(client: clientContext, name: name, isDirect: isDirect)
        try server.pipeline.syncOperations.addHandlers([serverTLS, serverSees])
        try client.pipeline.syncOperations.addHandlers([clientTLS, clientSees])
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: 5222)
        server.connect(to: address, promise: nil)
        client.connect(to: address, promise: nil)
    }

    /// A pair that trusts the server by its fingerprint.
    init(_ certificate: TestCertificates.Made, versions: ClosedRange<TLSVersion>) throws {
        try self.init(
            server: .server([certificate.files], versions: versions),
            client: .client(.fingerprint(certificate.fingerprint.description))
        )
    }

    /// Carries bytes both ways, in pieces of `chunk`, until neither side has any.
    func exchange(chunk: Int = .max) throws {
        var isMoving = true
        while isMoving {
            let one = try carry(client, server, chunk)
            let other = try carry(server, client, chunk)
            isMoving = one || other
        }
    }

    private func carry(_ from: EmbeddedChannel, _ to: EmbeddedChannel, _ chunk: Int) throws -> Bool
    {
        guard var bytes = try from.readOutbound(as: ByteBuffer.self) else { return false }
        while let piece = bytes.readSlice(length: min(chunk, bytes.readableBytes)),
            piece.readableBytes > 0
        {
            guard to.isActive else { return true }
            to.pipeline.fireChannelRead(ByteBuffer(bytes: Array(piece.readableBytesView)))
        }
        return true
    }

    /// The reason for which the client would not go on.
    var clientError: TLSError? { clientSees.errors.first }
    var serverError: TLSError? { serverSees.errors.first }
}

extension EmbeddedChannel {
    func send(_ bytes: [UInt8]) {
        writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    }
}
