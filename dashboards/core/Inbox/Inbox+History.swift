import Telemetry
import XMPP

// MARK: - The past

extension Inbox {
    /// Asks for the past of hosts, where somebody keeps it.
    package mutating func want(_ requests: [HistoryRequest]) -> Delivery {
        archive.want(requests)
        return Delivery(stanzas: askArchives())
    }

    /// The next questions, as many as may be under way.
    mutating func askArchives() -> [Stanza] {
        var stanzas: [Stanza] = []
        // An account says itself whether it keeps its past; each is asked once.
        if !service.isUndecided {
            for host in archive.hosts where isUntold(host) {
                archive.keeping[host] = .asked
                stanzas.append(requests.ask(.account(host), of: host, DiscoInfo.request()))
            }
        }
        for question in archive.next(token: requests.token, reach) {
            guard let id = question.query.queryID else { continue }
            stanzas.append(
                requests.ask(
                    .history(id),
                    of: question.entity,
                    type: "set",
                    question.query.element
                )
            )
        }
        return stanzas
    }

    private func isUntold(_ host: JID) -> Bool {
        service.source == nil && !serverKeepsPast(of: host) && tracker.knows(host)
            && archive.keeping[host] == nil && archive.keeping.count < Fleet.maximumHosts
    }

    private func serverKeepsPast(of host: JID) -> Bool {
        serverHasHistory && host.domain == account?.domain
    }

    private func reach(_ host: JID) -> Archive.Reach {
        if service.isUndecided { return .later }
        if let service = service.source {
            guard service.hasHistory, let name = host.local else { return .nobody }
            return .entity(service.jid, prefix: FleetDirectory.mirrors(of: name))
        }
        guard tracker.knows(host) else { return .nobody }
        let ask = Archive.Reach.entity(host, prefix: Namespace.lapwing + "#")
        if serverKeepsPast(of: host) { return ask }
        switch archive.keeping[host] {
        case .kept: return ask
        case .asked: return .later
        case .notKept, nil: return .nobody
        }
    }

    /// An account said whether it keeps its past.
    mutating func learnAccount(_ host: JID, _ answer: Stanza) -> Delivery {
        let info = answer.payload("query", Namespace.discoInfo).flatMap { DiscoInfo($0) }
        let isKept = info?.features.contains(FleetService.history) ?? false
        archive.keeping[host] = isKept && !answer.isError ? .kept : .notKept
        return Delivery(stanzas: askArchives())
    }

    /// A question about the past was answered.
    mutating func finishHistory(_ id: String, _ answer: Stanza) -> Delivery {
        var delivery = Delivery()
        if let question = archive.finish(id), !answer.isError, !question.aggregates.isEmpty {
            let request = question.request
            delivery.messages = [.history(request.host, request.node, question.aggregates)]
        }
        delivery.stanzas = askArchives()
        return delivery
    }
}
