/// An XMPP address (RFC 7622): normalised when made, so that equal addresses are equal values.
package struct JID: Sendable, Hashable {
    /// The account's name at the domain; nil for a domain itself.
    package let local: String?
    package let domain: String
    /// The session of an account, or the occupant of a room; nil for a bare address.
    package let resource: String?

    /// Takes parts that are known to be normalised; anything from outside goes through the
    /// throwing initialisers.
    package init(normalizedLocal local: String?, domain: String, resource: String? = nil) {
        self.local = local
        self.domain = domain
        self.resource = resource
    }

    /// The address without its resource.
    package var bare: JID {
        resource == nil ? self : JID(normalizedLocal: local, domain: domain)
    }

    /// Whether there is no resource.
    package var isBare: Bool { resource == nil }

    /// Whether this is a domain, with neither a local part nor a resource.
    package var isDomain: Bool { local == nil && resource == nil }
}

extension JID: CustomStringConvertible {
    package var description: String {
        var result = ""
        if let local { result = local + "@" }
        result += domain
        if let resource { result += "/" + resource }
        return result
    }
}

/// Why a text is not an address.
package enum JIDError: Error, Hashable {
    case empty(Part)
    case tooLong(Part)
    case invalid(Part)

    /// The parts of an address.
    package enum Part: Sendable, Hashable {
        case local, domain, resource
    }
}
