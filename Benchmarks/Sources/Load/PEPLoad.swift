import COpenSSL
import Glibc

/// Publishers whose items reach viewers by `+notify`: server CPU of each notification.
struct PEPLoad {
    static let node = "urn:example:load"
    let options: Options

    func run() throws(LoadError) -> String {
        let process = try options.number("pid", default: 0)
        let seconds = try options.number("seconds", default: 10)
        let loop = try Loop(options.server())
        let publishers = try links(loop, "publishers", users: "host", default: 20)
        let viewers = try links(loop, "viewers", users: "viewer", default: 10)
        if options.text("subscribe", default: "no") == "yes" {
            subscribe(loop, publishers, viewers)
        }
        makeAvailable(loop, publishers, viewers)
        createNodes(loop, publishers)
        for link in loop.links { link.count = 0 }
        beginPublishing(
            loop,
            publishers,
            window: try options.number("window", default: 32),
            item: publication(payloadBytes: try options.number("payload", default: 300))
        )
        loop.settle(seconds: 2)
        let before = try ProcessUsage(of: process)
        let started = now()
        let sentBefore = publishers.map(\.count).reduce(0, +)
        let seenBefore = viewers.map(\.count).reduce(0, +)
        loop.settle(seconds: seconds)
        let after = try ProcessUsage(of: process)
        let elapsed = Double(now() - started) / 1e6
        let published = Double(publishers.map(\.count).reduce(0, +) - sentBefore)
        let notified = Double(viewers.map(\.count).reduce(0, +) - seenBefore)
        if let failure = loop.links.compactMap(\.failure).first { throw LoadError(failure) }
        guard notified > 0 else { throw LoadError("no notification came") }
        let cpu = Double(after.cpuMicroseconds - before.cpuMicroseconds)
        return json([
            ("cpu_us_per_notification", cpu / notified),
            ("notifications_per_second", notified / elapsed),
            ("publishes_per_second", published / elapsed),
            ("delivered_ratio", notified / max(1, published * Double(viewers.count))),
            ("server_cpu_percent", cpu / 1e4 / elapsed),
        ])
    }

    private func links(
        _ loop: Loop,
        _ name: String,
        users: String,
        default number: Int
    ) throws(LoadError) -> [Link] {
        let count = try options.number(name, default: number)
        let password = try options.text("password")
        let first = loop.links.count
        let accounts = (0..<count).map { index in
            Login.Account(user: "\(users)\(index)", password: password, resource: "load")
        }
        try loop.logIn(accounts, window: 8)
        return Array(loop.links[first...])
    }

    /// Everyone sees everyone, on a server that has no shared groups.
    private func subscribe(_ loop: Loop, _ publishers: [Link], _ viewers: [Link]) {
        for publisher in publishers {
            for viewer in viewers {
                for (from, to) in [(viewer, publisher), (publisher, viewer)] {
                    from.send("<presence to='\(to.account)' type='subscribe'/>")
                    loop.flush(from)
                }
            }
        }
        loop.settle(seconds: 2)
        for publisher in publishers {
            for viewer in viewers {
                for (from, to) in [(viewer, publisher), (publisher, viewer)] {
                    from.send("<presence to='\(to.account)' type='subscribed'/>")
                    loop.flush(from)
                }
            }
        }
        loop.settle(seconds: 2)
    }

    private func makeAvailable(_ loop: Loop, _ publishers: [Link], _ viewers: [Link]) {
        loop.onInput = { link in
            while let question = link.take(through: "</iq>") { link.answer(question) }
        }
        for publisher in publishers {
            publisher.send("<presence><priority>-1</priority></presence>")
            loop.flush(publisher)
        }
        for viewer in viewers {
            viewer.send(Capabilities.presence)
            loop.flush(viewer)
        }
        loop.settle(seconds: 3)
    }

    private func createNodes(_ loop: Loop, _ publishers: [Link]) {
        for publisher in publishers {
            publisher.received.removeAll()
            publisher.send(Self.creation)
            loop.flush(publisher)
        }
        loop.settle(seconds: 1)
    }

    private func beginPublishing(_ loop: Loop, _ publishers: [Link], window: Int, item: [UInt8]) {
        for link in loop.links {
            link.received.removeAll()
            link.role = .viewer
        }
        for publisher in publishers { publisher.role = .publisher }
        loop.onInput = { link in
            switch link.role {
            case .viewer: link.count += link.countOccurrences(of: "</message>")
            case .publisher:
                let answers = link.countOccurrences(of: "<iq ")
                link.count += answers
                for _ in 0..<answers { link.send(item) }
            case .idle, .login, .connecting, .attaching, .counting: break
            }
        }
        for publisher in publishers {
            for _ in 0..<window { publisher.send(item) }
            loop.flush(publisher)
        }
    }

    /// A publish of an item whose payload has about so many bytes.
    private func publication(payloadBytes: Int) -> [UInt8] {
        let value = "<v n='user'>12.3</v>"
        let frame = "<sample xmlns='urn:example:load' level='ok'></sample>"
        let count = max(1, (payloadBytes - frame.utf8.count) / value.utf8.count)
        let values = String(repeating: value, count: count)
        return Array(
            """
            <iq type='set' id='p'><pubsub xmlns='http://jabber.org/protocol/pubsub'>\
            <publish node='\(Self.node)'><item id='current'>\
            <sample xmlns='urn:example:load' level='ok'>\(values)</sample>\
            </item></publish></pubsub></iq>
            """.utf8
        )
    }

    private static let creation = """
        <iq type='set' id='c'><pubsub xmlns='http://jabber.org/protocol/pubsub'>\
        <publish node='\(node)'><item id='current'><sample xmlns='urn:example:load'/></item>\
        </publish><publish-options><x xmlns='jabber:x:data' type='submit'>\
        <field var='FORM_TYPE' type='hidden'>\
        <value>http://jabber.org/protocol/pubsub#publish-options</value></field>\
        <field var='pubsub#persist_items'><value>false</value></field>\
        <field var='pubsub#access_model'><value>presence</value></field>\
        </x></publish-options></pubsub></iq>
        """
}

/// What the viewers say of themselves (XEP-0115).
enum Capabilities {
    private static let features = [
        "http://jabber.org/protocol/caps", "http://jabber.org/protocol/disco#info",
        PEPLoad.node + "+notify",
    ]
    private static let identity = "<identity category='client' type='bot' name='load'/>"

    private static var version: String {
        let text = "client/bot//load<" + features.map { $0 + "<" }.joined()
        let bytes = Array(text.utf8)
        var digest = [UInt8](repeating: 0, count: 20)
        SHA1(bytes, bytes.count, &digest)
        return Base64.encode(digest)
    }

    static var presence: String {
        "<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1'"
            + " node='urn:example:load' ver='\(version)'/></presence>"
    }

    static func answer(to asker: String, id: String, node: String) -> String {
        let features = features.map { "<feature var='\($0)'/>" }.joined()
        return "<iq type='result' to='\(asker)' id='\(id)'>"
            + "<query xmlns='http://jabber.org/protocol/disco#info' node='\(node)'>"
            + "\(identity)\(features)</query></iq>"
    }
}

extension Link {
    /// The bare JID of this connection's account.
    var account: String { String(jid.prefix { $0 != "/" }) }

    /// Answers what the server asks about our capabilities.
    func answer(_ text: String) {
        guard let start = text.lastTag(named: "<iq"), text.contains("disco#info"),
            let id = start.attribute("id"), let node = text.attribute("node")
        else { return }
        let asker = start.attribute("from") ?? ""
        send(Capabilities.answer(to: asker, id: id, node: node))
    }
}

extension String {
    /// The last start tag that begins so.
    func lastTag(named name: String) -> String? {
        between(name, "</iq>").map { name + $0 }
    }

    /// The value of the first attribute of this name, in either kind of quotes.
    func attribute(_ name: String) -> String? {
        for quote in ["'", "\""] {
            let pieces = split(
                separator: " \(name)=\(quote)",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            if pieces.count == 2 {
                return String(pieces[1].prefix { String($0) != quote })
            }
        }
        return nil
    }
}
