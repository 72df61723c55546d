import XMPP

/// The pieces that the payloads share. What is unknown is ignored, so that a later version can
/// add to what it writes.
extension Element {
    func required(_ name: String) throws(PayloadError) -> String {
        guard let value = self[name] else { throw .missing(name) }
        return value
    }

    /// A required attribute that is a name: neither empty nor endless.
    func boundedName(_ name: String) throws(PayloadError) -> String {
        let value = try required(name)
        guard !value.isEmpty, value.utf8.count <= PayloadLimits.nameBytes else {
            throw .malformed(name)
        }
        return value
    }

    func instant(_ name: String) throws(PayloadError) -> Instant {
        guard let instant = Instant(dateTime: try required(name)) else { throw .malformed(name) }
        return instant
    }

    /// A count of at least zero; nil when the attribute is absent.
    func count(_ name: String) throws(PayloadError) -> Int? {
        guard let text = self[name] else { return nil }
        guard let count = Int(text), count >= 0 else { throw .malformed(name) }
        return count
    }

    func number(_ name: String) throws(PayloadError) -> Double? {
        guard let text = self[name] else { return nil }
        guard let number = Number.parse(text) else { throw .malformed(name) }
        return number
    }

    /// A level; one that this version does not know reads as `unknown`.
    func level(_ name: String) -> Level? {
        self[name].map { Level(rawValue: $0) ?? .unknown }
    }

    func boundedText() throws(PayloadError) -> String {
        let text = self.text
        guard text.utf8.count <= PayloadLimits.textBytes else { throw .malformed(name) }
        return text
    }

    /// The `<label n=''>` children.
    func labels() throws(PayloadError) -> [Label] {
        var labels: [Label] = []
        for child in elements where child.matches("label", namespace) {
            guard labels.count < PayloadLimits.values else { throw .tooMany("label") }
            labels.append(Label(try child.boundedName("n"), try child.boundedText()))
        }
        return labels
    }

    /// The `<v n=''>` children with what they are measured against.
    func alertValues() throws(PayloadError) -> [AlertValue] {
        var values: [AlertValue] = []
        for child in elements where child.matches("v", namespace) {
            guard values.count < PayloadLimits.values else { throw .tooMany("v") }
            values.append(
                AlertValue(
                    try child.boundedName("n"),
                    try child.sampleNumber(),
                    threshold: try child.number("threshold"),
                    clear: try child.number("clear")
                )
            )
        }
        return values
    }

    /// The number that a `<v/>` holds; nil when it says that it is unknown.
    func sampleNumber() throws(PayloadError) -> Double? {
        if let unknown = self["unknown"], unknown == "1" || unknown == "true" { return nil }
        guard let number = Number.parse(text.trimmingXMLSpace) else { throw .malformed("v") }
        return number
    }
}

extension Label {
    var element: Element {
        var element = Element("label", Namespace.lapwing, text: text)
        element["n"] = name
        return element
    }
}

extension AlertValue {
    var element: Element {
        var element = Element("v", Namespace.lapwing, text: number.map(Number.text) ?? "")
        element["n"] = name
        if number == nil { element["unknown"] = "1" }
        element["threshold"] = threshold.map(Number.text)
        element["clear"] = clear.map(Number.text)
        return element
    }
}

extension StringProtocol {
    /// Without the white space of XML at both ends.
    var trimmingXMLSpace: SubSequence {
        let space = { (character: Character) in
            character == " " || character == "\n" || character == "\t" || character == "\r"
                || character == "\r\n"
        }
        guard let first = firstIndex(where: { !space($0) }),
            let last = lastIndex(where: { !space($0) })
        else { return self[endIndex...] }
        return self[first...last]
    }
}
