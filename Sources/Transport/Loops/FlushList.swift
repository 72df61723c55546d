import NIOCore

/// A handler that gathers what it has to send until the end of the loop's tick, or a little longer.
///
/// Many stanzas for one connection then leave in one write, and under TLS in one record: a write
/// for each costs ten times as much (some 4 µs against 0.4).
protocol Gathering: AnyObject {
    /// Nil before the handler is in a pipeline and after it has left.
    var context: ChannelHandlerContext? { get }
    /// What is not yet handed to the channel.
    var gathered: ByteBuffer { get set }
    /// Whether the loop's ``FlushList`` has this handler, and for when.
    var flush: Flush { get set }
    var flushList: FlushList { get }
}

/// When what a handler has gathered goes out.
enum Flush {
    case none
    /// With what other connections have that can wait.
    case soon
    /// At the end of the tick.
    case now
}

extension Gathering {
    /// Has the loop flush at the end of its tick.
    func markForFlush() {
        guard flush != .now else { return }
        flush = .now
        flushList.add(self)
    }

    /// Has the loop flush when it next flushes what can wait: at the end of its tick, unless that
    /// was done a moment ago.
    func markForFlushSoon() {
        guard flush == .none else { return }
        flush = .soon
        flushList.addPatient(self)
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

/// The handlers of one event loop that have gathered something.
///
/// The first one schedules the flush of all. A task runs after all of the tick's reads, so
/// everything that they caused is in. Events for those who watch can wait: while many come, they
/// are flushed once a ``patience``, so that they leave in few writes; while few come, at once.
final class FlushList {
    /// How long events may gather after others went out: far below what anybody notices.
    private static let patience = TimeAmount.milliseconds(2)

    private let eventLoop: any EventLoop
    private var handlers: [any Gathering] = []
    private var isScheduled = false
    private var patient: [any Gathering] = []
    private var isPatientScheduled = false
    /// When those that can wait were last flushed.
    private var patientFlush = NIODeadline.uptimeNanoseconds(0)

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func add(_ handler: any Gathering) {
        handlers.append(handler)
        guard !isScheduled else { return }
        isScheduled = true
        eventLoop.assumeIsolated().execute { self.flush() }
    }

    func addPatient(_ handler: any Gathering) {
        patient.append(handler)
        guard !isPatientScheduled else { return }
        isPatientScheduled = true
        let due = patientFlush + Self.patience
        if due <= eventLoop.now {
            eventLoop.assumeIsolated().execute { self.flushPatient() }
        } else {
            eventLoop.assumeIsolated().scheduleTask(deadline: due) { self.flushPatient() }
        }
    }

    private func flush() {
        isScheduled = false
        let marked = handlers
        handlers.removeAll(keepingCapacity: marked.count < 1024)
        for handler in marked {
            // One that can wait as well is still listed there; nothing is left for it then.
            handler.flush = .none
            handler.flushGathered()
        }
    }

    private func flushPatient() {
        isPatientScheduled = false
        patientFlush = eventLoop.now
        let marked = patient
        patient.removeAll(keepingCapacity: marked.count < 1024)
        for handler in marked {
            if handler.flush == .soon { handler.flush = .none }
            handler.flushGathered()
        }
    }
}
