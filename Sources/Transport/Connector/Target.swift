/// A service of XMPP domains, by the records that say where it is.
package enum PeerService: Sendable, Hashable {
    /// For clients: `_xmpp-client._tcp` and `_xmpps-client._tcp`.
    case client
    /// For other servers: `_xmpp-server._tcp` and `_xmpps-server._tcp`.
    case server

    /// The first labels of the records (RFC 6120 §3.2.1, XEP-0368 §3).
    func name(_ protection: Target.Protection) -> StaticString {
        switch (self, protection) {
        case (.client, .startTLS): "_xmpp-client._tcp"
        case (.client, .direct): "_xmpps-client._tcp"
        case (.server, .startTLS): "_xmpp-server._tcp"
        case (.server, .direct): "_xmpps-server._tcp"
        }
    }

    /// Where there are no records: the registered ports, and for direct TLS, which has none, those
    /// in use.
    func usualPort(_ protection: Target.Protection) -> UInt16 {
        switch (self, protection) {
        case (.client, .startTLS): 5222
        case (.client, .direct): 5223
        case (.server, .startTLS): 5269
        case (.server, .direct): 5270
        }
    }
}

/// Where a domain's service may be found.
package struct Target: Sendable, Hashable, CustomStringConvertible {
    /// How a connection to it begins.
    package enum Protection: Sendable, Hashable, CaseIterable {
        /// In the clear, with TLS after `<starttls/>`.
        case startTLS
        /// With TLS from the first byte (XEP-0368).
        case direct
    }

    /// A host by its name, or an address.
    package enum Host: Sendable, Hashable {
        case name(DNSName)
        /// Written where the name of a domain stands.
        case address(IPAddress)
        /// This machine (RFC 6761 §6.3), which no name server is asked about.
        case local
    }

    package var host: Host
    package var port: UInt16
    package var protection: Protection
    /// Whether DNSSEC vouches for the way from the domain to this host and port.
    package var isSecure: Bool

    package var description: String {
        let host =
            switch self.host {
            case .name(let name): name.text
            case .address(let address) where address.family == .v6: "[\(address)]"
            case .address(let address): "\(address)"
            case .local: "localhost"
            }
        return "\(host):\(port)" + (protection == .direct ? " (direct TLS)" : "")
    }
}
