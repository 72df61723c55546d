import NIOCore
import NIOPosix
import Testing
import XMPP

@testable import Transport

/// The end of all streams, over real sockets on two loops.
@Suite struct EndingTests {
    /// Keeps what comes, and says when it holds a word.
    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private var text = ""
        private var waiting: [(word: String, EventLoopPromise<Void>)]

        init(_ waiting: [(word: String, EventLoopPromise<Void>)]) {
            self.waiting = waiting
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            text += String(buffer: unwrapInboundIn(data))
            for (word, promise) in waiting where text.contains(word) { promise.succeed() }
            waiting.removeAll { text.contains($0.word) }
        }
    }

    /// Neither client answers: each is told all the same.
    @Test(.timeLimit(.minutes(10))) func tellsTheStreamsOfAllLoopsAtOnce() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let loops = Loops(group)
        var limits = ConnectionLimits()
        limits.closing = .seconds(3_600)
        let listener = try await Listener.start(
            ListenerConfiguration(
                host: "127.0.0.1",
                port: 0,
                stream: .test(.plain),
                limits: limits
            ),
            on: loops,
            owner: try TestOwner(),
            tls: nil
        )
        var clients: [any Channel] = []
        var ends: [EventLoopFuture<Void>] = []
        for _ in 0..<2 {
            // Of another group: each connection gets the server's next loop.
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            let opened = loop.makePromise(of: Void.self)
            let ended = loop.makePromise(of: Void.self)
            let client = try await ClientBootstrap(group: loop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let reader = Reader([("features>", opened), ("system-shutdown", ended)])
                        try channel.pipeline.syncOperations.addHandler(reader)
                    }
                }
                .connect(host: "127.0.0.1", port: listener.port).get()
            let header =
                "<stream:stream xmlns='jabber:client' to='example.org' version='1.0'"
                + " xmlns:stream='http://etherx.jabber.org/streams'>"
            try await client.writeAndFlush(ByteBuffer(string: header))
            try await opened.futureResult.get()
            clients.append(client)
            ends.append(ended.futureResult)
        }
        async let ending: Void = loops.endStreams(with: StreamError(.systemShutdown))
        for end in ends { try await end.get() }
        for client in clients { try await client.close() }
        await ending
        await listener.close()
        try await group.shutdownGracefully()
    }
}
