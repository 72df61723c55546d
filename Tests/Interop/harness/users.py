"""Clients by hand on several servers, which answer what servers ask them while a test waits."""

import base64
import hashlib
import select
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

from .federation import PASSWORD
from .report import expect
from .wire import CLIENT, PATIENCE_SECONDS, Closed, Connection, Silence, tag

INFO = "http://jabber.org/protocol/disco#info"
CAPABILITIES = "http://jabber.org/protocol/caps"
PING = "urn:xmpp:ping"
ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas"
IDENTITY = "client/pc//tests"


class User(Connection):
    """One session. While it waits for something, all users of the test are read."""

    everyone = []

    def __init__(self, server, name, resource="tests", interests=()):
        """`interests` are nodes of whose items the session wants to be told (XEP-0163)."""
        super().__init__(server.host, server.ports["c2s-plain"], server.domain)
        self.address = f"{name}@{server.domain}"
        self.said = sorted([INFO, PING, *(node + "+notify" for node in interests)])
        self._announced = bool(interests)
        self.log_in(name, PASSWORD, resource)
        # Only who knows the roster is told of subscriptions (RFC 6121 §2.2, §3).
        self.request("<iq type='get'><query xmlns='jabber:iq:roster'/></iq>")
        User.everyone.append(self)

    # What it does

    def presence(self, kind=None, to=None, more=""):
        attributes = "".join(
            f" {name}='{value}'" for name, value in (("type", kind), ("to", to)) if value)
        if kind is None and self._announced:
            more += (f"<c xmlns='{CAPABILITIES}' hash='sha-1' node='urn:tests'"
                     f" ver='{self.version}'/>")
        self.send(f"<presence{attributes}>{more}</presence>")

    def say(self, to, body, identity=None, kind="chat"):
        name = f" id='{identity}'" if identity else ""
        self.send(f"<message to='{to}' type='{kind}'{name}><body>{escape(body)}</body></message>")

    def ask(self, to, payload, kind="get", patience=PATIENCE_SECONDS):
        return self.request(f"<iq type='{kind}' to='{to}'>{payload}</iq>", patience)

    def befriend(self, other):
        """Both see each other's presence from then on; both have to be available."""
        for one, two in ((self, other), (other, self)):
            one.presence("subscribe", two.address)
            two.sees(one.address, "subscribe")
            two.presence("subscribed", one.address)
            one.sees(two.address, "subscribed")
            one.sees(two.jid)

    # What it waits for

    def hears(self, body, patience=PATIENCE_SECONDS):
        """The message with that body."""
        return self.wait_for(lambda e: e.tag == tag(CLIENT, "message") and text(e) == body,
                             patience)

    def sees(self, origin, kind=None, patience=PATIENCE_SECONDS):
        """The presence of that type from that address."""
        return self.wait_for(
            lambda e: e.tag == tag(CLIENT, "presence") and e.get("from") == origin
            and e.get("type") == kind, patience)

    def bounced(self, identity, patience=PATIENCE_SECONDS):
        """The condition and the text of the error that came back."""
        return error(self.wait_for(
            lambda e: e.get("id") == identity and e.get("type") == "error", patience))

    def hears_nothing(self, accept, behind):
        """That nothing which is accepted came before the answer to a ping of `behind`."""
        answer = self.ask(behind, f"<ping xmlns='{PING}'/>")
        expect(answer.get("type") in ("result", "error"), "no answer")
        found = [ET.tostring(e, encoding="unicode") for e in self._elements if accept(e)]
        expect(not found, f"came {found}")

    def forget(self):
        """Leaves what came and nobody asked for."""
        self._elements.clear()

    def leave(self):
        User.everyone.remove(self)
        self.end()

    @property
    def version(self):
        """The verification string of what the client says of itself (XEP-0115 §5)."""
        whole = "<".join([IDENTITY, *self.said, ""])
        return base64.b64encode(hashlib.sha1(whole.encode()).digest()).decode()

    # Below

    def _read(self, patience):
        if self not in User.everyone:
            return super()._read(patience)
        users = {user.socket: user for user in User.everyone if not user.has_ended}
        ready = select.select(list(users), [], [], patience)[0]
        if not ready:
            raise Silence(f"nothing came within {patience:.1f} s")
        for link in ready:
            user = users[link]
            try:
                Connection._read(user, 0)
            except Closed:
                if user is self:
                    raise
            user._elements[:] = [e for e in user._elements if not user._answer(e)]

    def _answer(self, element):
        """Answers a question about the client itself."""
        if element.tag != tag(CLIENT, "iq") or element.get("type") != "get" or not len(element):
            return False
        if element[0].tag == tag(INFO, "query"):
            node = element[0].get("node")
            about = f" node='{escape(node)}'" if node else ""
            features = "".join(f"<feature var='{escape(name)}'/>" for name in self.said)
            payload = (f"<query xmlns='{INFO}'{about}><identity category='client' type='pc'"
                       f" name='tests'/>{features}</query>")
        elif element[0].tag == tag(PING, "ping"):
            payload = ""
        else:
            return False
        self.send(f"<iq type='result' id='{escape(element.get('id'))}'"
                  f" to='{escape(element.get('from'))}'>{payload}</iq>")
        return True


def text(message):
    return message.findtext(tag(CLIENT, "body"))


def error(element):
    """The condition of a stanza error, and what it says to people."""
    found = element.find(tag(CLIENT, "error"))
    expect(found is not None, "no error in " + ET.tostring(element, encoding="unicode"))
    condition = next(c.tag.split("}")[1] for c in found
                     if c.tag.startswith(f"{{{ERRORS}}}") and not c.tag.endswith("}text"))
    return condition, found.findtext(tag(ERRORS, "text")) or ""
