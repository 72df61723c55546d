import NIOCore
import NIOPosix

/// Keeps a connection of a link: when one ends, or does not come to be, it makes another.
package final class LinkDialer: Sendable {
    private let address: LinkAddress
    private let eventLoop: any EventLoop
    private let whenFailed: @Sendable (String) -> Void
    private let prepare: @Sendable (any Channel) throws -> LinkHandler
    private let state: NIOLoopBoundBox<State>

    private struct State {
        var backOff: BackOff
        var isClosed = false
        var channel: (any Channel)?
        var again: Scheduled<Void>?
    }

    private static let connectTimeout = TimeAmount.seconds(10)

    init(
        _ address: LinkAddress,
        _ backOff: BackOff,
        on eventLoop: any EventLoop,
        _ whenFailed: @escaping @Sendable (String) -> Void,
        prepare: @escaping @Sendable (any Channel) throws -> LinkHandler
    ) {
        self.address = address
        self.eventLoop = eventLoop
        self.whenFailed = whenFailed
        self.prepare = prepare
        state = .makeBoxSendingValue(State(backOff: backOff), eventLoop: eventLoop)
    }

    /// Begins; from any thread.
    func dial() {
        eventLoop.execute { self.connect() }
    }

    private func connect() {
        guard !state.value.isClosed else { return }
        let bootstrap = ClientBootstrap(group: eventLoop).connectTimeout(Self.connectTimeout)
        let connecting =
            switch address {
            case .socket(let path): bootstrap.connect(unixDomainSocketPath: path)
            case .port(let host, let port):
                bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .connect(host: host, port: port)
            }
        connecting.whenComplete { result in
            switch result {
            case .success(let channel): self.connected(channel)
            case .failure(let error):
                self.whenFailed("cannot connect to \(self.address): \(self.words(error))")
                self.pause()
            }
        }
    }

    private func words(_ error: any Error) -> String {
        switch address {
        case .socket: "\((error as? IOError)?.description ?? "\(error)")"
        case .port(let host, _): ConnectWords.words(of: error, host)
        }
    }

    private func connected(_ channel: any Channel) {
        guard !state.value.isClosed else { return channel.close(promise: nil) }
        do {
            let handler = NIOLoopBound(try prepare(channel), eventLoop: eventLoop)
            state.value.channel = channel
            channel.closeFuture.whenComplete { _ in
                self.state.value.channel = nil
                if handler.value.wasOfUse { self.state.value.backOff.reset() }
                self.pause()
            }
        } catch {
            whenFailed("\(address): \(error)")
            channel.close(promise: nil)
            pause()
        }
    }

    private func pause() {
        guard !state.value.isClosed else { return }
        let wait = state.value.backOff.wait(random: Double.random(in: 0..<1))
        state.value.again = eventLoop.scheduleTask(in: TimeAmount(wait)) { self.connect() }
    }

    /// Makes no more connections; the one that exists stays.
    package func close() {
        eventLoop.execute {
            self.state.value.isClosed = true
            self.state.value.again?.cancel()
        }
    }
}
