#!/usr/bin/python3
"""Certificates that signed records name (DANE, RFC 7673): a zone that is really signed, and two
servers of ours, of which one looks the other up."""

import json
import os
import socket
from dataclasses import dataclass, field

from harness.certificates import Authority, Identity, self_signed
from harness.federation import World
from harness.names import A, CNAME, SRV, TLSA, encoded, srv
from harness.process import Workshop, wait_until
from harness.report import Report, expect
from harness.signing import BROKEN, EXPIRED, STRIPPED, WITHHELD
from harness.users import User

OURS = "capulet.example"
SIGNED = "signed.example"
# A zone of its own inside of that one, for which the latter vouches.
CHILD = f"child.{SIGNED}"
# Inside of the signed zone, and by somebody who does not sign; beside it, and not signed either.
CUT = f"cut.{SIGNED}"
PLAIN = "plain.example"
HERE = socket.inet_aton("127.0.0.1")
DANE, AUTHORITY, DIALBACK = "its certificate, by DANE", "its certificate", "dialback"
RULE = """
[[federation.domains]]
name = "{domain}"
authentication = "{authentication}"
encryption = {encryption}
"""


# Certificates, given the world, the domain and its host

def known(world, domain, host):
    """An authority that is believed vouches for it."""
    return world.authority.issue(domain)


def of_host(world, domain, host):
    return world.authority.issue(host)


def unknown(world, domain, host):
    return self_signed(world.workshop, domain)


def misnamed(world, domain, host):
    return self_signed(world.workshop, "other.example", domain.partition(".")[0] + ".example")


def chained(world, domain, host):
    """By an authority that nobody has heard of, which it brings along."""
    authority = Authority(world.workshop.room(f"of-{domain}"))
    leaf = authority.issue(domain)
    with open(leaf.certificate, "a") as chain, open(authority.certificate) as text:
        chain.write(text.read())
    leaf.authority = Identity(authority.certificate, authority.key)
    return leaf


def chained_misnamed(world, domain, host):
    return chained(world, "other.example", host)


# Records of certificates, given the world and the certificate

def of_certificate(selector, matching):
    return lambda world, identity: identity.association(3, selector, matching)


def of_authority(selector, matching):
    return lambda world, identity: identity.authority.association(2, selector, matching)


def of_another(world, identity):
    return self_signed(world.workshop, "another.example").association(3, 1, 1)


def of_no_use(world, identity):
    """Usage 0 adds to what authorities say, and takes nothing in their place (RFC 7671 §4)."""
    return bytes([0, 1, 1]) + bytes(32)


@dataclass
class Case:
    """A domain, what the DNS says of it, and what has to come of it."""

    title: str
    name: str
    identity: object
    # What is said of its certificate; nothing with None.
    record: object
    # What proves it, or nothing with None; then what its senders are told.
    proof: str | None
    says: tuple = ()
    # Where its records stand, and those of its host.
    zone: str = SIGNED
    host_zone: str = SIGNED
    authentication: str = "dialback"
    # By kind of record.
    faults: dict = field(default_factory=dict)
    found_by: str = "starttls"
    # The name to which that of the certificate's record is an alias.
    alias: str | None = None
    # Whether the other server begins.
    opposite: bool = False
    # A server without TLS, which ours may take.
    clear: bool = False

    @property
    def domain(self):
        return f"{self.name}.{self.zone}"

    @property
    def host(self):
        return f"host-{self.name}.{self.host_zone}"


STRICT = {"authentication": "certificate"}
REFUSED = ("not trusted", "none of those that the domain's DNS names")
CASES = [
    Case("a certificate that nobody knows, named by 3 1 1", "key", unknown,
         of_certificate(1, 1), DANE, **STRICT),
    Case("one for another name, whole, by 3 0 0", "whole", misnamed,
         of_certificate(0, 0), DANE, **STRICT),
    Case("one by 3 1 2, over direct TLS", "direct", unknown,
         of_certificate(1, 2), DANE, found_by="direct", **STRICT),
    Case("one whose authority is named by 2 0 1", "anchor", chained,
         of_authority(0, 1), DANE, **STRICT),
    Case("one whose authority is named by 2 1 1", "anchor-key", chained,
         of_authority(1, 1), DANE, **STRICT),
    Case("one for another name, whose authority is named", "anchor-misnamed", chained_misnamed,
         of_authority(1, 1), None, ("names its authority, but it is for other.example",)),
    Case("an authority's, where another is named", "other", known, of_another, None, REFUSED),
    Case("one that nobody knows, where another is named", "neither", unknown, of_another, None,
         REFUSED),
    Case("an authority's, and a record of no use", "useless", known, of_no_use, AUTHORITY),
    Case("an authority's for the host that signed records lead to", "host", of_host, None,
         AUTHORITY, **STRICT),
    Case("one named by a record in a zone below the trusted one", "below", unknown,
         of_certificate(1, 1), DANE, zone=CHILD, host_zone=CHILD, **STRICT),
    Case("one named by a record behind a signed alias", "alias", unknown, of_certificate(1, 1),
         DANE, alias=f"record.{CHILD}", **STRICT),
    Case("one whose server calls first, and is asked back", "caller", unknown,
         of_certificate(1, 1), DIALBACK, opposite=True),
    Case("the same, where another is named", "false-caller", unknown, of_another, None, REFUSED,
         opposite=True),
    # What is not signed says nothing.
    Case("one named behind a signed alias to where nobody signs", "alias-out", unknown,
         of_certificate(1, 1), DIALBACK, alias=f"record.{CUT}"),
    Case("an authority's, where an unsigned record names another", "cut-known", known, of_another,
         AUTHORITY, host_zone=CUT),
    Case("one that nobody knows, named by an unsigned record", "cut", unknown,
         of_certificate(1, 1), DIALBACK, host_zone=CUT),
    Case("the same, where a certificate is demanded", "cut-strict", unknown,
         of_certificate(1, 1), None, ("self-signed",), host_zone=CUT, **STRICT),
    Case("one named by a signed record to which an unsigned one leads", "led", unknown,
         of_certificate(1, 1), DIALBACK, zone=PLAIN),
    Case("the same, where a certificate is demanded", "led-strict", unknown,
         of_certificate(1, 1), None, ("self-signed",), zone=PLAIN, **STRICT),
    Case("an authority's, with a signed record of another there", "led-known", known, of_another,
         AUTHORITY, zone=PLAIN),
    Case("an authority's for a host that unsigned records lead to", "led-host", of_host, None,
         None, ("it is for host-led-host",), zone=PLAIN, **STRICT),
    # TLS is taken out of what the server offers.
    Case("no TLS, where the policy would do without", "clear", known, of_certificate(1, 1), None,
         ("no TLS",), clear=True),
]
# Faults of the DNS: the certificate would be good, and nothing is looked for elsewhere.
BOGUS = ("DNSSEC refuses the answer", "validation failure")
FAULTS = [
    Case("a service whose signature is wrong", "bogus-service", known, None, None, BOGUS,
         faults={SRV: BROKEN}),
    Case("a service whose signature has expired", "expired-service", known, None, None,
         (*BOGUS, "expired"), faults={SRV: EXPIRED}),
    Case("a service whose signature is missing", "stripped-service", known, None, None, BOGUS,
         faults={SRV: STRIPPED}),
    Case("a service that is kept back", "withheld-service", known, None, None,
         ("server failure",), faults={SRV: WITHHELD}),
    Case("an address whose signature is wrong", "bogus-address", known, None, None, BOGUS,
         faults={A: BROKEN}),
    Case("a record of the certificate whose signature is wrong", "bogus-record", unknown,
         of_certificate(1, 1), None, ("which certificate is the right one", *BOGUS),
         faults={TLSA: BROKEN}),
    Case("one whose signature is missing", "stripped-record", known, of_another, None,
         ("which certificate is the right one", *BOGUS), faults={TLSA: STRIPPED}),
    Case("one that is kept back", "withheld-record", known, of_another, None,
         ("which certificate is the right one", "server failure"), faults={TLSA: WITHHELD}),
]


class Checks:
    def __init__(self, workshop, cases):
        self.world = World(workshop)
        self.names = self.world.names
        self.world.sign(SIGNED)
        self.names.sign(CHILD)
        self.names.leave_unsigned(CUT)
        rules = "".join(
            RULE.format(domain=case.domain, authentication=case.authentication,
                        encryption="false" if case.clear else "true")
            for case in cases)
        self.ours = self.world.start("lapwing", OURS, ["juliet"], domains=rules)
        self.juliet = User(self.ours, "juliet")

    def meets(self, case):
        identity = case.identity(self.world, case.domain, case.host)
        kind, more = ("prosody", {"encryption": "none"}) if case.clear else ("lapwing", {})
        theirs = self.world.start(kind, case.domain, ["romeo"], identity, found_by=(), **more)
        self.publish(case, theirs, case.record and case.record(self.world, identity))
        romeo = User(theirs, "romeo")
        try:
            if case.proof:
                return self.talk(case, romeo)
            return self.fail(case, romeo)
        finally:
            romeo.leave()
            theirs.stop()

    def publish(self, case, server, record):
        is_direct = case.found_by == "direct"
        port = server.ports["s2s-direct" if is_direct else "s2s"]
        service = f"_xmpp{'s' if is_direct else ''}-server._tcp.{case.domain}"
        # What kind of record stands at which name.
        places = {SRV: service, A: case.host, TLSA: f"_{port}._tcp.{case.host}"}
        self.names.add(service, SRV, srv(port, case.host))
        self.names.add(case.host, A, HERE)
        # Who looks elsewhere would find the same machine.
        self.names.add(case.domain, A, HERE)
        if record:
            if case.alias:
                self.names.add(places[TLSA], CNAME, encoded(case.alias))
            self.names.add(case.alias or places[TLSA], TLSA, record)
        for kind, fault in case.faults.items():
            self.names.spoil(places[kind], kind, fault)

    def talk(self, case, romeo):
        users = (self.juliet, romeo)
        for one, two in ((users[1], users[0]), users) if case.opposite else (users, users[::-1]):
            one.say(two.jid, f"from {one.jid}")
            two.hears(f"from {one.jid}")
        proofs = [stream["proof"] for stream in self.status(case)["streams"]
                  if stream["opener"] == ("them" if case.opposite else "us") and "proof" in stream]
        expect(proofs == [case.proof], f"proven by {proofs}")
        shown = self.ours.control("s2s", case.domain).stdout
        expect(f"proven by {case.proof}" in shown, shown)
        return f"proven by {case.proof}"

    def fail(self, case, romeo):
        """Our user is told why, and so is who runs the server."""
        if case.opposite:
            romeo.say(self.juliet.jid, "unheard", "back")
            romeo.bounced("back", 40)
            self.juliet.hears_nothing(lambda e: e.findtext("{*}body") == "unheard", OURS)
        self.juliet.say(romeo.jid, "unheard", case.domain)
        condition, why = self.juliet.bounced(case.domain, 40)
        status = self.status(case)
        for words in case.says:
            expect(words in why, f"{condition}: {why}")
            expect(words in status["failure"], f"{status}")
        expect(not any(stream.get("proof") for stream in status["streams"]), f"{status}")
        romeo.hears_nothing(lambda e: e.findtext("{*}body") == "unheard", romeo.domain)
        return f"{condition}: {why}"

    def status(self, case):
        """What lapwingctl says of the domain."""
        def found():
            status = json.loads(self.ours.control("s2s", case.domain, "--json").stdout)
            return status["domains"][0] if status["domains"] else None
        return wait_until(found, f"{case.domain} is shown")

    def end(self):
        self.juliet.leave()
        self.ours.stop()


def main():
    report = Report("certificates that signed records name")
    workshop = Workshop("dane")
    checks = Checks(workshop, CASES + FAULTS)
    for case in CASES + FAULTS:
        report.check(case.title, checks.meets, case)
    checks.end()
    workshop.close()
    os._exit(report.close())


if __name__ == "__main__":
    main()
