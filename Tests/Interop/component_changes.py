#!/usr/bin/python3
"""Components that are added, removed and changed while the server runs (SIGHUP)."""

import os
import signal

from components import Raw, SECRET
from harness.component_host import ComponentHost
from harness.lapwing import Lapwing
from harness.process import Workshop, free_port, wait_until
from harness.report import Report, expect
from harness.wire import Connection

PASSWORD = "the password"
KEPT = "kept.example.test"
OTHER = "other.example.test"
DISCO_ITEMS = "http://jabber.org/protocol/disco#items"
MESSAGES = '[components.privileges]\nmessage = "outgoing"\n'


def component(domain, secret=SECRET, more=""):
    return f'[[components]]\ndomain = "{domain}"\nsecret = "{secret}"\n{more}'


class Checks:
    def __init__(self):
        self.workshop = Workshop("component-changes")
        port = free_port()
        listener = f"[component_listener]\nport = {port}\n"
        self.server = Lapwing(self.workshop, more=listener + component(KEPT)).start()
        self.server.register("alice", PASSWORD)
        with open(self.server.configuration) as file:
            self.first = file.read()
        self.kept = Raw(self.server, KEPT).attach()
        self.alice = Connection(
            self.server.host, self.server.ports["c2s-plain"], self.server.domain)
        self.alice.log_in("alice", PASSWORD)

    def change(self, text):
        """Has the server read another configuration."""
        self.workshop.file("lapwing.toml", text)
        self.server.process.send_signal(signal.SIGHUP)

    def items(self):
        answer = self.alice.request(
            f"<iq type='get' to='{self.server.domain}'><query xmlns='{DISCO_ITEMS}'/></iq>")
        return {item.get("jid") for item in answer[0]}

    def asks(self, raw, domain, identity):
        """The component's stream still works."""
        raw.send(f"<iq type='get' id='{identity}' from='{domain}' to='{self.server.domain}'>"
                 "<ping xmlns='urn:xmpp:ping'/></iq>")
        raw.until(f"id='{identity}'", "type='result'")

    def adds(self):
        expect(Raw(self.server, OTHER).refusal() == "host-unknown", "it was there before")
        self.change(self.first + component(OTHER))
        wait_until(lambda: OTHER in self.items(), "the component is listed")
        self.other = Raw(self.server, OTHER).attach()
        self.asks(self.other, OTHER, "one")

    def changes_secret(self):
        self.change(self.first + component(OTHER, "another secret"))
        expect(self.other.refusal() == "not-authorized", self.other.text)
        expect(Raw(self.server, OTHER).prove().refusal() == "not-authorized",
               "the old secret still does")
        self.other = Raw(self.server, OTHER, "another secret").attach()

    def changes_rights(self):
        self.change(self.first + component(OTHER, "another secret", MESSAGES))
        expect(self.other.refusal() == "reset", self.other.text)
        self.other = Raw(self.server, OTHER, "another secret").attach()
        self.other.until("access='message'")

    def keeps_what_is_broken(self):
        self.change(self.first + component(OTHER, "short"))
        wait_until(lambda: "stay as they were" in self.workshop.log("server.log"), "a line of it")
        self.asks(self.other, OTHER, "two")

    def removes(self):
        self.change(self.first)
        expect(self.other.refusal() == "host-unknown", self.other.text)
        expect(Raw(self.server, OTHER).refusal() == "host-unknown", "its name is still known")
        expect(OTHER not in self.items(), "it is still listed")
        self.asks(self.kept, KEPT, "three")

    def names_the_rest(self):
        self.change("log_level = \"debug\"\n" + self.first.replace('log_level = "notice"', "")
                    + "[limits]\nstanza_depth = 50\n")
        wait_until(lambda: "log_level, limits" in self.workshop.log("server.log"), "a line of it")

    def closes_the_port(self):
        self.change(self.first.replace(component(KEPT), ""))
        expect(self.kept.refusal() == "host-unknown", self.kept.text)

        def is_closed():
            try:
                Raw(self.server, KEPT)
            except ConnectionRefusedError:
                return True
            return False

        wait_until(is_closed, "the port is closed")
        self.change(self.first)
        wait_until(lambda: not is_closed(), "the port is open")
        Raw(self.server, KEPT).attach()


class Parted:
    """A router, and components in a process of their own, where `Raw` finds them."""

    def __init__(self):
        self.workshop = Workshop("component-process")
        self.router = Lapwing(self.workshop, more=ComponentHost.link(
            self.workshop, "components", [KEPT, OTHER]))
        with open(self.router.configuration) as file:
            self.workshop.file("lapwing.toml", 'role = "router"\n' + file.read())
        self.router.start()
        place = ComponentHost(self.workshop, self.router, "components", component(KEPT))
        self.host, self.domain, self.ports = place.host, place.domain, place.ports
        self.first, self.process = place.text, place.process
        wait_until(lambda: "up," in self.router.control("links").stdout, "the link is up", 20)
        self.kept = Raw(self, KEPT).attach()

    def change(self, text, line):
        """Has the process read another configuration; it logs that line when it has."""
        before = self.log().count(line)
        self.workshop.file("components.toml", text)
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.log().count(line) > before, line)

    def log(self):
        return self.workshop.log("components.log", 1000)

    def asks(self, raw, domain, identity):
        """The component's stream still works, and the link."""
        raw.send(f"<iq type='get' id='{identity}' from='{domain}' to='{self.domain}'>"
                 "<ping xmlns='urn:xmpp:ping'/></iq>")
        raw.until(f"id='{identity}'", "type='result'")

    def adds(self):
        expect(Raw(self, OTHER).refusal() == "host-unknown", "it was there before")
        self.change(self.first + component(OTHER), OTHER + " added")
        self.other = Raw(self, OTHER).attach()
        self.asks(self.other, OTHER, "one")

    def changes_secret(self):
        self.change(self.first + component(OTHER, "another secret"), OTHER + " changed")
        expect(self.other.refusal() == "not-authorized", self.other.text)
        expect(Raw(self, OTHER).prove().refusal() == "not-authorized", "the old secret still does")
        self.other = Raw(self, OTHER, "another secret").attach()
        self.asks(self.other, OTHER, "two")

    def keeps_what_is_wrong(self):
        """Rights over accounts are none of this process's to give."""
        for wrong in (component(OTHER, "short"), component(OTHER, "another secret", MESSAGES)):
            self.change(self.first + wrong, "stay as they were")
        self.change("", "stay as they were")
        self.asks(self.other, OTHER, "three")

    def names_the_rest(self):
        self.change('process_name = "bots"\n' + self.first
                    + component(OTHER, "another secret"), "next start: process_name")

    def removes(self):
        self.change(self.first, OTHER + " removed")
        expect(self.other.refusal() == "host-unknown", self.other.text)
        expect(Raw(self, OTHER).refusal() == "host-unknown", "its name is still known")
        self.asks(self.kept, KEPT, "four")


def in_a_process_of_their_own(report):
    checks = Parted()
    report.check("in a process of its own a component is added", checks.adds)
    report.check("in a process of its own a changed secret ends its connection",
                 checks.changes_secret)
    report.check("in a process of its own a broken configuration changes nothing",
                 checks.keeps_what_is_wrong)
    report.check("in a process of its own what needs a restart is named", checks.names_the_rest)
    report.check("in a process of its own a component is removed, the others stay",
                 checks.removes)
    checks.workshop.close()


def main():
    report = Report("components that change")
    checks = Checks()
    report.check("a component is added", checks.adds)
    report.check("a changed secret ends its connection", checks.changes_secret)
    report.check("changed rights have it come again", checks.changes_rights)
    report.check("a broken configuration changes nothing", checks.keeps_what_is_broken)
    report.check("a component is removed, the others stay", checks.removes)
    report.check("what needs a restart is named", checks.names_the_rest)
    report.check("without components there is no port", checks.closes_the_port)
    checks.workshop.close()
    in_a_process_of_their_own(report)
    os._exit(report.close())


if __name__ == "__main__":
    main()
