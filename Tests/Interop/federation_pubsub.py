#!/usr/bin/python3
"""PubSub and PEP across domains: each kind of server on the other side, in both directions."""

import os
import xml.etree.ElementTree as ET

from harness.federation import World
from harness.process import Workshop
from harness.pubsub import (
    affiliate, create, is_event, items, must, publish, sample, subscribe, told, unsubscribe)
from harness.report import Report, expect
from harness.users import User, error

OURS = "capulet.example"
THEIRS = "montague.example"
ALERTS = "urn:lapwing:1#alerts.critical"
# Prosody lets administrators make nodes.
SERVICE = """
Component "pubsub.{domain}" "pubsub"
    admins = {{ "romeo@{domain}" }}
"""


class Checks:
    """Juliet is on our server, Romeo on the other one."""

    def __init__(self, workshop, kind):
        self.kind = kind
        self.world = World(workshop, target="localhost" if kind == "ejabberd" else None)
        self.ours = self.world.start("lapwing", OURS, ["juliet", "nurse"])
        options = {"more": SERVICE.format(domain=THEIRS)} if kind == "prosody" else None
        self.theirs = self.world.start(kind, THEIRS, ["romeo", "benvolio"], options=options)
        self.juliet = User(self.ours, "juliet", interests=[ALERTS])
        self.romeo = User(self.theirs, "romeo", interests=[ALERTS])
        # What is for an account goes to who is available.
        self.juliet.presence()
        self.romeo.presence()

    def sides(self):
        """Owner and subscriber, either way, with the owner's service."""
        yield self.juliet, self.romeo, f"pubsub.{OURS}"
        yield self.romeo, self.juliet, f"pubsub.{THEIRS}"

    def refused(self, answer, *conditions):
        expect(answer.get("type") == "error", "it was let in")
        condition, _ = error(answer)
        expect(condition in conditions, condition)

    # Nodes of the service

    def follows(self):
        for owner, other, service in self.sides():
            create(owner, service, "news", access_model="open")
            must(subscribe(other, service, "news"))
            for number in range(50):
                must(publish(owner, service, "news", f"n{number}", sample(number)))
            for number in range(50):
                told(other, service, "news", f"n{number}")
            must(unsubscribe(other, service, "news"))
            must(publish(owner, service, "news", "late", sample(1)))
            other.hears_nothing(lambda e: is_event(e, "news", "late"), service)

    def catches_up(self):
        """The last item comes on subscribing, and all can be asked for."""
        for owner, other, service in self.sides():
            create(owner, service, "last", access_model="open", persist_items="true",
                   max_items="5", send_last_published_item="on_sub")
            for number in range(3):
                must(publish(owner, service, "last", f"l{number}", sample(number)))
            must(subscribe(other, service, "last"))
            # Prosody's service knows of no last item on subscribing.
            if service.endswith(OURS) or self.kind != "prosody":
                told(other, service, "last", "l2")
            answer = must(items(other, service, "last"))
            found = [e.get("id") for e in answer.iter() if e.tag.endswith("}item")]
            expect(sorted(found) == ["l0", "l1", "l2"], str(found))

    def admits(self):
        """Who is on the list, by an address of another domain."""
        service = f"pubsub.{OURS}"
        create(self.juliet, service, "secret", access_model="whitelist")
        self.refused(subscribe(self.romeo, service, "secret"), "not-allowed")
        self.refused(items(self.romeo, service, "secret"), "not-allowed")
        affiliate(self.juliet, service, "secret", self.romeo.address, "member")
        must(subscribe(self.romeo, service, "secret"))
        must(publish(self.juliet, service, "secret", "s1", sample(1)))
        told(self.romeo, service, "secret", "s1")
        affiliate(self.juliet, service, "secret", self.romeo.address, "outcast")
        must(publish(self.juliet, service, "secret", "s2", sample(2)))
        self.romeo.hears_nothing(lambda e: is_event(e, "secret", "s2"), service)

    def publishes(self):
        service = f"pubsub.{OURS}"
        create(self.juliet, service, "mine", access_model="open")
        create(self.juliet, service, "all", access_model="open", publish_model="open")
        self.refused(publish(self.romeo, service, "mine", "m1", sample(1)), "forbidden")
        must(subscribe(self.juliet, service, "all"))
        must(publish(self.romeo, service, "all", "a1", sample(1)))
        told(self.juliet, service, "all", "a1")
        affiliate(self.juliet, service, "mine", self.romeo.address, "publisher")
        must(publish(self.romeo, service, "mine", "m2", sample(2)))

    def filters(self):
        service = f"pubsub.{OURS}"
        create(self.juliet, service, "levels", access_model="open")
        wanted = {"{urn:lapwing:1}filter": "level &gt;= warning"}
        must(subscribe(self.romeo, service, "levels", wanted))
        for identity, level in (("f1", "ok"), ("f2", "critical"), ("f3", "info"),
                                ("f4", "warning")):
            must(publish(self.juliet, service, "levels", identity, sample(1, level)))
        told(self.romeo, service, "levels", "f2")
        told(self.romeo, service, "levels", "f4")
        found = [ET.tostring(e, encoding="unicode") for e in self.romeo._elements
                 if is_event(e, "levels")]
        expect(not found, f"{found}")

    # Nodes of accounts

    def is_closed(self):
        """Who is no contact gets nothing of an account's nodes."""
        must(publish(self.juliet, None, ALERTS, "current", sample(1, "critical")))
        self.refused(items(self.romeo, self.juliet.address, ALERTS),
                     "not-authorized", "forbidden")
        self.refused(subscribe(self.romeo, self.juliet.address, ALERTS),
                     "not-authorized", "forbidden")

    def befriends(self):
        self.juliet.befriend(self.romeo)
        for owner, other in ((self.juliet, self.romeo), (self.romeo, self.juliet)):
            must(publish(owner, None, ALERTS, "c0", sample(0, "critical")))
            answer = must(items(other, owner.address, ALERTS))
            expect(any(e.get("id") == "c0" for e in answer.iter()), "the item is not there")

    def watches(self, owner, other):
        """Alerts of one domain reach a contact of another."""
        # Each hears of its own as well.
        other.forget()
        for number in range(20):
            must(publish(owner, None, ALERTS, f"c{number}", sample(number, "critical")))
        told(other, owner.address, ALERTS, "c19")

    def comes_and_goes(self, owner, other):
        """The last item comes with presence, and nothing after it has ended."""
        server = self.theirs if other is self.romeo else self.ours
        late = User(server, other.address.partition("@")[0], "late", interests=[ALERTS])
        late.presence()
        # It hears of its own account's as well.
        def tells(item):
            return lambda e: is_event(e, ALERTS, item) and e.get("from") == owner.address

        late.wait_for(tells("c19"))
        late.presence("unavailable")
        owner.sees(late.jid, "unavailable")
        must(publish(owner, None, ALERTS, "gone", sample(1)))
        other.wait_for(tells("gone"))
        late.hears_nothing(tells("gone"), owner.address)
        late.leave()

    def ends(self):
        """A contact that is let in no more is told nothing more."""
        self.juliet.presence("unsubscribed", self.romeo.address)
        self.romeo.sees(self.juliet.address, "unsubscribed")
        must(publish(self.juliet, None, ALERTS, "after", sample(1)))
        self.romeo.hears_nothing(lambda e: is_event(e, ALERTS, "after"), OURS)
        self.refused(items(self.romeo, self.juliet.address, ALERTS),
                     "not-authorized", "forbidden")

    def outlives(self):
        """The other server goes; ours keeps serving its own, and notifications come to nothing."""
        service = f"pubsub.{OURS}"
        create(self.juliet, service, "kept", access_model="open")
        must(subscribe(self.romeo, service, "kept"))
        must(subscribe(self.juliet, service, "kept"))
        self.romeo.leave()
        self.theirs.stop()
        for number in range(50):
            must(publish(self.juliet, service, "kept", f"k{number}", sample(number)))
            told(self.juliet, service, "kept", f"k{number}")
        nurse = User(self.ours, "nurse")
        nurse.say(self.romeo.address, "anybody there?", "gone")
        condition, why = nurse.bounced("gone", 40)
        nurse.leave()
        return f"{condition}: {why}"

    def end(self):
        for user in (self.juliet, self.romeo):
            if user in User.everyone:
                user.leave()
        self.theirs.stop()
        self.ours.stop()


OUT = lambda checks: (checks.juliet, checks.romeo)
BACK = lambda checks: (checks.romeo, checks.juliet)
STEPS = [
    ("subscribers are told of items", Checks.follows),
    ("subscribers catch up", Checks.catches_up),
    ("a list admits an address of the other domain", Checks.admits),
    ("who may publishes", Checks.publishes),
    ("filters of a subscriber", Checks.filters),
    ("accounts are closed to strangers", Checks.is_closed),
    ("contacts ask for items", Checks.befriends),
    ("a contact of theirs watches alerts", lambda checks: checks.watches(*OUT(checks))),
    ("their last items come with presence", lambda checks: checks.comes_and_goes(*OUT(checks))),
    ("a contact of ours watches alerts", lambda checks: checks.watches(*BACK(checks))),
    ("our last items come with presence", lambda checks: checks.comes_and_goes(*BACK(checks))),
    ("who is no contact any more is told nothing", Checks.ends),
    ("the other server goes", Checks.outlives),
]


def main():
    report = Report("PubSub across domains")
    workshop = Workshop("pubsub")
    for kind in ("lapwing", "prosody", "ejabberd"):
        if os.environ.get("LAPWING_PEER", kind) != kind:
            continue
        checks = Checks(workshop.room(kind), kind)
        for name, step in STEPS:
            report.check(f"{kind}: {name}", step, checks)
        checks.end()
    workshop.close()
    os._exit(report.close())


if __name__ == "__main__":
    main()
