#!/usr/bin/python3
"""What makes another server believed: certificates good and bad, dialback, pins, and encryption."""

import os

from harness.certificates import EXPIRED, self_signed
from harness.federation import World
from harness.process import Workshop
from harness.report import Report, expect
from harness.users import User, text

OURS = "capulet.example"
RULE = """
[[federation.domains]]
name = "{name}"
authentication = "{authentication}"
encryption = {encryption}
fingerprints = [{fingerprints}]
"""


class Case:
    """A domain with a certificate, what our server is told of it, and what has to come of it."""

    def __init__(self, title, name, identity, works, authentication="dialback", encryption=True,
                 fingerprint=None, says=(), clear=False):
        """`clear` is a server without TLS; all else is what ours wants of it."""
        self.title = title
        self.domain = f"{name}.example"
        # Given the authority and the workshop.
        self.identity = identity
        self.works = works
        self.says = says
        self.rule = lambda known: RULE.format(
            name=self.domain, authentication=authentication,
            encryption="true" if encryption else "false",
            fingerprints=f'"{fingerprint(known)}"' if fingerprint else "",
        )
        self.theirs = {"encryption": "none"} if clear else {}


def good(world, domain):
    return world.authority.issue(domain)


def expired(world, domain):
    return world.authority.issue(domain, validity=EXPIRED)


def misnamed(world, domain):
    return world.authority.issue("other.example")


def unsigned(world, domain):
    return self_signed(world.workshop, domain)


def server_only(world, domain):
    return world.authority.issue(domain, usage="serverAuth")


def wildcard(world, domain):
    return world.authority.issue("*." + domain.partition(".")[2])


STRICT = {"authentication": "certificate"}
CASES = [
    Case("a good certificate", "good", good, True, says=["certificate"]),
    Case("an expired certificate", "expired", expired, True, says=["dialback"]),
    Case("a certificate of another name", "misnamed", misnamed, True, says=["dialback"]),
    Case("a self-signed certificate", "unsigned", unsigned, True, says=["dialback"]),
    Case("a good certificate, demanded", "good-strict", good, True, **STRICT,
         says=["certificate"]),
    Case("an expired one, where a good one is demanded", "expired-strict", expired, False,
         **STRICT, says=["certificate", "not valid now"]),
    Case("one of another name, where a good one is demanded", "misnamed-strict", misnamed, False,
         **STRICT, says=["certificate"]),
    Case("a self-signed one, where a good one is demanded", "unsigned-strict", unsigned, False,
         **STRICT, says=["certificate"]),
    Case("a certificate for servers only", "server", server_only, True, **STRICT,
         says=["certificate"]),
    Case("a certificate for all names below", "wild.card", wildcard, True, **STRICT,
         says=["certificate"]),
    Case("a self-signed one with the right pin", "pinned", unsigned, True,
         fingerprint=lambda identity: identity.fingerprint, says=["certificate"]),
    Case("a good one with another pin", "mispinned", good, False,
         fingerprint=lambda _: "ab" * 32, says=["fingerprint"]),
    Case("no TLS, which is demanded", "clear-strict", good, False, says=["TLS"],
         clear=True),
]
CLEAR = Case("no TLS, where that is allowed", "clear", good, True, says=["dialback"],
             encryption=False, clear=True)


class Checks:
    def __init__(self, workshop):
        self.world = World(workshop)
        self.identities = {}

    def begin(self, cases, domain):
        """Our server, which has to know the certificates that are pinned."""
        rules = ""
        for case in cases:
            identity = case.identity(self.world, case.domain)
            self.identities[case.domain] = identity
            rules += case.rule(identity)
        self.server = self.world.start(
            "lapwing", domain, ["juliet"], domains=rules, options={"log_level": "info"})
        self.juliet = User(self.server, "juliet")

    def meets(self, case):
        theirs = self.world.start(
            "prosody", case.domain, ["romeo"], self.identities[case.domain], **case.theirs)
        romeo = User(theirs, "romeo")
        try:
            if case.works:
                return self.talk(case, romeo)
            return self.fail(case, romeo)
        finally:
            romeo.leave()
            theirs.stop()

    def talk(self, case, romeo):
        for one, two in ((self.juliet, romeo), (romeo, self.juliet)):
            one.say(two.jid, f"from {one.jid}")
            two.hears(f"from {one.jid}")
        log = self.server.workshop.log(self.server.federation_log, lines=10_000)
        found = [line for line in log.splitlines() if f" {case.domain} is " in line]
        for words in case.says:
            expect(any(f"{case.domain} is {words}" in line for line in found), f"{found}")
        return f"believed by {', '.join(case.says)}"

    def fail(self, case, romeo):
        """Neither direction works, and our user is told why."""
        self.juliet.say(romeo.jid, "unheard", case.domain)
        condition, why = self.juliet.bounced(case.domain, 40)
        for words in case.says:
            expect(words in why, f"{condition}: {why}")
        romeo.say(self.juliet.jid, "unheard either", "back")
        romeo.bounced("back", 40)
        for user, words in ((romeo, "unheard"), (self.juliet, "unheard either")):
            user.hears_nothing(lambda e: text(e) == words, user.domain)
        return f"{condition}: {why}"

    def end(self):
        self.juliet.leave()
        self.server.stop()


def main():
    report = Report("what makes a server believed")
    workshop = Workshop("proofs")
    checks = Checks(workshop)
    checks.begin(CASES, OURS)
    for case in CASES:
        report.check(case.title, checks.meets, case)
    checks.end()
    # Who takes what is not encrypted has to say so of itself.
    case = CLEAR
    checks.begin([case], "open.example")
    report.check(case.title, checks.meets, case)
    workshop.close()
    os._exit(report.close())


if __name__ == "__main__":
    main()
