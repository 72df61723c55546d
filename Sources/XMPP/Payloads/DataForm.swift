/// A form to fill in, or the answers to one (XEP-0004).
package struct DataForm: Sendable, Hashable {
    /// Fields of one form; more than any specification has, few enough to walk without thought.
    package static let fieldsMaximum = 256
    /// Values of one field.
    package static let valuesMaximum = 1_000
    private static let typeField = "FORM_TYPE"

    /// What the form is for, by its names on the wire (XEP-0004 §3.1).
    package enum Kind: String, Sendable {
        case form, submit, cancel, result
    }

    package var kind: Kind
    package var title: String?
    package var fields: [Field]

    /// One question with its answers.
    package struct Field: Sendable, Hashable {
        package var name: String
        /// Nil where it may be left out: in answers.
        package var type: FieldType?
        package var label: String?
        package var values: [String]
        /// The values to choose from.
        package var options: [String]

        package init(
            _ name: String,
            type: FieldType? = nil,
            label: String? = nil,
            values: [String] = [],
            options: [String] = []
        ) {
            self.name = name
            self.type = type
            self.label = label
            self.values = values
            self.options = options
        }
    }

    /// How a field is to be shown (XEP-0004 §3.3).
    package enum FieldType: String, Sendable {
        case boolean, fixed, hidden
        case jidMulti = "jid-multi"
        case jidSingle = "jid-single"
        case listMulti = "list-multi"
        case listSingle = "list-single"
        case textMulti = "text-multi"
        case textPrivate = "text-private"
        case textSingle = "text-single"
    }

    package init(_ kind: Kind, formType: String?, title: String? = nil, fields: [Field] = []) {
        self.kind = kind
        self.title = title
        self.fields = fields
        if let formType {
            self.fields.insert(Field(Self.typeField, type: .hidden, values: [formType]), at: 0)
        }
    }

    /// What the names of the fields mean (XEP-0068).
    package var formType: String? { self[Self.typeField]?.first }

    /// The answers without the form's type.
    package var answers: [Field] { fields.filter { $0.name != Self.typeField } }

    /// The values of a field; nil where it is not there.
    package subscript(_ name: String) -> [String]? {
        fields.first { $0.name == name }?.values
    }
}

extension DataForm {
    /// Reads an `<x/>`; nil when it is none, or larger than a form may be.
    package init?(_ element: Element) {
        guard element.matches("x", Namespace.dataForms) else { return nil }
        // XEP-0004 requires the type; many answers come without.
        kind = element["type"].flatMap(Kind.init(rawValue:)) ?? .submit
        title = element.child("title")?.text
        fields = []
        for child in element.elements where child.matches("field", Namespace.dataForms) {
            guard fields.count < Self.fieldsMaximum else { return nil }
            guard let name = child["var"] else { continue }
            let values = child.elements.filter { $0.matches("value", Namespace.dataForms) }
            guard values.count <= Self.valuesMaximum else { return nil }
            fields.append(
                Field(
                    name,
                    type: child["type"].flatMap(FieldType.init(rawValue:)),
                    label: child["label"],
                    values: values.map(\.text),
                    options: child.elements.filter { $0.matches("option", Namespace.dataForms) }
                        .compactMap { $0.child("value")?.text }
                )
            )
        }
    }

    /// The `<x/>`.
    package var element: Element {
        var form = Element("x", Namespace.dataForms, attributes: [.init("type", kind.rawValue)])
        if let title { form.append(Element("title", Namespace.dataForms, text: title)) }
        for field in fields { form.append(field.element) }
        return form
    }
}

extension DataForm.Field {
    fileprivate var element: Element {
        var field = Element("field", Namespace.dataForms, attributes: [.init("var", name)])
        if let type { field["type"] = type.rawValue }
        if let label { field["label"] = label }
        for value in values { field.append(Element("value", Namespace.dataForms, text: value)) }
        for option in options {
            field.append(
                Element(
                    "option",
                    Namespace.dataForms,
                    [Element("value", Namespace.dataForms, text: option)]
                )
            )
        }
        return field
    }
}
