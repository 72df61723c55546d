import Testing
import XMPP

// XEP-0390
@Suite struct EntityCapabilities2Tests {
    // XEP-0390 §4.5.1
    private static let simple = """
        <query xmlns="http://jabber.org/protocol/disco#info">
          <identity category="client" name="BombusMod" type="mobile"/>
          <feature var="http://jabber.org/protocol/si"/>
          <feature var="http://jabber.org/protocol/bytestreams"/>
          <feature var="http://jabber.org/protocol/chatstates"/>
          <feature var="http://jabber.org/protocol/disco#info"/>
          <feature var="http://jabber.org/protocol/disco#items"/>
          <feature var="urn:xmpp:ping"/>
          <feature var="jabber:iq:time"/>
          <feature var="jabber:iq:privacy"/>
          <feature var="jabber:iq:version"/>
          <feature var="http://jabber.org/protocol/rosterx"/>
          <feature var="urn:xmpp:time"/>
          <feature var="jabber:x:oob"/>
          <feature var="http://jabber.org/protocol/ibb"/>
          <feature var="http://jabber.org/protocol/si/profile/file-transfer"/>
          <feature var="urn:xmpp:receipts"/>
          <feature var="jabber:iq:roster"/>
          <feature var="jabber:iq:last"/>
        </query>
        """

    // XEP-0390 §4.5.2
    private static let complex = """
        <query xmlns="http://jabber.org/protocol/disco#info">
          <identity category="client" name="Tkabber" type="pc" xml:lang="en"/>
          <identity category="client" name="Ткаббер" type="pc" xml:lang="ru"/>
          <feature var="games:board"/>
          <feature var="http://jabber.org/protocol/activity"/>
          <feature var="http://jabber.org/protocol/activity+notify"/>
          <feature var="http://jabber.org/protocol/bytestreams"/>
          <feature var="http://jabber.org/protocol/chatstates"/>
          <feature var="http://jabber.org/protocol/commands"/>
          <feature var="http://jabber.org/protocol/disco#info"/>
          <feature var="http://jabber.org/protocol/disco#items"/>
          <feature var="http://jabber.org/protocol/evil"/>
          <feature var="http://jabber.org/protocol/feature-neg"/>
          <feature var="http://jabber.org/protocol/geoloc"/>
          <feature var="http://jabber.org/protocol/geoloc+notify"/>
          <feature var="http://jabber.org/protocol/ibb"/>
          <feature var="http://jabber.org/protocol/iqibb"/>
          <feature var="http://jabber.org/protocol/mood"/>
          <feature var="http://jabber.org/protocol/mood+notify"/>
          <feature var="http://jabber.org/protocol/rosterx"/>
          <feature var="http://jabber.org/protocol/si"/>
          <feature var="http://jabber.org/protocol/si/profile/file-transfer"/>
          <feature var="http://jabber.org/protocol/tune"/>
          <feature var="http://www.facebook.com/xmpp/messages"/>
          <feature var="http://www.xmpp.org/extensions/xep-0084.html#ns-metadata+notify"/>
          <feature var="jabber:iq:avatar"/>
          <feature var="jabber:iq:browse"/>
          <feature var="jabber:iq:dtcp"/>
          <feature var="jabber:iq:filexfer"/>
          <feature var="jabber:iq:ibb"/>
          <feature var="jabber:iq:inband"/>
          <feature var="jabber:iq:jidlink"/>
          <feature var="jabber:iq:last"/>
          <feature var="jabber:iq:oob"/>
          <feature var="jabber:iq:privacy"/>
          <feature var="jabber:iq:roster"/>
          <feature var="jabber:iq:time"/>
          <feature var="jabber:iq:version"/>
          <feature var="jabber:x:data"/>
          <feature var="jabber:x:event"/>
          <feature var="jabber:x:oob"/>
          <feature var="urn:xmpp:avatar:metadata+notify"/>
          <feature var="urn:xmpp:ping"/>
          <feature var="urn:xmpp:receipts"/>
          <feature var="urn:xmpp:time"/>
          <x xmlns="jabber:x:data" type="result">
            <field type="hidden" var="FORM_TYPE">
              <value>urn:xmpp:dataforms:softwareinfo</value>
            </field>
            <field var="software">
              <value>Tkabber</value>
            </field>
            <field var="software_version">
              <value>0.11.1-svn-20111216-mod (Tcl/Tk 8.6b2)</value>
            </field>
            <field var="os">
              <value>Windows</value>
            </field>
            <field var="os_version">
              <value>XP</value>
            </field>
          </x>
        </query>
        """

    private static let examples = [
        (simple, "kzBZbkqJ3ADrj7v08reD1qcWUwNGHaidNUgD7nHpiw8="),
        (complex, "u79ZroNJbdSWhdSp311mddz44oHHPsEBntQ5b1jqBSY="),
    ]

    private static func parse(_ markup: String) throws -> Element {
        try Element(parsing: Array(markup.utf8))
    }

    private static func capabilities(_ hashes: String) throws -> EntityCapabilities2? {
        EntityCapabilities2(try parse("<c xmlns='urn:xmpp:caps'>\(hashes)</c>"))
    }

    private static func hash(_ function: String, _ text: String) -> String {
        "<hash xmlns='urn:xmpp:hashes:2' algo='\(function)'>\(text)</hash>"
    }

    @Test(arguments: examples)
    func computesTheExamplesOfTheSpecification(_ markup: String, _ text: String) throws {
        let query = try Self.parse(markup)
        let input = try #require(EntityCapabilities2.input(of: query))
        #expect(Base64.encode(Digest.sha256(input)) == text)

        let info = try #require(DiscoInfo(query))
        let capabilities = try #require(EntityCapabilities2(describing: info))
        #expect(capabilities.hashes.map(\.discoNode) == ["urn:xmpp:caps#sha-256.\(text)"])
        #expect(try Self.capabilities(Self.hash("sha-256", text)) == capabilities)
    }

    @Test(arguments: examples)
    func confirmsWhatWasHashed(_ markup: String, _ text: String) throws {
        let query = try Self.parse(markup)
        let info = try #require(DiscoInfo(query))
        let hashes = try #require(
            EntityCapabilities2(describing: info, by: [.sha256, .sha512])
        ).hashes
        #expect(hashes.count == 2)
        for hash in hashes {
            #expect(hash.confirms(query))
            var other = query
            other.append(
                Element("feature", Namespace.discoInfo, attributes: [.init("var", "urn:t")])
            )
            #expect(!hash.confirms(other))
        }
    }

    @Test func writesTheInputOfTheSpecification() throws {
        let input = try #require(EntityCapabilities2.input(of: try Self.parse(Self.complex)))
        let text = String(decoding: input, as: UTF8.self)
        #expect(text.hasPrefix("games:board\u{1F}http://jabber.org/protocol/activity\u{1F}"))
        let end = """
            urn:xmpp:time\u{1F}\u{1C}client\u{1F}pc\u{1F}en\u{1F}Tkabber\u{1F}\u{1E}\
            client\u{1F}pc\u{1F}ru\u{1F}Ткаббер\u{1F}\u{1E}\u{1C}\
            FORM_TYPE\u{1F}urn:xmpp:dataforms:softwareinfo\u{1F}\u{1E}\
            os\u{1F}Windows\u{1F}\u{1E}os_version\u{1F}XP\u{1F}\u{1E}\
            software\u{1F}Tkabber\u{1F}\u{1E}software_version\u{1F}\
            0.11.1-svn-20111216-mod (Tcl/Tk 8.6b2)\u{1F}\u{1E}\u{1D}\u{1C}
            """
        #expect(text.hasSuffix(end))
    }

    @Test func countsTheLanguageThatIsInherited() throws {
        let content = "<identity category='client' type='pc' name='x'/></query>"
        let plain = try Self.parse("<query xmlns='\(Namespace.discoInfo)'>" + content)
        let inside = try Self.parse(
            "<query xmlns='\(Namespace.discoInfo)' xml:lang='de'>" + content
        )
        let outside = EntityCapabilities2.input(of: plain, language: "de")
        #expect(EntityCapabilities2.input(of: inside) == outside)
        #expect(EntityCapabilities2.input(of: inside, language: "en") == outside)
        #expect(EntityCapabilities2.input(of: plain) != outside)
    }

    @Test(arguments: [
        "<other/>", "<feature xmlns='urn:other' var='x'/>", "<x xmlns='jabber:x:data'/>",
        "<x xmlns='jabber:x:data'><field var='FORM_TYPE'><value>t</value></field></x>",
        "<x xmlns='jabber:x:data'><field var='FORM_TYPE' type='hidden'/></x>",
        """
        <x xmlns='jabber:x:data'><field var='FORM_TYPE' type='hidden'><value>t</value></field>
        <reported/></x>
        """,
        """
        <x xmlns='jabber:x:data'><field var='FORM_TYPE' type='hidden'><value>t</value></field>
        <item/></x>
        """,
        """
        <x xmlns='jabber:x:data'><field var='FORM_TYPE' type='hidden'><value>t</value></field>
        <field var='FORM_TYPE' type='hidden'><value>u</value></field></x>
        """,
    ])
    func hashesNothingThatTheHashWouldNotCover(_ content: String) throws {
        let markup = "<query xmlns='\(Namespace.discoInfo)'>\(content)</query>"
        #expect(EntityCapabilities2.input(of: try Self.parse(markup)) == nil)
    }

    @Test func prefersTheFunctionThatAllKnowAndPassesOverOthers() throws {
        let sha512 = Base64.encode(Digest.sha512([]))
        let sha256 = Base64.encode(Digest.sha256([]))
        let read = try Self.capabilities(
            Self.hash("sha3-256", sha256) + Self.hash("sha-512", sha512)
                + Self.hash("sha-1", "2jmj7l5rSw0yVb/vlWAYkK/YBwk=")
                + Self.hash("sha-256", sha256)
        )
        #expect(read?.hashes.map(\.function) == [.sha256, .sha512])
        #expect(try EntityCapabilities2(Self.parse(try #require(read).markup)) == read)
    }

    @Test(arguments: [
        "", "<hash xmlns='urn:xmpp:hashes:2'>AAAA</hash>",
        "<hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>AAAA</hash>",
        "<hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>not base64</hash>",
        "<hash xmlns='urn:other' algo='sha-256'>AAAA</hash>",
    ])
    func readsNothingWithoutAKnownHash(_ hashes: String) throws {
        #expect(try Self.capabilities(hashes) == nil)
    }

    @Test func readsNoMoreHashesThanAllowed() throws {
        let unknown = String(
            repeating: Self.hash("x", ""),
            count: EntityCapabilities2.hashesMaximum - 1
        )
        let known = Self.hash("sha-256", Base64.encode(Digest.sha256([])))
        #expect(try Self.capabilities(unknown + known) != nil)
        #expect(try Self.capabilities(unknown + Self.hash("x", "") + known) == nil)
    }

    @Test func readsTheNodeThatItWrites() throws {
        let hash = EntityCapabilities2.Hash(.sha512, Digest.sha512([1]))
        #expect(EntityCapabilities2.Hash(discoNode: hash.discoNode) == hash)
        for node in [
            "urn:xmpp:caps#sha-256", "urn:xmpp:caps#a.b.AAAA", "http://x#sha-256.AAAA",
            "urn:xmpp:caps#sha-256.", "",
        ] {
            #expect(EntityCapabilities2.Hash(discoNode: node) == nil)
        }
    }
}

extension EntityCapabilities2 {
    fileprivate var markup: String { String(decoding: element.serialized(), as: UTF8.self) }
}
