"""A client made of Debian's slixmpp that keeps what it receives in queues."""

import asyncio
import xml.etree.ElementTree as ET

import slixmpp
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from .report import expect

PASSWORD = "a password of the tests"
PATIENCE_SECONDS = 10
EVENT = "http://jabber.org/protocol/pubsub#event"


class Client(slixmpp.ClientXMPP):
    """A client that keeps what it receives in queues."""

    def __init__(self, jid, server, listener="c2s-unbound", mechanism=None, tls_version=None):
        super().__init__(jid, PASSWORD, sasl_mech=mechanism)
        self.peer = server
        self.listener = listener
        self.messages = asyncio.Queue()
        self.events = asyncio.Queue()
        self.presences = asyncio.Queue()
        self.started = self.loop.create_future()
        self.ca_certs = server.certificate
        for plugin in ("xep_0030", "xep_0060", "xep_0115", "xep_0163", "xep_0199"):
            self.register_plugin(plugin)
        if tls_version is not None:
            self.tls_version = tls_version
        self.add_event_handler("session_start", lambda _: self._settle(True))
        self.add_event_handler("failed_auth", lambda _: self._settle("the password was refused"))
        self.add_event_handler("connection_failed", lambda e: self._settle(f"no connection: {e}"))
        self.add_event_handler("message", self._message)
        self.add_event_handler("presence_available", self.presences.put_nowait)
        self.add_event_handler("presence_unavailable", self.presences.put_nowait)
        self.register_handler(Callback(
            "events", MatchXPath("{jabber:client}message/{%s}event" % EVENT),
            self.events.put_nowait,
        ))

    def get_ssl_context(self):
        context = super().get_ssl_context()
        if self.tls_version is not None:
            context.minimum_version = context.maximum_version = self.tls_version
        return context

    tls_version = None

    async def log_in(self, available=True):
        self.connect((self.peer.host, self.peer.ports[self.listener]))
        outcome = await asyncio.wait_for(self.started, PATIENCE_SECONDS)
        expect(outcome is True, outcome)
        if available:
            self.send_presence()
            await self.get_roster()
        return self

    def _settle(self, outcome):
        if not self.started.done():
            self.started.set_result(outcome)

    def _message(self, message):
        if message["body"]:
            self.messages.put_nowait(message)


async def next_of(queue, accept=lambda _: True):
    """The next element of a queue that is accepted."""
    async def search():
        while True:
            element = await queue.get()
            if accept(element):
                return element

    return await asyncio.wait_for(search(), PATIENCE_SECONDS)


def value_of(event):
    """The text of the payload in an event message."""
    item = event.xml.find(f"{{{EVENT}}}event/{{{EVENT}}}items/{{{EVENT}}}item")
    return "".join(item[0].itertext())


def payload(value):
    element = ET.Element("{urn:lapwing:1}sample", {"level": "ok"})
    ET.SubElement(element, "{urn:lapwing:1}v", {"n": "cpu"}).text = value
    return slixmpp.ElementBase(xml=element)
