"""A process that speaks the protocol of links (docs/decisions/links.md), rightly or not."""

import base64
import hashlib
import hmac
import os
import secrets
import socket
import ssl
import xml.etree.ElementTree as ET

from .wire import PATIENCE_SECONDS, STREAM, STREAM_ERRORS, Closed, Connection, Silence, tag

LINK = "urn:lapwing:link:0"
SERVER = "jabber:server"


def token():
    return secrets.token_urlsafe(18)


def proof(prover, opener, accepter, secret, binding=b""):
    """What proves the secret; an end is its name, nonce and instance."""
    fields = [LINK, prover, *(part for pair in zip(opener, accepter) for part in pair)]
    message = b"".join(len(field).to_bytes(8, "big") + field
                       for field in [field.encode() for field in fields] + [binding])
    code = hmac.new(secret.encode(), message, hashlib.sha256).digest()
    return base64.b64encode(code).decode()


class End(Connection):
    """One connection of a link: of a Unix socket's path, of a port with TLS, or one accepted."""

    def __init__(self, place, name, secret, router="router", instance=None, user=None):
        """`user` is the number of the user that connects, where that is not our own."""
        self.name, self.secret, self.router = name, secret, router
        self.nonce, self.instance = token(), instance or token()
        self.security = "plain"
        self.domain = router
        self.jid = self.features = self.header = None
        self.elements = []
        self._reset()
        if isinstance(place, socket.socket):
            self.socket = place
        elif isinstance(place, int):
            self.security = "tls"
            self.socket = socket.create_connection(("127.0.0.1", place), PATIENCE_SECONDS)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self.socket = context.wrap_socket(self.socket)
        else:
            self.socket = unix(place, user)

    # The beginning

    def begin(self, more=""):
        """Sends header and hello."""
        self.send(f"<?xml version='1.0'?><stream:stream xmlns='{SERVER}' xmlns:stream='{STREAM}'"
                  f" version='1.0' from='{self.name}' to='{self.router}' id='{self.nonce}'{more}>"
                  f"<hello xmlns='{LINK}' instance='{self.instance}'/>")
        return self

    def read_hello(self):
        hello = self.receive()
        if hello.tag != tag(LINK, "hello"):
            self._elements.insert(0, hello)
            raise Closed(ET.tostring(hello, encoding="unicode"))
        self.theirs = (self.header["from"], self.header["id"], hello.get("instance"))
        return self

    @property
    def ours(self):
        return self.name, self.nonce, self.instance

    def prove(self, text=None):
        """Shows a proof: the right one, unless another is given."""
        self.shown = text or proof("opener", self.ours, self.theirs, self.secret)
        self.tell("proof", text=self.shown)
        return self

    def authenticate(self):
        """All up to the proof of the router, which has to be right."""
        self.begin().read_hello().prove()
        answer = self.receive()
        if answer.tag != tag(LINK, "proof"):
            self._elements.insert(0, answer)
            raise Closed(ET.tostring(answer, encoding="unicode"))
        self.answered = answer.text
        if answer.text != proof("accepter", self.ours, self.theirs, self.secret):
            raise AssertionError("the router's proof is wrong")
        return self

    def up(self):
        """All up to the first stanza, in a session that begins."""
        self.authenticate()
        self.tell("state")
        self.session = self.told("state").get("session")
        self.tell("started")
        return self

    # What is said of the link

    def tell(self, name, text="", **attributes):
        words = "".join(f" {key}='{value}'" for key, value in attributes.items())
        self.send(f"<{name} xmlns='{LINK}'{words}>{text}</{name}>")

    def told(self, name, patience=PATIENCE_SECONDS):
        return self.wait_for(lambda e: e.tag == tag(LINK, name), patience)

    def lives(self):
        """The router takes what came before, and answers."""
        self.tell("ask")
        self.told("answer")

    def ending(self, patience=PATIENCE_SECONDS):
        """All that still came, and the condition of the stream's error, or `closed`."""
        came, condition = [], "closed"
        try:
            while True:
                element = self.receive(patience)
                if element.tag == tag(STREAM, "error"):
                    condition = next(c.tag.split("}")[1] for c in element
                                     if c.tag.startswith(f"{{{STREAM_ERRORS}}}"))
                    text = element.findtext(tag(STREAM_ERRORS, "text"))
                    condition += f" ({text})" if text else ""
                came.append(element.tag.split("}")[1])
        except (Closed, ConnectionError):
            return came, condition
        finally:
            self.socket.close()

    def condition(self, patience=PATIENCE_SECONDS):
        return self.ending(patience)[1].split()[0]

    def is_shut(self):
        """Whether the connection ends without a word."""
        try:
            return not self.socket.recv(1)
        except ConnectionError:
            return True
        finally:
            self.socket.close()


def unix(path, user=None):
    """Connects to a Unix socket, as another user where one is given: root can."""
    link = socket.socket(socket.AF_UNIX)
    link.settimeout(PATIENCE_SECONDS)
    if user is None:
        link.connect(path)
        return link
    os.seteuid(user)
    try:
        link.connect(path)
    finally:
        os.seteuid(0)
    return link


__all__ = ["End", "LINK", "SERVER", "Silence", "proof", "token", "unix"]
