#!/usr/bin/python3
"""Debian's slixmpp (xep_0060, xep_0163) on the pubsub service and on accounts, and the monitoring
demo of the Prosody project: its payloads and nodes work as they are."""

import asyncio
import logging
import os
import xml.etree.ElementTree as ET

import slixmpp
from slixmpp.exceptions import IqError

from harness.process import Workshop
from harness.report import Report, expect
from harness.servers import start_server
from harness.slix import EVENT, PASSWORD, Client, next_of, payload, value_of

PUBSUB = "http://jabber.org/protocol/pubsub"
MONITOR = "http://prosody.im/protocol/monitor"
NODE = "princely_musings"


def form(client, kind, **fields):
    """Answers to one of the forms of pubsub."""
    answers = client["xep_0004"].make_form(ftype="submit")
    answers.add_field(var="FORM_TYPE", ftype="hidden", value=f"{PUBSUB}#{kind}")
    for name, value in fields.items():
        answers.add_field(var=f"pubsub#{name}", value=value)
    return answers


def kind_of(event):
    """The name of what an event is about: items, retract, purge, delete, configuration."""
    about = event.xml.find(f"{{{EVENT}}}event")[0]
    inner = list(about)
    name = inner[0].tag if about.tag == f"{{{EVENT}}}items" and inner else about.tag
    return name.rpartition("}")[2]


def is_item(event):
    """Not the retraction of the oldest, which a full node sends before."""
    return kind_of(event) == "item"


async def refusal(request):
    """The condition of the error that a request gets."""
    try:
        await request
    except IqError as error:
        return error.iq["error"]["condition"]
    raise AssertionError("it was not refused")


class Checks:
    """In order: later ones use what earlier ones made."""

    def __init__(self, server, loop):
        self.server = server
        self.service = f"pubsub.{server.domain}"
        self.loop = loop

    def run(self, coroutine):
        return self.loop.run_until_complete(coroutine)

    def client(self, name):
        client = Client(f"{name}@{self.server.domain}/slixmpp", self.server)
        client.register_plugin("xep_0004")
        return client

    def logs_in(self):
        self.romeo = self.run(self.client("romeo").log_in())
        self.juliet = self.run(self.client("juliet").log_in())
        self.owner = self.romeo["xep_0060"]
        self.reader = self.juliet["xep_0060"]

    def finds_the_service(self):
        async def body():
            items = await self.romeo["xep_0030"].get_items(jid=self.server.domain)
            names = {item[0] for item in items["disco_items"]["items"]}
            expect(self.service in names, f"listed are {names}")
            info = await self.romeo["xep_0030"].get_info(jid=self.service)
            kinds = {(i[0], i[1]) for i in info["disco_info"]["identities"]}
            expect(("pubsub", "service") in kinds, f"it is {kinds}")
            return f"{len(info['disco_info']['features'])} features"

        return self.run(body())

    def makes_a_node(self):
        async def body():
            config = form(self.romeo, "node_config", title="Musings", max_items="3")
            await self.owner.create_node(self.service, NODE, config=config)
            expect(await refusal(self.owner.create_node(self.service, NODE)) == "conflict", "twice")
            shown = await self.owner.get_node_config(self.service, NODE)
            values = shown["pubsub_owner"]["configure"]["form"].get_values()
            expect(values["pubsub#title"] == "Musings", f"the title is {values['pubsub#title']}")
            expect(values["pubsub#max_items"] == "3", f"max_items {values['pubsub#max_items']}")

        self.run(body())

    def subscribes(self):
        async def body():
            done = await self.reader.subscribe(self.service, NODE)
            subscription = done["pubsub"]["subscription"]
            expect(subscription["subscription"] == "subscribed", subscription["subscription"])
            mine = await self.reader.get_subscriptions(self.service)
            nodes = [s["node"] for s in mine["pubsub"]["subscriptions"]]
            expect(nodes == [NODE], f"subscribed to {nodes}")
            theirs = await self.owner.get_node_subscriptions(self.service, NODE)
            count = len(theirs["pubsub_owner"]["subscriptions"])
            expect(count == 1, f"the owner sees {count}")

        self.run(body())

    def publishes(self):
        async def body():
            for number in range(5):
                await self.owner.publish(
                    self.service, NODE, id=str(number), payload=payload(str(number))
                )
                event = await next_of(self.juliet.events, is_item)
                expect(value_of(event) == str(number), f"came {value_of(event)}")
                expect(event["from"] == self.service, f"from {event['from']}")
            refused = await refusal(
                self.reader.publish(self.service, NODE, payload=payload("x"))
            )
            expect(refused == "forbidden", refused)

        self.run(body())

    def retrieves(self):
        async def body():
            found = await self.reader.get_items(self.service, NODE)
            ids = [item["id"] for item in found["pubsub"]["items"]]
            expect(sorted(ids) == ["2", "3", "4"], f"items {ids}")
            one = await self.reader.get_item(self.service, NODE, "3")
            ids = [item["id"] for item in one["pubsub"]["items"]]
            expect(ids == ["3"], f"items {ids}")
            # Its get_item_ids() asks as well, and forgets to say what came.
            listed = await self.juliet["xep_0030"].get_items(jid=self.service, node=NODE)
            names = sorted(item[2] for item in listed["disco_items"]["items"])
            expect(names == ["2", "3", "4"], f"listed {names}")

        self.run(body())

    def sets_options(self):
        async def body():
            bare = self.juliet.boundjid.bare
            shown = await self.reader.get_subscription_options(self.service, NODE, bare)
            values = shown["pubsub"]["options"]["options"].get_values()
            expect("pubsub#deliver" in values, f"fields {sorted(values)}")
            await self.set_deliver(bare, "0")
            await self.owner.publish(self.service, NODE, id="silent", payload=payload("s"))
            await self.set_deliver(bare, "1")
            await self.owner.publish(self.service, NODE, id="loud", payload=payload("l"))
            event = await next_of(self.juliet.events, is_item)
            expect(value_of(event) == "l", f"came {value_of(event)}")

        self.run(body())

    async def set_deliver(self, bare, value):
        """As set_subscription_options(), which sends a get where XEP-0060 §6.3.5 has a set."""
        iq = self.juliet.Iq(sto=self.service, stype="set")
        iq["pubsub"]["options"]["node"] = NODE
        iq["pubsub"]["options"]["jid"] = bare
        iq["pubsub"]["options"].append(form(self.juliet, "subscribe_options", deliver=value))
        await iq.send()

    def manages(self):
        async def body():
            bare = self.juliet.boundjid.bare
            await self.owner.modify_affiliations(self.service, NODE, [(bare, "publisher")])
            await self.reader.publish(self.service, NODE, id="hers", payload=payload("h"))
            event = await next_of(self.juliet.events, is_item)
            expect(value_of(event) == "h", f"came {value_of(event)}")
            listed = await self.owner.get_node_affiliations(self.service, NODE)
            entries = {
                (str(a["jid"]), a["affiliation"]) for a in listed["pubsub_owner"]["affiliations"]
            }
            expect((bare, "publisher") in entries, f"affiliations {entries}")
            mine = await self.reader.get_affiliations(self.service)
            kinds = [a["affiliation"] for a in mine["pubsub"]["affiliations"]]
            expect(kinds == ["publisher"], f"hers are {kinds}")

        self.run(body())

    def ends_items_and_node(self):
        async def body():
            await self.owner.retract(self.service, NODE, "hers", notify=True)
            event = await next_of(self.juliet.events)
            expect(kind_of(event) == "retract", f"came {kind_of(event)}")
            await self.owner.purge(self.service, NODE)
            event = await next_of(self.juliet.events)
            expect(kind_of(event) == "purge", f"came {kind_of(event)}")
            await self.owner.delete_node(self.service, NODE)
            event = await next_of(self.juliet.events)
            expect(kind_of(event) == "delete", f"came {kind_of(event)}")
            gone = await refusal(self.reader.get_items(self.service, NODE))
            expect(gone == "item-not-found", gone)

        self.run(body())

    def shows_the_monitoring_demo(self):
        """Nodes `http://prosody.im/protocol/monitor#NAME` on the account, values with a level."""

        async def body():
            for client in (self.romeo, self.juliet):
                client.auto_authorize = client.auto_subscribe = True
            self.romeo.send_presence_subscription(self.juliet.boundjid.bare)
            came = lambda who: lambda p: p["from"] == who.boundjid and p["type"] == "available"
            await next_of(self.romeo.presences, came(self.juliet))
            await next_of(self.juliet.presences, came(self.romeo))
            self.juliet["xep_0163"].add_interest(f"{MONITOR}#load")
            await self.juliet["xep_0115"].update_caps(broadcast=False)
            self.juliet.send_presence()
            value = ET.Element(f"{{{MONITOR}}}value", {"name": "load", "level": "warning"})
            value.text = "0.42"
            stanza = slixmpp.ElementBase(xml=value)
            # Whether the server knows yet what she wants or not, the value comes: as an event or
            # as the last item.
            await self.romeo["xep_0163"].publish(stanza, node=f"{MONITOR}#load", id="current")
            event = await next_of(self.juliet.events)
            expect(value_of(event) == "0.42", f"came {value_of(event)}")
            expect(event["from"] == self.romeo.boundjid.bare, f"from {event['from']}")

        self.run(body())


def main():
    report = Report(f"slixmpp {slixmpp.__version__} and pubsub")
    workshop = Workshop("slixmpp-pubsub")
    server = start_server("lapwing", workshop)
    for user in ("romeo", "juliet"):
        server.register(user, PASSWORD)
    logging.disable(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    checks = Checks(server, loop)
    report.check("two clients log in", checks.logs_in)
    report.check("the service is found", checks.finds_the_service)
    report.check("a node is made and its configuration read", checks.makes_a_node)
    report.check("a subscription is made and seen by both", checks.subscribes)
    report.check("publishes arrive; who may not is refused", checks.publishes)
    report.check("items are retrieved, all, one and by name", checks.retrieves)
    report.check("subscription options hold back and let through", checks.sets_options)
    report.check("affiliations are changed and listed", checks.manages)
    report.check("retract, purge and delete are told", checks.ends_items_and_node)
    report.check("the monitoring demo's node and payload", checks.shows_the_monitoring_demo)
    workshop.close()
    code = report.close()
    # slixmpp leaves tasks behind that complain when the interpreter ends in order.
    os._exit(code)


if __name__ == "__main__":
    main()
