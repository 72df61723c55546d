package import XMPP

/// Tells the server's name and version (XEP-0092); not the operating system, which helps only
/// attackers.
package enum VersionModule: Module {
    package static let specifications = [Specification("XEP-0092", version: "1.1")]
    package static let serverFeatures = [Namespace.version]
    package static let routes = [Route("get", .server, Namespace.version)]

    package static func receive(
        _ request: Request,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        let query = Element(
            "query",
            Namespace.version,
            [
                Element("name", Namespace.version, text: world.software.name),
                Element("version", Namespace.version, text: world.software.version),
            ]
        )
        return [request.result(query)]
    }
}
