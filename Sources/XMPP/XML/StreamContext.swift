/// What a stream's header fixed for everything inside: enough to go on with any parser.
final class StreamContext: Sendable {
    /// The content namespace (RFC 6120 §4.8.2).
    let namespace: String
    /// The header's declarations.
    let scope: NamespaceScope
    /// Those of the header's declarations that are not on every stream between servers.
    let strange: [NamespaceScope.Binding]
    /// A start tag with the same name and declarations: fed to a fresh parser, it leaves it where
    /// the real header would.
    let primer: [UInt8]

    init(_ header: StreamHeader, tag: [UInt8], scope: NamespaceScope) {
        namespace = header.namespace
        self.scope = scope
        strange = scope.bindings.filter { binding in
            switch binding.prefix {
            case "": binding.namespace != Namespace.server
            case "stream": binding.namespace != Namespace.streams
            case "db": binding.namespace != Namespace.dialback
            default: true
            }
        }
        var writer = XMLWriter(reserving: 128)
        writer.write(raw: Array(tag[..<XMLStartTag.endOfName(in: tag)]))
        for binding in scope.bindings {
            writer.attribute(
                binding.prefix.isEmpty ? "xmlns" : "xmlns:" + binding.prefix,
                binding.namespace
            )
        }
        writer.write(raw: [UInt8(ascii: ">")])
        primer = writer.bytes
    }

    /// Whether the stream's content is in a namespace that memory knows as `jabber:client`.
    var renamesContent: Bool {
        namespace == Namespace.server || namespace == Namespace.component
    }
}
