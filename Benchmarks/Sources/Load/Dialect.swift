/// How nodes are made, published to and subscribed to: XEP-0060, or its likeness in MQTT.
enum Dialect {
    /// A pubsub service; the publisher's own account where the address is empty (PEP).
    case xmpp(service: String)
    /// Topics with retained messages at this quality of service.
    case mqtt(quality: Int)

    var isMQTT: Bool {
        if case .mqtt = self { true } else { false }
    }

    /// Whether each publish is answered.
    var acknowledges: Bool {
        switch self {
        case .xmpp: true
        case .mqtt(let quality): quality > 0
        }
    }

    func publication(node: String, item: String, payload: String) -> [UInt8] {
        switch self {
        case .xmpp(let service):
            return Self.request(
                service,
                "<publish node='\(node)'><item id='\(item)'>\(payload)</item></publish>"
            )
        case .mqtt(let quality):
            return MQTT.publish(topic: node, payload: Array(payload.utf8), quality: quality)
        }
    }

    /// Makes a node that everyone may publish to; nil where topics need no making.
    func creation(node: String, fields: [Field]) -> [UInt8]? {
        guard case .xmpp(let service) = self else { return nil }
        if service.isEmpty {
            // On an account nodes come with their first item (XEP-0060 §7.1.5).
            return Self.request(
                service,
                "<publish node='\(node)'><item id='current'>\(Payload.sample(bytes: 0))</item>"
                    + "</publish><publish-options>\(Self.form("publish-options", fields))"
                    + "</publish-options>"
            )
        }
        let open = [Field("access_model", "open"), Field("publish_model", "open")]
        return Self.request(
            service,
            "<create node='\(node)'/><configure>\(Self.form("node_config", open + fields))"
                + "</configure>"
        )
    }

    func subscription(node: String, jid: String, filter: String? = nil) -> [UInt8] {
        guard case .xmpp(let service) = self else { return MQTT.subscribe(filter: node) }
        var options = ""
        if let filter {
            let field = Field(clark: "{urn:lapwing:1}filter", filter)
            options = "<options>\(Self.form("subscribe_options", [field]))</options>"
        }
        return Self.request(service, "<subscribe node='\(node)' jid='\(jid)'/>\(options)")
    }

    /// A field of a form of XEP-0060.
    struct Field {
        let name: String
        let value: String

        init(_ name: String, _ value: String) {
            self.name = "pubsub#\(name)"
            self.value = value
        }

        init(clark name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    private static func request(_ service: String, _ body: String) -> [UInt8] {
        let address = service.isEmpty ? "" : " to='\(service)'"
        return Array(
            """
            <iq type='set'\(address) id='p'><pubsub xmlns='http://jabber.org/protocol/pubsub'>\
            \(body)</pubsub></iq>
            """.utf8
        )
    }

    private static func form(_ kind: String, _ fields: [Field]) -> String {
        let space = "http://jabber.org/protocol/pubsub#\(kind)"
        let texts = fields.map { field in
            let value = field.value.replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            return "<field var='\(field.name)'><value>\(value)</value></field>"
        }
        return "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>"
            + "<value>\(space)</value></field>\(texts.joined())</x>"
    }
}

extension String {
    /// This text with each occurrence of a character replaced.
    fileprivate func replacing(_ character: Character, with text: String) -> String {
        map { $0 == character ? text : String($0) }.joined()
    }
}
