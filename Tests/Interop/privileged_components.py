#!/usr/bin/python3
"""What components may do for accounts (XEP-0356, XEP-0355): Debian's slixmpp as a component with and
without rights."""

import asyncio
import logging
import os
import xml.etree.ElementTree as ET

import slixmpp
from slixmpp.componentxmpp import ComponentXMPP
from slixmpp.exceptions import IqError
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from harness.lapwing import Lapwing
from harness.process import Workshop
from harness.report import Report, expect
from harness.slix import PASSWORD, PATIENCE_SECONDS, Client, next_of, payload

SECRET = "a secret of the tests"
TRUSTED = "trusted.example.test"
PLAIN = "plain.example.test"
PRIVILEGE = "urn:xmpp:privilege:2"
FORWARD = "urn:xmpp:forward:0"
PUBSUB = "http://jabber.org/protocol/pubsub"
NODE = "urn:example:tune"
COMPONENTS = f"""
[component_listener]
port = 0

[[components]]
domain = "{PLAIN}"
secret = "{SECRET}"

[[components]]
domain = "{TRUSTED}"
secret = "{SECRET}"

[components.privileges]
roster = "both"
message = "outgoing"
presence = "roster"

[components.privileges.iq]
"{PUBSUB}" = "both"
"""


class Component(ComponentXMPP):
    """A component that keeps what it receives."""

    def __init__(self, domain, server):
        super().__init__(domain, SECRET)
        # The plugin sends privileged messages there.
        self.server_host = server.domain
        self.peer = server
        self.pushes = asyncio.Queue()
        self.presences = asyncio.Queue()
        self.advertised = self.loop.create_future()
        self.started = self.loop.create_future()
        self.errors = asyncio.Queue()
        for plugin in ("xep_0030", "xep_0060", "xep_0356"):
            self.register_plugin(plugin)
        # Of its own, so that two in one process do not share it.
        self["xep_0356"].granted_privileges = dict(self["xep_0356"].granted_privileges)
        self.add_event_handler("session_start", lambda _: self._settle(self.started))
        self.add_event_handler("privileges_advertised", lambda _: self._settle(self.advertised))
        self.add_event_handler("presence_available", self.presences.put_nowait)
        self.add_event_handler("presence_unavailable", self.presences.put_nowait)
        self.add_event_handler("message_error", self.errors.put_nowait)
        self.register_handler(Callback(
            "pushes", MatchXPath("{jabber:component:accept}iq/{jabber:iq:roster}query"),
            self._push,
        ))

    @staticmethod
    def _settle(future):
        if not future.done():
            future.set_result(True)

    def _push(self, iq):
        if iq["type"] == "set":
            self.pushes.put_nowait(iq)

    async def attach(self):
        self.connect(self.peer.host, self.peer.ports["component"])
        await asyncio.wait_for(self.started, PATIENCE_SECONDS)
        return self

    def privileged(self, kind, account, content):
        """An iq around another, from an account."""
        make = self.make_iq_set if kind == "set" else self.make_iq_get
        iq = make(ito=account, ifrom=self.boundjid.bare)
        wrapper = ET.SubElement(iq.xml, f"{{{PRIVILEGE}}}privileged_iq")
        inner = ET.SubElement(wrapper, "{jabber:client}iq", {"type": kind, "id": "inside"})
        inner.append(ET.fromstring(content) )
        return iq

    async def ask(self, kind, account, content):
        """The answer inside."""
        answer = await self.privileged(kind, account, content).send(timeout=PATIENCE_SECONDS)
        inner = answer.xml.find(f"{{{PRIVILEGE}}}privilege/{{{FORWARD}}}forwarded/"
                                "{jabber:client}iq")
        expect(inner is not None and inner.get("id") == "inside", str(answer))
        return inner


def publication(value):
    return (f"<pubsub xmlns='{PUBSUB}'><publish node='{NODE}'><item id='one'>"
            f"{ET.tostring(payload(value).xml, encoding='unicode')}</item></publish></pubsub>")


ITEMS = f"<pubsub xmlns='{PUBSUB}'><items node='{NODE}'/></pubsub>"


def condition(stanza):
    """The plugin answers by changing what came, so the first error is looked for."""
    return stanza.xml.find("{*}error")[0].tag.partition("}")[2]


async def condition_of(awaitable):
    try:
        await awaitable
    except IqError as error:
        return condition(error.iq)
    return "no error"


class Checks:
    def __init__(self, server, loop):
        self.server = server
        self.loop = loop
        self.account = f"alice@{server.domain}"

    def run(self, body):
        return self.loop.run_until_complete(body)

    def attaches(self):
        async def body():
            self.alice = await Client(self.account, self.server).log_in()
            self.bob = await Client(f"bob@{self.server.domain}", self.server).log_in()
            self.trusted = await Component(TRUSTED, self.server).attach()
            self.plain = await Component(PLAIN, self.server).attach()
            await asyncio.wait_for(self.trusted.advertised, PATIENCE_SECONDS)
            granted = self.trusted["xep_0356"].granted_privileges
            expect(granted["roster"] == "both" and granted["message"] == "outgoing"
                   and granted["presence"] == "roster", str(granted))

        self.run(body())

    def sees_presence(self):
        async def body():
            seen = {(await next_of(self.trusted.presences))["from"].full for _ in range(2)}
            wanted = {self.alice.boundjid.full, self.bob.boundjid.full}
            expect(seen == wanted, f"seen {seen}")
            carol = await Client(f"carol@{self.server.domain}", self.server).log_in()
            for kind in ("available", "unavailable"):
                presence = await next_of(self.trusted.presences)
                expect(presence["from"] == carol.boundjid and presence["type"] == kind,
                       str(presence))
                await carol.disconnect()
            expect(self.plain.presences.empty(), "one without rights was told")

        self.run(body())

    def manages_rosters(self):
        async def body():
            await self.trusted["xep_0356"].set_roster(
                self.account, {"nurse@example.test": {"name": "Nurse", "groups": ["Staff"]}})
            push = await next_of(self.trusted.pushes)
            expect(push["from"] == self.account, str(push))
            roster = await self.trusted["xep_0356"].get_roster(self.account)
            item = roster["roster"]["items"][slixmpp.JID("nurse@example.test")]
            expect(item["name"] == "Nurse" and item["groups"] == ["Staff"], str(roster))

        self.run(body())

    def sends_messages(self):
        async def body():
            message = self.trusted.make_message(self.bob.boundjid.bare, mbody="as alice",
                                                mfrom=self.account)
            self.trusted["xep_0356"].send_privileged_message(message)
            got = await next_of(self.bob.messages)
            expect(got["from"] == self.account and got["body"] == "as alice", str(got))

        self.run(body())

    def is_kept_from_others_names(self):
        async def body():
            for sender in ("nobody@example.test", "alice@elsewhere.test", f"{self.account}/x",
                           f"x@{TRUSTED}"):
                message = self.trusted.make_message(self.bob.boundjid.bare, mbody="false",
                                                    mfrom=sender)
                self.trusted["xep_0356"].send_privileged_message(message)
                expect(condition(await next_of(self.trusted.errors)) == "forbidden", sender)
            expect(self.bob.messages.empty(), "bob got one")

        self.run(body())

    def publishes_and_reads(self):
        """The account's own nodes, and what its contacts get of them."""
        async def body():
            answer = await self.trusted.ask("set", self.account, publication("7"))
            expect(answer.get("type") == "result", ET.tostring(answer, encoding="unicode"))
            mine = await self.alice["xep_0060"].get_items(self.account, NODE)
            items = list(mine["pubsub"]["items"])
            expect(len(items) == 1 and items[0]["id"] == "one", str(mine))
            answer = await self.trusted.ask("get", self.account, ITEMS)
            expect(answer.find(f".//{{{PUBSUB}}}item") is not None,
                   ET.tostring(answer, encoding="unicode"))

        self.run(body())

    def refuses_who_has_no_rights(self):
        async def body():
            plain, plugin = self.plain, self.plain["xep_0356"]
            attempts = {
                "roster get": plugin._make_get_roster(self.account).send(),
                "roster set": plugin._make_set_roster(
                    self.account, {"x@example.test": {"name": "x"}}).send(),
                "get": plain.privileged("get", self.account, ITEMS).send(),
                "set": plain.privileged("set", self.account, publication("8")).send(),
                "namespace": self.trusted.privileged(
                    "get", self.account, "<query xmlns='jabber:iq:roster'/>").send(),
                "no account": self.trusted.privileged(
                    "get", "nobody@example.test", ITEMS).send(),
                "client": self.alice.make_iq_get(ito=self.bob.boundjid.bare,
                                                 queryxmlns="jabber:iq:roster").send(),
            }
            for name, awaitable in attempts.items():
                found = await condition_of(awaitable)
                expect(found == "forbidden", f"{name}: {found}")
            message = plain.make_message(self.bob.boundjid.bare, mbody="x", mfrom=self.account)
            plugin._make_privileged_message(message).send()
            expect(condition(await next_of(plain.errors)) == "forbidden", "a message")
            expect(self.bob.messages.empty() and plain.pushes.empty(), "something came through")

        self.run(body())


def main():
    report = Report(f"components with rights, slixmpp {slixmpp.__version__}")
    workshop = Workshop("privileged")
    server = Lapwing(workshop, more=COMPONENTS).start()
    for user in ("alice", "bob", "carol"):
        server.register(user, PASSWORD)
    logging.disable(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    checks = Checks(server, loop)
    report.check("a component learns its rights", checks.attaches)
    report.check("it sees who is online", checks.sees_presence)
    report.check("it reads and changes rosters, and gets pushes", checks.manages_rosters)
    report.check("it sends messages as an account", checks.sends_messages)
    report.check("but as nobody else", checks.is_kept_from_others_names)
    report.check("it publishes and reads what accounts have", checks.publishes_and_reads)
    report.check("who has no rights is refused", checks.refuses_who_has_no_rights)
    workshop.close()
    os._exit(report.close())


if __name__ == "__main__":
    main()
