import XMPP

/// A name that the DNS can be asked for: letters, digits and hyphens, and underscores at the start
/// of labels that name a service; lower case, no dot at the end.
package struct DNSName: Hashable, Sendable, CustomStringConvertible {
    /// RFC 1035 §2.3.4: 255 bytes on the wire are 253 characters.
    package static let maximumLength = 253
    /// RFC 1035 §2.3.4.
    static let maximumLabelLength = 63

    package let text: String

    package var description: String { text }

    /// The domain of an address, international labels encoded; nil when it is no name that the DNS
    /// could have.
    package init?(domain: String) {
        guard let text = DomainName.encoded(domain), text.utf8.count <= Self.maximumLength else {
            return nil
        }
        self.text = text
    }

    /// The name of a record of this one's service, as `_xmpp-client._tcp`; nil when it gets too
    /// long.
    package init?(_ service: StaticString, of name: DNSName) {
        self.init(labels: "\(service)", of: name)
    }

    /// The name of the record of a port's certificates, as `_5269._tcp` (RFC 6698 §3); nil when it
    /// gets too long.
    init?(certificatesOfPort port: UInt16, of name: DNSName) {
        self.init(labels: "_\(port)._tcp", of: name)
    }

    private init?(labels: String, of name: DNSName) {
        text = "\(labels).\(name.text)"
        guard text.utf8.count <= Self.maximumLength else { return nil }
    }

    /// A host name from a record: labels with their lengths, uncompressed, to the end of the bytes;
    /// nil for the root and for what could be no host.
    ///
    /// What stands in a record is a stranger's: control characters, and dots inside of labels, must
    /// not get into a log, a question or a comparison.
    init?(wire bytes: ArraySlice<UInt8>) {
        var rest = bytes
        var text: [UInt8] = []
        while let length = rest.popFirst(), length > 0 {
            let label = rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
            // The root's empty label is still to come.
            guard length <= Self.maximumLabelLength, !rest.isEmpty else { return nil }
            guard label.allSatisfy({ $0 < 0x80 && $0 != UInt8(ascii: ".") }) else { return nil }
            if !text.isEmpty { text.append(UInt8(ascii: ".")) }
            text += label
        }
        guard rest.isEmpty, !text.isEmpty else { return nil }
        self.init(domain: String(decoding: text, as: UTF8.self))
    }
}
