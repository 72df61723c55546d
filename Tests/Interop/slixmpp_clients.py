#!/usr/bin/python3
"""Debian's slixmpp against the server: log in, chat, PEP with interest, the last item, -PLUS."""

import argparse
import asyncio
import logging
import os
import ssl
import sys
import xml.etree.ElementTree as ET

import slixmpp
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from harness.process import Workshop
from harness.report import Report, expect
from harness.servers import start_server

PASSWORD = "a password of the tests"
PATIENCE_SECONDS = 10
NODE = "urn:lapwing:1#summary"
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


class Checks:
    """In order: later ones use the clients that earlier ones logged in."""

    def __init__(self, server, loop):
        self.server = server
        self.loop = loop

    def run(self, coroutine):
        return self.loop.run_until_complete(coroutine)

    def client(self, name, **options):
        return Client(f"{name}@{self.server.domain}/slixmpp", self.server, **options)

    def logs_in(self):
        self.romeo = self.run(self.client("romeo").log_in())
        self.juliet = self.run(self.client("juliet").log_in())

    def chats(self):
        self.romeo.send_message(self.juliet.boundjid, "Neither, fair saint <&>", mtype="chat")
        heard = self.run(next_of(self.juliet.messages))
        expect(heard["body"] == "Neither, fair saint <&>", f"came {heard['body']}")
        heard.reply("O Romeo").send()
        answer = self.run(next_of(self.romeo.messages))
        expect(answer["body"] == "O Romeo", f"came {answer['body']}")
        expect(answer["from"] == self.juliet.boundjid, f"from {answer['from']}")

    def subscribes(self):
        for client in (self.romeo, self.juliet):
            client.auto_authorize = True
            client.auto_subscribe = True
        self.romeo.send_presence_subscription(self.juliet.boundjid.bare)
        came = lambda who: lambda p: p["from"] == who.boundjid and p["type"] == "available"
        self.run(next_of(self.romeo.presences, came(self.juliet)))
        self.run(next_of(self.juliet.presences, came(self.romeo)))

    def notifies(self):
        async def body():
            self.juliet["xep_0163"].add_interest(NODE)
            await self.juliet["xep_0115"].update_caps(broadcast=False)
            self.juliet.send_presence()
            # The server asks what the capabilities mean, once it has seen them.
            await asyncio.sleep(1)
            await self.romeo["xep_0163"].publish(payload("12.5"), node=NODE, id="current")
            return await next_of(self.juliet.events)

        event = self.run(body())
        expect(value_of(event) == "12.5", f"came {value_of(event)}")
        expect(event["from"] == self.romeo.boundjid.bare, f"from {event['from']}")

    def sends_last_item(self):
        async def body():
            await self.romeo["xep_0163"].publish(payload("99"), node=NODE, id="current")
            await next_of(self.juliet.events, lambda e: value_of(e) == "99")
            late = Client(f"juliet@{self.server.domain}/late", self.server)
            late["xep_0163"].add_interest(NODE)
            await late.log_in()
            event = await next_of(late.events)
            late.disconnect()
            return event

        event = self.run(body())
        expect(value_of(event) == "99", f"came {value_of(event)}")

    def binds_on_tls_1_2(self):
        client = self.client(
            "romeo", listener="c2s", mechanism=self.plus, tls_version=ssl.TLSVersion.TLSv1_2
        )
        self.run(client.log_in(available=False))
        version = client.transport.get_extra_info("ssl_object").version()
        expect(version == "TLSv1.2", version)
        client.disconnect()

    plus = "SCRAM-SHA-256-PLUS"

    def refuses_password(self):
        client = self.client("romeo")
        client.credentials["password"] = client.password = "wrong"
        self.run(expect_refusal(client))

    def sees_the_end(self):
        gone = lambda p: p["from"] == self.romeo.boundjid and p["type"] == "unavailable"
        self.romeo.disconnect()
        self.run(next_of(self.juliet.presences, gone))


async def expect_refusal(client):
    client.connect((client.peer.host, client.peer.ports[client.listener]))
    outcome = await asyncio.wait_for(client.started, PATIENCE_SECONDS)
    client.disconnect()
    expect(outcome == "the password was refused", f"came {outcome}")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--server", default="lapwing")
    options = arguments.parse_args()
    report = Report(f"slixmpp {slixmpp.__version__} against {options.server}")
    workshop = Workshop("slixmpp")
    server = start_server(options.server, workshop)
    for user in ("romeo", "juliet"):
        server.register(user, PASSWORD)
    logging.disable(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    checks = Checks(server, loop)
    if options.server == "prosody":
        checks.plus = "SCRAM-SHA-1-PLUS"
    report.check("two clients log in over TLS", checks.logs_in)
    report.check("they chat", checks.chats)
    report.check("they subscribe to each other", checks.subscribes)
    report.check("a publish reaches who announced interest", checks.notifies)
    report.check("the last item comes with presence", checks.sends_last_item)
    report.check(f"{checks.plus} with tls-unique on TLS 1.2", checks.binds_on_tls_1_2)
    report.check("a wrong password is refused", checks.refuses_password)
    report.check("the end of a session is seen", checks.sees_the_end)
    workshop.close()
    code = report.close()
    # slixmpp leaves tasks behind that complain when the interpreter ends in order.
    os._exit(code)


if __name__ == "__main__":
    main()
