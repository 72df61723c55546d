package import NIOCore

/// Asks the DNS, with DNSSEC where there are keys for it, and never blocks who asks.
///
/// libunbound does the work on its own thread, and one of ours waits for it; both begin with the
/// first question and end with the resolver. It may be used from anywhere.
package final class NameResolver: Sendable {
    /// A question that was asked, to be given up.
    package struct Ticket: Sendable, Hashable {
        let id: Int
    }

    package let settings: ResolverSettings
    private let worker: ResolverWorker

    /// Reads and sends nothing yet: what is wrong with the settings comes as the first answers.
    package init(_ settings: ResolverSettings = ResolverSettings()) {
        self.settings = settings
        worker = ResolverWorker(settings)
    }

    deinit {
        worker.close()
    }

    /// Says what is wrong with settings, without a question being asked.
    ///
    /// Reads files: not for an event loop.
    package static func check(_ settings: ResolverSettings) throws(ResolverError) {
        _ = try UnboundContext(settings)
    }

    /// Asks a question; the answer comes on the resolver's thread, once, and must not block it.
    @discardableResult
    package func ask<Record>(
        _ question: DNSQuestion<Record>,
        _ completion: @escaping @Sendable (Result<DNSAnswer<Record>, ResolverError>) -> Void
    ) -> Ticket {
        let id = worker.ask(question.name, question.type) { answer in
            completion(answer.flatMap { question.answer($0) })
        }
        return Ticket(id: id)
    }

    /// Asks a question; the answer comes on the event loop.
    package func ask<Record>(
        _ question: DNSQuestion<Record>,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<DNSAnswer<Record>> {
        let promise = eventLoop.makePromise(of: DNSAnswer<Record>.self)
        ask(question) { answer in
            switch answer {
            case .success(let answer): promise.succeed(answer)
            case .failure(let error): promise.fail(error)
            }
        }
        return promise.futureResult
    }

    /// Gives a question up: its answer is ``ResolverError/cancelled``, if it has none yet.
    package func cancel(_ ticket: Ticket) {
        worker.cancel(ticket.id)
    }
}

extension DNSQuestion {
    /// What the data of an answer says.
    func answer(_ answer: UnboundContext.Answer) -> Result<DNSAnswer<Record>, ResolverError> {
        let records = answer.records.compactMap(read)
        if records.isEmpty, answer.hadRecords { return .failure(.unusable) }
        return .success(DNSAnswer(records, isSecure: answer.isSecure))
    }
}
