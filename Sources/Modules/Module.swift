package import XMPP

/// What the server speaks: one folder a module, with its payloads, its decisions and what it keeps.
///
/// A module answers the iqs of its routes. It gets the account that they concern, the world around
/// it and the time, and returns effects: it reaches no socket, disk or clock. `receive` validates
/// first and changes last, so that a thrown error has changed nothing.
package protocol Module: SendableMetatype {
    /// The specifications that it follows, for disco's documentation and `doap.xml`.
    static var specifications: [Specification] { get }
    /// Disco features of the server (XEP-0030).
    static var serverFeatures: [String] { get }
    /// Disco features of every account.
    static var accountFeatures: [String] { get }
    /// The namespace that all its features belong to, which go where that is delegated (XEP-0355
    /// §7.2); nil where each goes by its own name.
    static var namespace: String? { get }
    /// Disco features of a service that holds nodes.
    static func serviceFeatures(of kind: PubSubService.Profile.Kind) -> [String]
    /// The requests that come here.
    static var routes: [Route] { get }

    /// Answers a request that an account got.
    static func receive(
        _ request: Request,
        account: inout Account,
        world: borrowing World
    ) throws(StanzaError) -> [Effect]

    /// Answers a request that a service got.
    static func receive(
        _ request: Request,
        service: inout PubSubService,
        world: borrowing World
    ) throws(StanzaError) -> [Effect]

    /// Answers a request that the server got.
    static func receive(
        _ request: Request,
        world: borrowing World
    ) throws(StanzaError) -> [Effect]
}

extension Module {
    package static func receive(
        _ request: Request,
        account: inout Account,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        throw StanzaError(.serviceUnavailable)
    }

    package static func receive(
        _ request: Request,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        throw StanzaError(.serviceUnavailable)
    }

    package static func receive(
        _ request: Request,
        service: inout PubSubService,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        throw StanzaError(.serviceUnavailable)
    }

    package static var serverFeatures: [String] { [] }
    package static var accountFeatures: [String] { [] }
    package static var namespace: String? { nil }
    package static func serviceFeatures(of kind: PubSubService.Profile.Kind) -> [String] { [] }
}

/// A specification that a module follows.
package struct Specification: Sendable, Hashable {
    /// `XEP-0199` or `RFC 6121`.
    package let name: String
    package let version: String
    /// What is left out, for the documentation; nil where it is whole.
    package let leftOut: String?

    package init(_ name: String, version: String, leftOut: String? = nil) {
        self.name = name
        self.version = version
        self.leftOut = leftOut
    }
}

/// A kind of request: what its iq asks, of whom, in which namespace.
package struct Route: Sendable, Hashable {
    /// Who is asked.
    package enum Address: Sendable, Hashable {
        /// The server, by one of its domains.
        case server
        /// A bare address, for which the server answers (RFC 6121 §8.5.2.1.3).
        case account
        /// A service that holds nodes, as pubsub.example.org.
        case service
    }

    package let type: String
    package let address: Address
    package let namespace: String

    package init(_ type: String, _ address: Address, _ namespace: String) {
        self.type = type
        self.address = address
        self.namespace = namespace
    }

    /// The routes of both `get` and `set`.
    package static func both(_ address: Address, _ namespace: String) -> [Route] {
        [Route("get", address, namespace), Route("set", address, namespace)]
    }
}

/// An iq on its way to a module.
package struct Request {
    package let stanza: Stanza
    package let payload: Element
    package let from: JID
    package let now: Instant
    /// What the sender is to who owns the node that it asks for, where that had to be looked up.
    package let relation: Relation?

    package init(
        _ stanza: Stanza,
        payload: Element,
        from: JID,
        now: Instant,
        relation: Relation? = nil
    ) {
        self.stanza = stanza
        self.payload = payload
        self.from = from
        self.now = now
        self.relation = relation
    }

    /// The result, as an effect.
    package func result(_ payload: Element? = nil) -> Effect {
        .route(Routed(stanza.result(payload)))
    }
}

/// The modules of a server, looked up by route.
package struct ModuleTable: Sendable {
    package let modules: [any Module.Type]
    private let routes: [Route: any Module.Type]

    /// Where two modules name the same route, the first in the list has it.
    package init(_ modules: [any Module.Type]) {
        self.modules = modules
        var routes: [Route: any Module.Type] = [:]
        for module in modules {
            for route in module.routes where routes[route] == nil { routes[route] = module }
        }
        self.routes = routes
    }

    package subscript(route: Route) -> (any Module.Type)? { routes[route] }
}

extension Stanza {
    /// How many payloads it carries, raw ones too.
    var payloads: Int {
        children.reduce(0) { count, node in
            if case .text = node { count } else { count + 1 }
        }
    }
}
