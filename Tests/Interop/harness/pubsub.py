"""PubSub by hand, for users of any server (XEP-0060, XEP-0163)."""

import xml.etree.ElementTree as ET
from xml.sax.saxutils import quoteattr

from .report import expect
from .wire import CLIENT, tag

PUBSUB = "http://jabber.org/protocol/pubsub"
OWNER = PUBSUB + "#owner"
EVENT = PUBSUB + "#event"
DATA = "jabber:x:data"


def form(kind, fields):
    values = "".join(
        f"<field var={quoteattr(name)}><value>{value}</value></field>"
        for name, value in [("FORM_TYPE", PUBSUB + kind), *fields.items()])
    return f"<x xmlns='{DATA}' type='submit'>{values}</x>"


def sample(value, level="ok"):
    return f"<sample xmlns='urn:lapwing:1' level='{level}'><v n='cpu'>{value}</v></sample>"


def ask(user, service, inside, kind="set", namespace=PUBSUB):
    """Sends a request; `service` None is the user's own account."""
    to = f" to='{service}'" if service else ""
    return user.request(f"<iq type='{kind}'{to}><pubsub xmlns='{namespace}'>{inside}</pubsub></iq>")


def must(answer):
    expect(answer.get("type") == "result", ET.tostring(answer, encoding="unicode"))
    return answer


def create(user, service, node, **options):
    fields = {f"pubsub#{name}": value for name, value in options.items()}
    return must(ask(user, service, f"<create node='{node}'/><configure>"
                    f"{form('#node_config', fields)}</configure>"))


def publish(user, service, node, identity, payload):
    return ask(user, service, f"<publish node='{node}'><item id='{identity}'>{payload}</item>"
               "</publish>")


def subscribe(user, service, node, options=None):
    more = f"<options>{form('#subscribe_options', options)}</options>" if options else ""
    return ask(user, service, f"<subscribe node='{node}' jid='{user.address}'/>{more}")


def unsubscribe(user, service, node):
    return ask(user, service, f"<unsubscribe node='{node}' jid='{user.address}'/>")


def items(user, service, node):
    return ask(user, service, f"<items node='{node}'/>", kind="get")


def affiliate(user, service, node, address, affiliation):
    return must(ask(user, service, f"<affiliations node='{node}'><affiliation jid='{address}'"
                    f" affiliation='{affiliation}'/></affiliations>", namespace=OWNER))


def is_event(element, node, identity=None):
    """Whether it tells of an item of that node."""
    found = element.find(f"{tag(EVENT, 'event')}/{tag(EVENT, 'items')}")
    if element.tag != tag(CLIENT, "message") or found is None or found.get("node") != node:
        return False
    return identity is None or any(item.get("id") == identity for item in found)


def told(user, service, node, identity):
    """Waits for the event of that item; its sender has to be the service."""
    event = user.wait_for(lambda e: is_event(e, node, identity))
    expect(event.get("from") == service, f"from {event.get('from')}")
    return event
