package import XMPP

/// Answers pings (XEP-0199): that the server is there, for itself and for accounts.
package enum PingModule: Module {
    package static let specifications = [Specification("XEP-0199", version: "2.0.1")]
    package static let serverFeatures = [Namespace.ping]
    package static let accountFeatures = [Namespace.ping]
    package static let routes = [
        Route("get", .server, Namespace.ping), Route("get", .account, Namespace.ping),
        Route("get", .service, Namespace.ping),
    ]

    package static func serviceFeatures(of kind: PubSubService.Profile.Kind) -> [String] {
        [Namespace.ping]
    }

    package static func receive(
        _ request: Request,
        service: inout PubSubService,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        [request.result()]
    }

    package static func receive(
        _ request: Request,
        account: inout Account,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        // To a stranger the account is as silent as one that does not exist.
        guard account.shows(itselfTo: request.from, in: world.groups) else {
            throw StanzaError(.serviceUnavailable)
        }
        return [request.result()]
    }

    package static func receive(
        _ request: Request,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        [request.result()]
    }
}
