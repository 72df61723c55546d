extension ArchiveQuery {
    private static let validation = "http://jabber.org/protocol/xdata-validate"

    /// The answer to a `<query/>` of type `get`: the fields that there are (XEP-0313 §4.1.5).
    package static func fields(node: String? = nil) -> Element {
        let form = DataForm(
            .form,
            formType: namespace,
            fields: [
                .init(FieldName.with, type: .jidSingle, label: "Published by"),
                .init(FieldName.start, type: .textSingle, label: "Not before this time"),
                .init(FieldName.end, type: .textSingle, label: "Not after this time"),
                .init(
                    FieldName.beforeID,
                    type: .textSingle,
                    label: "Before the entry with this id"
                ),
                .init(FieldName.afterID, type: .textSingle, label: "After the entry with this id"),
                .init(FieldName.ids, type: .listMulti, label: "The entries with these ids"),
                .init(
                    FieldName.resolution,
                    type: .listSingle,
                    label: "Each item, or aggregates of samples",
                    values: [Resolution.raw.rawValue],
                    options: Resolution.allCases.map(\.rawValue)
                ),
            ]
        )
        var query = Element("query", namespace)
        query["node"] = node
        query.append(opening(form.element))
        return query
    }

    /// The form with its list of ids marked as open: any value may be given, and the list of all
    /// would be too long (XEP-0313 §4.1.5, XEP-0122 §3.2.2).
    private static func opening(_ form: Element) -> Element {
        var form = form
        for index in form.children.indices {
            guard case .element(var field) = form.children[index], field["var"] == FieldName.ids
            else { continue }
            field.append(
                Element(
                    "validate",
                    validation,
                    attributes: [.init("datatype", "xs:string")],
                    [Element("open", validation)]
                )
            )
            form.children[index] = .element(field)
        }
        return form
    }

    /// The `<query/>` of the request.
    package var element: Element {
        var query = Element("query", Self.namespace)
        query["queryid"] = queryID
        query["node"] = node
        let answers = self.answers
        if !answers.isEmpty {
            let form = DataForm(.submit, formType: Self.namespace, fields: answers)
            query.append(form.element)
        }
        for order in orders { query.append(order.element) }
        if page != ResultSetRequest() { query.append(page.element) }
        if isFlipped { query.append(Element("flip-page", Self.namespace)) }
        return query
    }

    private var answers: [DataForm.Field] {
        let single: [(String, String?)] = [
            (FieldName.start, start?.dateTime), (FieldName.end, end?.dateTime),
            (FieldName.with, with?.description), (FieldName.beforeID, beforeID),
            (FieldName.afterID, afterID),
            (FieldName.resolution, resolution == .raw ? nil : resolution.rawValue),
        ]
        var fields = single.compactMap { name, value in
            value.map { DataForm.Field(name, values: [$0]) }
        }
        if let ids { fields.append(DataForm.Field(FieldName.ids, values: ids)) }
        return fields
    }
}
