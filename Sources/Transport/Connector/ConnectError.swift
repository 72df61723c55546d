import NIOCore
import NIOPosix

/// Why no connection to a domain came about.
package struct ConnectError: Error, Sendable, Hashable {
    /// What was missing.
    package enum Reason: Sendable, Hashable {
        /// The domain can be no name of a host.
        case noName
        /// The domain says in the DNS that it has no such service.
        case unavailable
        /// The look-up of its records failed in a way that allows no guess.
        case lookUp(ResolverError)
        /// There are no records, and its own host was not to be tried; the error is why a question
        /// had no answer.
        case noRecords(ResolverError?)
        /// What was tried, and what came of it.
        case unreachable([Failure])
        /// Nobody wanted the connection any more.
        case cancelled
    }

    /// One attempt, or one host without an address.
    package struct Failure: Sendable, Hashable {
        package var target: Target
        /// Nil when the host has none that could be tried.
        package var address: IPAddress?
        package var reason: String

        /// The reason of a host that has no address, by all that is known.
        static let noAddress = "there is no address"
    }

    package var domain: String
    package var reason: Reason

    /// Whether the domain has no such service, as far as the DNS knows: another attempt is of no
    /// use before somebody changes something.
    package var isPermanent: Bool {
        switch reason {
        case .noName, .unavailable, .noRecords(nil): true
        case .unreachable(let failures):
            failures.allSatisfy { $0.address == nil && $0.reason == Failure.noAddress }
        case .lookUp, .noRecords, .cancelled: false
        }
    }
}

extension ConnectError: CustomStringConvertible {
    package var description: String {
        switch reason {
        case .noName: "‘\(domain)’ cannot be a name in the DNS"
        case .unavailable: "\(domain) says that it does not offer this (SRV record ‘.’)"
        case .lookUp(let error): "\(domain): \(error)"
        case .noRecords(let error):
            "\(domain) has no SRV records" + (error.map { ": \($0)" } ?? "")
        case .unreachable(let failures):
            failures.isEmpty
                ? "\(domain): there is no address to try"
                : failures.map(\.description).joined(separator: "; ")
        case .cancelled: "given up"
        }
    }
}

extension ConnectError.Failure: CustomStringConvertible {
    package var description: String {
        guard let address, case .name = target.host else { return "\(target): \(reason)" }
        return "\(target) at \(address): \(reason)"
    }
}

/// The system's words for why there is no connection.
enum ConnectWords {
    /// `host` is whom it was to reach.
    static func words(of error: any Error, _ host: String) -> String {
        switch error {
        case let error as NIOConnectionError:
            guard let first = error.connectionErrors.first else {
                return "there is no address for \(host)"
            }
            return words(of: first.error, host)
        case let error as IOError: return error.description
        case ChannelError.connectTimeout: return "no answer from \(host)"
        default: return "\(error)"
        }
    }
}
