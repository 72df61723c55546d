package import Telemetry
package import XMPP

/// A group of a host of which the past is to be shown.
package struct HistoryRequest: Sendable, Hashable {
    package var host: JID
    package var node: MonitoringNode
    /// The earliest moment that is wanted.
    package var start: Instant

    package init(host: JID, node: MonitoringNode, start: Instant) {
        self.host = host
        self.node = node
        self.start = start
    }
}

/// Asks what was published before (XEP-0313, XEP-0442): a few questions at a time, what was wanted
/// last first.
struct Archive: Sendable {
    /// Questions under way: enough to fill a page at once, few enough not to hold up live values.
    static let maximumUnderWay = 4
    /// Questions not asked yet: the rows of the tallest screens; what is wanted beyond is not
    /// asked.
    static let maximumWaiting = 256
    /// Entries asked for, and taken, of one question: an hour has sixty minutes.
    static let maximumEntries = 100

    private var waiting: [HistoryRequest] = []
    private var underWay: [String: Question] = [:]
    private var count = 0
    /// What accounts said, as many as are asked.
    var keeping: [JID: Keeping] = [:]

    /// Whether an account keeps its past.
    enum Keeping: Sendable {
        case asked, kept, notKept
    }

    /// Whom to ask about a host.
    enum Reach: Sendable {
        /// This entity, about nodes whose names begin so.
        case entity(JID, prefix: String)
        /// It is not known yet.
        case later
        /// Nobody.
        case nobody
    }

    /// A question with what came so far.
    struct Question: Sendable {
        var request: HistoryRequest
        var entity: JID
        var query: ArchiveQuery
        fileprivate(set) var aggregates: [Aggregate] = []
    }
}

extension Archive {
    mutating func want(_ requests: [HistoryRequest]) {
        waiting = Array((requests + waiting).prefix(Self.maximumWaiting))
    }

    /// The hosts that something is wanted of.
    var hosts: Set<JID> { Set(waiting.map(\.host)) }

    /// The questions to ask next; what nobody can be asked about is given up.
    mutating func next(token: String, _ reach: (JID) -> Reach) -> [Question] {
        var questions: [Question] = []
        var rest: [HistoryRequest] = []
        for request in waiting {
            guard underWay.count < Self.maximumUnderWay else {
                rest.append(request)
                continue
            }
            switch reach(request.host) {
            case .later: rest.append(request)
            case .nobody: continue
            case .entity(let entity, let prefix):
                count &+= 1
                let id = token + "-h" + String(count)
                let query = Self.query(id, of: prefix + request.node.rawValue, request.start)
                let question = Question(request: request, entity: entity, query: query)
                underWay[id] = question
                questions.append(question)
            }
        }
        waiting = rest
        return questions
    }

    private static func query(_ id: String, of node: String, _ start: Instant) -> ArchiveQuery {
        var query = ArchiveQuery(node: node, queryID: id)
        query.start = start
        query.resolution = .minute
        query.page = ResultSetRequest(max: maximumEntries)
        return query
    }

    /// Takes one entry that answers a question, from who was asked.
    mutating func take(_ result: ArchiveResult, from sender: JID?) {
        guard let id = result.queryID, let question = underWay[id], question.entity == sender else {
            return
        }
        for items in result.event.elements where items["node"] == question.query.node {
            for item in Publication.entries(of: items) {
                guard (underWay[id]?.aggregates.count ?? 0) < Self.maximumEntries,
                    let element = Publication.element(in: item),
                    let aggregate = try? Aggregate(element)
                else { continue }
                underWay[id]?.aggregates.append(aggregate)
            }
        }
    }

    /// The question was answered in full, or refused.
    mutating func finish(_ id: String) -> Question? {
        underWay.removeValue(forKey: id)
    }
}
