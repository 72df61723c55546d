/// One question for the DNS, by the kind of record that it is about.
package struct DNSQuestion<Record: Sendable>: Sendable {
    package let name: DNSName
    /// The number of the type of record.
    let type: Int32
    /// What the data of a record says; nil when it is not usable.
    let read: @Sendable ([UInt8]) -> Record?
}

extension DNSQuestion<IPAddress> {
    /// The IPv4 addresses of a host.
    package static func v4(of host: DNSName) -> Self {
        Self(name: host, type: 1) { $0.count == 4 ? IPAddress(bytes: $0) : nil }
    }

    /// The IPv6 addresses of a host.
    package static func v6(of host: DNSName) -> Self {
        Self(name: host, type: 28) { $0.count == 16 ? IPAddress(bytes: $0) : nil }
    }
}

extension DNSQuestion<ServiceRecord> {
    /// Where a service is to be had; the name begins with the service's.
    package static func services(at name: DNSName) -> Self {
        Self(name: name, type: 33) { ServiceRecord(data: $0) }
    }
}

extension DNSQuestion<CertificateAssociation> {
    /// What is said of the certificate of `_port._tcp.host`.
    package static func associations(at name: DNSName) -> Self {
        Self(name: name, type: 52) { CertificateAssociation(data: $0) }
    }
}

/// What the DNS answered.
package struct DNSAnswer<Record: Sendable>: Sendable {
    /// None when the name does not exist, or has no such records.
    package var records: [Record]
    /// Whether DNSSEC vouches for these records, or that there are none.
    package var isSecure: Bool

    package init(_ records: [Record], isSecure: Bool) {
        self.records = records
        self.isSecure = isSecure
    }
}

extension DNSAnswer: Equatable where Record: Equatable {}

/// Why there is no answer.
package enum ResolverError: Error, Sendable, Hashable {
    /// DNSSEC says that the answer was tampered with or is badly signed, and why.
    case bogus(String)
    /// There are records, and none of them can be used.
    case unusable
    /// No answer in time.
    case timeout
    /// The name servers could not or would not answer.
    case failed(String)
    /// More questions wait than may.
    case tooManyQuestions
    /// The settings cannot be used: what is wrong.
    case settings(String)
    /// Nobody wants the answer any more, or the resolver is closed.
    case cancelled
}

extension ResolverError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .bogus(let why): "DNSSEC refuses the answer: \(why)"
        case .unusable: "the DNS records cannot be used"
        case .timeout: "the name servers did not answer in time"
        case .failed(let why): "the name servers gave no answer: \(why)"
        case .tooManyQuestions: "too many names are being looked up"
        case .settings(let what): "name resolution cannot be set up: \(what)"
        case .cancelled: "the look-up was given up"
        }
    }
}
