#!/usr/bin/python3
"""Whatever a stanza carries means the same where it arrives: between each two kinds of connection,
of clients, components and servers, on one server and across two.

    LAPWING_SEED=7 payload_routing.py      the payloads of that seed; LAPWING_ROUNDS how many
"""

import hashlib
import itertools
import os
import random
import xml.etree.ElementTree as ET

from harness.federation import World
from harness.markup import Markup, meaning, understood
from harness.process import Workshop, wait_until
from harness.report import Report, expect
from harness.strangers import SERVER, Crowd, Stranger
from harness.users import User
from harness.wire import CLIENT, PATIENCE_SECONDS, STREAM, Closed, Connection, tag

COMPONENT = "jabber:component:accept"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
SECRET = "a secret of the tests"
ONE, TWO, THREE, FOUR = "one.example", "two.example", "three.example", "four.example"
# A server by hand that opens a stream to the first, and one that the first opens a stream to.
CALLER, CALLED = "caller.example", "called.example"
LISTENER = """
[component_listener]
port = 0

[[components]]
domain = "{0}"
secret = "{1}"

[[components]]
domain = "{2}"
secret = "{1}"
"""
# Of each way, in turns of all kinds of stanza.
ROUNDS = int(os.environ.get("LAPWING_ROUNDS", "42"))


class Component(Connection):
    """A component's stream by hand (XEP-0114)."""

    def __init__(self, server, domain):
        super().__init__(server.host, server.ports["component"], domain)
        self.jid = f"bot@{domain}/phone"
        self.send(f"<stream:stream xmlns='{COMPONENT}' xmlns:stream='{STREAM}' to='{domain}'>")
        while self.header is None:
            self._read(PATIENCE_SECONDS)
        proof = hashlib.sha1((self.header["id"] + SECRET).encode()).hexdigest()
        self.send(f"<handshake>{proof}</handshake>")
        answer = self.receive()
        if answer.tag != tag(COMPONENT, "handshake"):
            raise Closed(ET.tostring(answer, encoding="unicode"))


class End:
    """One end of a way: a connection, and the content namespace of its stream."""

    def __init__(self, link, namespace, jid=None):
        self.link = link
        self.namespace = namespace
        self.jid = jid or link.jid

    def send(self, text):
        self.link.send(text)

    def receive(self, identity):
        return self.link.wait_for(lambda element: element.get("id") == identity)


class Answering:
    """A domain whose server is a `Crowd`."""

    namespace = SERVER
    jid = f"anyone@{CALLED}/somewhere"

    def __init__(self, crowd):
        self.crowd = crowd

    def receive(self, identity):
        find = lambda: [e for e in self.crowd.stanzas if e.get("id") == identity]
        return wait_until(find, f"{identity} came")[0]


class Scene:
    def __init__(self, workshop, chance):
        self.world = World(workshop)
        self.chance = chance
        self.ids = itertools.count(1)
        self.payloads = 0

    def start(self, kind, domain, **options):
        """A server that others find, with its components, and its user's client."""
        bridges = [f"{name}.{domain}" for name in ("bridge", "other")]
        names = (domain, f"pubsub.{domain}", f"monitor.{domain}", *bridges)
        server = self.world.start(
            kind, domain, ["romeo"], self.world.authority.issue(*names), options=options)
        for name in bridges:
            self.world.publish(name, server)
        return server

    def lapwing(self, domain, kind="lapwing"):
        more = LISTENER.format(f"bridge.{domain}", SECRET, f"other.{domain}")
        server = self.start(kind, domain, more=more)
        return server, Client(server), bridge(server, "bridge")

    def prosody(self, domain):
        server = self.start("prosody", domain, components={f"bridge.{domain}": SECRET})
        return server, Client(server), bridge(server, "bridge")

    def caller(self, server, target):
        """A server by hand that may write to the target's domain."""
        link = Stranger(server, CALLER, self.world.authority.issue(CALLER))
        link.domain = target.jid.partition("@")[2].partition("/")[0]
        return End(link.prove(), SERVER, f"anyone@{CALLER}/somewhere")

    # The property

    def passes(self, origin, target, rounds=ROUNDS, ours=True):
        """Sends payloads from one end to the other, all at once; what comes is what was sent.

        `ours` says that no other server is on the way, which might name a language.
        """
        sent = []
        for number in range(rounds):
            # Prosody writes them as they are, and a parser makes others of them.
            markup = Markup(self.chance, references=ours).payload(origin.namespace)
            stanza = self.stanza(number, origin, target, markup)
            sent.append((*stanza, markup))
        origin.send("".join(text for _, text, _, _ in sent))
        for identity, text, language, markup in sent:
            came = target.receive(identity)
            self.payloads += 1
            expect(len(came) == 1 and not (came.text or "").strip(), f"other children: {text!r}")
            want = understood(markup, origin.namespace)
            written = ET.tostring(came, encoding="unicode")
            expect(meaning(came[0]) == meaning(want), f"{text!r} became {written!r}")
            expect(came.tag.startswith("{" + target.namespace + "}"), came.tag)
            if ours:
                expect(came.get(LANGUAGE) == language, f"{text!r} got {came.get(LANGUAGE)!r}")
        return f"{rounds} payloads"

    def stanza(self, number, origin, target, markup):
        """The id, the markup and the language of a stanza with that payload."""
        kinds = [("message", "chat"), ("presence", None), ("iq", "set"), ("message", "headline"),
                 ("iq", "result"), ("message", None), ("iq", "get")]
        name, kind = kinds[number % len(kinds)]
        identity = f"x{next(self.ids)}"
        language = self.chance.choice([None, None, "it"])
        attributes = f" id='{identity}' from='{origin.jid}' to='{target.jid}'"
        attributes += f" type='{kind}'" if kind else ""
        attributes += f" xml:lang='{language}'" if language else ""
        return identity, f"<{name}{attributes}>{markup}</{name}>", language


class Client(End):
    def __init__(self, server):
        super().__init__(User(server, "romeo", "balcony"), CLIENT)
        # Who is available gets what is for it.
        self.send("<presence/>")


def bridge(server, name):
    return End(Component(server, f"{name}.{server.domain}"), COMPONENT)


def names_a_language(targets, server):
    """A stream's language is its stanzas', and never their payloads'."""
    link = Connection(server.host, server.ports["c2s-plain"], server.domain)
    header = (f"<stream:stream xmlns='{CLIENT}' xmlns:stream='{STREAM}' to='{server.domain}'"
              " version='1.0' xml:lang='eo'>")
    link.open(header=header)
    link.authenticate("romeo", "a password of the tests")
    link.open(header=header)
    link.bind("kitchen")
    item = ("<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='n'><item>"
            "<x xmlns='urn:x'/></item></items></event>")
    for target in targets:
        for name, language in (("message", "eo"), ("iq", None)):
            identity = f"{name}-{target.jid}"
            kind = " type='result'" if name == "iq" else ""
            link.send(f"<{name} to='{target.jid}' id='{identity}'{kind}>{item}</{name}>")
            came = target.receive(identity)
            expect(meaning(came[0]) == meaning(ET.fromstring(item)),
                   f"{target.jid}: {ET.tostring(came, encoding='unicode')}")
            expect(came.get(LANGUAGE) == language, f"{target.jid}: {came.attrib}")
    link.end()


def passes_long_ones(*ends):
    """What is longer than a stranger may send, and shorter than what other servers take."""
    for number, (origin, target) in enumerate(itertools.permutations(ends, 2)):
        markup = f"<e xmlns='urn:e' a='{'&apos;' * 5_000}'>{'x ' * 10_000}</e>"
        origin.send(f"<message from='{origin.jid}' to='{target.jid}' id='l{number}'>{markup}"
                    "</message>")
        came = target.receive(f"l{number}")
        expect(meaning(came[0]) == meaning(ET.fromstring(markup)), "it is another")


def main():
    seed = int(os.environ.get("LAPWING_SEED", random.randrange(1 << 32)))
    report = Report(f"payloads between all kinds of connection, seed {seed}")
    workshop = Workshop("routing")
    scene = Scene(workshop, random.Random(seed))
    one, client, component = scene.lapwing(ONE)
    other = bridge(one, "other")
    far_server, far_client, far_component = scene.lapwing(TWO)

    here = {"client": client, "component": component}
    for (name, origin), (to, target) in itertools.product(here.items(), repeat=2):
        # A component does not write to itself through the server.
        if origin is target and name == "component":
            target = other
        report.check(f"{name} to {to}", scene.passes, origin, target)
    there = {"client": far_client, "component": far_component}
    for name, to in itertools.product(here, there):
        report.check(f"{name} to another server's {to}", scene.passes, here[name], there[to])
        report.check(f"{to} of another server to {name}", scene.passes, there[to], here[name])

    crowd = Crowd(scene.world.authority.issue(CALLED))
    scene.world.names.serve(CALLED, "127.0.0.1", direct=crowd.port)
    called = Answering(crowd)
    for name, end in here.items():
        caller = scene.caller(one, end)
        report.check(f"{name} to a server's stream", scene.passes, end, called)
        report.check(f"a server's stream to {name}", scene.passes, caller, end)
    _, split_client, split_component = scene.lapwing(FOUR, "lapwing-split")
    split = {"client": split_client, "component": split_component}
    for name, to in itertools.product(here, split):
        report.check(f"{name} to a {to} of two processes", scene.passes, here[name], split[to])
        report.check(f"{to} of two processes to {name}", scene.passes, split[to], here[name])
    targets = [client, component, far_client, far_component, called, split_client]
    report.check("a language is of the stanza", names_a_language, targets, one)

    _, prosody_client, prosody_component = scene.prosody(THREE)
    peers = {"client": prosody_client, "component": prosody_component}
    for name, to in itertools.product(here, peers):
        report.check(f"{name} to prosody's {to}", scene.passes, here[name], peers[to], ROUNDS,
                     False)
        report.check(f"prosody's {to} to {name}", scene.passes, peers[to], here[name], ROUNDS,
                     False)
    report.check("long ones", passes_long_ones, client, component, far_client, far_component,
                 split_client, split_component)
    print(f"{scene.payloads} payloads, seed {seed}", flush=True)
    workshop.close()
    os._exit(report.close())


if __name__ == "__main__":
    main()
