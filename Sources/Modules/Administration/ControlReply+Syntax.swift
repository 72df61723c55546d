package import XMPP

extension ControlReply {
    /// As it goes over the control socket.
    package var element: Element {
        switch self {
        case .done: ControlSyntax.element("done")
        case .refused(let refusal):
            ControlSyntax.element(
                "refused",
                ["reason": refusal.reason.rawValue, "text": refusal.text]
            )
        case .users(let users):
            ControlSyntax.element(
                "users",
                [:],
                users.map { ControlSyntax.element("user", ["jid": "\($0)"]) }
            )
        case .groups(let groups): ControlSyntax.element("groups", [:], groups.map(\.element))
        case .hosts(let hosts): ControlSyntax.element("hosts", [:], hosts.map(\.element))
        case .status(let status): status.element
        case .federation(let status): status.element
        case .links(let links): ControlSyntax.element("links", [:], links.map(\.element))
        case .findings(let findings):
            ControlSyntax.element("findings", [:], findings.map(\.element))
        }
    }

    /// Reads what came over the control socket.
    package init(reading element: Element) throws(ControlSyntax.Mismatch) {
        guard element.namespace == ControlSyntax.namespace else {
            throw ControlSyntax.Mismatch("the server speaks another version of the protocol")
        }
        switch element.name {
        case "done": self = .done
        case "refused": self = .refused(try Refusal(reading: element))
        case "users":
            self = .users(
                try element.elements.map { (user) throws(ControlSyntax.Mismatch) in
                    try user.address()
                }
            )
        case "groups":
            self = .groups(
                try element.elements.map { (group) throws(ControlSyntax.Mismatch) in
                    try GroupListing(reading: group)
                }
            )
        case "hosts":
            self = .hosts(
                try element.elements.map { (host) throws(ControlSyntax.Mismatch) in
                    try HostState(reading: host)
                }
            )
        case "status": self = .status(try ServerStatus(reading: element))
        case "federation": self = .federation(try FederationStatus(reading: element))
        case "links":
            self = .links(
                try element.elements.map { (link) throws(ControlSyntax.Mismatch) in
                    try LinkStatus(reading: link)
                }
            )
        case "findings":
            self = .findings(
                try element.elements.map { (finding) throws(ControlSyntax.Mismatch) in
                    try Finding(reading: finding)
                }
            )
        default: throw ControlSyntax.Mismatch("unknown reply <\(element.name)/>")
        }
    }
}

extension ControlReply.Refusal {
    fileprivate init(reading element: Element) throws(ControlSyntax.Mismatch) {
        let reason = Reason(rawValue: try element.required("reason"))
        self.init(reason ?? .failed, try element.required("text"))
    }
}

extension Finding {
    fileprivate var element: Element {
        ControlSyntax.element("finding", ["subject": subject, "text": text])
    }

    fileprivate init(reading element: Element) throws(ControlSyntax.Mismatch) {
        self.init(try element.required("subject"), try element.required("text"))
    }
}

extension GroupListing {
    fileprivate var element: Element {
        let seen = sees.map { ControlSyntax.element("sees", ["group": $0]) }
        let members = members.map { ControlSyntax.element("member", ["jid": "\($0)"]) }
        return ControlSyntax.element("group", ["name": name], seen + members)
    }

    fileprivate init(reading element: Element) throws(ControlSyntax.Mismatch) {
        self.init(name: try element.required("name"), sees: [], members: [])
        for child in element.elements {
            switch child.name {
            case "sees": sees.append(try child.required("group"))
            case "member": members.append(try child.address())
            // A later server may tell more.
            default: continue
            }
        }
    }
}

extension HostState {
    fileprivate var element: Element {
        ControlSyntax.element(
            "host",
            [
                "jid": "\(jid)", "up": isUp ? "true" : "false",
                "since": since.map { "\($0.milliseconds)" },
            ]
        )
    }

    fileprivate init(reading element: Element) throws(ControlSyntax.Mismatch) {
        self.init(
            jid: try element.address(),
            isUp: try element.required("up") == "true",
            since: element["since"].flatMap { Int64($0) }.map { Instant(milliseconds: $0) }
        )
    }
}

extension ServerStatus {
    fileprivate var element: Element {
        ControlSyntax.element(
            "status",
            [
                "version": version, "pid": "\(processID)",
                "started": "\(started.milliseconds)",
            ],
            domains.map { ControlSyntax.element("domain", ["name": $0]) } + counts.map(\.element)
        )
    }

    fileprivate init(reading element: Element) throws(ControlSyntax.Mismatch) {
        self.init(
            version: try element.required("version"),
            domains: [],
            processID: try element.number("pid"),
            started: Instant(milliseconds: Int64(try element.number("started"))),
            counts: []
        )
        for child in element.elements {
            switch child.name {
            case "domain": domains.append(try child.required("name"))
            case "count": counts.append(try Count(reading: child))
            // A later server may tell more.
            default: continue
            }
        }
    }
}

extension ServerStatus.Count {
    var element: Element {
        ControlSyntax.element("count", ["name": name, "value": "\(value)"])
    }

    init(reading element: Element) throws(ControlSyntax.Mismatch) {
        self.init(try element.required("name"), try element.number("value"))
    }
}
