"""A small XMPP client over a socket: it says what it is told and hides nothing."""

import base64
import hashlib
import itertools
import select
import socket
import ssl
import time
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from .scram import Scram

STREAM = "http://etherx.jabber.org/streams"
CLIENT = "jabber:client"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
TLS = "urn:ietf:params:xml:ns:xmpp-tls"
BIND = "urn:ietf:params:xml:ns:xmpp-bind"
STREAM_ERRORS = "urn:ietf:params:xml:ns:xmpp-streams"

# How long an answer may take before a test calls it missing.
PATIENCE_SECONDS = 10.0


class Closed(Exception):
    """The peer ended the stream or the connection."""


class Silence(Exception):
    """Nothing came within the patience."""


class LoginRefused(Exception):
    """SASL failed; the text is the condition."""


def tag(namespace, name):
    return f"{{{namespace}}}{name}"


class Connection:
    """One stream. `receive` returns top-level elements in the order they came."""

    def __init__(self, host, port, domain, security="plain", tls_version=None, authority=None,
                 source=None):
        """`security` is plain, starttls or direct; `authority` a file to verify against, `source`
        the address to come from."""
        self.domain = domain
        self.security = security
        self.tls_version = tls_version
        self.authority = authority
        self.jid = None
        self.features = None
        self.header = None
        self._ids = itertools.count(1)
        self.socket = socket.create_connection(
            (host, port), PATIENCE_SECONDS, (source, 0) if source else None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reset()
        if security == "direct":
            self._wrap()

    # Streams

    def open(self, to=None, header=None):
        """Sends a stream header and reads the server's and its features."""
        self._reset()
        self.send(
            header
            or f"<?xml version='1.0'?><stream:stream xmlns='{CLIENT}' xmlns:stream='{STREAM}'"
            f" version='1.0' to={quoteattr(to or self.domain)}>"
        )
        features = self.receive()
        if features.tag != tag(STREAM, "features"):
            raise Closed(ET.tostring(features, encoding="unicode"))
        self.features = features
        return features

    def secure(self):
        """Opens the stream and, with STARTTLS, moves it into TLS."""
        self.open()
        if self.security != "starttls":
            return
        self.send(f"<starttls xmlns='{TLS}'/>")
        answer = self.receive()
        if answer.tag != tag(TLS, "proceed"):
            raise Closed("no <proceed/>: " + answer.tag)
        self._wrap()
        self.open()

    def log_in(self, user, password, resource=None, mechanism=None, binding=None):
        """Everything from the first header to the bound resource."""
        self.secure()
        self.authenticate(user, password, mechanism, binding)
        self.open()
        return self.bind(resource)

    def mechanisms(self):
        found = self.features.find(tag(SASL, "mechanisms"))
        return [] if found is None else [m.text for m in found.findall(tag(SASL, "mechanism"))]

    def authenticate(self, user, password, mechanism=None, binding=None):
        """`binding` names a channel binding type: tls-unique or tls-server-end-point."""
        offered = self.mechanisms()
        if mechanism is None:
            mechanism = next((m for m in ("SCRAM-SHA-256", "SCRAM-SHA-1") if m in offered), None)
        if mechanism is None:
            raise LoginRefused(f"nothing that we speak is offered: {offered}")
        if mechanism == "PLAIN":
            self._sasl("auth", f"\0{user}\0{password}".encode(), mechanism)
            self._outcome()
            return
        exchange = Scram(mechanism, user, password, self._binding(binding))
        self._sasl("auth", exchange.first(), mechanism)
        challenge = self._outcome("challenge")
        self._sasl("response", exchange.final(challenge))
        exchange.verify(self._outcome())

    def bind(self, resource=None):
        wanted = f"<resource>{escape(resource)}</resource>" if resource else ""
        answer = self.request(f"<iq type='set'><bind xmlns='{BIND}'>{wanted}</bind></iq>")
        jid = answer.find(f"{tag(BIND, 'bind')}/{tag(BIND, 'jid')}")
        if jid is None:
            raise Closed("no resource was bound: " + ET.tostring(answer, encoding="unicode"))
        self.jid = jid.text
        return self.jid

    # Stanzas

    def send(self, text):
        self.socket.sendall(text.encode() if isinstance(text, str) else text)

    def request(self, iq, patience=PATIENCE_SECONDS):
        """Sends an <iq/> with a fresh id; returns its answer. What else comes is kept."""
        identity = f"r{next(self._ids)}"
        self.send(iq.replace("<iq", f"<iq id='{identity}'", 1))
        return self.wait_for(
            lambda e: e.tag == tag(CLIENT, "iq") and e.get("id") == identity, patience
        )

    def wait_for(self, accept, patience=PATIENCE_SECONDS):
        """The next element that is accepted; those before it stay to be received."""
        passed = []
        deadline = time.monotonic() + patience
        try:
            while True:
                element = self.receive(max(0.0, deadline - time.monotonic()))
                if accept(element):
                    return element
                passed.append(element)
        finally:
            self._elements[:0] = passed

    def receive(self, patience=PATIENCE_SECONDS):
        """The next top-level element: a stanza, features, a stream error."""
        deadline = time.monotonic() + patience
        while not self._elements:
            if self._ended:
                raise Closed("the stream has ended")
            self._read(max(0.0, deadline - time.monotonic()))
        return self._elements.pop(0)

    def end(self):
        """Closes the stream in order and waits for the peer's close."""
        try:
            self.send("</stream:stream>")
            while True:
                self.receive()
        except (Closed, Silence, OSError):
            pass
        self.socket.close()

    def vanish(self):
        """Drops the connection without a word, as a lost link does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    @property
    def has_ended(self):
        """Whether the peer has closed, and everything that it sent was read."""
        return self._ended

    # Below the stanzas

    def _reset(self):
        self._parser = ET.XMLPullParser(["start", "end"])
        self._depth = 0
        self._elements = []
        self._ended = False
        self._root = None

    def _read(self, patience):
        # TLS may hold decrypted bytes that the socket no longer shows.
        pending = self.security != "plain" and getattr(self.socket, "pending", lambda: 0)()
        if not pending and not select.select([self.socket], [], [], patience)[0]:
            raise Silence(f"nothing came within {patience:.1f} s")
        try:
            data = self.socket.recv(65536)
        except ssl.SSLWantReadError:
            return
        except (ConnectionError, ssl.SSLError) as error:
            self._ended = True
            raise Closed(str(error)) from error
        if not data:
            self._ended = True
            return
        self._parser.feed(data)
        for event, element in self._parser.read_events():
            if event == "start":
                self._depth += 1
                if self._depth == 1:
                    self.header = dict(element.attrib)
                    self._root = element
            else:
                self._depth -= 1
                if self._depth == 1:
                    self._elements.append(element)
                    self._root.remove(element)
                elif self._depth == 0:
                    self._ended = True

    def _wrap(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if self.authority:
            context.load_verify_locations(self.authority)
            context.check_hostname = True
            context.verify_mode = ssl.CERT_REQUIRED
        if self.tls_version:
            context.minimum_version = context.maximum_version = self.tls_version
        if self.security == "direct":
            context.set_alpn_protocols(["xmpp-client"])
        self.socket = context.wrap_socket(self.socket, server_hostname=self.domain)

    def _binding(self, kind):
        if kind is None:
            return None
        if kind == "tls-unique":
            return kind, self.socket.get_channel_binding("tls-unique")
        certificate = self.socket.getpeercert(binary_form=True)
        return kind, hashlib.sha256(certificate).digest()

    def _sasl(self, name, payload, mechanism=None):
        attribute = f" mechanism='{mechanism}'" if mechanism else ""
        text = base64.b64encode(payload).decode() or "="
        self.send(f"<{name} xmlns='{SASL}'{attribute}>{text}</{name}>")

    def _outcome(self, expected="success"):
        answer = self.receive()
        if answer.tag == tag(SASL, "failure"):
            raise LoginRefused(answer[0].tag.split("}")[1] if len(answer) else "failure")
        if answer.tag != tag(SASL, expected):
            raise LoginRefused("unexpected " + answer.tag)
        return base64.b64decode(answer.text or "")
