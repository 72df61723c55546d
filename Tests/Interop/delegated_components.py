#!/usr/bin/python3
"""Components that answer in the server's place (XEP-0355): Debian's slixmpp as the PEP service of all
accounts, and as what the server says of its version."""

import asyncio
import copy
import logging
import os
import signal
import xml.etree.ElementTree as ET

import slixmpp
from slixmpp.componentxmpp import ComponentXMPP
from slixmpp.exceptions import IqError
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from harness.lapwing import Lapwing
from harness.process import Workshop
from harness.report import Report, expect
from harness.slix import EVENT, PASSWORD, PATIENCE_SECONDS, Client, next_of, payload, value_of

SECRET = "a secret of the tests"
PEP = "pep.example.test"
OTHER = "version.example.test"
CLIENT = "jabber:client"
DELEGATION = "urn:xmpp:delegation:2"
FORWARD = "urn:xmpp:forward:0"
PRIVILEGE = "urn:xmpp:privilege:2"
PUBSUB = "http://jabber.org/protocol/pubsub"
INFO = "http://jabber.org/protocol/disco#info"
ITEMS = "http://jabber.org/protocol/disco#items"
VERSION = "jabber:iq:version"
NODE = "urn:example:tune"
# A node about which the component says nothing at all, and one about which it says what is false.
SILENT = "urn:example:silent"
FALSE = "urn:example:false"
DELEGATED = [PUBSUB, PUBSUB + "#owner", f"{DELEGATION}:bare:disco#info:*",
             f"{DELEGATION}:bare:disco#items:*"]
COMPONENTS = f"""
[component_listener]
port = 0

[[components]]
domain = "{OTHER}"
secret = "{SECRET}"

[[components.delegations]]
namespace = "{VERSION}"

[[components]]
domain = "{PEP}"
secret = "{SECRET}"

[components.privileges]
roster = "get"
message = "outgoing"
presence = "roster"
iq = {{ "{PUBSUB}" = "both" }}

""" + "".join(
    f'[[components.delegations]]\nnamespace = "{namespace}"\n' for namespace in DELEGATED
)


class Component(ComponentXMPP):
    """A component that answers what it is sent as `answer` says."""

    def __init__(self, domain, server):
        super().__init__(domain, SECRET)
        self.server_host = server.domain
        self.peer = server
        self.delegated = self.loop.create_future()
        self.started = self.loop.create_future()
        self.forwarded = asyncio.Queue()
        for plugin in ("xep_0030", "xep_0356"):
            self.register_plugin(plugin)
        self["xep_0356"].granted_privileges = dict(self["xep_0356"].granted_privileges)
        self.add_event_handler("session_start", lambda _: self._settle(self.started, True))
        accept = "{jabber:component:accept}"
        self.register_handler(Callback(
            "delegated", MatchXPath(f"{accept}message/{{{DELEGATION}}}delegation"),
            lambda message: self._settle(self.delegated, message),
        ))
        self.register_handler(Callback(
            "forwarded", MatchXPath(f"{accept}iq/{{{DELEGATION}}}delegation"), self._forwarded,
        ))

    @staticmethod
    def _settle(future, value):
        if not future.done():
            future.set_result(value)

    def says(self, place, namespace, feature, identity=None):
        """What the component adds to disco info."""
        node = DELEGATION + place + namespace
        self["xep_0030"].add_feature(feature, node=node, jid=self.boundjid.bare)
        if identity:
            self["xep_0030"].add_identity(*identity, node=node, jid=self.boundjid.bare)

    async def attach(self):
        self.connect(self.peer.host, self.peer.ports["component"])
        await asyncio.wait_for(self.started, PATIENCE_SECONDS)
        await asyncio.wait_for(self.delegated, PATIENCE_SECONDS)
        return self

    def _forwarded(self, iq):
        # Results to what the component itself asked come here as well.
        if iq["type"] != "set":
            return
        inner = iq.xml.find(f"{{{DELEGATION}}}delegation/{{{FORWARD}}}forwarded/{{{CLIENT}}}iq")
        self.forwarded.put_nowait(inner)
        answer = self.answer(inner)
        if answer is None:
            return
        reply = iq.reply()
        if answer is False:
            reply.error()
            reply["error"]["condition"] = "item-not-found"
        else:
            wrapper = ET.SubElement(reply.xml, f"{{{DELEGATION}}}delegation")
            ET.SubElement(wrapper, f"{{{FORWARD}}}forwarded").append(answer)
        reply.send()

    def answer(self, inner):
        """The iq that answers one; None for no answer, False for an error."""
        raise NotImplementedError


def result(inner, content=None):
    answer = ET.Element(f"{{{CLIENT}}}iq", {
        "type": "result", "id": inner.get("id"), "to": inner.get("from")})
    if inner.get("to"):
        answer.set("from", inner.get("to"))
    if content is not None:
        answer.append(content)
    return answer


class Version(Component):
    """Says what version the server is of."""

    def answer(self, inner):
        query = ET.Element(f"{{{VERSION}}}query")
        ET.SubElement(query, f"{{{VERSION}}}name").text = "Something else"
        return result(inner, query)


class PEPService(Component):
    """The last item of each node of each account; `nodes` outlives a component."""

    def __init__(self, server, nodes):
        super().__init__(PEP, server)
        self.nodes = nodes
        self.says("::", PUBSUB, "urn:example:server-feature")
        self.says(":bare:", PUBSUB, PUBSUB + "#publish")
        self.says(":bare:", PUBSUB, "urn:example:account-feature", ("pubsub", "pep"))

    def answer(self, inner):
        account = inner.get("to") or slixmpp.JID(inner.get("from")).bare
        request = inner[0]
        if request.tag == f"{{{PUBSUB}}}pubsub":
            return self.pubsub(inner, account, request[0])
        node = request.get("node")
        query = ET.Element(request.tag, {"node": node} if node else {})
        if request.tag == f"{{{INFO}}}query":
            ET.SubElement(query, f"{{{INFO}}}identity", {"category": "pubsub", "type": "leaf"})
        else:
            for name in self.nodes.get(account, {}):
                ET.SubElement(query, f"{{{ITEMS}}}item", {"jid": account, "node": name})
        return result(inner, query)

    def pubsub(self, inner, account, action):
        node = action.get("node")
        if node == SILENT:
            return None
        if node == FALSE:
            answer = result(inner)
            answer.set("to", f"bob@{self.server_host}")
            return answer
        if action.tag == f"{{{PUBSUB}}}publish":
            self.nodes.setdefault(account, {})[node] = copy.deepcopy(action[0])
            asyncio.ensure_future(self.notify(account, node))
            return result(inner)
        item = self.nodes.get(account, {}).get(node)
        if item is None:
            return False
        content = ET.Element(f"{{{PUBSUB}}}pubsub")
        ET.SubElement(content, f"{{{PUBSUB}}}items", {"node": node}).append(copy.deepcopy(item))
        return result(inner, content)

    async def notify(self, account, node):
        """Tells the account's contacts, in its name."""
        roster = await self["xep_0356"].get_roster(account)
        for contact in roster["roster"]["items"]:
            message = self.make_message(contact, mfrom=account, mtype="headline")
            event = ET.SubElement(message.xml, f"{{{EVENT}}}event")
            items = ET.SubElement(event, f"{{{EVENT}}}items", {"node": node})
            item = ET.SubElement(items, f"{{{EVENT}}}item", {"id": "one"})
            item.append(copy.deepcopy(self.nodes[account][node][0]))
            self["xep_0356"].send_privileged_message(message)


async def condition_of(awaitable):
    try:
        await awaitable
    except IqError as error:
        return error.iq["error"]["condition"]
    return "no error"


class Checks:
    def __init__(self, server, loop):
        self.server = server
        self.loop = loop
        self.nodes = {}
        self.account = f"alice@{server.domain}"

    def run(self, body):
        return self.loop.run_until_complete(body)

    async def info(self, jid, node=None):
        """What disco info says to bob."""
        answer = await self.bob["xep_0030"].get_info(jid=jid, node=node, cached=False)
        return answer["disco_info"]

    async def until(self, jid, feature, wanted):
        """Waits until disco info has a feature, or has it no more."""
        async def ask():
            while True:
                info = await self.info(jid)
                if (feature in info["features"]) == wanted:
                    return info

        return await asyncio.wait_for(ask(), PATIENCE_SECONDS)

    def read(self, node=NODE):
        return self.bob["xep_0060"].get_items(self.account, node, timeout=PATIENCE_SECONDS)

    def publish(self, value, node=NODE):
        return self.alice["xep_0060"].publish(
            self.account, node, id="one", payload=payload(value), timeout=PATIENCE_SECONDS)

    def serves_nobody_before(self):
        async def body():
            self.alice = await Client(self.account, self.server).log_in()
            self.bob = await Client(f"bob@{self.server.domain}", self.server).log_in()
            for found in (await condition_of(self.publish("1")), await condition_of(self.read())):
                expect(found == "service-unavailable", found)
            features = (await self.info(self.account))["features"]
            expect(not any(name.startswith(PUBSUB) for name in features), str(features))
            expect("caps" not in self.bob.features, "the stream tells of capabilities")

        self.run(body())

    def attaches(self):
        async def body():
            self.pep = await PEPService(self.server, self.nodes).attach()
            self.version = await Version(OTHER, self.server).attach()
            delegation = (await self.pep.delegated).xml.find(f"{{{DELEGATION}}}delegation")
            found = [element.get("namespace") for element in delegation]
            expect(sorted(found) == sorted(DELEGATED), str(found))

        self.run(body())

    def nests_disco(self):
        async def body():
            info = await self.until(self.account, "urn:example:account-feature", True)
            expect(PUBSUB + "#publish" in info["features"], "the component's own is missing")
            expect(PUBSUB + "#auto-create" not in info["features"], "the server's is there")
            identities = {identity[:2] for identity in info["identities"]}
            expect(identities == {("account", "registered"), ("pubsub", "pep")}, str(identities))
            info = await self.until(self.server.domain, "urn:example:server-feature", True)
            expect(DELEGATION in info["features"], "the server does not say what it does")
            expect(VERSION not in info["features"], "it says what the other component does not")

        self.run(body())

    def publishes_and_reads(self):
        async def body():
            answer = await self.publish("7")
            expect(answer["from"] == self.account, str(answer))
            inner = await next_of(self.pep.forwarded)
            expect(inner.get("from") == self.alice.boundjid.full, str(inner.attrib))
            event = await next_of(self.bob.events)
            expect(event["from"] == self.account and value_of(event) == "7", str(event))
            items = list((await self.read())["pubsub"]["items"])
            expect(len(items) == 1 and items[0]["id"] == "one", str(items))
            expect("".join(items[0]["payload"].itertext()) == "7", str(items))

        self.run(body())

    def discovers_nodes(self):
        async def body():
            answer = await self.bob["xep_0030"].get_items(jid=self.account)
            nodes = [item[1] for item in answer["disco_items"]["items"]]
            expect(nodes == [NODE], str(nodes))
            info = await self.info(self.account, NODE)
            expect({identity[:2] for identity in info["identities"]} == {("pubsub", "leaf")},
                   str(info))

        self.run(body())

    def answers_for_the_server(self):
        async def body():
            iq = self.bob.make_iq_get(ito=self.server.domain, queryxmlns=VERSION)
            answer = await iq.send(timeout=PATIENCE_SECONDS)
            name = answer.xml.find(f"{{{VERSION}}}query/{{{VERSION}}}name")
            expect(answer["from"] == self.server.domain and name.text == "Something else",
                   str(answer))

        self.run(body())

    def keeps_false_answers_back(self):
        async def body():
            for node in (FALSE, "urn:example:none"):
                found = await condition_of(self.read(node))
                expect(found == "service-unavailable", f"{node}: {found}")

        self.run(body())

    def answers_the_component_itself(self):
        """What it has accounts send reaches the nodes that the server keeps."""
        async def body():
            before = self.pep.forwarded.qsize()
            iq = self.pep.make_iq_set(ito=self.account, ifrom=PEP)
            wrapper = ET.SubElement(iq.xml, f"{{{PRIVILEGE}}}privileged_iq")
            inner = ET.SubElement(wrapper, f"{{{CLIENT}}}iq", {"type": "set", "id": "inside"})
            inner.append(ET.fromstring(
                f"<pubsub xmlns='{PUBSUB}'><publish node='kept'><item id='one'><a xmlns='b'/>"
                "</item></publish></pubsub>"))
            answer = await iq.send(timeout=PATIENCE_SECONDS)
            inside = answer.xml.find(
                f"{{{PRIVILEGE}}}privilege/{{{FORWARD}}}forwarded/{{{CLIENT}}}iq")
            expect(inside.get("type") == "result", str(answer))
            expect(self.pep.forwarded.qsize() == before, "it was sent on to itself")

        self.run(body())

    def answers_when_it_is_killed(self):
        async def body():
            waiting = asyncio.ensure_future(condition_of(self.read(SILENT)))
            await next_of(
                self.pep.forwarded, lambda inner: inner.find(f".//*[@node='{SILENT}']") is not None)
            self.pep.transport.abort()
            expect(await waiting == "service-unavailable", "no error")
            expect(await condition_of(self.read()) == "service-unavailable", "no error after it")
            info = await self.until(self.account, "urn:example:account-feature", False)
            expect(PUBSUB + "#auto-create" not in info["features"], "the server's came back")
            await self.until(self.server.domain, "urn:example:server-feature", False)

        self.run(body())

    def returns(self):
        async def body():
            self.pep = await PEPService(self.server, self.nodes).attach()
            await self.until(self.account, "urn:example:account-feature", True)
            expect(len(list((await self.read())["pubsub"]["items"])) == 1, "no items")

        self.run(body())


    def returns_the_service(self):
        """The operator takes the delegations away while all runs."""
        async def body():
            path = self.server.configuration
            with open(path) as file:
                text = file.read()
            with open(path, "w") as file:
                file.write(text.split("[[components]]")[0])
            os.kill(self.server.pid, signal.SIGHUP)
            await self.until(self.account, PUBSUB + "#auto-create", True)
            await self.until(self.account, "urn:example:account-feature", False)
            answer = await self.read("kept")
            expect(len(list(answer["pubsub"]["items"])) == 1, str(answer))
            carol = await Client(f"carol@{self.server.domain}", self.server).log_in()
            expect("caps" in carol.features, "the stream tells of no capabilities")

        self.run(body())


def main():
    report = Report(f"components in the server's place, slixmpp {slixmpp.__version__}")
    workshop = Workshop("delegated")
    server = Lapwing(workshop, more=COMPONENTS).start()
    for user, group in (("alice", "hosts"), ("bob", "viewers"), ("carol", "viewers")):
        server.register(user, PASSWORD)
        server.add_to_group(group, user)
    logging.disable(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    checks = Checks(server, loop)
    report.check("nobody answers before it attaches", checks.serves_nobody_before)
    report.check("a component learns what is delegated", checks.attaches)
    report.check("server and accounts say what it does", checks.nests_disco)
    report.check("a user publishes to it, another reads", checks.publishes_and_reads)
    report.check("its nodes are found", checks.discovers_nodes)
    report.check("another answers for the server", checks.answers_for_the_server)
    report.check("false answers and errors are kept back", checks.keeps_false_answers_back)
    report.check("its own requests are the server's", checks.answers_the_component_itself)
    report.check("when it is killed all are answered", checks.answers_when_it_is_killed)
    report.check("it returns", checks.returns)
    report.check("the server answers again, once it is to", checks.returns_the_service)
    workshop.close()
    os._exit(report.close())


if __name__ == "__main__":
    main()
