/// An IP address.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// The version of the protocol.
    package enum Family: Hashable, Sendable {
        case v4, v6
    }

    /// 4 or 16 bytes, in the network's order.
    package let bytes: [UInt8]

    package var family: Family { bytes.count == 4 ? .v4 : .v6 }

    package var description: String {
        bytes.withUnsafeBufferPointer { Address.text($0) } ?? ""
    }

    /// Nil unless there are 4 or 16 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// An address as people write it, IPv6 in brackets or not; nil when the text is none.
    package init?(_ text: String) {
        let isBracketed = text.hasPrefix("[") && text.hasSuffix("]") && text.utf8.count > 2
        let inner = isBracketed ? String(text.dropFirst().dropLast()) : text
        guard let bytes = Address.bytes(inner), !isBracketed || bytes.count == 16 else {
            return nil
        }
        self.bytes = bytes
    }
}

/// Where a service of a domain is to be had (RFC 2782).
package struct ServiceRecord: Hashable, Sendable {
    /// The lowest is to be tried first.
    package var priority: UInt16
    /// The share among those of one priority.
    package var weight: UInt16
    package var port: UInt16
    /// Nil for the root: the service is decidedly not available at this domain.
    package var target: DNSName?

    package init(priority: UInt16, weight: UInt16, port: UInt16, target: DNSName?) {
        self.priority = priority
        self.weight = weight
        self.port = port
        self.target = target
    }

    /// Nil when the data is no record, or names what can be no host.
    init?(data: [UInt8]) {
        guard data.count > 6 else { return nil }
        func number(at offset: Int) -> UInt16 {
            UInt16(data[offset]) << 8 | UInt16(data[offset + 1])
        }
        let name = data[6...]
        let isRoot = name.elementsEqual([0])
        target = isRoot ? nil : DNSName(wire: name)
        guard isRoot || target != nil else { return nil }
        priority = number(at: 0)
        weight = number(at: 2)
        port = number(at: 4)
    }
}

/// What the DNS says of the certificate of a service (TLSA, RFC 6698 §2.1).
package struct CertificateAssociation: Hashable, Sendable {
    package var usage: UInt8
    package var selector: UInt8
    package var matching: UInt8
    package var data: [UInt8]

    /// Nil when there is nothing to compare with.
    init?(data: [UInt8]) {
        guard data.count > 3 else { return nil }
        usage = data[0]
        selector = data[1]
        matching = data[2]
        self.data = Array(data[3...])
    }
}
