#!/usr/bin/python3
"""A thousand users online and writing to another domain while the process for other servers is
killed and restarted: nobody is disconnected, and of every stanza it is known what became of it."""

import json
import os
import re
import resource
import selectors
import socket
import time

from harness.federation import PASSWORD, World
from harness.process import Workshop, wait_until
from harness.report import Report, expect
from harness.users import User
from harness.wire import Connection

OURS, THEIRS = "capulet.example", "montague.example"
# We have a file for each user, and so has the server.
FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
USERS = min(int(os.environ.get("LAPWING_USERS", 1000)), FILES - 250)
MESSAGES = 20
# What may be on its way before more is written.
WINDOW = 3000
PATIENCE_SECONDS = 180
ACCOUNTS = "[accounts]\nscram_iterations = 4096\n"
# Nobody answers pings while all are logged in.
LIMITS = '[limits]\nping_after = "1h"\ngone_after = "2h"\n'

BOUNCE = re.compile(rb"<message[^>]*type='error'[^>]*>")
IDENTITY = re.compile(rb"\bid='([0-9]+-[0-9]+)'")
ARRIVED = re.compile(rb"<body>([0-9]+-[0-9]+)</body>")


class Reader:
    """Reads a connection for what it looks for, and keeps the rest of a stanza for later."""

    def __init__(self, connection, found):
        self.socket = connection.socket
        self.found = found
        self.rest = b""
        self.has_ended = False

    def read(self):
        try:
            data = self.socket.recv(1 << 18)
        except BlockingIOError:
            return
        if not data:
            self.has_ended = True
            return
        data = self.rest + data
        cut = data.rfind(b"</message>") + len(b"</message>")
        if cut < len(b"</message>"):
            cut = 0
        self.found(data[:cut])
        self.rest = data[cut:][-4096:]


class Checks:
    def __init__(self, workshop):
        self.world = World(workshop)
        self.ours = self.world.start("lapwing-split", OURS, options={"more": ACCOUNTS + LIMITS})
        self.theirs = self.world.start(
            "lapwing", THEIRS, ["romeo"], settings="rate = 0", options={"more": LIMITS})
        self.romeo = User(self.theirs, "romeo")
        self.romeo.presence()
        self.selector = selectors.DefaultSelector()
        self.sent, self.arrived, self.bounced = set(), {}, set()
        self.users = []
        self.turn = 0
        self.watch(self.romeo, self.take_arrived)

    def watch(self, connection, found):
        connection.socket.setblocking(False)
        reader = Reader(connection, found)
        self.selector.register(connection.socket, selectors.EVENT_READ, reader)
        return reader

    def take_arrived(self, data):
        for identity in ARRIVED.findall(data):
            self.arrived[identity] = self.arrived.get(identity, 0) + 1

    def take_bounced(self, data):
        for head in BOUNCE.findall(data):
            self.bounced.update(IDENTITY.findall(head))

    def poll(self, patience=0):
        for key, _ in self.selector.select(patience):
            reader = key.data
            reader.read()
            if reader.has_ended:
                self.selector.unregister(key.fileobj)

    @property
    def open(self):
        return len(self.sent) - len(self.arrived) - len(self.bounced)

    # Checks

    def log_in(self):
        for number in range(USERS):
            self.ours.register(f"user{number}", PASSWORD)
        for number in range(USERS):
            user = Connection("127.0.0.1", self.ours.ports["c2s-plain"], OURS)
            user.log_in(f"user{number}", PASSWORD, "tests")
            self.users.append((user, self.watch(user, self.take_bounced)))
        return f"{USERS} users (with {FILES} files)"

    def write(self, count):
        for _ in range(count):
            number, round_ = self.turn % USERS, self.turn // USERS
            self.turn += 1
            identity = f"{number}-{round_}"
            self.users[number][0].socket.sendall(
                f"<message to='romeo@{THEIRS}/tests' type='chat' id='{identity}'>"
                f"<body>{identity}</body></message>".encode())
            self.last = identity.encode()
            self.sent.add(self.last)
            if self.turn % 50 == 0:
                self.poll()

    def write_in_window(self, count):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while count > 0:
            expect(time.monotonic() < deadline, f"{self.open} stanzas are open")
            if self.open - self.unknown() < WINDOW:
                part = min(count, 200)
                self.write(part)
                count -= part
            self.poll(0.05)

    def unknown(self):
        links = json.loads(self.ours.control("links", "--json").stdout)
        return links[0]["counts"]["of unknown fate"]

    def settle(self):
        """All that was sent has come to something: what is written last comes last."""
        self.write(1)
        last = self.last
        deadline = time.monotonic() + PATIENCE_SECONDS
        while last not in self.arrived or self.open > self.unknown():
            expect(last not in self.bounced, "the last one came back")
            expect(time.monotonic() < deadline,
                   f"of {self.open} stanzas nothing is known, and {self.unknown()} are counted;"
                   f" {self.ours.control('links').stdout}")
            self.poll(0.2)
        twice = [identity for identity, count in self.arrived.items() if count > 1]
        expect(not twice, f"{len(twice)} came twice: {twice[:3]}")
        both = self.bounced & set(self.arrived)
        expect(not both, f"{len(both)} came, and came back: {list(both)[:3]}")
        return (f"{len(self.sent)} written: {len(self.arrived)} arrived, {len(self.bounced)} came"
                f" back, {self.open} did not arrive of {self.unknown()} of unknown fate")

    def around(self, end):
        """Writes while the process ends, is away, and comes back."""
        share = USERS * MESSAGES // 8
        self.write_in_window(share)
        end()
        self.write(min(share // 2, WINDOW))
        self.ours.start_edge()
        self.write_in_window(share)
        return self.settle()

    def killed(self):
        self.ours.fix_ports()
        return self.around(self.ours.kill_edge)

    def restarted(self):
        missing, unknown = self.open, self.unknown()
        codes = []
        said = self.around(lambda: codes.append(self.ours.stop_edge()))
        # It ends of itself, and does not wait for what comes in meanwhile.
        expect(codes == [0], f"it ended with {codes[0]}")
        # What was written and not acknowledged in time is of unknown fate, and has arrived.
        expect(self.open == missing, f"{self.open - missing} more did not arrive: {said}")
        return f"{said}, {self.unknown() - unknown} of these now"

    def stayed(self):
        self.poll()
        gone = [number for number, (_, reader) in enumerate(self.users) if reader.has_ended]
        expect(not gone, f"{len(gone)} were disconnected")
        for user, _ in self.users:
            self.selector.unregister(user.socket)
            user.socket.setblocking(True)
            user.socket.settimeout(30)
            user.request(f"<iq type='get' to='{OURS}'><ping xmlns='urn:xmpp:ping'/></iq>", 30)
        return f"{len(self.users)} users are there, and are answered"


def main():
    report = Report("a restart of the process for other servers under load")
    workshop = Workshop("restart")
    checks = Checks(workshop)
    report.check("users log in", checks.log_in)
    report.check("killed under load", checks.killed)
    report.check("restarted under load", checks.restarted)
    report.check("killed under load again", checks.killed)
    report.check("nobody was disconnected", checks.stayed)
    checks.ours.stop()
    workshop.close()
    os._exit(report.close())


if __name__ == "__main__":
    main()
