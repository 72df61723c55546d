/// How much one stanza may ask of us; whoever goes over ends their stream with `policy-violation`.
///
/// Bytes bound what is buffered, depth the recursion of whoever walks the tree, attributes and
/// children the memory that a few bytes of markup can turn into (`<a/>` is 4 bytes on the wire and
/// some hundred as a tree).
package struct XMLLimits: Sendable, Hashable {
    /// From the `<` of a stanza's start tag to the `>` of its end tag; also a stream's header, all
    /// payloads of a stanza together with what they inherit, and the namespaces of its elements
    /// and attributes, each as often as it would be written.
    package var stanzaBytes: Int
    /// Elements within each other, the stanza included.
    package var depth = 100
    /// Attributes and namespace declarations of one element.
    package var attributes = 200
    /// Elements below the stanza, at any depth.
    package var children = 10_000
    /// Namespace declarations in force at one point, as they came and as they would be written;
    /// those inside of payloads left out.
    ///
    /// Each payload looks through them all. A stanza needs five or so.
    package var declarations = 64

    package init(
        stanzaBytes: Int,
        depth: Int = 100,
        attributes: Int = 200,
        children: Int = 10_000,
        declarations: Int = 64
    ) {
        self.stanzaBytes = stanzaBytes
        self.depth = depth
        self.attributes = attributes
        self.children = children
        self.declarations = declarations
    }

    /// Before the peer has said who it is: 10 000 bytes, the least that RFC 6120 §13.12 allows.
    package static let beforeAuthentication = Self(stanzaBytes: 10_000)
    /// For an account's client: 256 KiB.
    package static let client = Self(stanzaBytes: 256 * 1024)
    /// For another server, or what a server sends us: 512 KiB.
    ///
    /// Also whatever a client may send, as our writer has it then: each namespace behind a prefix
    /// may have become a declaration of the element that it is used on, those of the header and
    /// of what a payload inherits come on top.
    package static let server = Self(
        stanzaBytes: 512 * 1024,
        attributes: 300,
        declarations: 160
    )
}
