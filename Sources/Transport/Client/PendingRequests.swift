import XMPP

/// The requests of a client that wait for their answers.
///
/// An answer counts only if it comes from whom the request went to, and ids cannot be guessed: else
/// anybody could answer for another (CVE-2024-46957).
struct PendingRequests {
    /// What becomes of the answer; on a client's loop.
    typealias Completion = @Sendable (Result<Stanza, StanzaError>) -> Void

    /// What an incoming answer is.
    enum Match {
        /// The answer to this request.
        case answers(Completion)
        /// Somebody's who was not asked: to be ignored.
        case forged
        /// To none of these requests.
        case unknown
    }

    private struct Request {
        var to: JID?
        var deadline: Int64
        var completion: Completion
    }

    private var requests: [String: Request] = [:]

    /// Requests at a time: more than a client with a purpose has, and they are dropped in time.
    static let most = 10_000

    var isEmpty: Bool { requests.isEmpty }

    /// Adds a request; false when there are too many or the id is taken.
    mutating func add(
        id: String,
        to: JID?,
        deadlineNanoseconds: Int64,
        _ completion: @escaping Completion
    ) -> Bool {
        guard requests.count < Self.most, requests[id] == nil else { return false }
        requests[id] = Request(to: to, deadline: deadlineNanoseconds, completion: completion)
        return true
    }

    /// Finds the request that an iq of type result or error answers; `own` is the session.
    mutating func match(_ answer: Stanza, own: JID) -> Match {
        guard let id = answer.id, let request = requests[id] else { return .unknown }
        guard Self.mayAnswer(answer.from, asked: request.to, own: own) else { return .forged }
        requests[id] = nil
        return .answers(request.completion)
    }

    /// RFC 6120 §8.1.2.1: a server may leave out its own account's and its own address.
    private static func mayAnswer(_ from: JID?, asked: JID?, own: JID) -> Bool {
        guard let asked, asked != own.bare else {
            // Asked of the account itself, or of the server on its behalf.
            guard let from else { return true }
            if from == own.bare { return true }
            return asked == nil && (from == own || from.isDomain && from.domain == own.domain)
        }
        return from == asked
    }

    /// Takes out those whose time is over; nil takes all.
    mutating func expired(atNanoseconds now: Int64?) -> [Completion] {
        let over = requests.filter { now == nil || $0.value.deadline <= now ?? 0 }
        for id in over.keys { requests[id] = nil }
        return over.values.map(\.completion)
    }

    /// Takes out one that could not be sent.
    mutating func remove(id: String) -> Completion? {
        requests.removeValue(forKey: id)?.completion
    }
}
