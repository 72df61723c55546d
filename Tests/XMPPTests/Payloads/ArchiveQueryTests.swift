import Testing
import XMPP

// XEP-0313 and XEP-0442
@Suite struct ArchiveQueryTests {
    private func read(_ content: String, _ attributes: String = "") throws -> ArchiveQuery {
        let markup = "<query xmlns='urn:xmpp:mam:2' \(attributes)>\(content)</query>"
        return try ArchiveQuery(Element(parsing: Array(markup.utf8)))
    }

    private func form(_ fields: String, type: String = "urn:xmpp:mam:2") -> String {
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>"
            + "<value>\(type)</value></field>\(fields)</x>"
    }

    private func field(_ name: String, _ values: String...) -> String {
        "<field var='\(name)'>" + values.map { "<value>\($0)</value>" }.joined() + "</field>"
    }

    private func condition(_ content: String) -> StanzaError.Condition? {
        do {
            _ = try read(content)
            return nil
        } catch {
            return (error as? StanzaError)?.condition
        }
    }

    @Test func readsTheQueryOfTheSpecification() throws {
        let query = try read("", "queryid='f28' node='fdp/submitted/capulet.lit/sonnets'")
        #expect(query == ArchiveQuery(node: "fdp/submitted/capulet.lit/sonnets", queryID: "f28"))
        #expect(query.page == ResultSetRequest())
        #expect(query.resolution == .raw)
    }

    @Test func readsEveryField() throws {
        let fields =
            field("start", "2010-06-07T00:00:00Z") + field("end", "2010-07-07T13:23:54Z")
            + field("with", "web1@example.org") + field("after-id", "a")
            + field("before-id", "b") + field("ids", "1", "2")
            + field("{urn:lapwing:1}resolution", "minute")
        let query = try read(
            form(fields)
                + "<order xmlns='urn:xmpp:order-by:1' by='creation'/><flip-page/>"
                + "<set xmlns='http://jabber.org/protocol/rsm'><max>10</max><before/></set>"
        )
        #expect(query.start == Instant(dateTime: "2010-06-07T00:00:00Z"))
        #expect(query.end == Instant(dateTime: "2010-07-07T13:23:54Z"))
        #expect(query.with == (try JID("web1@example.org")))
        #expect(query.afterID == "a")
        #expect(query.beforeID == "b")
        #expect(query.ids == ["1", "2"])
        #expect(query.resolution == .minute)
        #expect(query.orders == [ItemOrder(by: .creation)])
        #expect(query.page == ResultSetRequest(.last, max: 10))
        #expect(query.isFlipped)
        #expect(try ArchiveQuery(Element(parsing: query.element.serialized())) == query)
    }

    @Test func takesEmptyFieldsForLeftOut() throws {
        let query = try read(form(field("start") + field("end", "") + field("ids")))
        #expect(query == ArchiveQuery())
    }

    @Test func refusesAFieldThatItDoesNotKnow() {
        #expect(condition(form(field("include-groupchat", "true"))) == .featureNotImplemented)
        #expect(condition(form(field("{urn:other}text", "x"))) == .featureNotImplemented)
    }

    @Test func refusesWhatCannotBeMeant() {
        let bad = [
            form(field("start", "yesterday")), form(field("end", "2010-07-07")),
            form(field("start", "2010-06-07T00:00:00Z", "2010-06-08T00:00:00Z")),
            form(field("after-id", "a") + field("after-id", "b")),
            form(field("{urn:lapwing:1}resolution", "second")), form("", type: "urn:other"),
            "<x xmlns='jabber:x:data' type='submit'>\(field("start"))</x>",
            "<x xmlns='jabber:x:data' type='cancel'/>",
            "<set xmlns='http://jabber.org/protocol/rsm'><max>-1</max></set>",
        ]
        for content in bad { #expect(condition(content) == .badRequest, "\(content)") }
        #expect(condition(form(field("with", "@@"))) == .jidMalformed)
    }

    @Test func limitsIdsAndTheQuerysOwn() throws {
        let most = ArchiveQuery.queryIDBytesMaximum
        let id = String(repeating: "q", count: most)
        #expect(try read("", "queryid='\(id)'").queryID == id)
        #expect(throws: StanzaError.self) { try read("", "queryid='\(id)q'") }

        let ids = (0..<ArchiveQuery.idsMaximum).map { "<value>\($0)</value>" }.joined()
        let full = form("<field var='ids'>\(ids)</field>")
        #expect(try read(full).ids?.count == ArchiveQuery.idsMaximum)
        #expect(condition(form("<field var='ids'>\(ids)<value>x</value></field>")) == .badRequest)

        let long = String(repeating: "i", count: ResultSetRequest.idBytesMaximum)
        for name in ["ids", "after-id", "before-id"] {
            #expect(condition(form(field(name, long))) == nil)
            #expect(condition(form(field(name, long + "i"))) == .badRequest)
        }
    }

    @Test func answersItsFields() throws {
        let query = ArchiveQuery.fields(node: "n")
        #expect(query["node"] == "n")
        let markup = try Element(parsing: query.serialized())
        let element = try #require(markup.child("x", Namespace.dataForms))
        let form = try #require(DataForm(element))
        #expect(form.kind == .form)
        #expect(form.formType == "urn:xmpp:mam:2")
        #expect(
            form.answers.map(\.name)
                == [
                    "with", "start", "end", "before-id", "after-id", "ids",
                    "{urn:lapwing:1}resolution",
                ]
        )
        // XEP-0313 §4.1.5: the list of ids takes any.
        let ids = try #require(element.elements.first { $0["var"] == "ids" })
        let validate = ids.child("validate", "http://jabber.org/protocol/xdata-validate")
        #expect(validate?["datatype"] == "xs:string")
        #expect(validate?.child("open") != nil)
        // Its own fields, submitted as they are, ask for everything.
        let submitted = DataForm(.submit, formType: nil, fields: form.fields)
        #expect(
            try read(String(decoding: submitted.element.serialized(), as: UTF8.self)).ids == nil
        )
    }
}

@Suite struct ArchiveResultTests {
    private let stamp = Instant(milliseconds: 1_278_803_305_000)

    @Test func writesTheResultOfTheSpecification() throws {
        let payload = RawElement(
            name: "entry",
            namespace: "urn:t",
            bytes: Array("<entry xmlns='urn:t'/>".utf8)
        )
        var item = Element("item", Namespace.pubsubEvent, attributes: [.init("id", "i1")])
        item.children.append(.raw(payload))
        let items = Element(
            "items",
            Namespace.pubsubEvent,
            attributes: [.init("node", "princely_musings")],
            [item]
        )
        let result = ArchiveResult(
            queryID: "g28",
            id: "28482-20987-73623",
            stamp: stamp,
            event: Element("event", Namespace.pubsubEvent, [items])
        )
        let bytes = result.element.serialized()
        #expect(
            String(decoding: bytes, as: UTF8.self) == """
                <result xmlns='urn:xmpp:mam:2' queryid='g28' id='28482-20987-73623'>\
                <forwarded xmlns='urn:xmpp:forward:0'>\
                <delay xmlns='urn:xmpp:delay' stamp='2010-07-10T23:08:25.000Z'/>\
                <message xmlns='jabber:client'>\
                <event xmlns='http://jabber.org/protocol/pubsub#event'>\
                <items node='princely_musings'><item id='i1'><entry xmlns='urn:t'/></item></items>\
                </event></message></forwarded></result>
                """
        )
        let read = try #require(ArchiveResult(try Element(parsing: bytes)))
        #expect(read.queryID == "g28")
        #expect(read.id == "28482-20987-73623")
        #expect(read.stamp == stamp)
        #expect(read.event.child("items")?["node"] == "princely_musings")
    }

    @Test(arguments: [
        "<result xmlns='urn:xmpp:mam:2' id='1'/>",
        "<result xmlns='urn:xmpp:mam:2'><forwarded xmlns='urn:xmpp:forward:0'/></result>",
        "<result xmlns='urn:other' id='1'/>",
    ])
    func readsNoResultWhereThereIsNone(_ markup: String) throws {
        #expect(ArchiveResult(try Element(parsing: Array(markup.utf8))) == nil)
    }

    @Test func readsTheEndThatItWrites() throws {
        let page = ResultSetAnswer(first: "a", last: "b", index: 0, count: 16)
        for isComplete in [true, false] {
            let end = ArchiveEnd(isComplete: isComplete, page: page)
            #expect(ArchiveEnd(try Element(parsing: end.element.serialized())) == end)
            #expect(end.element["complete"] == (isComplete ? "true" : nil))
        }
        #expect(ArchiveEnd(Element("fin", "urn:other")) == nil)
    }

    @Test func writesTheMetadataOfTheSpecification() throws {
        let metadata = ArchiveMetadata(
            .init(
                oldest: .init(id: "YWxwaGEg", stamp: stamp),
                newest: .init(id: "b21lZ2Eg", stamp: stamp + .seconds(1))
            )
        )
        #expect(
            String(decoding: metadata.element().serialized(), as: UTF8.self) == """
                <metadata xmlns='urn:xmpp:mam:2'>\
                <start id='YWxwaGEg' timestamp='2010-07-10T23:08:25.000Z'/>\
                <end id='b21lZ2Eg' timestamp='2010-07-10T23:08:26.000Z'/></metadata>
                """
        )
        #expect(ArchiveMetadata().element(node: "n").children.isEmpty)
        #expect(ArchiveMetadata.isRequest(Element("metadata", "urn:xmpp:mam:2")))
        #expect(!ArchiveMetadata.isRequest(Element("query", "urn:xmpp:mam:2")))
    }
}
