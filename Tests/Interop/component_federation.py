#!/usr/bin/python3
"""Components and other servers: one that they reach, and one that stays at home; attached to the
server, and to processes of their own, beside one for other servers and without."""

import json
import os

from components import Raw, SECRET
from harness.component_host import ComponentHost
from harness.federation import World
from harness.process import Workshop, wait_until
from harness.report import Report, expect
from harness.users import User

OURS = "capulet.example"
THEIRS = "montague.example"
OPEN = f"open.{OURS}"
INTERNAL = f"internal.{OURS}"
ITEMS = "<query xmlns='http://jabber.org/protocol/disco#items'/>"


def component(domain):
    return f'[[components]]\ndomain = "{domain}"\nsecret = "{SECRET}"\n'


COMPONENTS = (f"[component_listener]\nport = 0\n"
              f"{component(OPEN)}{component(INTERNAL)}federated = false\n")


class Checks:
    """Juliet is on the server that has the components, Romeo on another."""

    def __init__(self, workshop, kind, apart):
        self.world = World(workshop)
        links = (ComponentHost.link(workshop, "open", [OPEN])
                 + ComponentHost.link(workshop, "inner", [INTERNAL], "federated = false\n"))
        identity = self.world.authority.issue(
            OURS, OPEN, INTERNAL, f"pubsub.{OURS}", f"monitor.{OURS}")
        self.ours = self.world.start(
            kind, OURS, ["juliet"], identity,
            options={"more": links if apart else COMPONENTS})
        self.theirs = self.world.start("lapwing", THEIRS, ["romeo"])
        # The name server does not know who is to be reached.
        for name in (OPEN, INTERNAL):
            self.world.publish(name, self.ours)
        self.juliet = User(self.ours, "juliet")
        self.romeo = User(self.theirs, "romeo")
        self.juliet.presence()
        self.romeo.presence()
        places = [self.ours, self.ours]
        if apart:
            places = [ComponentHost(workshop, self.ours, name, component(domain))
                      for name, domain in (("open", OPEN), ("inner", INTERNAL))]
            wait_until(self.are_linked, "the links are up", 20)
        self.open = Raw(places[0], OPEN).attach()
        self.internal = Raw(places[1], INTERNAL).attach()

    def are_linked(self):
        links = json.loads(self.ours.control("links", "--json").stdout)
        return all(link["up"] for link in links)

    @staticmethod
    def message(raw, origin, to, identity):
        raw.send(f"<message from='{origin}' to='{to}' id='{identity}'>"
                 f"<body>{identity}</body></message>")

    def reaches(self):
        self.romeo.say(f"bot@{OPEN}", "to the open one")
        self.open.until("to the open one")
        self.message(self.open, f"bot@{OPEN}", self.romeo.address, "from the open one")
        self.romeo.hears("from the open one")

    def stays(self):
        self.juliet.say(f"bot@{INTERNAL}", "from juliet")
        self.internal.until("from juliet")
        self.message(self.internal, f"bot@{INTERNAL}", self.juliet.address, "to juliet")
        self.juliet.hears("to juliet")
        self.message(self.internal, INTERNAL, OPEN, "to a neighbour")
        self.open.until("to a neighbour")
        self.message(self.open, OPEN, INTERNAL, "from a neighbour")
        self.internal.until("from a neighbour")

    def is_not_reached(self):
        self.romeo.say(f"bot@{INTERNAL}", "to the internal one", "in")
        condition, why = self.romeo.bounced("in", 40)
        expect(condition == "remote-server-not-found", f"{condition}: {why}")
        # The router says it to a process for other servers, that one to them.
        expect("host-unknown" in why or "is not served here" in why, why)
        expect("to the internal one" not in self.internal.text, "it came")

    def reaches_nobody(self):
        self.message(self.internal, f"bot@{INTERNAL}", self.romeo.address, "out")
        text = self.internal.until("id='out'", "</message>")
        expect("<not-allowed" in text, text)
        # Presence comes to nothing.
        self.internal.send(f"<presence from='bot@{INTERNAL}' to='{self.romeo.address}'"
                           " type='subscribe'/>")
        self.message(self.internal, f"bot@{INTERNAL}", self.romeo.address, "behind")
        self.internal.until("id='behind'")
        self.romeo.hears_nothing(
            lambda e: INTERNAL in (e.get("from") or ""), THEIRS)

    def is_listed(self):
        def items(user):
            return {item.get("jid") for item in user.ask(OURS, ITEMS)[0]}

        expect({OPEN, INTERNAL} <= items(self.juliet), str(items(self.juliet)))
        found = items(self.romeo)
        expect(OPEN in found and INTERNAL not in found, str(found))

    def end(self):
        for user in (self.juliet, self.romeo):
            user.leave()
        self.theirs.stop()
        self.ours.stop()


def main():
    report = Report("components and other servers")
    for kind, apart, where in (("lapwing", False, ""),
                               ("lapwing", True, ", in a process of its own"),
                               ("lapwing-split", True, ", as other servers are")):
        workshop = Workshop("component-federation")
        checks = Checks(workshop, kind, apart)
        report.check(f"others reach a component{where}, and it them", checks.reaches)
        report.check(f"one that stays here{where} talks to all that is here", checks.stays)
        report.check(f"nobody outside reaches it{where}", checks.is_not_reached)
        report.check(f"it reaches nobody outside{where}", checks.reaches_nobody)
        report.check(f"others do not find it{where}", checks.is_listed)
        checks.end()
        workshop.close()
    os._exit(report.close())


if __name__ == "__main__":
    main()
