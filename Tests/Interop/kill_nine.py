#!/usr/bin/python3
"""Kills the server without warning under publishing load, again and again.

What it had acknowledged as durable is there after each start, and the database is sound.
"""

import argparse
import glob
import os
import random
import select
import sqlite3
import time

from harness.lapwing import Lapwing
from harness.process import Workshop
from harness.report import Report, expect
from harness.wire import CLIENT, Closed, Connection, Silence, tag

PASSWORD = "a password of the tests"
PUBSUB = "http://jabber.org/protocol/pubsub"
ALERTS = "urn:lapwing:1#alerts.critical"
# Publishes that one connection has under way at a time.
WINDOW = 16
PUBLISHERS = 4
# Items that one request asks for: below every server's limits.
IDS_PER_REQUEST = 500

OPTIONS = """<publish-options><x xmlns='jabber:x:data' type='submit'>
<field var='FORM_TYPE' type='hidden'><value>{pubsub}#publish-options</value></field>
<field var='pubsub#persist_items'><value>true</value></field>
<field var='pubsub#max_items'><value>{limit}</value></field></x></publish-options>"""


class Publisher:
    """Publishes to a log node (every item counts) or to a singleton (the newest counts)."""

    def __init__(self, server, number):
        self.user = f"host{number}"
        self.is_singleton = number == 0
        self.server = server
        self.sent = 0
        self.acknowledged = {}

    def begin(self, round_number):
        """Logs in, makes the node of this round, and fills the window."""
        self.node = ALERTS if self.is_singleton else f"urn:example:log:{round_number}"
        self.acknowledged[self.node] = set()
        self.connection = Connection(
            self.server.host, self.server.ports["c2s-plain"], self.server.domain
        )
        self.connection.log_in(self.user, PASSWORD, "agent")
        limit = 1 if self.is_singleton else 10_000
        self.publish(OPTIONS.format(pubsub=PUBSUB, limit=limit))
        answer = self.connection.receive()
        expect(answer.get("type") == "result", "the node could not be made")
        self.acknowledged[self.node].add(self.sent)
        for _ in range(WINDOW):
            self.publish()

    def publish(self, options=""):
        self.sent += 1
        item = "current" if self.is_singleton else f"i{self.sent}"
        self.connection.send(
            f"<iq type='set' id='{self.sent}'><pubsub xmlns='{PUBSUB}'><publish node='{self.node}'>"
            f"<item id='{item}'><entry xmlns='urn:example:entry' seq='{self.sent}'/></item>"
            f"</publish>{options}</pubsub></iq>"
        )

    def read(self, publishes=True):
        """Counts what was acknowledged and keeps the window full."""
        self.connection._read(0)
        elements, self.connection._elements = self.connection._elements, []
        for element in elements:
            if element.tag != tag(CLIENT, "iq"):
                continue
            expect(element.get("type") == "result", "a publish was refused")
            self.acknowledged[self.node].add(int(element.get("id")))
            if publishes:
                self.publish()

    def drain(self):
        """Reads what the dead server had still sent: those are acknowledged too."""
        try:
            while not self.connection.has_ended:
                self.read(publishes=False)
        except (Closed, Silence, OSError):
            pass
        self.connection.socket.close()

    def verify(self, everything=False):
        """Asks for the node of this round, or those of all. Returns how many items were checked."""
        connection = Connection(
            self.server.host, self.server.ports["c2s-plain"], self.server.domain
        )
        connection.log_in(self.user, PASSWORD, "reader")
        checked = 0
        for node, acknowledged in self.acknowledged.items():
            if node != self.node and not everything:
                continue
            stored = self.stored(connection, node, sorted(acknowledged))
            if self.is_singleton:
                expect(len(stored) == 1, f"{node} has {len(stored)} items")
                newest = stored.pop()
                expect(newest >= max(acknowledged),
                       f"{node}: acknowledged {max(acknowledged)}, stored {newest}")
                expect(newest <= self.sent, f"{node}: {newest} was never sent")
            else:
                lost = acknowledged - stored
                expect(not lost, f"{self.user} {node}: lost {sorted(lost)[:10]} of {len(acknowledged)}")
            checked += len(acknowledged)
        connection.end()
        return checked


    def stored(self, connection, node, numbers):
        """The numbers of the items that the server has, asked for by id, some at a time."""
        found = set()
        for start in range(0, len(numbers), IDS_PER_REQUEST):
            ids = ["current"] if self.is_singleton else [
                f"i{number}" for number in numbers[start:start + IDS_PER_REQUEST]]
            items = "".join(f"<item id='{item}'/>" for item in ids)
            answer = connection.request(
                f"<iq type='get'><pubsub xmlns='{PUBSUB}'><items node='{node}'>{items}</items>"
                "</pubsub></iq>"
            )
            found |= {int(entry.get("seq")) for entry in answer.iter("{urn:example:entry}entry")}
        return found


def load_until_killed(server, publishers, round_number, seed):
    for publisher in publishers:
        publisher.begin(round_number)
    by_socket = {publisher.connection.socket: publisher for publisher in publishers}
    end = time.monotonic() + seed.uniform(0.02, 0.4)
    while time.monotonic() < end:
        for readable in select.select(list(by_socket), [], [], 0.01)[0]:
            by_socket[readable].read()
    server.kill()
    for publisher in publishers:
        publisher.drain()


def integrity(server):
    files = [path for path in glob.glob(os.path.join(server.workshop.file("data"), "**"), recursive=True)
             if os.path.isfile(path) and open(path, "rb").read(15) == b"SQLite format 3"]
    expect(files, "no database was found")
    for path in files:
        database = sqlite3.connect(path)
        result = database.execute("PRAGMA integrity_check").fetchall()
        database.close()
        expect(result == [("ok",)], f"{path}: {result}")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=50)
    arguments.add_argument("--seed", type=int, default=None)
    options = arguments.parse_args()
    number = options.seed if options.seed is not None else random.randrange(1 << 32)
    seed = random.Random(number)
    report = Report(f"kill -9 under load, {options.rounds} rounds, seed {number}")
    workshop = Workshop("kill")
    # The limit on what a connection may send is for strangers; here it would only slow us down.
    server = Lapwing(workshop, more="[limits]\nrate = \"0B\"\n").start()
    publishers = [Publisher(server, index) for index in range(PUBLISHERS)]
    for publisher in publishers:
        server.register(publisher.user, PASSWORD)

    def play():
        for round_number in range(options.rounds):
            load_until_killed(server, publishers, round_number, seed)
            integrity(server)
            server.start()
            for publisher in publishers:
                publisher.verify()
        checked = sum(publisher.verify(everything=True) for publisher in publishers)
        return f"{checked} acknowledged items are all there"

    report.check("nothing that was acknowledged is lost", play)
    report.check("the database is sound at the end", lambda: (server.stop(), integrity(server)) and None)
    workshop.close()
    report.finish()


if __name__ == "__main__":
    main()
