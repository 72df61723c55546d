package import XMPP

/// Components that act in the names of accounts (XEP-0356); the shard does it, which has the
/// accounts.
package enum PrivilegeModule: Module {
    package static let specifications = [Specification("XEP-0356", version: "0.4.1")]
    package static let routes =
        Route.both(.server, Privileges.namespace) + Route.both(.account, Privileges.namespace)

    package static func receive(
        _ request: Request,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        // §5.3: an iq inside is for an account, not for the server.
        throw StanzaError(.forbidden)
    }

    package static func receive(
        _ request: Request,
        account: inout Account,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        // What a component sends is taken before; nobody else has such rights.
        throw StanzaError(.forbidden)
    }
}
