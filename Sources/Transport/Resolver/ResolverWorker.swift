import CUnbound
import Glibc
import NIOCore
import Synchronization

/// The thread that owns a ``NameResolver``'s context: it asks, waits, and tells.
final class ResolverWorker: Sendable {
    typealias Completion = @Sendable (Result<UnboundContext.Answer, ResolverError>) -> Void

    /// A question, and who is to be told.
    private struct Question {
        var name: DNSName
        var type: Int32
        var completion: Completion

        func fail(_ error: ResolverError) { completion(.failure(error)) }
    }

    /// What others want of the thread, in order.
    private enum Command {
        case ask(Int, Question, until: NIODeadline)
        case cancel(Int)
    }

    private struct Inbox {
        var commands: [Command] = []
        var nextID = 0
        var isClosed = false
        /// What wakes the thread; nil before it begins and after it has ended.
        var wake: Int32?
    }

    private let settings: ResolverSettings
    private let inbox = Mutex(Inbox())

    init(_ settings: ResolverSettings) {
        self.settings = settings
    }

    /// Puts a question to the thread, which begins with the first.
    func ask(_ name: DNSName, _ type: Int32, _ completion: @escaping Completion) -> Int {
        let deadline = NIODeadline.now() + TimeAmount(settings.limits.time)
        let (id, isTaken) = inbox.withLock { inbox in
            let id = inbox.nextID
            inbox.nextID &+= 1
            // What the thread has not taken counts like what waits.
            guard !inbox.isClosed, inbox.commands.count < 2 * settings.limits.waiting,
                begin(&inbox)
            else { return (id, false) }
            let question = Question(name: name, type: type, completion: completion)
            inbox.commands.append(.ask(id, question, until: deadline))
            Self.wake(inbox)
            return (id, true)
        }
        if !isTaken { completion(.failure(.tooManyQuestions)) }
        return id
    }

    func cancel(_ id: Int) {
        inbox.withLock { inbox in
            guard inbox.wake != nil else { return }
            inbox.commands.append(.cancel(id))
            Self.wake(inbox)
        }
    }

    /// Ends the thread; whoever waits is told.
    func close() {
        inbox.withLock { inbox in
            inbox.isClosed = true
            Self.wake(inbox)
        }
    }

    private static func wake(_ inbox: Inbox) {
        guard let wake = inbox.wake else { return }
        var one: UInt64 = 1
        _ = write(wake, &one, MemoryLayout.size(ofValue: one))
    }

    /// Starts the thread unless it runs; false when the system has no descriptor or thread left.
    private func begin(_ inbox: inout Inbox) -> Bool {
        guard inbox.wake == nil else { return true }
        let wake = lapwing_wake_descriptor()
        guard wake >= 0 else { return false }
        guard startResolverThread({ [self] in run(wokenBy: wake) }) else {
            Glibc.close(wake)
            return false
        }
        inbox.wake = wake
        return true
    }
}

// MARK: - On the thread

extension ResolverWorker {
    private func run(wokenBy wake: Int32) {
        var book = QuestionBook<Question>(settings.limits)
        let context = Result { () throws(ResolverError) in try UnboundContext(settings) }
        while true {
            let (commands, isClosed) = inbox.withLock { inbox in
                defer { inbox.commands = [] }
                return (inbox.commands, inbox.isClosed)
            }
            for command in commands { Self.perform(command, &book) }
            if isClosed { break }
            do throws(ResolverError) {
                let context = try context.get()
                Self.ask(&book, context)
                Self.wait(wake, context.descriptor, until: book.nextDeadline)
                for (id, answer) in try context.takeAnswers() {
                    book.answered(id)?.completion(answer)
                }
            } catch {
                for question in book.removeAll() { question.fail(error) }
                Self.wait(wake, -1, until: nil)
            }
            for question in book.expired(at: .now()) { question.fail(.timeout) }
        }
        end(book.removeAll())
    }

    private static func perform(_ command: Command, _ book: inout QuestionBook<Question>) {
        switch command {
        case .ask(let id, let question, let deadline):
            if !book.add(id, until: deadline, question) { question.fail(.tooManyQuestions) }
        case .cancel(let id): book.cancel(id)?.fail(.cancelled)
        }
    }

    private static func ask(_ book: inout QuestionBook<Question>, _ context: UnboundContext) {
        while let (id, question) = book.next() {
            do throws(ResolverError) {
                try context.ask(id, name: question.name, type: question.type)
            } catch {
                book.answered(id)?.fail(error)
            }
        }
    }

    /// Waits for a command, an answer, or the time.
    private static func wait(_ wake: Int32, _ answers: Int32, until deadline: NIODeadline?) {
        var descriptors = [
            pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
            pollfd(fd: answers, events: Int16(POLLIN), revents: 0),
        ]
        var milliseconds: Int32 = -1
        if let deadline {
            let left = max((deadline - NIODeadline.now()).nanoseconds, 0)
            // Rounded up: too early would mean once more.
            milliseconds = Int32(clamping: left / 1_000_000 + 1)
        }
        poll(&descriptors, nfds_t(descriptors.count), milliseconds)
        var count: UInt64 = 0
        _ = read(wake, &count, MemoryLayout.size(ofValue: count))
    }

    private func end(_ waiting: [Question]) {
        let commands = inbox.withLock { inbox in
            defer { inbox.commands = [] }
            if let wake = inbox.wake { Glibc.close(wake) }
            inbox.wake = nil
            return inbox.commands
        }
        for question in waiting { question.fail(.cancelled) }
        for case .ask(_, let question, _) in commands { question.fail(.cancelled) }
    }
}

/// Starts a detached thread that no signal comes to; false when the system has none left.
private func startResolverThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    let context = Unmanaged.passRetained(Body(body))
    var thread = pthread_t()
    // The program's own threads wait for its signals; the library's thread inherits this, too.
    var all = sigset_t()
    var before = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &before)
    let failed = pthread_create(
        &thread,
        nil,
        { context in
            if let context {
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
            }
            return nil
        },
        context.toOpaque()
    )
    pthread_sigmask(SIG_SETMASK, &before, nil)
    guard failed == 0 else {
        context.release()
        return false
    }
    pthread_detach(thread)
    return true
}
