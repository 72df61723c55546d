#!/usr/bin/python3
"""A thousand other domains, one stanza each: live ones, dead ones, and ones that say nothing."""

import os
import resource
import select
import socket
import time

from harness.federation import World
from harness.process import Workshop, wait_until
from harness.report import Report, expect
from harness.strangers import Crowd
from harness.users import User, error, text
from harness.wire import CLIENT, Silence, tag

OURS = "capulet.example"
# A server has a quarter of the files that it may open for streams of its own; we have one for each
# of them, too. Where there are few there are fewer domains.
FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
DOMAINS = min(1000, (FILES - 64) // 5)
LIVE, REFUSED, NAMELESS, SILENT, MUTE = (DOMAINS * share // 100 for share in (70, 10, 10, 6, 4))
# The longest that a stanza may wait: in line, then for the connection, and some more.
PATIENCE_SECONDS = 150
# What a domain may cost while it is in use (a session of TLS is most of it), and at most in all.
KIB_PER_DOMAIN = 150


def resident(pid):
    """KiB of memory."""
    with open(f"/proc/{pid}/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


class Checks:
    def __init__(self, workshop):
        self.world = World(workshop)
        self.server = self.world.start("lapwing", OURS, ["juliet"])
        self.crowd = Crowd(self.world.authority.issue("*.many.example"))
        self.mute = socket.socket()
        self.mute.bind(("127.0.0.1", 0))
        self.mute.listen(1000)
        self.mute_links = []
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            refused = probe.getsockname()[1]
        names = self.world.names
        self.live = [f"d{n}.many.example" for n in range(LIVE)]
        self.dead = [f"d{n}.nowhere.example" for n in range(NAMELESS)]
        for n in range(REFUSED):
            self.dead.append(f"d{n}.refused.example")
            names.serve(self.dead[-1], "127.0.0.1", refused)
        names.silence("silent.example")
        self.dead += [f"d{n}.silent.example" for n in range(SILENT)]
        for n in range(MUTE):
            self.dead.append(f"d{n}.mute.example")
            names.serve(self.dead[-1], "127.0.0.1", self.mute.getsockname()[1])
        for name in self.live:
            names.serve(name, "127.0.0.1", direct=self.crowd.port)
        self.juliet = User(self.server, "juliet")

    def answers(self):
        """Every sender hears something."""
        self.before = resident(self.server.pid)
        # The live among the dead.
        domains = sorted(self.live + self.dead, key=lambda name: name.partition(".")[0])
        for name in domains:
            self.juliet.say(f"anyone@{name}", "hello", name)
        heard, bounced = set(), {}
        deadline = time.monotonic() + PATIENCE_SECONDS
        most = 0
        while len(heard) + len(bounced) < len(domains):
            expect(time.monotonic() < deadline,
                   f"{len(heard)} answers and {len(bounced)} bounces to {len(domains)} stanzas")
            self.take_mute()
            most = max(most, resident(self.server.pid))
            try:
                element = self.juliet.receive(1)
            except Silence:
                continue
            if element.tag != tag(CLIENT, "message"):
                continue
            domain = element.get("from").partition("@")[2]
            if element.get("type") == "error":
                bounced[domain] = error(element)[0]
            else:
                expect(text(element) == "echo of hello", str(text(element)))
                heard.add(domain)
        missing = sorted(set(self.live) - heard)
        expect(not missing, f"{len(heard)} of {len(self.live)} live ones answered; the others:"
               f" {[(name, bounced.get(name)) for name in missing[:3]]}")
        expect(set(bounced) == set(self.dead), "others bounced")
        conditions = {c: list(bounced.values()).count(c) for c in set(bounced.values())}
        grown = most - self.before
        expect(grown < KIB_PER_DOMAIN * len(domains), f"{grown} KiB more memory")
        return (f"{len(heard)} answers of {LIVE} (with {FILES} files), {conditions};"
                f" at most {grown} KiB more memory")

    def take_mute(self):
        while select.select([self.mute], [], [], 0)[0]:
            self.mute_links.append(self.mute.accept()[0])

    def leaves(self):
        """Nothing is connected to those that are dead."""
        self.take_mute()
        for link in self.mute_links:
            link.settimeout(20)
            while link.recv(4096):
                pass
        wait_until(lambda: len(set(self.crowd.now_open())) == LIVE, "one link each", 10)
        expect(self.crowd.total == LIVE, f"{self.crowd.total} links for {LIVE} domains")
        return f"{len(self.mute_links)} links that said nothing are closed"

    def rests(self):
        """The dead are not looked for again at once, and nobody waits for them."""
        expect(self.crowd.stanzas, "nothing came")
        started = len(self.world.names.asked)
        silent = [name for name in self.dead if ".mute." in name]
        for name in silent:
            self.juliet.say(f"anyone@{name}", "again", "again-" + name)
        for name in silent:
            self.juliet.bounced("again-" + name, 60)
        return f"{len(self.world.names.asked) - started} questions, {self.kept()}"

    def kept(self):
        return f"{resident(self.server.pid) - self.before} KiB more memory than before"


def main():
    report = Report("a thousand other domains")
    workshop = Workshop("many")
    checks = Checks(workshop)
    report.check("each stanza is answered or comes back", checks.answers)
    report.check("nothing is left of the dead", checks.leaves)
    report.check("the dead come back again", checks.rests)
    workshop.close()
    os._exit(report.close())


if __name__ == "__main__":
    main()
