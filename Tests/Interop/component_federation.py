#!/usr/bin/python3
"""Components and other servers: one that they reach, and one that stays at home."""

import os

from components import Raw, SECRET
from harness.federation import World
from harness.process import Workshop
from harness.report import Report, expect
from harness.users import User

OURS = "capulet.example"
THEIRS = "montague.example"
OPEN = f"open.{OURS}"
INTERNAL = f"internal.{OURS}"
ITEMS = "<query xmlns='http://jabber.org/protocol/disco#items'/>"
COMPONENTS = f"""
[component_listener]
port = 0

[[components]]
domain = "{OPEN}"
secret = "{SECRET}"

[[components]]
domain = "{INTERNAL}"
secret = "{SECRET}"
federated = false
"""


class Checks:
    """Juliet is on the server that has the components, Romeo on another."""

    def __init__(self, workshop):
        self.world = World(workshop)
        identity = self.world.authority.issue(
            OURS, OPEN, INTERNAL, f"pubsub.{OURS}", f"monitor.{OURS}")
        self.ours = self.world.start(
            "lapwing", OURS, ["juliet"], identity, options={"more": COMPONENTS})
        self.theirs = self.world.start("lapwing", THEIRS, ["romeo"])
        # The name server does not know who is to be reached.
        for name in (OPEN, INTERNAL):
            self.world.publish(name, self.ours)
        self.juliet = User(self.ours, "juliet")
        self.romeo = User(self.theirs, "romeo")
        self.juliet.presence()
        self.romeo.presence()
        self.open = Raw(self.ours, OPEN).attach()
        self.internal = Raw(self.ours, INTERNAL).attach()

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
        expect("host-unknown" in why, why)
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
    workshop = Workshop("component-federation")
    checks = Checks(workshop)
    report.check("others reach a component, and it them", checks.reaches)
    report.check("one that stays here talks to all that is here", checks.stays)
    report.check("nobody outside reaches it", checks.is_not_reached)
    report.check("it reaches nobody outside", checks.reaches_nobody)
    report.check("others do not find it", checks.is_listed)
    checks.end()
    workshop.close()
    os._exit(report.close())


if __name__ == "__main__":
    main()
