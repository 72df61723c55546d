/// One log-in, from the first header to the bound resource, as a machine over text.
///
/// States in order: header, proceed (STARTTLS only), features, challenge, success, bindable,
/// bound. A server that answers otherwise ends it with a failure.
struct Login {
    enum State {
        case header, proceed, features, challenge, success, bindable, bound, done
    }

    struct Account {
        var user: String
        var password: String
        var resource: String
    }

    let account: Account
    let domain: String
    let startsTLS: Bool
    private(set) var state = State.header
    private var scram: Scram?
    private(set) var jid = ""

    init(account: Account, domain: String, startsTLS: Bool) {
        self.account = account
        self.domain = domain
        self.startsTLS = startsTLS
    }

    var header: String {
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client'"
            + " xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='\(domain)'>"
    }

    enum Action {
        case send(String)
        case beginTLS
        case wait
        case finished
        case failed(String)
    }

    /// The next step with what has come; called until it waits.
    mutating func advance(_ link: Link, cache: Scram.Cache) -> Action {
        switch state {
        case .header: return afterFeatures(of: link)
        case .proceed:
            guard link.take(through: ">") != nil else { return .wait }
            state = .features
            return .beginTLS
        case .features:
            guard let text = link.take(through: "</stream:features>") else { return .wait }
            return authenticate(offered: text)
        case .challenge:
            guard let text = link.take(through: "</challenge>") else { return refusal(by: link) }
            return respond(to: text, cache: cache)
        case .success:
            guard link.take(through: "<success") != nil else { return refusal(by: link) }
            state = .bindable
            return .send(header)
        case .bindable:
            guard link.take(through: "</stream:features>") != nil else { return .wait }
            state = .bound
            return .send(
                "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
                    + "<resource>\(account.resource)</resource></bind></iq>"
            )
        case .bound:
            guard let text = link.take(through: "</iq>") else { return .wait }
            guard let jid = text.between("<jid>", "</jid>") else { return .failed(text) }
            self.jid = jid
            state = .done
            return .finished
        case .done:
            return .wait
        }
    }

    private mutating func afterFeatures(of link: Link) -> Action {
        guard startsTLS, !link.isSecure else {
            state = .features
            return .send(header)
        }
        if link.received.isEmpty, !hasOpened {
            hasOpened = true
            return .send(header)
        }
        guard link.take(through: "</stream:features>") != nil else { return .wait }
        state = .proceed
        return .send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
    }

    private var hasOpened = false

    private mutating func authenticate(offered: String) -> Action {
        let hash: Scram.Hash
        if offered.contains(">SCRAM-SHA-256<") {
            hash = .sha256
        } else if offered.contains(">SCRAM-SHA-1<") {
            hash = .sha1
        } else {
            return .failed("no SCRAM mechanism is offered: \(offered)")
        }
        let scram = Scram(hash, user: account.user, password: account.password)
        self.scram = scram
        state = .challenge
        return .send(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='\(hash.rawValue)'>"
                + "\(scram.first)</auth>"
        )
    }

    private mutating func respond(to challenge: String, cache: Scram.Cache) -> Action {
        guard let encoded = challenge.between(">", "</challenge>"),
            let answer = scram?.final(challenge: encoded, cache: cache)
        else { return .failed("not a challenge: \(challenge)") }
        state = .success
        return .send(
            "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\(answer)</response>"
        )
    }

    private func refusal(by link: Link) -> Action {
        guard let text = link.take(through: "</failure>") else { return .wait }
        return .failed(text)
    }
}

extension String {
    /// The text between the last `start` before `end`, and `end`.
    func between(_ start: String, _ end: String) -> String? {
        guard let closing = range(of: end, from: startIndex) else { return nil }
        let before = self[..<closing.lowerBound]
        var opening: Range<String.Index>?
        var from = startIndex
        while let next = String(before).range(of: start, from: from) {
            opening = next
            from = next.upperBound
        }
        return opening.map { String(before[$0.upperBound...]) }
    }

    private func range(of text: String, from start: Index) -> Range<Index>? {
        var position = start
        while position < endIndex {
            if self[position...].hasPrefix(text) {
                return position..<index(position, offsetBy: text.count)
            }
            position = index(after: position)
        }
        return nil
    }
}
