import NIOCore

/// A handler that gathers what it has to send until the end of the loop's tick.
///
/// Many stanzas for one connection then leave in one write, and under TLS in one record: a write
/// for each costs ten times as much (some 4 µs against 0.4).
protocol Gathering: AnyObject {
    /// Nil before the handler is in a pipeline and after it has left.
    var context: ChannelHandlerContext? { get }
    /// What is not yet handed to the channel.
    var gathered: ByteBuffer { get set }
    /// Whether the loop's ``FlushList`` has this handler.
    var isListed: Bool { get set }
    var flushList: FlushList { get }
}

extension Gathering {
    /// Has the loop flush at the end of its tick.
    func markForFlush() {
        guard !isListed else { return }
        isListed = true
        flushList.add(self)
    }

    /// Hands what is gathered to the channel, unless that has enough to do: then it waits here for
    /// the channel to become writable, and whoever adds more sees how much it is.
    func flushGathered() {
        guard let context, gathered.readableBytes > 0, context.channel.isWritable else { return }
        let bytes = gathered
        gathered = ByteBuffer()
        context.writeAndFlush(NIOAny(bytes), promise: nil)
    }
}

/// The handlers of one event loop that have gathered something in this tick.
///
/// The first one schedules the flush of all. A task runs after all of the tick's reads, so
/// everything that they caused is in.
final class FlushList {
    private let eventLoop: any EventLoop
    private var handlers: [any Gathering] = []
    private var isScheduled = false

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func add(_ handler: any Gathering) {
        handlers.append(handler)
        guard !isScheduled else { return }
        isScheduled = true
        eventLoop.assumeIsolated().execute { self.flush() }
    }

    private func flush() {
        isScheduled = false
        let marked = handlers
        handlers.removeAll(keepingCapacity: marked.count < 1024)
        for handler in marked {
            handler.isListed = false
            handler.flushGathered()
        }
    }
}
