package import XMPP

/// Components that answer in the server's place (XEP-0355); the shards do it, before any module is
/// asked.
package enum DelegationModule: Module {
    package static let specifications = [
        Specification("XEP-0355", version: "0.5", leftOut: "the client mode (§5)")
    ]
    package static let serverFeatures = [Delegation.xmlns]
    package static let routes = [Route("get", .server, Delegation.xmlns)]

    package static func receive(
        _ request: Request,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        // §8: this one never, whoever asks.
        if request.payload.elements.contains(where: { $0["namespace"] == Delegation.xmlns }) {
            throw StanzaError(.forbidden)
        }
        throw StanzaError(.notAllowed, text: "namespaces are delegated by the operator alone")
    }
}
