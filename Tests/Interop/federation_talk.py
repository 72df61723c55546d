#!/usr/bin/python3
"""Lapwing and other servers talk to each other: each kind of server, each way between them."""

import os
import socket

from harness.certificates import self_signed
from harness.federation import World
from harness.process import Workshop, wait_until
from harness.report import Report, expect
from harness.strangers import Failing
from harness.users import PING, INFO, User, error, text
from harness.wire import CLIENT, tag

OURS = "capulet.example"
THEIRS = "montague.example"
VERSION = "jabber:iq:version"
MESSAGES = 300
# How servers that are there find and prove each other. Of the settings a kind of server passes
# over those that it does not have.
WAYS = {
    "STARTTLS and certificates": {},
    "direct TLS and certificates": {"found_by": ("direct",)},
    "dialback": {"certified": False},
    "one way a stream": {"bidirectional": False},
    "no acknowledgements": {"acknowledgements": False},
}
# Which server has which of them.
PLANS = {
    "lapwing": ("STARTTLS and certificates", "direct TLS and certificates", "dialback",
                "one way a stream"),
    "prosody": tuple(WAYS),
    "ejabberd": ("STARTTLS and certificates", "direct TLS and certificates", "dialback"),
}


class Pair:
    """A server of ours and another, with a user on each."""

    def __init__(self, workshop, kind, certified=True, found_by=("starttls",), **federation):
        world = World(workshop, target="localhost" if kind == "ejabberd" else None)

        def start(kind, domain, user, **options):
            identity = None
            if not certified:
                names = [domain, f"pubsub.{domain}", f"monitor.{domain}"]
                identity = self_signed(workshop, *names)
            return world.start(kind, domain, [user], identity, found_by, options, **federation)

        self.ours = start("lapwing", OURS, "juliet", log_level="info")
        self.theirs = start(kind, THEIRS, "romeo")
        self.juliet = User(self.ours, "juliet")
        self.romeo = User(self.theirs, "romeo")

    def proofs(self):
        """How other servers were believed, as the log has it."""
        log = self.ours.workshop.log(self.ours.federation_log, lines=10_000)
        kinds = [kind for kind in ("certificate", "dialback") if f"{THEIRS} is {kind}" in log]
        return " and ".join(kinds)

    def close(self):
        for user in (self.juliet, self.romeo):
            if user in User.everyone:
                user.leave()
        for server in (self.theirs, self.ours):
            server.stop()


# What is said

def opens(one, two):
    one.say(two.jid, "the first")
    heard = two.hears("the first")
    expect(heard.get("from") == one.jid, f"from {heard.get('from')}")
    expect(heard.get("to") == two.jid, f"to {heard.get('to')}")
    two.say(one.jid, "the second")
    one.hears("the second")


def keeps_order(one, two):
    for number in range(MESSAGES):
        one.say(two.jid, f"m{number}")
        two.say(one.jid, f"m{number}")
    for user in (one, two):
        found = []
        while len(found) < MESSAGES:
            element = user.wait_for(lambda e: e.tag == tag(CLIENT, "message"))
            found.append(text(element))
        expect(found == [f"m{number}" for number in range(MESSAGES)], f"came {found}")


def asks(one, two):
    for asker, asked in ((one, two), (two, one)):
        answer = asker.ask(asked.domain, f"<query xmlns='{INFO}'/>")
        found = answer.findall(f"{tag(INFO, 'query')}/{tag(INFO, 'identity')}")
        expect(any(e.get("category") == "server" for e in found), f"{answer.attrib}")
        answer = asker.ask(asked.domain, f"<ping xmlns='{PING}'/>")
        expect(answer.get("type") == "result", "no answer to a ping of the server")
        answer = asker.ask(asked.domain, f"<query xmlns='{VERSION}'/>")
        name = answer.findtext(f"{tag(VERSION, 'query')}/{tag(VERSION, 'name')}")
        expect(name, f"{answer.get('type')} to a question for the version")
        answer = asker.ask(asked.jid, f"<ping xmlns='{PING}'/>")
        expect(answer.get("type") == "result", "no answer to a ping of the user")


def misses(one, two):
    for asker, asked in ((one, two), (two, one)):
        nobody = f"nobody@{asked.domain}"
        asker.say(nobody, "hello", "lost")
        condition, _ = asker.bounced("lost")
        expect(condition in ("service-unavailable", "item-not-found"), condition)
        answer = asker.ask(nobody + "/nowhere", f"<query xmlns='{VERSION}'/>")
        expect(error(answer)[0] in ("service-unavailable", "item-not-found"), str(error(answer)))


def befriends(one, two):
    one.presence()
    two.presence()
    one.befriend(two)
    for seen, sees in ((one, two), (two, one)):
        status = f"{seen.jid} is busy"
        seen.presence(more=f"<status>{status}</status>")
        sees.wait_for(lambda e: e.findtext(tag(CLIENT, "status")) == status
                      and e.get("from") == seen.jid)


def parts(one, two):
    one.leave()
    two.sees(one.jid, "unavailable")


STEPS = [opens, keeps_order, asks, misses, befriends, parts]


def talks(workshop, kind, way, we_open):
    # Paths of sockets are short.
    room = workshop.room(f"{kind}-{list(WAYS).index(way)}-{'ours' if we_open else 'theirs'}")
    pair = Pair(room, kind, **WAYS[way])
    users = (pair.juliet, pair.romeo) if we_open else (pair.romeo, pair.juliet)
    try:
        for step in STEPS:
            try:
                step(*users)
            except Exception as problem:
                raise AssertionError(f"{step.__name__}: {problem}") from problem
        proofs = pair.proofs()
        wanted = "dialback" if way == "dialback" else "certificate"
        expect(proofs == wanted, f"proven by {proofs or 'nothing'}")
        return proofs
    finally:
        pair.close()


# What comes back

BLOCKED = """
[[federation.domains]]
name = "blocked.example"
allow = false
"""


class Bounces:
    """One server, and domains where nobody is, or nobody may be."""

    def __init__(self, workshop):
        self.world = World(workshop.room("bounces"))
        self.server = self.world.start("lapwing", OURS, ["juliet"], domains=BLOCKED)
        self.juliet = User(self.server, "juliet")

    def send(self, domain, *conditions, patience=40):
        """Sends something to the domain: the error is one of these. Returns why."""
        self.juliet.say(f"romeo@{domain}", "hello", domain)
        condition, why = self.juliet.bounced(domain, patience)
        expect(condition in conditions, f"{condition}: {why}")
        return f"{condition}: {why}"

    def unknown(self):
        return self.send("nowhere.example", "remote-server-not-found")

    def refused(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.2", 0))
            self.world.names.serve("refused.example", "127.0.0.2", probe.getsockname()[1])
        return self.send("refused.example", "remote-server-timeout", "remote-server-not-found")

    def silent(self):
        self.world.names.silence("silent.example")
        return self.send("silent.example", "remote-server-timeout", "remote-server-not-found")

    def waits(self):
        """Behind a failure nothing is tried for a while."""
        asked = len(self.world.names.asked)
        why = self.send("refused.example", "remote-server-timeout", "remote-server-not-found")
        expect(len(self.world.names.asked) == asked, "a name server was asked again")
        return why

    def blocked(self):
        why = self.send("blocked.example", "remote-server-not-found", "not-allowed", "forbidden")
        asked = [name for name, _ in self.world.names.asked if "blocked" in name]
        expect(not asked, f"a name server was asked for {asked}")
        return why

    def refuses_blocked(self):
        """Who is blocked can't send either."""
        theirs = self.world.start("prosody", "blocked.example", ["romeo"])
        romeo = User(theirs, "romeo")
        romeo.say(self.juliet.jid, "from afar", "blocked")
        condition, why = romeo.bounced("blocked", 40)
        self.juliet.hears_nothing(lambda e: text(e) == "from afar", OURS)
        romeo.leave()
        theirs.stop()
        return f"{condition}: {why}"

    def answers(self):
        """An iq that has no way comes back as well; a presence does not."""
        self.juliet.presence("subscribe", "romeo@nowhere.example")
        answer = self.juliet.ask("nowhere.example", f"<ping xmlns='{PING}'/>", patience=40)
        expect(error(answer)[0] == "remote-server-not-found", str(error(answer)))

    def names_only(self):
        """Without `others` only named domains are talked to."""
        named = '[[federation.domains]]\nname = "*.named.example"\nallow = true\n'
        server = self.world.start("lapwing", "closed.example", ["nurse"],
                                  settings="others = false", domains=named)
        nurse = User(server, "nurse")
        for name in (OURS, "named.example"):
            nurse.say(f"juliet@{name}", "hello", name)
            condition, why = nurse.bounced(name, 40)
            expect("polic" in why or "block" in why, f"{condition}: {why}")
        nurse.say("juliet@any.named.example", "hello", "any")
        condition, why = nurse.bounced("any", 40)
        expect("polic" not in why, f"{condition}: {why}")
        nurse.leave()


# Another target

class Targets:
    """A server of ours, and another one by two targets of which the first is good for nothing."""

    def __init__(self, workshop):
        self.workshop = workshop

    def passes_over(self, name, fails_by):
        """The attempt behind a failure begins with the other target, however it is ranked."""
        world = World(self.workshop.room(name))
        misnamed = world.authority.issue("elsewhere.example") if fails_by == "direct" else None
        failing = Failing(misnamed)
        ways = {"found_by": (fails_by,), "authentication": "certificate"}
        ours = world.start("lapwing", OURS, ["juliet"], **ways)
        theirs = world.start("lapwing", THEIRS, ["romeo"], **ways)
        service = "_xmpps-server" if fails_by == "direct" else "_xmpp-server"
        world.names.forget(f"{service}._tcp.{THEIRS}")
        port = theirs.ports["s2s-direct" if fails_by == "direct" else "s2s"]
        for priority, target in ((0, failing.port), (10, port)):
            world.names.serve(THEIRS, "127.0.0.1", priority=priority, **{fails_by: target})
        juliet, romeo = User(ours, "juliet"), User(theirs, "romeo")
        try:
            condition, why = error(self.ping(juliet, romeo))
            expect(condition.startswith("remote-server"), f"{condition}: {why}")
            expect(failing.total == 1, f"{failing.total} connections to the first target")
            wait_until(lambda: self.ping(juliet, romeo).get("type") == "result",
                       "the other target is tried", 60)
            expect(failing.total == 1, f"{failing.total} connections to the first target")
            return f"{condition}: {why}"
        finally:
            for user in (juliet, romeo):
                user.leave()
            for server in (theirs, ours):
                server.stop()

    @staticmethod
    def ping(one, two):
        return one.ask(two.jid, f"<ping xmlns='{PING}'/>", patience=40)


def main():
    report = Report("other servers")
    workshop = Workshop("federation")
    only = os.environ.get("LAPWING_PEER")
    for kind, ways in PLANS.items():
        if only and kind != only:
            continue
        for way in ways:
            for we_open in (True, False):
                # Between two of ours it is the same from both sides.
                if kind == "lapwing" and not we_open:
                    continue
                who = "we open" if we_open else "they open"
                report.check(f"{kind} by {way}, {who}", talks, workshop, kind, way, we_open)
    if only in (None, "none"):
        targets = Targets(workshop)
        report.check("behind a stream that failed the other target is tried first",
                     targets.passes_over, "stream", "starttls")
        report.check("behind a certificate that is wrong too",
                     targets.passes_over, "certificate", "direct")
        bounces = Bounces(workshop)
        report.check("an unknown domain bounces", bounces.unknown)
        report.check("a refused port bounces", bounces.refused)
        report.check("nothing is tried again at once", bounces.waits)
        report.check("a silent name server bounces", bounces.silent)
        report.check("a blocked domain bounces", bounces.blocked)
        report.check("a blocked domain is not let in", bounces.refuses_blocked)
        report.check("questions bounce too", bounces.answers)
        report.check("only named domains where others are not wanted", bounces.names_only)
    workshop.close()
    os._exit(report.close())


if __name__ == "__main__":
    main()
