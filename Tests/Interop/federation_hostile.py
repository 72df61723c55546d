#!/usr/bin/python3
"""Servers that do what they must not: nothing comes of it, and everybody else is still served."""

import os
import socket
import time

from harness.federation import World
from harness.process import Workshop
from harness.report import Report, expect
from harness.strangers import DIALBACK, Crowd, Stranger
from harness.users import User, text
from harness.wire import SASL, TLS, Closed, Silence, tag

OURS = "capulet.example"
EVIL = "evil.example"
VICTIM = "victim.example"
# What a stream that is not negotiated may take (PeerLimits.negotiation), and some more.
NEGOTIATION_SECONDS = 30
MIB = 1024


def resident(pid):
    """KiB of memory."""
    with open(f"/proc/{pid}/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


class Checks:
    def __init__(self, workshop):
        self.world = World(workshop)
        self.server = self.world.start("lapwing", OURS, ["juliet"])
        self.evil = self.world.authority.issue(EVIL, "*." + EVIL)
        self.crowd = Crowd(self.evil)
        for name in (EVIL, "x.a." + EVIL):
            self.world.names.serve(name, "127.0.0.1", direct=self.crowd.port)
        self.juliet = User(self.server, "juliet")

    def stranger(self, origin=EVIL, identity="evil", security="starttls"):
        return Stranger(self.server, origin, self.evil if identity else None, security)

    def unheard(self, body="forged"):
        """Nothing was delivered, and the server answers."""
        self.juliet.hears_nothing(lambda e: text(e) == body, OURS)

    def refused(self, stranger, *conditions):
        condition = stranger.condition()
        expect(condition in (*conditions, "closed"), condition)
        self.unheard()
        return condition

    # Proof (CVE-2012-3525, -4669, -4672, CVE-2016-0756, CVE-2018-10847)

    def unasked(self, element):
        """An answer to dialback that nobody asked for."""
        stranger = self.stranger(VICTIM)
        stranger.secure()
        stranger.send(f"<db:{element} from='{VICTIM}' to='{OURS}' id='x' type='valid'/>")
        stranger.say(self.juliet.jid, "forged")
        found = self.refused(stranger, "not-authorized", "invalid-from")
        expect(not any(VICTIM in name for name, _ in self.world.names.asked), "it was looked up")
        return found

    def unproven(self):
        stranger = self.stranger()
        stranger.secure()
        stranger.say(self.juliet.jid, "forged")
        return self.refused(stranger, "not-authorized")

    def talks(self):
        stranger = self.stranger().prove()
        stranger.say(self.juliet.jid, "in its own name")
        self.juliet.hears("in its own name")
        stranger.end()

    def forges(self, origin):
        stranger = self.stranger().prove()
        stranger.say(self.juliet.jid, "forged", origin)
        return self.refused(stranger, "invalid-from", "not-authorized")

    def restarts(self, **changed):
        stranger = self.stranger()
        stranger.secure()
        expect(stranger.external().tag == tag(SASL, "success"), "its own certificate is refused")
        try:
            stranger.open(**changed)
        except Closed as ended:
            self.unheard()
            return "invalid-from" if "invalid-from" in str(ended) else (
                "host-unknown" if "host-unknown" in str(ended) else str(ended))
        raise AssertionError("the stream was opened")

    def wrong_certificate(self):
        stranger = self.stranger(VICTIM)
        stranger.secure()
        expect("EXTERNAL" not in stranger.mechanisms(), "it is offered")
        answer = stranger.external()
        expect(answer.tag == tag(SASL, "failure"), answer.tag)
        stranger.say(self.juliet.jid, "forged")
        return self.refused(stranger, "not-authorized")

    def wrong_name(self):
        stranger = self.stranger()
        stranger.secure()
        answer = stranger.external(VICTIM)
        expect(answer.tag == tag(SASL, "failure"), answer.tag)
        expect(answer[0].tag == tag(SASL, "invalid-authzid"), answer[0].tag)
        self.unheard()

    def denied_key(self):
        """The authoritative server says no."""
        stranger = self.stranger(identity=None)
        stranger.secure()
        stranger.claim(EVIL)
        answer = stranger.receive()
        expect(answer.get("type") in ("invalid", "error"), str(answer.attrib))
        stranger.say(self.juliet.jid, "forged")
        return self.refused(stranger, "not-authorized")

    def borrowed_key(self):
        """A key of ours for one domain is none for another that ends like it."""
        domain = "x.a." + EVIL
        self.crowd.external = False
        self.juliet.say(f"anyone@{domain}", "for a key")
        self.juliet.hears("echo of for a key")
        self.crowd.external = True
        identity, _, key = self.crowd.claims[-1]
        stranger = self.stranger()
        stranger.secure()
        found = {}
        for asker in (domain, "a." + EVIL, EVIL, "x.a.x.a." + EVIL):
            stranger.send(f"<db:verify from='{asker}' to='{OURS}' id='{identity}'>{key}"
                          "</db:verify>")
            answer = stranger.wait_for(lambda e: e.tag == tag(DIALBACK, "verify"))
            found[asker] = answer.get("type")
        expect(found.pop(domain) == "valid", "the right one is denied")
        expect("valid" not in found.values(), str(found))

    # What is sent in the clear (CVE-2011-0411)

    def injects(self):
        stranger = self.stranger()
        stranger.open()
        stranger.send(f"<starttls xmlns='{TLS}'/><db:result from='{VICTIM}' to='{OURS}'>key"
                      f"</db:result><message from='a@{EVIL}' to='{self.juliet.jid}'>"
                      "<body>forged</body></message>")
        expect(stranger.receive().tag == tag(TLS, "proceed"), "no TLS")
        stranger._wrap()
        stranger.open()
        expect(stranger.external().tag == tag(SASL, "success"), "no proof after it")
        stranger.open()
        self.unheard()
        expect(not any(VICTIM in name for name, _ in self.world.names.asked), "it was looked up")

    # Floods

    def half_open(self):
        """Who goes on with nothing is gone after the time for it."""
        # A client that is not read meanwhile would be gone too.
        self.juliet.leave()
        links = []
        for sends in (b"", b"<?xml version='1.0'?><stream:stream xmlns='jabber:server'",
                      None, b"\x16\x03\x01"):
            direct = sends == b"\x16\x03\x01"
            link = socket.create_connection(
                (self.server.host, self.server.ports["s2s-direct" if direct else "s2s"]))
            if sends:
                link.sendall(sends)
            links.append(link)
        stuck = self.stranger()
        stuck.open()
        stuck.send(f"<starttls xmlns='{TLS}'/>")
        stuck.receive()
        links.append(stuck.socket)
        deadline = time.monotonic() + NEGOTIATION_SECONDS + 20
        for link in links:
            link.settimeout(max(1, deadline - time.monotonic()))
            try:
                while link.recv(4096):
                    pass
            except ConnectionError:
                pass
        self.juliet = User(self.server, "juliet")
        self.unheard()

    def long_beginning(self):
        stranger = self.stranger()
        stranger.secure()
        stranger.send(f"<db:result from='{EVIL}' to='{OURS}'>" + "x" * 10_001)
        return self.refused(stranger, "policy-violation")

    def entities(self):
        before = resident(self.server.pid)
        laughs = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
        for text in (f"<!DOCTYPE lolz [<!ENTITY l0 'lol'>{laughs}]>",
                     "<!DOCTYPE s SYSTEM 'file:///etc/passwd'>"):
            stranger = self.stranger()
            stranger._reset()
            stranger.send("<?xml version='1.0'?>" + text + "<s>&l9;</s>")
            condition = stranger.condition()
            expect(condition in ("restricted-xml", "closed", "policy-violation"), condition)
        self.unheard()
        return self.grown(before, 8)

    def grown(self, before, most):
        more = resident(self.server.pid) - before
        expect(more < most * MIB, f"{more} KiB more memory")
        return f"{more} KiB more"

    def many_keys(self):
        """Each key would have us look for a server of its own."""
        before = resident(self.server.pid)
        asked = len(self.world.names.asked)
        stranger = self.stranger(identity=None)
        stranger.secure()
        self.world.names.silence("pending.example")
        try:
            for number in range(500):
                stranger.claim(f"d{number}.pending.example")
        except OSError:
            pass
        refused = 0
        try:
            while refused < 400:
                answer = stranger.receive(5)
                refused += answer.get("type") == "error"
        except (Closed, Silence):
            pass
        names = {name for name, _ in self.world.names.asked[asked:]}
        expect(len(names) <= 60, f"{len(names)} names were asked for")
        self.unheard()
        return f"{refused} refused, {len(names)} names asked for, {self.grown(before, 16)}"

    def many_connections(self):
        before = resident(self.server.pid)
        for _ in range(10):
            links = []
            for _ in range(100):
                link = socket.create_connection((self.server.host, self.server.ports["s2s"]))
                link.sendall(b"<?xml version='1.0'?><stream:stream ")
                links.append(link)
            for link in links:
                link.close()
        self.unheard()
        self.talks()
        return self.grown(before, 48)


def main():
    report = Report("servers that do what they must not")
    workshop = Workshop("hostile")
    checks = Checks(workshop)
    report.check("who proves its name is heard", checks.talks)
    report.check("an unasked result is nothing", checks.unasked, "result")
    report.check("an unasked verification is nothing", checks.unasked, "verify")
    report.check("nothing goes before the proof", checks.unproven)
    report.check("another domain's name is refused", checks.forges, VICTIM)
    report.check("a name of ours is refused", checks.forges, OURS)
    report.check("the sender can't change at the restart", lambda: checks.restarts(origin=VICTIM))
    report.check("the receiver can't change at the restart",
                 lambda: checks.restarts(to=f"pubsub.{OURS}"))
    report.check("a certificate of another domain proves nothing", checks.wrong_certificate)
    report.check("a certificate proves no other name", checks.wrong_name)
    report.check("a denied key proves nothing", checks.denied_key)
    report.check("a key is for one domain", checks.borrowed_key)
    report.check("what is injected before TLS is dropped", checks.injects)
    report.check("a long beginning ends the stream", checks.long_beginning)
    report.check("entities are refused", checks.entities)
    report.check("many keys at once are refused", checks.many_keys)
    report.check("many connections leave nothing", checks.many_connections)
    report.check("who says nothing is gone in time", checks.half_open)
    report.check("and the server is still there", checks.talks)
    workshop.close()
    os._exit(report.close())


if __name__ == "__main__":
    main()
