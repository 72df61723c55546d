import Testing
import XMPP

/// XEP-0115's own vectors, and what must not be hashed.
@Suite struct EntityCapabilitiesTests {
    private static let features = [
        "http://jabber.org/protocol/muc", "http://jabber.org/protocol/caps",
        "http://jabber.org/protocol/disco#items", "http://jabber.org/protocol/disco#info",
    ]

    private static let simple = DiscoInfo(
        identities: [.init(category: "client", type: "pc", name: "Exodus 0.9.1")],
        features: features
    )

    private static func field(_ name: String, type: String? = nil, _ values: String...) -> Element {
        var field = Element(
            "field",
            Namespace.dataForms,
            values.map { Element("value", Namespace.dataForms, text: $0) }
        )
        field["var"] = name
        field["type"] = type
        return field
    }

    private static let software = Element(
        "x",
        Namespace.dataForms,
        attributes: [.init("type", "result")],
        [
            field("FORM_TYPE", type: "hidden", "urn:xmpp:dataforms:softwareinfo"),
            field("software_version", "0.11"), field("os", "Mac"), field("software", "Psi"),
            field("ip_version", type: "text-multi", "ipv6", "ipv4"),
            field("os_version", "10.5.1"),
        ]
    )

    private static let complex = DiscoInfo(
        identities: [
            .init(category: "client", type: "pc", name: "Psi 0.11", language: "en"),
            .init(category: "client", type: "pc", name: "Ψ 0.11", language: "el"),
        ],
        features: features,
        forms: [software]
    )

    @Test func computesTheSimpleExample() {
        #expect(Self.simple.verification(by: .sha1) == "QgayPKawpkPSDYmwT/WM94uAlu0=")
    }

    @Test func computesTheComplexExample() {
        #expect(Self.complex.verification(by: .sha1) == "q07IKJEyjvHSyhy//CH0CxmKi8w=")
    }

    @Test func writesTheHashedTextInTheOrderOfTheSpecification() {
        let text = Self.complex.verificationInput ?? ""
        #expect(text.hasPrefix("client/pc/el/Ψ 0.11<client/pc/en/Psi 0.11<http://jabber"))
        #expect(text.contains("muc<urn:xmpp:dataforms:softwareinfo<ip_version<ipv4<ipv6<os<Mac<"))
    }

    @Test func sortsByBytesAndNotByLetters() {
        let info = DiscoInfo(features: ["a", "B", "é", "z"])
        #expect(info.verificationInput == "B<a<z<é<")
    }

    @Test func readsWhatItWrote() {
        #expect(DiscoInfo(Self.complex.element) == Self.complex)
    }

    @Test func refusesRepeatedIdentitiesFeaturesAndForms() {
        var info = Self.simple
        info.features.append(Self.features[0])
        #expect(info.verification(by: .sha1) == nil)
        info = Self.simple
        info.identities += info.identities
        #expect(info.verification(by: .sha1) == nil)
        info = Self.complex
        info.forms.append(Self.software)
        #expect(info.verification(by: .sha1) == nil)
    }

    @Test func refusesTheSeparatorInsideAPart() {
        #expect(DiscoInfo(features: ["a<b"]).verification(by: .sha1) == nil)
    }

    @Test func passesOverAFormWithoutAHiddenType() {
        var info = Self.simple
        info.forms = [
            Element("x", Namespace.dataForms, [Self.field("FORM_TYPE", "urn:example")])
        ]
        #expect(info.verification(by: .sha1) == "QgayPKawpkPSDYmwT/WM94uAlu0=")
    }

    @Test func confirmsOnlyWhatWasHashed() throws {
        let capabilities = try #require(
            EntityCapabilities(node: "http://code.google.com/p/exodus", describing: Self.simple)
        )
        #expect(EntityCapabilities(capabilities.element) == capabilities)
        #expect(
            capabilities.discoNode
                == "http://code.google.com/p/exodus#QgayPKawpkPSDYmwT/WM94uAlu0="
        )
        #expect(capabilities.confirms(Self.simple))
        #expect(!capabilities.confirms(Self.complex))
    }

    @Test func ignoresTheLegacyFormat() {
        let legacy = Element(
            "c",
            Namespace.capabilities,
            attributes: [.init("node", "http://psi-im.org/caps"), .init("ver", "0.10")]
        )
        #expect(EntityCapabilities(legacy) == nil)
    }

    @Test func readsNoMoreEntriesThanAllowed() {
        let most = DiscoInfo(features: (0..<DiscoInfo.maximumEntries).map { "f\($0)" })
        #expect(DiscoInfo(most.element) != nil)
        var more = most
        more.features.append("one more")
        #expect(DiscoInfo(more.element) == nil)
    }

    @Test func readsItemsAndPassesOverThoseWithoutAddress() throws {
        let items = DiscoItems(items: [
            .init(jid: try JID("pubsub.example.org"), name: "Nodes"),
            .init(jid: try JID("romeo@example.org"), node: "urn:example"),
        ])
        var element = items.element
        element.append(Element("item", Namespace.discoItems))
        #expect(DiscoItems(element) == items)
    }
}
