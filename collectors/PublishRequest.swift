import Telemetry
import XMPP

/// One publish to a node of the own account (XEP-0060 §7.1, XEP-0163 §3).
struct PublishRequest {
    var id: String
    var node: MonitoringNode
    var item: String
    var payload: Element.Node
    /// With a value: the request carries publish-options, which create the node that way
    /// (XEP-0060 §7.1.5).
    var access: AgentSettings.AccessModel?

    var stanza: Stanza {
        var item = Element("item", Namespace.pubsub, children: [payload])
        item["id"] = self.item
        var publish = Element("publish", Namespace.pubsub, [item])
        publish["node"] = node.name
        var pubsub = Element("pubsub", Namespace.pubsub, [publish])
        if let access {
            pubsub.append(
                Element("publish-options", Namespace.pubsub, [options(access).element])
            )
        }
        return Stanza(.iq, type: "set", id: id, [pubsub])
    }

    private func options(_ access: AgentSettings.AccessModel) -> DataForm {
        func field(_ name: String, _ value: String) -> DataForm.Field {
            DataForm.Field("pubsub#" + name, values: [value])
        }
        return DataForm(
            .submit,
            formType: Namespace.pubsub + "#publish-options",
            fields: [
                field("persist_items", "true"),
                field("max_items", node == .events ? String(Publisher.mostEvents) : "1"),
                field("access_model", access.rawValue),
                field("send_last_published_item", "on_sub_and_presence"),
            ]
        )
    }
}
