#!/usr/bin/python3
"""External components (XEP-0114): Debian's slixmpp as a component, our own example, and components
that do what they must not."""

import asyncio
import hashlib
import logging
import os
import socket

import slixmpp
from slixmpp.componentxmpp import ComponentXMPP
from slixmpp.exceptions import IqError

from harness.lapwing import Lapwing, binary
from harness.process import Workshop, stop, wait_until
from harness.report import Report, expect
from harness.slix import PASSWORD, PATIENCE_SECONDS, Client, next_of, payload, value_of

SECRET = "a secret of the tests"
GATEWAY = "gateway.example.test"
ECHO = "echo.example.test"
SHARED = "shared.example.test"
FIRST = "first.example.test"
COMPONENTS = """
[component_listener]
port = 0

""" + "\n".join(
    f'[[components]]\ndomain = "{domain}"\nsecret = "{SECRET}"\nseveral = "{several}"\n'
    for domain, several in
    ((GATEWAY, "replace"), (ECHO, "replace"), (SHARED, "share"), (FIRST, "refuse"))
)
STREAM = "http://etherx.jabber.org/streams"


class Component(ComponentXMPP):
    """A component that keeps what it receives."""

    def __init__(self, domain, server, secret=SECRET):
        super().__init__(domain, secret, server.host, server.ports["component"])
        self.messages = asyncio.Queue()
        self.events = asyncio.Queue()
        self.started = self.loop.create_future()
        self.ended = self.loop.create_future()
        for plugin in ("xep_0030", "xep_0060"):
            self.register_plugin(plugin)
        self["xep_0030"].add_identity(category="gateway", itype="sms", name="Gateway")
        self.add_event_handler("session_start", lambda _: self._settle(self.started, True))
        self.add_event_handler("stream_error", lambda e: self._settle(self.ended, e["condition"]))
        self.add_event_handler("message", self.messages.put_nowait)
        self.add_event_handler("pubsub_publish", self.events.put_nowait)

    @staticmethod
    def _settle(future, value):
        if not future.done():
            future.set_result(value)

    async def attach(self):
        self.connect()
        await asyncio.wait_for(self.started, PATIENCE_SECONDS)
        return self


class Raw:
    """A component's stream by hand."""

    def __init__(self, server, domain, secret=SECRET, namespace="jabber:component:accept",
                 buffer=None, source=None):
        self.socket = socket.socket()
        if source is not None:
            self.socket.bind((source, 0))
        if buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(PATIENCE_SECONDS)
        self.socket.connect((server.host, server.ports["component"]))
        self.send(f"<stream:stream xmlns='{namespace}' xmlns:stream='{STREAM}' to='{domain}'>")
        self.text = ""
        self.secret = secret

    def send(self, text):
        self.socket.sendall(text.encode())

    def prove(self):
        header = self.until(">", "id=")
        identity = header.partition(" id='")[2].partition("'")[0]
        self.send(f"<handshake>{hashlib.sha1((identity + self.secret).encode()).hexdigest()}"
                  "</handshake>")
        return self

    def attach(self):
        self.prove().until("<handshake/>")
        return self

    def refusal(self):
        """The condition that the stream ends with."""
        return self.until("</stream:stream>").partition("<stream:error><")[2].split()[0]

    def until(self, *texts, some=False):
        """What came up to when all of these have, or one has after the first."""
        def is_there():
            found = [text in self.text for text in texts]
            return found[0] and any(found[1:]) if some else all(found)

        while not is_there():
            data = self.socket.recv(65536)
            expect(data, f"the connection ended after {self.text!r}")
            self.text += data.decode()
        return self.text


class Checks:
    def __init__(self, server, workshop, loop):
        self.server = server
        self.workshop = workshop
        self.loop = loop

    def run(self, body):
        return self.loop.run_until_complete(body)

    def attaches(self):
        async def body():
            self.gateway = await Component(GATEWAY, self.server).attach()
            self.alice = await Client(f"alice@{self.server.domain}", self.server).log_in()

        self.run(body())

    def is_found(self):
        async def body():
            items = await self.alice["xep_0030"].get_items(self.server.domain)
            found = {item[0] for item in items["disco_items"]["items"]}
            expect({GATEWAY, ECHO} <= found, f"found {sorted(found)}")
            info = await self.alice["xep_0030"].get_info(GATEWAY)
            expect(("gateway", "sms", None, "Gateway") in info["disco_info"]["identities"],
                   str(info["disco_info"]["identities"]))

        self.run(body())

    def talks(self):
        async def body():
            self.alice.send_message(f"bot@{GATEWAY}", "to the gateway")
            message = await next_of(self.gateway.messages)
            expect(message["body"] == "to the gateway", str(message))
            expect(message["from"] == self.alice.boundjid, f"from {message['from']}")
            expect(message["to"].bare == f"bot@{GATEWAY}", f"to {message['to']}")
            self.gateway.send_message(self.alice.boundjid, "from the gateway",
                                      mfrom=f"bot@{GATEWAY}/phone")
            message = await next_of(self.alice.messages)
            expect(message["body"] == "from the gateway", str(message))
            expect(message["from"] == f"bot@{GATEWAY}/phone", f"from {message['from']}")

        self.run(body())

    def subscribes(self):
        """A component is a subscriber as any other (XEP-0060)."""
        service = f"pubsub.{self.server.domain}"

        async def body():
            await self.alice["xep_0060"].create_node(service, "news")
            await self.gateway["xep_0060"].subscribe(
                service, "news", ifrom=f"bot@{GATEWAY}", bare=True, subscribee=f"bot@{GATEWAY}")
            await self.alice["xep_0060"].publish(service, "news", id="one", payload=payload("7"))
            event = await next_of(self.gateway.events)
            expect(value_of(event) == "7", f"came {value_of(event)}")
            expect(event["to"] == f"bot@{GATEWAY}", f"to {event['to']}")

        self.run(body())

    def follows_presence(self):
        """A contact in a component sees the presence of who subscribed it."""
        async def body():
            seen = asyncio.Queue()
            self.gateway.add_event_handler("presence_available", seen.put_nowait)
            self.gateway.send_presence_subscription(
                pto=self.alice.boundjid.bare, pfrom=f"bot@{GATEWAY}", ptype="subscribe")
            await next_of(seen, lambda presence: presence["from"].bare == self.alice.boundjid.bare)

        self.run(body())

    def bounces(self):
        async def body():
            try:
                await self.alice["xep_0030"].get_info(FIRST)
            except IqError as error:
                condition = error.iq["error"]["condition"]
                expect(condition == "service-unavailable", condition)
            else:
                raise AssertionError("a component that is not there answered")

        self.run(body())

    def refuses(self, domain, secret, condition):
        raw = Raw(self.server, domain, secret)
        if condition != "host-unknown":
            raw.until(">", "id=")
            raw.send("<handshake>0000</handshake>")
        text = raw.until("</stream:stream>")
        expect(f"<{condition} " in text or f"<{condition}/" in text, text)

    def pauses_who_guesses(self):
        guesser, condition, count = "127.0.0.2", "not-authorized", 0
        while condition == "not-authorized":
            condition = Raw(self.server, ECHO, "a guess", source=guesser).prove().refusal()
            count += 1
            expect(count < 100, "a hundred guesses were looked at")
        expect(condition == "policy-violation", condition)
        # The right one is not looked at either; who has it is somewhere else, and gets in.
        right = Raw(self.server, ECHO, source=guesser).prove()
        expect(right.refusal() == "policy-violation", right.text)
        Raw(self.server, ECHO).attach()

        def is_let_in():
            again = Raw(self.server, ECHO, source=guesser).prove()
            return "<handshake/>" in again.until(">", "<handshake/>", "stream:error>", some=True)

        wait_until(is_let_in, "the pause ends")
        return f"after {count - 1} guesses"

    def ends_forgers(self):
        raw = Raw(self.server, SHARED).attach()
        raw.send(f"<message from='alice@{self.server.domain}' to='bob@{self.server.domain}'/>")
        expect("invalid-from" in raw.until("</stream:stream>"), raw.text)

    def replaces(self):
        async def body():
            second = Raw(self.server, GATEWAY).attach()
            condition = await asyncio.wait_for(self.gateway.ended, PATIENCE_SECONDS)
            expect(condition == "conflict", condition)
            self.alice.send_message(f"bot@{GATEWAY}", "to the second")
            await self.loop.run_in_executor(None, second.until, "to the second")

        self.run(body())

    def keeps_the_first(self):
        first = Raw(self.server, FIRST).attach()
        second = Raw(self.server, FIRST)
        header = second.until(">", "id=")
        identity = header.partition(" id='")[2].partition("'")[0]
        proof = hashlib.sha1((identity + SECRET).encode()).hexdigest()
        second.send(f"<handshake>{proof}</handshake>")
        expect("<conflict" in second.until("</stream:stream>"), second.text)
        first.send(f"<iq type='get' id='1' from='{FIRST}' to='{self.server.domain}'>"
                   "<ping xmlns='urn:xmpp:ping'/></iq>")
        first.until("type='result'")

    def shares(self):
        """Both get some senders' stanzas; one sender's go to one of them."""
        both = [Raw(self.server, SHARED).attach() for _ in range(2)]
        sender = Raw(self.server, ECHO).attach()
        for number in range(40):
            sender.send(f"<message id='m{number}' from='user{number % 20}@{ECHO}' to='{SHARED}'/>")
        # Each asks itself something, which comes behind all that it was sent.
        sender.send("".join(
            f"<message id='last' from='user{number}@{ECHO}' to='{SHARED}'/>" for number in range(20)
        ))
        counts = []
        for raw in both:
            raw.until("id='last'")
            counts.append({number for number in range(40) if f"id='m{number}'" in raw.text})
        expect(counts[0] and counts[1], f"one got nothing: {counts}")
        expect(not counts[0] & counts[1], "both got the same")

    def keeps_the_order(self):
        """What the socket of a slow reader does not take waits, and comes in its place."""
        slow = Raw(self.server, ECHO, buffer=4096).attach()
        # The stream's id may look like one of ours.
        slow.text = ""
        sender = Raw(self.server, SHARED).attach()
        # More than the socket takes, less than may wait for one reader.
        count = 2_500
        for number in range(count):
            sender.send(f"<message id='o{number}' from='{SHARED}' to='{ECHO}'>"
                        f"<body>{'x' * 250}</body></message>")
        sender.send(f"<iq type='get' id='behind' from='{SHARED}' to='{self.server.domain}'>"
                    "<ping xmlns='urn:xmpp:ping'/></iq>")
        # All of it is on its way before the first byte is read.
        sender.until("id='behind'")
        text = slow.until(f"id='o{count - 1}'", "</message>")
        found = [int(part.partition("'")[0]) for part in text.split(" id='o")[1:]]
        expect(found == list(range(count)), f"{len(found)} came, of {count}, or out of order")

    def runs_the_example(self):
        async def body():
            environment = {**os.environ, "ECHO_SECRET": SECRET}
            example = self.workshop.start(
                [binary("lapwing-echo"), ECHO, str(self.server.ports["component"])], "echo.log",
                env=environment,
            )
            try:
                for _ in range(100):
                    self.alice.send_message(f"any@{ECHO}", "hello")
                    try:
                        message = await asyncio.wait_for(self.alice.messages.get(), 1)
                        if message["type"] != "error":
                            break
                    except asyncio.TimeoutError:
                        continue
                expect(message["body"] == "hello", str(message))
                expect(message["from"].bare == f"any@{ECHO}", f"from {message['from']}")
            finally:
                stop(example)

        self.run(body())


def main():
    report = Report(f"components, slixmpp {slixmpp.__version__}")
    workshop = Workshop("components")
    server = Lapwing(workshop, more=COMPONENTS).start()
    server.register("alice", PASSWORD)
    logging.disable(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    checks = Checks(server, workshop, loop)
    report.check("a component attaches", checks.attaches)
    report.check("components are found, attached or not", checks.is_found)
    report.check("messages go both ways", checks.talks)
    report.check("a component subscribes to a node", checks.subscribes)
    report.check("a component's contact sees presence", checks.follows_presence)
    report.check("what is for an absent component bounces", checks.bounces)
    report.check("a wrong secret is refused", checks.refuses, GATEWAY, "x", "not-authorized")
    report.check("an unknown name is refused", checks.refuses, "x.test", SECRET, "host-unknown")
    report.check("who guesses has to wait, and nobody else", checks.pauses_who_guesses)
    report.check("who speaks for others is ended", checks.ends_forgers)
    report.check("a second connection replaces the first", checks.replaces)
    report.check("a second connection is refused where it should be", checks.keeps_the_first)
    report.check("connections share the senders", checks.shares)
    report.check("a slow reader gets all in order", checks.keeps_the_order)
    report.check("the example echoes", checks.runs_the_example)
    workshop.close()
    os._exit(report.close())


if __name__ == "__main__":
    main()
