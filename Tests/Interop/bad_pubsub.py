#!/usr/bin/python3
"""Malformed and extreme requests of pubsub: each draws the error that it should, and no more."""

from xml.sax.saxutils import escape

from harness.lapwing import Lapwing
from harness.process import Workshop
from harness.report import Report, expect
from harness.wire import CLIENT, Closed, Connection, tag

PASSWORD = "a password of the tests"
PUBSUB = "http://jabber.org/protocol/pubsub"
OWNER = PUBSUB + "#owner"
RSM = "http://jabber.org/protocol/rsm"
ARCHIVE = "urn:xmpp:mam:2"
SERVICE = "pubsub.example.test"
FLEET = "monitor.example.test"
BIG = str(2**63 - 1)
HUGE = "9" * 30
REFUSED = "modify not-acceptable invalid-options"
INVALID = "modify bad-request invalid-options"
GONE = "cancel item-not-found"
BAD = "modify bad-request"


def form(kind, fields):
    text = "".join(
        f"<field var='{name}'><value>{escape(value)}</value></field>"
        for name, value in fields.items()
    )
    return (
        f"<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>"
        f"<value>{kind}</value></field>{text}</x>"
    )


def configure(field, value):
    fields = form(PUBSUB + "#node_config", {"pubsub#" + field: value})
    return "owner", "set", f"<configure node='n'>{fields}</configure>"


def subscribe(field, value, **more):
    """With options: those of the specification by their names, our own in braces."""
    fields = {field: value, **{"pubsub#" + name: text for name, text in more.items()}}
    options = form(PUBSUB + "#subscribe_options", fields)
    return "viewer", "set", f"<subscribe node='n' jid='VIEWER'/><options>{options}</options>"


def lapwing(name):
    return "{urn:lapwing:1}" + name


def page(text):
    return "viewer", "get", f"<items node='n'/><set xmlns='{RSM}'>{text}</set>"


def archive(field, value, node="n"):
    return "viewer", "query", f"<query xmlns='{ARCHIVE}' node='{node}'>" + form(
        ARCHIVE, {field: value}) + "</query>"


# What is asked, and the error that it draws; None where it is answered.
REQUESTS = [
    # Numbers beyond what a number holds, and beyond what a field takes.
    *[(configure("item_expire", value), REFUSED) for value in (BIG, HUGE, "-1", "0", "x", "")],
    *[(configure("max_items", value), REFUSED) for value in (BIG, HUGE, "-1", "10000001")],
    *[(configure("max_payload_size", value), REFUSED) for value in (BIG, "0", "65537")],
    (configure("children_max", BIG), REFUSED),
    (configure("item_expire", "315576001"), REFUSED),
    (configure("item_expire", "315576000"), None),
    (configure("max_items", "max"), None),
    (configure("title", "x" * 4097), REFUSED),
    (configure("no_such_field", "1"), REFUSED),
    (configure("access_model", "none"), "modify not-acceptable unsupported-access-model"),
    (configure("collection", "n"), "cancel not-allowed invalid-options"),
    (configure("children", "n"), "cancel not-allowed invalid-options"),
    # Options of subscriptions: times, numbers, expressions.
    *[(subscribe("pubsub#expire", value), INVALID) for value in (
        "99999-12-31T23:59:59Z", "-9999-12-31T23:59:59Z", "0000-00-00T00:00:00Z",
        "1970-01-01T00:00:00Z", "x")],
    *[(subscribe("pubsub#digest_frequency", value, digest="1"), INVALID)
      for value in (BIG, HUGE, "0", "999", "604800001", "-1")],
    *[(subscribe("pubsub#subscription_depth", value), INVALID) for value in (HUGE, "-1", "x")],
    *[(subscribe(lapwing("min-interval"), value), INVALID) for value in (BIG, HUGE, "-1")],
    *[(subscribe(lapwing("filter"), text), REFUSED) for text in (
        "(" * 900, "not " * 250 + "cpu.user", "cpu.user > 1e999", "cpu.user > " + "9" * 400,
        "node like '" + "*a" * 60 + "'", "cpu.user >", "x" * 1025)],
    *[(subscribe(lapwing("deadband"), text), REFUSED) for text in (
        "cpu.user " + "9" * 400, "cpu.user 1e308%", "cpu.user -1")],
    *[(subscribe(lapwing("quiet"), text), REFUSED)
      for text in ("99:99-99:99Z", "00:00-24:00+14:01", "22:00")],
    (subscribe(lapwing("on-change"), "enter"), INVALID),
    (subscribe("pubsub#expire", "9999-12-31T23:59:59Z"), None),
    # Pages and the archive.
    *[(page(text), BAD) for text in (
        "<max>-1</max>", f"<max>{HUGE}</max>", "<max/>", "<max>1</max><index>-1</index>",
        f"<index>{HUGE}</index>", "<before>a</before><after>b</after>")],
    *[(page(text), GONE) for text in ("<before>x</before>", "<after>x</after>")],
    *[(page(text), None) for text in (
        f"<max>{BIG}</max>", f"<max>1</max><index>{BIG}</index>", "<max>0</max>")],
    *[(("viewer", "get", f"<items node='n' max_items='{value}'/>"), BAD)
      for value in ("-1", "0", HUGE, "x", "")],
    (("viewer", "get", f"<items node='n' max_items='{BIG}'/>"), None),
    *[(archive("start", value), BAD) for value in ("x", "292277026596-12-04T15:30:07Z")],
    (archive("start", "9999-12-31T23:59:59Z"), None),
    (archive("end", "0001-01-01T00:00:00Z"), None),
    (archive("after-id", "x"), GONE),
    # Publishing and retracting (XEP-0060 §7.1.3, §7.2.3).
    (("owner", "set", "<publish node='n'><item id=''/></publish>"), "modify not-acceptable"),
    (("owner", "set", f"<publish node='n'><item id='{'x' * 513}'/></publish>"),
     "modify not-acceptable"),
    (("owner", "set", "<publish node='n'><item/><item/></publish>"), BAD),
    (("owner", "set", "<publish node='n'/>"), BAD + " item-required"),
    (("owner", "set", "<publish/>"), BAD + " nodeid-required"),
    (("viewer", "set", "<publish node='n'><item><a xmlns='a'/></item></publish>"),
     "auth forbidden"),
    (("owner", "set", "<retract node='n'/>"), BAD + " item-required"),
    (("owner", "set", "<retract node='n'><item id='none'/></retract>"), GONE),
    # Nodes (§8).
    (("owner", "set", f"<create node='{'x' * 513}'/>"), "modify not-acceptable"),
    *[(("owner", "set", f"<create node='{name}'/>"), "modify not-acceptable")
      for name in ("a/*", "#", "a/#")],
    (("owner", "set", "<create node='n'/>"), "cancel conflict"),
    (("owner", "set", ""), BAD),
    (("owner", "set", "<no-such-request/>"), BAD),
    (("owner", "owner-set", "<delete/>"), BAD + " nodeid-required"),
    (("owner", "owner-set", "<delete node='none'/>"), GONE),
    (("owner", "owner-set", "<delete node=''/>"), "cancel not-allowed"),
    (("owner", "owner-set", "<configure node='n'/>"), BAD),
    (("owner", "owner-set", "<collection/>"), BAD + " nodeid-required"),
    (("owner", "owner-set", "<collection node='none'><associate node='n'/></collection>"), GONE),
    *[(("viewer", "owner-set", text), "auth forbidden") for text in (
        "<delete node='n'/>", "<purge node='n'/>", "<configure node='n'/>",
        "<subscriptions node='n'/>",
        "<affiliations node='n'><affiliation jid='VIEWER' affiliation='owner'/></affiliations>")],
    # Subscribing (§6.1.3, §6.2.3).
    (("owner", "set", "<subscribe node='n'/>"), BAD + " jid-required"),
    (("owner", "set", "<subscribe node='n' jid='VIEWER'/>"), BAD + " invalid-jid"),
    (("owner", "set", "<subscribe node='n' jid='@@'/>"), BAD + " invalid-jid"),
    (("owner", "set", "<subscribe node='none' jid='OWNER'/>"), GONE),
    (("owner", "set", "<unsubscribe node='n'/>"), BAD + " jid-required"),
    (("owner", "set", "<unsubscribe node='n' jid='VIEWER'/>"), "auth forbidden"),
    (("owner", "set", "<unsubscribe node='n' jid='OWNER'/>"),
     "cancel unexpected-request not-subscribed"),
    (("viewer", "set", "<unsubscribe node='n' jid='VIEWER' subid='none'/>"),
     "modify not-acceptable invalid-subid"),
    # Affiliations and subscriptions that an owner sets (§8.8.2.4, §8.9.2.4).
    *[(("owner", "owner-set", f"<affiliations node='n'>{text}</affiliations>"), error)
      for text, error in (
          ("<affiliation jid='OWNER' affiliation='none'/>", "modify not-acceptable"),
          ("<affiliation jid='@@' affiliation='owner'/>", "modify not-acceptable"),
          ("<affiliation jid='a@b' affiliation='king'/>", "modify not-acceptable"),
          ("<affiliation jid='a@b' affiliation='owner'/>" * 2, BAD))],
    (("owner", "owner-set",
      "<subscriptions node='n'><subscription jid='a@b' subscription='king'/></subscriptions>"),
     "modify not-acceptable"),
    # Of hosts that one may not know of it is not even said whether there are any.
    *[((*request, FLEET), error) for name in ("web1", "none") for request, error in (
        (("viewer", "set", f"<subscribe node='host/{name}/cpu' jid='VIEWER'/>"),
         "auth forbidden"),
        (("viewer", "set", f"<unsubscribe node='host/{name}/cpu' jid='VIEWER'/>"),
         "auth forbidden"),
        (("viewer", "get", f"<affiliations node='host/{name}/cpu'/>"), "auth forbidden"),
        (("viewer", "get", f"<items node='host/{name}/cpu'/>"), "auth forbidden"),
        (archive("end", "0001-01-01T00:00:00Z", f"host/{name}/cpu"),
         "auth forbidden"))],
]


class Peers:
    def __init__(self, server):
        self.server = server
        self.connections = {}
        for role, user in (("owner", "web1"), ("viewer", "eve")):
            server.register(user, PASSWORD)
            self.connections[role] = self.connect(user)
        server.add_to_group("hosts", "web1")
        expect(self.ask("owner", "set", "<create node='n'/>") is None, "no node was made")
        publish = ("<publish node='urn:lapwing:1#cpu'><item id='current'><a xmlns='a'/></item>"
                   "</publish>")
        expect(self.ask("owner", "set", publish, None) is None, "the host's node was not made")

    def connect(self, user, resource="bad"):
        connection = Connection(self.server.host, self.server.ports["c2s-plain"],
                                self.server.domain)
        connection.log_in(user, PASSWORD, resource)
        return connection

    def ask(self, role, kind, content, to=SERVICE):
        """The error as in `auth forbidden`; None for a result."""
        content = content.replace("VIEWER", "eve@example.test").replace(
            "OWNER", "web1@example.test")
        if kind == "query":
            kind = "set"
        else:
            namespace = OWNER if kind == "owner-set" or "<configure" in content else PUBSUB
            content = f"<pubsub xmlns='{namespace}'>{content}</pubsub>"
        target = f" to='{to}'" if to else ""
        answer = self.connections[role].request(
            f"<iq type='{kind.removeprefix('owner-')}'{target}>{content}</iq>")
        if answer.get("type") == "result":
            return None
        error = answer.find(tag(CLIENT, "error"))
        names = [child.tag.split("}")[1] for child in error]
        return " ".join([error.get("type"), *[name for name in names if name != "text"]])

    def answers_all(self):
        wrong = []
        for request, expected in REQUESTS:
            came = self.ask(*request)
            if came != expected:
                wrong.append(f"{' '.join(request)[:160]}: {came}, not {expected}")
        expect(not wrong, "\n  ".join([f"{len(wrong)} of {len(REQUESTS)}:", *wrong]))
        return f"{len(REQUESTS)} requests"

    def ends_streams_of_what_is_too_deep(self):
        deep = "<a xmlns='a'>" + "<a>" * 5000 + "</a>" * 5000 + "</a>"
        connection = self.connect("eve", "deep")
        try:
            connection.request(f"<iq type='set' to='{SERVICE}'><pubsub xmlns='{PUBSUB}'>"
                               f"<publish node='n'><item>{deep}</item></publish></pubsub></iq>")
        except Closed:
            return
        raise AssertionError("a payload of 5,000 levels was taken")

    def lives(self):
        expect(self.server.process.poll() is None, "the server has ended")
        for role in ("owner", "viewer"):
            came = self.ask(role, "get", "<items node='n'/>")
            expect(came is None, f"{role} is refused the items: {came}")


def main():
    report = Report("bad requests of pubsub")
    workshop = Workshop("bad-pubsub")
    peers = Peers(Lapwing(workshop).start())
    report.check("each draws its error", peers.answers_all)
    report.check("what is too deep ends its stream", peers.ends_streams_of_what_is_too_deep)
    report.check("the server lives", peers.lives)
    workshop.close()
    report.finish()


if __name__ == "__main__":
    main()
