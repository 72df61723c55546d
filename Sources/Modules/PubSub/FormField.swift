import XMPP

/// A field of a form that sets something up: its name, how it is shown, how it is read and written.
///
/// One table of them serves the form that is shown, the answers that come back, preconditions and
/// the store.
struct FormField<Subject: Sendable>: Sendable {
    let name: String
    let type: DataForm.FieldType
    let label: String
    let options: [String]
    let read: @Sendable (Subject) -> [String]
    /// False where the values make no sense.
    let write: @Sendable (inout Subject, [String]) -> Bool

    typealias Path<Value> = any WritableKeyPath<Subject, Value> & Sendable
}

// MARK: - Kinds of fields

extension FormField {
    static func text(_ name: String, _ path: Path<String>, _ label: String) -> Self {
        Self(
            name: name,
            type: .textSingle,
            label: label,
            options: [],
            read: { [$0[keyPath: path]] },
            write: { subject, values in
                let value = values.first ?? ""
                guard values.count <= 1,
                    value.utf8.count <= PubSubLimits.configurationTextBytesMaximum
                else { return false }
                subject[keyPath: path] = value
                return true
            }
        )
    }

    /// A set of texts: neither order nor repetition means anything.
    static func texts(
        _ name: String,
        _ type: DataForm.FieldType,
        _ path: Path<[String]>,
        upTo maximum: Int = PubSubLimits.configurationValuesMaximum,
        _ label: String
    ) -> Self {
        Self(
            name: name,
            type: type,
            label: label,
            options: [],
            read: { $0[keyPath: path] },
            write: { subject, values in
                guard values.count <= maximum,
                    values.allSatisfy({
                        $0.utf8.count <= PubSubLimits.configurationTextBytesMaximum
                    })
                else { return false }
                subject[keyPath: path] = Set(values).sorted()
                return true
            }
        )
    }

    /// A set of addresses.
    static func jids(_ name: String, _ path: Path<[JID]>, _ label: String) -> Self {
        Self(
            name: name,
            type: .jidMulti,
            label: label,
            options: [],
            read: { $0[keyPath: path].map(\.description) },
            write: { subject, values in
                guard values.count <= PubSubLimits.configurationValuesMaximum else { return false }
                let jids = Set(values.compactMap { try? JID($0) })
                guard jids.count == Set(values).count else { return false }
                subject[keyPath: path] = jids.sorted { $0.description < $1.description }
                return true
            }
        )
    }

    static func flag(_ name: String, _ path: Path<Bool>, _ label: String) -> Self {
        Self(
            name: name,
            type: .boolean,
            label: label,
            options: [],
            read: { [$0[keyPath: path] ? "1" : "0"] },
            write: { subject, values in
                switch values {
                case ["1"], ["true"]: subject[keyPath: path] = true
                case ["0"], ["false"]: subject[keyPath: path] = false
                default: return false
                }
                return true
            }
        )
    }

    static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
        _ name: String,
        _ path: Path<Choice>,
        alias: [String: Choice] = [:],
        _ label: String
    ) -> Self {
        Self(
            name: name,
            type: .listSingle,
            label: label,
            options: Choice.allCases.map(\.rawValue),
            read: { [$0[keyPath: path].rawValue] },
            write: { subject, values in
                guard let value = values.first, values.count == 1,
                    let choice = Choice(rawValue: value) ?? alias[value]
                else { return false }
                subject[keyPath: path] = choice
                return true
            }
        )
    }

    static func count(
        _ name: String,
        _ path: Path<Int>,
        _ range: ClosedRange<Int>,
        _ label: String
    ) -> Self {
        Self(
            name: name,
            type: .textSingle,
            label: label,
            options: [],
            read: { [String($0[keyPath: path])] },
            write: { subject, values in
                guard values.count == 1, let value = Int(values[0]), range.contains(value)
                else { return false }
                subject[keyPath: path] = value
                return true
            }
        )
    }

    /// XEP-0060 §16.4.4 `integer-or-max`: a number, or `max` for as much as the service allows.
    static func bound(
        _ name: String,
        _ path: Path<Bound>,
        _ range: ClosedRange<Int>,
        _ label: String
    ) -> Self {
        Self(
            name: name,
            type: .textSingle,
            label: label,
            options: [],
            read: { subject in
                switch subject[keyPath: path] {
                case .count(let count): [String(count)]
                case .max: ["max"]
                }
            },
            write: { subject, values in
                if values == ["max"] {
                    subject[keyPath: path] = .max
                    return true
                }
                guard values.count == 1, let count = Int(values[0]), range.contains(count)
                else { return false }
                subject[keyPath: path] = .count(count)
                return true
            }
        )
    }
}

/// A number, or as much as the service allows.
package enum Bound: Sendable, Hashable {
    case count(Int)
    case max
}

// MARK: - Tables

/// The fields of one kind of form.
struct FormTable<Subject: Sendable & Hashable>: Sendable {
    let formType: String
    let fields: [FormField<Subject>]
    private let byName: [String: FormField<Subject>]

    init(_ formType: String, _ fields: [FormField<Subject>]) {
        self.formType = formType
        self.fields = fields
        byName = Dictionary(fields.map { ($0.name, $0) }) { first, _ in first }
    }

    subscript(name: String) -> FormField<Subject>? { byName[name] }

    /// The form with what is set.
    func form(_ kind: DataForm.Kind, of subject: Subject) -> DataForm {
        DataForm(
            kind,
            formType: formType,
            fields: fields.map {
                .init(
                    $0.name,
                    type: $0.type,
                    label: $0.label,
                    values: $0.read(subject),
                    options: $0.options
                )
            }
        )
    }

    /// Takes answers, all or none; what the form does not name stays.
    ///
    /// - Throws: what `refusal` makes of the first field that is unknown or whose values make no
    ///   sense, with a text for people.
    func apply(
        _ form: DataForm,
        to subject: inout Subject,
        refusal: (_ field: String, _ text: String) -> StanzaError
    ) throws(StanzaError) {
        var changed = subject
        for answer in form.answers {
            guard let field = byName[answer.name] else {
                throw refusal(answer.name, "\(answer.name) is not known here")
            }
            guard field.write(&changed, answer.values) else {
                let values = answer.values.joined(separator: ", ")
                throw refusal(answer.name, "\(answer.name) can't be \(values)")
            }
        }
        subject = changed
    }

    /// The first field whose value is not what a form demands; unknown fields are never met.
    func unmet(_ demands: DataForm, by subject: Subject) -> String? {
        for answer in demands.answers {
            var wanted = subject
            guard let field = byName[answer.name], field.write(&wanted, answer.values),
                wanted == subject
            else { return answer.name }
        }
        return nil
    }

    /// The fields that differ from `defaults`, for the store.
    func differences(of subject: Subject, from defaults: Subject) -> [String: [String]] {
        var differences: [String: [String]] = [:]
        for field in fields {
            let values = field.read(subject)
            if values != field.read(defaults) { differences[field.name] = values }
        }
        return differences
    }

    /// Takes stored fields; what is no longer known is passed over.
    func restore(_ stored: [String: [String]], into subject: inout Subject) {
        for (name, values) in stored { _ = byName[name]?.write(&subject, values) }
    }
}
