package import XMPP

extension ControlRequest {
    /// As it goes over the control socket.
    package var element: Element {
        switch self {
        case .register(let record): record.element("register")
        case .unregister(let jid): ControlSyntax.element("unregister", ["jid": "\(jid)"])
        case .changePassword(let record): record.element("passwd")
        case .users(let host): ControlSyntax.element("users", ["host": host])
        case .join(let membership): membership.element("join")
        case .leave(let membership): membership.element("leave")
        case .groups: ControlSyntax.element("groups")
        case .hosts: ControlSyntax.element("hosts")
        case .status: ControlSyntax.element("status")
        case .federation: ControlSyntax.element("federation")
        case .links: ControlSyntax.element("links")
        case .why(let jid, let node, let owner):
            ControlSyntax.element("why", ["jid": "\(jid)", "node": node, "owner": "\(owner)"])
        }
    }

    /// Reads what came over the control socket.
    package init(reading element: Element) throws(ControlSyntax.Mismatch) {
        guard element.namespace == ControlSyntax.namespace else {
            throw ControlSyntax.Mismatch("this server speaks \(ControlSyntax.namespace)")
        }
        switch element.name {
        case "register": self = .register(try AccountRecord(reading: element))
        case "unregister": self = .unregister(try element.address())
        case "passwd": self = .changePassword(try AccountRecord(reading: element))
        case "users": self = .users(host: element["host"])
        case "join": self = .join(try GroupMembership(reading: element))
        case "leave": self = .leave(try GroupMembership(reading: element))
        case "groups": self = .groups
        case "hosts": self = .hosts
        case "status": self = .status
        case "federation": self = .federation
        case "links": self = .links
        case "why":
            self = .why(
                try element.address(),
                node: try element.required("node"),
                owner: try element.address("owner")
            )
        default: throw ControlSyntax.Mismatch("unknown request <\(element.name)/>")
        }
    }
}

extension AccountRecord {
    fileprivate func element(_ name: String) -> Element {
        ControlSyntax.element(
            name,
            ["jid": "\(jid)"],
            [credentials.sha1.element("sha-1"), credentials.sha256.element("sha-256")]
        )
    }

    fileprivate init(reading element: Element) throws(ControlSyntax.Mismatch) {
        let secrets = element.elements.filter { $0.name == "secret" }
        guard let sha1 = secrets.first(where: { $0["hash"] == "sha-1" }),
            let sha256 = secrets.first(where: { $0["hash"] == "sha-256" })
        else { throw ControlSyntax.Mismatch("<\(element.name)/> lacks a secret") }
        self.init(
            try element.address(),
            ScramCredentials(
                sha1: try ScramSecrets(reading: sha1),
                sha256: try ScramSecrets(reading: sha256)
            )
        )
    }
}

extension ScramSecrets {
    fileprivate func element(_ hash: String) -> Element {
        ControlSyntax.element(
            "secret",
            [
                "hash": hash, "iterations": "\(iterations)", "salt": Base64.encode(salt),
                "stored-key": Base64.encode(storedKey), "server-key": Base64.encode(serverKey),
            ]
        )
    }

    fileprivate init(reading element: Element) throws(ControlSyntax.Mismatch) {
        self.init(
            salt: try element.bytes("salt"),
            iterations: try element.number("iterations"),
            storedKey: try element.bytes("stored-key"),
            serverKey: try element.bytes("server-key")
        )
    }
}

extension GroupMembership {
    fileprivate func element(_ name: String) -> Element {
        ControlSyntax.element(name, ["group": group, "jid": "\(member)"])
    }

    fileprivate init(reading element: Element) throws(ControlSyntax.Mismatch) {
        self.init(group: try element.required("group"), member: try element.address())
    }
}
