#!/usr/bin/python3
"""Debian's slixmpp against the server: log in, chat, PEP with interest, the last item, -PLUS."""

import argparse
import asyncio
import logging
import os
import ssl

import slixmpp

from harness.process import Workshop
from harness.report import Report, expect
from harness.servers import start_server
from harness.slix import PASSWORD, PATIENCE_SECONDS, Client, next_of, payload, value_of

NODE = "urn:lapwing:1#summary"


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
