"""Servers by hand: one that opens a stream, and one that answers for any domain."""

import asyncio
import base64
import socket
import ssl
import threading
import uuid
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

from .wire import SASL, STREAM, STREAM_ERRORS, Closed, Connection, tag

SERVER = "jabber:server"
DIALBACK = "jabber:server:dialback"
BIDI = "urn:xmpp:bidi"
BIDI_FEATURE = "urn:xmpp:features:bidi"


def header(origin, to, identity=""):
    return (f"<?xml version='1.0'?><stream:stream xmlns='{SERVER}' xmlns:db='{DIALBACK}'"
            f" xmlns:stream='{STREAM}' version='1.0' from='{origin}' to='{to}'{identity}>")


class Stranger(Connection):
    """A stream to a server in the name of any domain."""

    def __init__(self, server, origin, identity=None, security="starttls"):
        self.origin = origin
        self.identity = identity
        port = server.ports["s2s-direct" if security == "direct" else "s2s"]
        super().__init__(server.host, port, server.domain, security)

    def open(self, to=None, header=None, origin=None):
        return super().open(header=header or globals()["header"](
            origin or self.origin, to or self.domain))

    def external(self, name=None):
        """Shows the certificate; returns the answer."""
        text = base64.b64encode((name or self.origin).encode()).decode()
        self.send(f"<auth xmlns='{SASL}' mechanism='EXTERNAL'>{text}</auth>")
        return self.receive()

    def prove(self):
        """All up to the first stanza, by the certificate."""
        self.secure()
        answer = self.external()
        if answer.tag != tag(SASL, "success"):
            raise Closed(ET.tostring(answer, encoding="unicode"))
        self.open()
        return self

    def claim(self, origin, key="a key", to=None):
        self.send(f"<db:result from='{origin}' to='{to or self.domain}'>{key}</db:result>")

    def say(self, to, body, origin=None):
        self.send(f"<message from='anyone@{origin or self.origin}' to='{to}'>"
                  f"<body>{escape(body)}</body></message>")

    def condition(self, patience=10):
        """What the stream is ended with, or `closed`."""
        try:
            element = self.wait_for(lambda e: e.tag == tag(STREAM, "error"), patience)
        except (Closed, ConnectionError):
            return "closed"
        return next(c.tag.split("}")[1] for c in element
                    if c.tag.startswith(f"{{{STREAM_ERRORS}}}"))

    def _wrap(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["xmpp-server"])
        if self.identity:
            context.load_cert_chain(*self.identity)
        self.socket = context.wrap_socket(self.socket, server_hostname=self.domain)


class Failing:
    """Takes every connection, and no stream comes to anything on it; in a thread of its own.

    With an identity it speaks TLS from the first byte; what it shows is what is wrong with it.
    """

    def __init__(self, identity=None):
        self.total = 0
        self._context = None
        if identity:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*identity)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            link, _ = self._socket.accept()
            self.total += 1
            link.settimeout(10)
            try:
                if self._context:
                    link = self._context.wrap_socket(link, server_side=True)
                heard = b""
                while b">" not in heard.partition(b"<stream:stream")[2]:
                    came = link.recv(65536)
                    if not came:
                        raise ConnectionError
                    heard += came
                link.sendall((
                    header("failing.example", "anybody.example", " id='1'")
                    + "<stream:error><internal-server-error"
                    f" xmlns='{STREAM_ERRORS}'/></stream:error></stream:stream>").encode())
                link.recv(65536)
            except OSError:
                pass
            finally:
                link.close()


class Crowd:
    """Answers for every domain on one port, by direct TLS. It runs in a thread of its own.

    Messages are echoed where the stream goes both ways. `verdict` says what becomes of a key that
    it is asked about, `external` whether it takes certificates.
    """

    def __init__(self, identity):
        self.stanzas = []
        self.claims = []
        self.total = 0
        self.links = {}
        self.external = True
        self.verdict = lambda element: "invalid"
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*identity)
        self._ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True).start()
        self._ready.wait(10)

    def now_open(self):
        """Domains that somebody is connected to at the moment."""
        return sorted(self.links.values())

    async def _run(self):
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context,
                                            backlog=1000)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await server.serve_forever()

    async def _serve(self, reader, writer):
        self.total += 1
        self.links[writer] = ""
        try:
            await _Visit(self, writer).run(reader)
        except (OSError, ET.ParseError, ssl.SSLError):
            pass
        finally:
            del self.links[writer]
            writer.close()


class _Visit:
    """One stream that somebody has opened to a crowd."""

    def __init__(self, crowd, writer):
        self.crowd = crowd
        self.writer = writer
        self.is_proven = False
        self.goes_both_ways = False

    async def run(self, reader):
        self.restart()
        while data := await reader.read(65536):
            parser = self.parser
            parser.feed(data)
            for event, element in parser.read_events():
                self.take(event, element)
                if parser is not self.parser:
                    break
            await self.writer.drain()

    def restart(self):
        self.parser = ET.XMLPullParser(["start", "end"])
        self.depth = 0

    def take(self, event, element):
        self.depth += 1 if event == "start" else -1
        if event == "start" and self.depth == 1:
            self.greet(element)
        elif event == "end" and self.depth == 1:
            self.receive(element)
        elif event == "end" and self.depth == 0:
            self.write("</stream:stream>")
            self.writer.close()

    def greet(self, element):
        self.here, self.peer = element.get("to"), element.get("from")
        self.crowd.links[self.writer] = self.here
        self.identity = uuid.uuid4().hex
        features = f"<bidi xmlns='{BIDI_FEATURE}'/>"
        if not self.is_proven and self.crowd.external:
            features += (f"<mechanisms xmlns='{SASL}'><mechanism>EXTERNAL</mechanism>"
                         "</mechanisms>")
        features += "<dialback xmlns='urn:xmpp:features:dialback'/>"
        self.write(header(self.here, self.peer, f" id='{self.identity}'")
                   + f"<stream:features>{features}</stream:features>")

    def receive(self, element):
        name = element.tag.split("}")[1]
        ends = f"from='{element.get('to')}' to='{element.get('from')}'"
        if name == "auth":
            self.is_proven = True
            self.write(f"<success xmlns='{SASL}'/>")
            self.restart()
        elif name == "bidi":
            self.goes_both_ways = True
        elif element.tag == tag(DIALBACK, "result"):
            self.crowd.claims.append((self.identity, dict(element.attrib), element.text))
            self.write(f"<db:result {ends} type='valid'/>")
        elif element.tag == tag(DIALBACK, "verify"):
            verdict = self.crowd.verdict(element)
            self.write(f"<db:verify {ends} id='{element.get('id')}' type='{verdict}'/>")
        elif name in ("message", "presence", "iq"):
            self.crowd.stanzas.append(element)
            if name == "message" and self.goes_both_ways:
                body = element.findtext(tag(SERVER, "body")) or ""
                self.write(f"<message {ends}><body>echo of {escape(body)}</body></message>")

    def write(self, text):
        self.writer.write(text.encode())
