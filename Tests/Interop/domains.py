#!/usr/bin/python3
"""Several domains on one server: certificates, log-ins, what goes between them, the operator."""

import asyncio
import json
import os
import shutil
import signal
import ssl
import subprocess
import xml.etree.ElementTree as ET

from harness.lapwing import Lapwing, binary
from harness.process import Workshop, self_signed, wait_until
from harness.report import Report, expect
from harness.slix import Client, PASSWORD, PATIENCE_SECONDS, next_of, payload, value_of
from harness.wire import CLIENT, Connection, LoginRefused, STREAM, STREAM_ERRORS, tag

ONE = "example.test"
TWO = "elsewhere.test"
THREE = "third.test"
NODE = "urn:lapwing:1#cpu"
ITEMS = "http://jabber.org/protocol/disco#items"
MORE = f"""
[groups.ops]
sees = ["hosts"]
spans_domains = true

[[domains]]
domain = "{TWO}"
certificate = "two.crt"
key = "two.key"

[[domains]]
domain = "{THREE}"
[domains.pubsub]
enabled = false
[domains.fleet]
domain = "fleet.{THREE}"
"""


class Checks:
    def __init__(self, workshop):
        self.workshop = workshop
        self.make_certificate(TWO)
        self.server = Lapwing(workshop, ONE, more=MORE, log_level="info")
        for domain in (ONE, TWO):
            for user in ("romeo", "juliet"):
                self.server.control("register", user, domain, text=self.password(domain) + "\n")
        self.server.start()

    def make_certificate(self, domain):
        """For the second domain, where the configuration looks for it."""
        for made, name in zip(self_signed(self.workshop, domain), ("two.crt", "two.key")):
            os.replace(made, self.workshop.file(name))

    @staticmethod
    def password(domain):
        """The real client has one for all; the others' differ from domain to domain."""
        return PASSWORD if domain == ONE else PASSWORD + " elsewhere"

    def link(self, domain, listener="c2s-plain", security="plain"):
        return Connection(self.server.host, self.server.ports[listener], domain, security)

    def log_in(self, user, domain, resource="test"):
        link = self.link(domain)
        link.log_in(user, self.password(domain), resource)
        return link

    # Certificates

    def shown(self, domain, listener, security, name=None):
        """The certificate that a client gets, which names `name` in the handshake."""
        link = Connection.__new__(Named)
        link.name = domain if name is None else name
        link.__init__(self.server.host, self.server.ports[listener], domain, security)
        if security == "starttls":
            link.secure()
        certificate = ssl.DER_cert_to_PEM_cert(link.socket.getpeercert(binary_form=True))
        link.socket.close()
        return certificate

    def of_file(self, name):
        with open(self.workshop.file(name)) as text:
            return text.read()

    def shows_the_certificate_of_the_name(self):
        for listener, security in (("c2s-direct", "direct"), ("c2s", "starttls")):
            for domain, name in ((ONE, "peer.crt"), (TWO, "two.crt"), (THREE, "peer.crt")):
                found = self.shown(domain, listener, security)
                expect(found == self.of_file(name), f"{domain} has another on {listener}")

    def shows_the_certificate_of_the_header(self):
        """Without a name in the handshake, STARTTLS has the header."""
        expect(self.shown(TWO, "c2s", "starttls", "") == self.of_file("two.crt"), "another")
        expect(self.shown(ONE, "c2s", "starttls", "") == self.of_file("peer.crt"), "another")

    def reads_them_all_again(self):
        before = self.of_file("two.crt")
        keep = self.of_file("peer.crt")
        # The helper writes where the first one's are.
        kept = {name: self.of_file(name) for name in ("peer.crt", "peer.key")}
        self.make_certificate(TWO)
        for name, text in kept.items():
            self.workshop.file(name, text)
        expect(self.of_file("two.crt") != before, "nothing new")
        self.server.process.send_signal(signal.SIGHUP)
        wait_until(
            lambda: self.shown(TWO, "c2s-direct", "direct") == self.of_file("two.crt"),
            "the second domain's new certificate",
        )
        expect(self.shown(ONE, "c2s-direct", "direct") == keep, "the first one's changed")

    # Log-ins

    def logs_in_at_the_domain_of_the_header(self):
        for domain in (ONE, TWO):
            link = self.log_in("romeo", domain)
            expect(link.jid == f"romeo@{domain}/test", link.jid)
            expect(link.header["from"] == domain, link.header)
            link.end()

    def knows_no_password_of_another_domain(self):
        for domain, other in ((ONE, TWO), (TWO, ONE)):
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-1"):
                link = self.link(domain)
                try:
                    link.log_in("romeo", self.password(other), mechanism=mechanism)
                except LoginRefused as refusal:
                    expect(str(refusal) == "not-authorized", refusal)
                else:
                    raise AssertionError(f"{other}'s password opened {domain}")
                link.end()

    def stays_with_the_domain_after_the_log_in(self):
        for other, condition in ((TWO, "not-authorized"), ("unknown.test", "host-unknown")):
            link = self.link(ONE)
            link.secure()
            link.authenticate("romeo", self.password(ONE))
            link._reset()
            link.send(f"<stream:stream xmlns='{CLIENT}' xmlns:stream='{STREAM}' version='1.0'"
                      f" to='{other}'>")
            error = link.receive()
            expect(error.find(tag(STREAM_ERRORS, condition)) is not None,
                   ET.tostring(error, encoding="unicode"))
            link.socket.close()

    # What goes on

    def answers_as_the_domain_asked(self):
        link = self.log_in("romeo", TWO)
        for namespace in ("urn:xmpp:ping", "jabber:iq:version", ITEMS):
            name = "ping" if namespace.endswith("ping") else "query"
            for target in (ONE, TWO, THREE):
                answer = link.request(
                    f"<iq type='get' to='{target}'><{name} xmlns='{namespace}'/></iq>"
                )
                expect(answer.get("type") == "result", ET.tostring(answer, encoding="unicode"))
                expect(answer.get("from") == target, answer.get("from"))
                if namespace != ITEMS:
                    continue
                items = sorted(item.get("jid") for item in answer[0])
                expected = {
                    ONE: [f"monitor.{ONE}", f"pubsub.{ONE}"],
                    TWO: [f"monitor.{TWO}", f"pubsub.{TWO}"], THREE: [f"fleet.{THREE}"],
                }[target]
                expect(items == expected, f"{target} lists {items}")
        answer = link.request("<iq type='set'><query xmlns='urn:example:none'/></iq>")
        expect(answer.get("from") in (None, f"romeo@{TWO}"), answer.get("from"))
        link.end()

    def shows_no_roster_of_another_domain(self):
        link = self.log_in("juliet", TWO)
        item = f"<item jid='juliet@{TWO}' subscription='both'/>"
        for kind, content in (("get", ""), ("set", item)):
            answer = link.request(
                f"<iq type='{kind}' to='juliet@{ONE}'>"
                f"<query xmlns='jabber:iq:roster'>{content}</query></iq>"
            )
            expect(answer.get("type") == "error", ET.tostring(answer, encoding="unicode"))
        link.end()
        owner = self.log_in("juliet", ONE)
        roster = owner.request("<iq type='get'><query xmlns='jabber:iq:roster'/></iq>")
        expect(len(roster[0]) == 0, ET.tostring(roster, encoding="unicode"))
        owner.end()

    def tells_of_a_node_across_domains(self):
        """A real client at each domain: subscription, presence, messages, `+notify`."""
        asyncio.run(self._tell())

    async def _tell(self):
        server = self.server
        romeo = await self._client(f"romeo@{ONE}")
        juliet = await self._client(f"juliet@{TWO}")
        romeo.send_presence_subscription(pto=f"juliet@{TWO}", ptype="subscribe")
        # slixmpp approves and asks back by itself.
        await next_of(romeo.presences, lambda p: p["from"].bare == f"juliet@{TWO}")
        await next_of(juliet.presences, lambda p: p["from"].bare == f"romeo@{ONE}")
        romeo.send_message(mto=f"juliet@{TWO}", mbody="across")
        message = await next_of(juliet.messages)
        expect(message["body"] == "across", message)
        await romeo["xep_0163"].publish(payload("calm"), node=NODE, id="current")
        # The last item comes with presence, later ones as they are published.
        late = await self._client(f"juliet@{TWO}/late", NODE)
        for value in ("calm", "merry"):
            if value != "calm":
                await romeo["xep_0163"].publish(payload(value), node=NODE, id="current")
            event = await next_of(late.events)
            expect(value_of(event) == value, event)
            expect(event["from"].bare == f"romeo@{ONE}", event)
        for client in (romeo, juliet, late):
            await client.disconnect()
        expect(server.process.poll() is None, "the server ended")

    async def _client(self, jid, interest=None):
        client = Client(jid, self.server)
        client.password = self.password(client.boundjid.domain)
        if interest:
            client["xep_0163"].add_interest(interest)
        if client.boundjid.domain == TWO:
            client.ca_certs = self.workshop.file("two.crt")
        return await asyncio.wait_for(client.log_in(), PATIENCE_SECONDS)

    # The operator

    def shows_all_domains(self):
        status = json.loads(self.server.control("status", "--json").stdout)
        expect(status["domains"] == [ONE, TWO, THREE], status)
        expect(status["counts"]["accounts"] == 4, status)
        text = self.server.control("status").stdout
        expect(all(domain in text for domain in (ONE, TWO, THREE)), text)
        users = self.server.control("users", TWO).stdout.split()
        expect(users == [f"juliet@{TWO}", f"romeo@{TWO}"], users)

    def refuses_a_domain_that_is_not_served(self):
        for arguments in (
            ("register", "eve", "unknown.test"), ("passwd", "eve", "unknown.test"),
            ("unregister", "eve", "unknown.test"), ("users", "unknown.test"),
            ("groups", "add", "hosts", "eve@unknown.test"),
        ):
            done = self.server.control(*arguments, check=False, text="x\n")
            expect(done.returncode == 1, f"{arguments}: {done.returncode}")
            wanted = f"unknown.test is not served here; served: {ONE}, {TWO}, {THREE}"
            expect(done.stderr.strip() == wanted, done.stderr)

    def says_which_certificate_is_whose(self):
        for command in (["lapwingctl", "check"], ["lapwing-server", "--check"]):
            done = subprocess.run(
                [binary(command[0]), *command[1:], "--config", self.server.configuration],
                capture_output=True, text=True,
            )
            expect(done.returncode == 0, done.stderr)
            for domain, own in ((ONE, ONE), (TWO, TWO), (THREE, ONE)):
                expect(f"{domain}: certificate for {own};" in done.stdout, done.stdout)
            warnings = [line for line in done.stderr.splitlines() if "warning" in line]
            expect(len(warnings) == 1, warnings)
            expect(f"{THREE}: no certificate names it" in warnings[0], warnings)

    def unregisters_the_account_of_the_domain(self):
        self.server.control("unregister", "romeo", TWO)
        self.log_in("romeo", ONE).end()
        try:
            self.log_in("romeo", TWO)
        except LoginRefused:
            return
        raise AssertionError("the account is still there")

    def keeps_what_is_not_served(self):
        """The second domain goes out of the configuration, and comes back."""
        whole = self.of_file("lapwing.toml")
        self.server.stop()
        parts = whole.partition(f'[[domains]]\ndomain = "{TWO}"')
        self.workshop.file("lapwing.toml", parts[0])
        self.server.start(log="without.log")
        lines = [line for line in self.workshop.log("without.log", 100).splitlines()
                 if "stored but not served" in line]
        expect(len(lines) == 1 and f"{TWO} (1 account)" in lines[0], lines)
        link = self.link(TWO)
        link.send(f"<stream:stream xmlns='{CLIENT}' xmlns:stream='{STREAM}' version='1.0'"
                  f" to='{TWO}'>")
        expect(link.receive().find(tag(STREAM_ERRORS, "host-unknown")) is not None, "served")
        link.socket.close()
        self.server.stop()
        self.workshop.file("lapwing.toml", whole)
        self.server.start(log="again.log")
        expect("not served" not in self.workshop.log("again.log", 100), "a warning")
        self.log_in("juliet", TWO).end()


class Named(Connection):
    """A connection that names what it is told in the handshake, or nothing."""

    def _wrap(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket, server_hostname=self.name or None)


def main():
    report = Report("several domains on one server")
    if shutil.which("openssl") is None:
        report.skip("everything", "there is no openssl")
        report.finish()
    workshop = Workshop("domains")
    checks = Checks(workshop)
    report.on_failure = lambda: print(workshop.log("server.log"), flush=True)
    for name, body in (
        ("the name in the handshake chooses the certificate",
         checks.shows_the_certificate_of_the_name),
        ("the header chooses it where the handshake names nothing",
         checks.shows_the_certificate_of_the_header),
        ("the header chooses the domain", checks.logs_in_at_the_domain_of_the_header),
        ("a password opens its own domain only", checks.knows_no_password_of_another_domain),
        ("a stream stays with its domain (CVE-2018-10847)",
         checks.stays_with_the_domain_after_the_log_in),
        ("each domain answers for itself", checks.answers_as_the_domain_asked),
        ("rosters of other domains are closed", checks.shows_no_roster_of_another_domain),
        ("slixmpp at each domain: presence, messages, PEP", checks.tells_of_a_node_across_domains),
        ("lapwingctl shows all domains", checks.shows_all_domains),
        ("lapwingctl says that a domain is not served",
         checks.refuses_a_domain_that_is_not_served),
        ("the checks say which certificate is whose", checks.says_which_certificate_is_whose),
        ("SIGHUP reads all certificates again", checks.reads_them_all_again),
        ("an account's end is not that of the other domain's",
         checks.unregisters_the_account_of_the_domain),
        ("a domain that goes leaves its accounts stored", checks.keeps_what_is_not_served),
    ):
        report.check(name, body)
    workshop.close()
    report.finish()


if __name__ == "__main__":
    main()
