import NIOCore

/// What a connection has to send, gathered until the end of the loop's tick or a little longer.
///
/// Many stanzas then leave in one write, and under TLS in one record: a write for each costs ten
/// times as much (some 4 µs against 0.4).
///
/// Confined to the connection's event loop.
final class Outlet {
    /// What is not yet handed to the socket or the channel.
    private var gathered = ByteBuffer()
    /// Whether the loop's ``FlushList`` has this one, and for when.
    fileprivate(set) var flush = Flush.none
    private let flushList: FlushList
    /// Nil before the handler is in a pipeline and after it has left.
    private var context: ChannelHandlerContext?
    /// Nil where something is in between, as TLS.
    private var socket: SocketWriter?

    /// When what is gathered goes out.
    enum Flush {
        case none
        /// With what other connections have that can wait.
        case soon
        /// At the end of the tick.
        case now
    }

    init(_ flushList: FlushList) {
        self.flushList = flushList
    }

    /// The connection is there.
    func open(_ context: ChannelHandlerContext, _ socket: SocketWriter?) {
        self.context = context
        self.socket = socket
    }

    /// Gives the way to the socket up to what is put in between.
    func takeSocket() -> SocketWriter? {
        defer { socket = nil }
        return socket
    }

    /// The connection is gone, and with it all that waits.
    func close() {
        context = nil
        socket = nil
        drop()
    }

    /// Forgets what waits.
    func drop() {
        flushList.take(back: &gathered)
    }

    /// Bytes that wait.
    var byteCount: Int { gathered.readableBytes }
}

// MARK: - Gathering

extension Outlet {
    /// Adds bytes that go out at the end of the tick.
    func send(_ bytes: [UInt8]) {
        reserve(bytes.count)
        gathered.writeBytes(bytes)
        guard flush != .now else { return }
        flush = .now
        flushList.add(self)
    }

    /// Makes room for the pieces that ``add(_:)`` is to add.
    func reserve(_ count: Int) {
        if gathered.capacity == 0 { gathered = flushList.spareBuffer() }
        gathered.reserveCapacity(minimumWritableBytes: count)
    }

    /// Adds a piece of what is to be sent ``sendSoon()``.
    func add(_ bytes: some Collection<UInt8>) {
        gathered.writeBytes(bytes)
    }

    /// Has what was added go out when the loop next flushes what can wait: at the end of its tick,
    /// unless that was done a moment ago.
    func sendSoon() {
        guard flush == .none else { return }
        flush = .soon
        flushList.addPatient(self)
    }
}

// MARK: - Sending

extension Outlet {
    /// Hands what is gathered to the socket or the channel, unless that has enough to do: then it
    /// waits here for the channel to become writable, and whoever adds more sees how much it is.
    func flushGathered() {
        guard let context, gathered.readableBytes > 0 else { return }
        if let socket, socket.write(&gathered) { return flushList.take(back: &gathered) }
        guard context.channel.isWritable else { return }
        passToChannel(context)
    }

    /// Hands what is gathered on, whether or not the channel thinks that it has enough.
    func flushAll() {
        guard let context, gathered.readableBytes > 0 else { return }
        passToChannel(context)
    }

    private func passToChannel(_ context: ChannelHandlerContext) {
        let bytes = gathered
        gathered = ByteBuffer()
        if let socket {
            socket.pass(bytes, through: context)
        } else {
            context.writeAndFlush(NIOAny(bytes), promise: nil)
        }
    }

    fileprivate func flushNow() {
        // One that can wait as well is still listed there; nothing is left for it then.
        flush = .none
        flushGathered()
    }

    fileprivate func flushPatient() {
        if flush == .soon { flush = .none }
        flushGathered()
    }
}

/// The connections of one event loop that have gathered something.
///
/// The first one schedules the flush of all. A task runs after all of the tick's reads, so
/// everything that they caused is in. Events for those who watch can wait: while many come, they
/// are flushed once a ``patience``, so that they leave in few writes; while few come, at once.
final class FlushList {
    /// How long events may gather after others went out: far below what anybody notices.
    private static let patience = TimeAmount.milliseconds(5)
    /// Buffers that are kept for the next to gather, and the bytes that one of them may have: what
    /// was written to a moment ago is at hand.
    private static let spareMaximum = 64
    private static let spareBytes = 16 * 1024

    private let eventLoop: any EventLoop
    private var outlets: [Outlet] = []
    private var isScheduled = false
    private var patient: [Outlet] = []
    private var isPatientScheduled = false
    /// When those that can wait were last flushed.
    private var patientFlush = NIODeadline.uptimeNanoseconds(0)
    private var spare: [ByteBuffer] = []

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    fileprivate func add(_ outlet: Outlet) {
        outlets.append(outlet)
        guard !isScheduled else { return }
        isScheduled = true
        eventLoop.assumeIsolated().execute { self.flush() }
    }

    fileprivate func addPatient(_ outlet: Outlet) {
        patient.append(outlet)
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
        let marked = outlets
        outlets.removeAll(keepingCapacity: marked.count < 1024)
        for outlet in marked { outlet.flushNow() }
    }

    private func flushPatient() {
        isPatientScheduled = false
        patientFlush = eventLoop.now
        let marked = patient
        patient.removeAll(keepingCapacity: marked.count < 1024)
        for outlet in marked { outlet.flushPatient() }
    }

    fileprivate func spareBuffer() -> ByteBuffer { spare.popLast() ?? ByteBuffer() }

    fileprivate func take(back buffer: inout ByteBuffer) {
        var spent = ByteBuffer()
        swap(&spent, &buffer)
        guard spare.count < Self.spareMaximum, spent.capacity <= Self.spareBytes else { return }
        spent.clear()
        spare.append(spent)
    }
}
