#!/usr/bin/python3
"""Components that authenticate as clients do and bind several hostnames (XEP-0225)."""

import os

from components import Raw, SECRET
from harness.lapwing import Lapwing, binary
from harness.process import Workshop, stop, wait_until
from harness.report import Report, expect
from harness.wire import CLIENT, TLS, Closed, Connection, LoginRefused, tag

PASSWORD = "the password"
OTHER_SECRET = "another secret of the tests"
CHAT = "chat.example.test"
ROOMS = "rooms.example.test"
FIRST = "first.example.test"
FOREIGN = "foreign.example.test"
COMPONENT = "urn:xmpp:component:0"
ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas"
COMPONENTS = "".join(
    f'[[components]]\ndomain = "{domain}"\nsecret = "{secret}"\nseveral = "{several}"\n'
    for domain, secret, several in (
        (CHAT, SECRET, "replace"), (ROOMS, SECRET, "replace"), (FIRST, SECRET, "refuse"),
        (FOREIGN, OTHER_SECRET, "replace"))
)


class Component(Connection):
    """A component's stream."""

    def __init__(self, server, security="plain"):
        super().__init__(server.host, server.ports["component"], server.domain, security)

    def log_in(self, name=CHAT, secret=SECRET, mechanism=None, binding=None):
        self.secure()
        self.authenticate(name, secret, mechanism, binding)
        features = self.open()
        expect(features.find(tag(COMPONENT, "bind")) is not None, "there is nothing to bind")
        return self

    def ask(self, what, name):
        return self.request(f"<iq type='set'><{what} xmlns='{COMPONENT}'>"
                            f"<hostname>{name}</hostname></{what}></iq>")

    def bind(self, *names):
        for name in names:
            answer = self.ask("bind", name)
            expect(answer.get("type") == "result", f"{name}: {self.condition(answer)}")
            found = answer.find(f"{tag(COMPONENT, 'bind')}/{tag(COMPONENT, 'hostname')}").text
            expect(found == name, found)
        return self

    @staticmethod
    def condition(answer):
        """The condition of an error."""
        error = answer.find(tag(CLIENT, "error"))
        return error[0].tag.split("}")[1] if error is not None else answer.get("type")

    def say(self, origin, to, body):
        self.send(f"<message from='{origin}' to='{to}' type='chat'><body>{body}</body></message>")

    def hears(self, body):
        return self.wait_for(lambda e: e.findtext(tag(CLIENT, "body")) == body)

    def ending(self):
        """The condition of the error that ends the stream."""
        error = self.wait_for(lambda e: e.tag.endswith("}error"))
        return error[0].tag.split("}")[1]


class Checks:
    def __init__(self, workshop):
        self.workshop = workshop
        listener = "[component_listener]\nport = 0\n"
        self.server = Lapwing(workshop.room("plain"), more=listener + COMPONENTS).start()
        self.server.register("alice", PASSWORD)
        self.secure = Lapwing(
            workshop.room("direct"), more=listener + 'security = "tls"\n' + COMPONENTS).start()
        self.alice = Connection(
            self.server.host, self.server.ports["c2s-plain"], self.server.domain)
        self.address = self.alice.log_in("alice", PASSWORD)
        self.alice.send("<presence/>")

    def said(self, body):
        return self.alice.wait_for(lambda e: e.findtext(tag(CLIENT, "body")) == body)

    def tell(self, to, body):
        self.alice.send(f"<message to='{to}' type='chat' id='{body}'><body>{body}</body></message>")

    def binds(self):
        self.component = Component(self.server).log_in().bind(CHAT, ROOMS)
        for name in (CHAT, ROOMS):
            self.component.say(f"bot@{name}", self.address, f"from {name}")
            expect(self.said(f"from {name}").get("from") == f"bot@{name}", name)
            self.tell(f"any@{name}", f"to {name}")
            expect(self.component.hears(f"to {name}").get("to") == f"any@{name}", name)
        # From one of its names to another.
        self.component.say(CHAT, f"bot@{ROOMS}", "to myself")
        self.component.hears("to myself")

    def passes_large_ones(self):
        body = "x" * 100_000
        self.component.say(CHAT, self.address, body)
        self.said(body)
        raw = Raw(self.server, FIRST).attach()
        body = "y" * 100_000
        raw.send(f"<message from='{FIRST}' to='{self.address}' type='chat'><body>{body}</body>"
                 "</message>")
        self.said(body)
        raw.socket.close()

    def gives_up(self):
        answer = self.component.ask("unbind", ROOMS)
        expect(answer.get("type") == "result" and len(answer) == 0, answer.get("type"))
        self.tell(f"any@{ROOMS}", "nobody there")
        error = self.alice.wait_for(lambda e: e.get("id") == "nobody there")
        expect(Component.condition(error) == "service-unavailable", Component.condition(error))
        self.tell(CHAT, "somebody there")
        self.component.hears("somebody there")
        self.component.bind(ROOMS)
        self.tell(f"any@{ROOMS}", "there again")
        self.component.hears("there again")

    def refuses_names(self):
        for name, condition in (
                (CHAT, "conflict"), (FOREIGN, "not-allowed"), ("x.example.test", "not-allowed"),
                (self.server.domain, "not-allowed")):
            found = Component.condition(self.component.ask("bind", name))
            expect(found == condition, f"{name}: {found}")
        self.component.say(CHAT, self.address, "still here")
        self.said("still here")

    def shares_the_port(self):
        """A name has one owner, whichever protocol it speaks."""
        first = Raw(self.server, FIRST).attach()
        other = Component(self.server).log_in(FIRST)
        found = Component.condition(other.ask("bind", FIRST))
        expect(found == "conflict", found)
        # The stream goes on.
        other.bind(ROOMS)
        expect(self.component.ending() == "conflict", "the older one stays")
        self.tell(f"any@{ROOMS}", "to the newer")
        other.hears("to the newer")
        Raw(self.server, ROOMS).attach()
        expect(other.ending() == "conflict", "the older one stays")
        first.socket.close()

    def ends_forgers(self):
        for origin, condition in ((f"bot@{ROOMS}", "invalid-from"),
                                  (self.address, "invalid-from")):
            component = Component(self.server).log_in().bind(CHAT)
            component.say(origin, self.address, "a forgery")
            found = component.ending()
            expect(found == condition, f"{origin}: {found}")
        component = Component(self.server).log_in()
        component.say(CHAT, self.address, "too early")
        expect(component.ending() == "not-authorized", "it may speak without a name")

    def uses_tls(self):
        found = []
        for server, security in ((self.server, "starttls"), (self.secure, "direct")):
            for mechanism, binding in (
                    ("SCRAM-SHA-256", None), ("SCRAM-SHA-1", None), ("PLAIN", None),
                    ("SCRAM-SHA-256-PLUS", "tls-server-end-point")):
                component = Component(server, security)
                component.log_in(mechanism=mechanism, binding=binding).bind(CHAT).end()
                found.append(f"{security} {mechanism}")
        features = Component(self.server).open()
        expect(features.find(tag(TLS, "starttls")) is not None, "no TLS is offered")
        return f"{len(found)} ways"

    def hides_plain(self):
        component = Component(self.server)
        component.secure()
        expect("PLAIN" not in component.mechanisms(), "secrets would go in the clear")
        expect("SCRAM-SHA-256" in component.mechanisms(), str(component.mechanisms()))

    def refuses(self, name, secret, condition="not-authorized"):
        try:
            Component(self.server).log_in(name, secret)
        except LoginRefused as refusal:
            expect(str(refusal) == condition, str(refusal))
        else:
            raise AssertionError("it was let in")

    def refuses_wrong_ones(self):
        self.refuses(CHAT, "wrong")
        self.refuses(CHAT, OTHER_SECRET)
        self.refuses("unknown.example.test", SECRET)
        self.refuses("alice", PASSWORD)
        # Nor do components get in where clients do.
        link = Connection(self.server.host, self.server.ports["c2s-plain"], self.server.domain)
        try:
            link.log_in(CHAT, SECRET)
        except LoginRefused as refusal:
            expect(str(refusal) == "not-authorized", str(refusal))
        else:
            raise AssertionError("it was let in as a client")

    def pauses_who_guesses(self):
        """Failures of both protocols count together."""
        for _ in range(5):
            self.refuses(FOREIGN, "a guess")
        for _ in range(5):
            expect(Raw(self.server, FOREIGN, "a guess").prove().refusal() == "not-authorized",
                   "not looked at")
        self.refuses(FOREIGN, OTHER_SECRET, "temporary-auth-failure")
        expect(Raw(self.server, FOREIGN, OTHER_SECRET).prove().refusal() == "policy-violation",
               "it is let in")
        Component(self.server).log_in().bind(CHAT).end()

    def lives_in_another_process(self):
        """The process that has the components passes all to the router, which has the accounts."""
        room = self.workshop.room("router")
        socket = room.file("link.sock")
        link = '[[links]]\nname = "{}"\nsecret = "a secret of both processes"\n{} = "unix:' + socket
        router = Lapwing(room, more=link.format("components", "listen")
                         + f'"\nhosts = ["{CHAT}", "{ROOMS}"]\n')
        with open(router.configuration) as file:
            text = file.read()
        room.file("lapwing.toml", 'role = "router"\n' + text)
        router.start()
        router.register("alice", PASSWORD)
        key = router.certificate.replace(".crt", ".key")
        ready = room.file("edge-ready")
        edge = room.start([binary("lapwing-server"), "--ready-file", ready, "--config", room.file(
            "edge.toml", f'role = "components"\ndomain = "{router.domain}"\n'
            f'data = "{room.file("edge-data")}"\n'
            f'[tls]\ncertificate = "{router.certificate}"\nkey = "{key}"\n'
            + link.format("router", "connect") + '"\n[component_listener]\nport = 0\n'
            + COMPONENTS)], "edge.log")
        wait_until(lambda: os.path.exists(ready), "the process is ready", 20, edge)
        wait_until(lambda: "up," in router.control("links", check=False).stdout, "the link is up")
        with open(ready) as lines:
            router.ports.update((line.split()[0], int(line.split()[2])) for line in lines)
        alice = Connection(router.host, router.ports["c2s-plain"], router.domain)
        address = alice.log_in("alice", PASSWORD)
        alice.send("<presence/>")
        component = Component(router, "starttls").log_in().bind(CHAT, ROOMS)
        for name in (CHAT, ROOMS):
            component.say(f"bot@{name}", address, f"from {name}")
            alice.wait_for(lambda e: e.get("from") == f"bot@{name}")
            alice.send(f"<message to='any@{name}'><body>to {name}</body></message>")
            component.hears(f"to {name}")
        expect(component.ask("unbind", ROOMS).get("type") == "result", "it is not given up")
        alice.send(f"<message to='any@{ROOMS}' id='gone'><body>to nobody</body></message>")
        found = Component.condition(alice.wait_for(lambda e: e.get("id") == "gone"))
        expect(found == "service-unavailable", found)
        newer = Component(router).log_in().bind(CHAT)
        expect(component.ending() == "conflict", "the older one stays")
        for stream in (component, newer, alice):
            stream.end()
        stop(edge)
        router.stop()

    def wants_our_domain(self):
        try:
            Component(self.server).open(to=CHAT)
        except Closed as error:
            expect("host-unknown" in str(error), str(error))
        else:
            raise AssertionError("the header is taken")


def main():
    report = Report("components that bind hostnames")
    workshop = Workshop("component-connections")
    checks = Checks(workshop)
    report.check("several hostnames are bound", checks.binds)
    report.check("large stanzas pass, of either protocol", checks.passes_large_ones)
    report.check("a hostname is given up, and bound again", checks.gives_up)
    report.check("names that are not its own are refused", checks.refuses_names)
    report.check("XEP-0114 is served beside it", checks.shares_the_port)
    report.check("who speaks for others is ended", checks.ends_forgers)
    report.check("TLS and all mechanisms", checks.uses_tls)
    report.check("no secret goes in the clear", checks.hides_plain)
    report.check("wrong secrets are refused", checks.refuses_wrong_ones)
    report.check("who guesses has to wait", checks.pauses_who_guesses)
    report.check("components in a process of their own", checks.lives_in_another_process)
    report.check("the header names a domain of the server", checks.wants_our_domain)
    workshop.close()
    os._exit(report.close())


if __name__ == "__main__":
    main()
