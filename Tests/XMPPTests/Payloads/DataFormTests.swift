import Testing
import XMPP

@Suite struct DataFormTests {
    private func parse(_ markup: String) throws -> DataForm? {
        DataForm(try Element(parsing: Array(markup.utf8)))
    }

    @Test func readsAnswers() throws {
        let form = try #require(
            try parse(
                """
                <x xmlns='jabber:x:data' type='submit'>
                <field var='FORM_TYPE' type='hidden'><value>urn:t</value></field>
                <field var='one'><value>1</value></field>
                <field var='two'><value>a</value><value>b</value></field>
                <field var='none'/></x>
                """
            )
        )
        #expect(form.kind == .submit)
        #expect(form.formType == "urn:t")
        #expect(form.answers.map(\.name) == ["one", "two", "none"])
        #expect(form["two"] == ["a", "b"])
        #expect(form["none"] == [])
        #expect(form["absent"] == nil)
    }

    @Test func readsWhatItWrites() throws {
        let form = DataForm(
            .form,
            formType: "urn:t",
            title: "A <title>",
            fields: [
                .init(
                    "choice",
                    type: .listSingle,
                    label: "What & how",
                    values: ["b"],
                    options: ["a", "b"]
                ),
                .init("flag", type: .boolean, values: ["1"]),
            ]
        )
        #expect(DataForm(try Element(parsing: form.element.serialized())) == form)
    }

    @Test(arguments: [
        "<x xmlns='urn:other' type='submit'/>", "<form xmlns='jabber:x:data' type='submit'/>",
    ])
    func refusesWhatIsNoForm(_ markup: String) throws {
        #expect(try parse(markup) == nil)
    }

    // XEP-0004 §3.1: fields without a name say nothing, unknown children neither.
    @Test func passesOverWhatItDoesNotKnow() throws {
        let form = try parse(
            "<x xmlns='jabber:x:data'><field><value>1</value></field><other/>"
                + "<field var='a' type='odd'><other/><value>1</value></field></x>"
        )
        #expect(form?.kind == .submit)
        #expect(form?.answers == [.init("a", values: ["1"])])
    }

    @Test func readsAsManyFieldsAsAFormMayHave() throws {
        func markup(_ count: Int) -> String {
            let fields = (0..<count).map { "<field var='\($0)'/>" }.joined()
            return "<x xmlns='jabber:x:data'>\(fields)</x>"
        }
        #expect(try parse(markup(DataForm.fieldsMaximum))?.fields.count == DataForm.fieldsMaximum)
        #expect(try parse(markup(DataForm.fieldsMaximum + 1)) == nil)
    }

    @Test func readsAsManyValuesAsAFieldMayHave() throws {
        func markup(_ count: Int) -> String {
            let values = String(repeating: "<value/>", count: count)
            return "<x xmlns='jabber:x:data'><field var='a'>\(values)</field></x>"
        }
        #expect(
            try parse(markup(DataForm.valuesMaximum))?["a"]?.count == DataForm.valuesMaximum
        )
        #expect(try parse(markup(DataForm.valuesMaximum + 1)) == nil)
    }
}
