#!/usr/bin/python3
"""The server and its tool from the outside: accounts, groups, signals, the end."""

import json
import os
import signal
import ssl
import subprocess
import time
import xml.etree.ElementTree as ET

from harness.lapwing import Lapwing
from harness.process import Workshop, self_signed, wait_until
from harness.report import Report, expect
from harness.wire import Closed, Connection, LoginRefused

PASSWORD = "a password of the tests"


class Checks:
    def __init__(self, workshop):
        self.workshop = workshop
        self.server = Lapwing(workshop, log_level="info")

    def link(self, listener="c2s-plain", security="plain", **options):
        return Connection(self.server.host, self.server.ports[listener], self.server.domain,
                          security, **options)

    def log_in(self, user="alice", password=PASSWORD, **options):
        link = self.link(**options)
        link.log_in(user, password)
        return link

    # lapwingctl, on a stopped server and on a running one

    def registers_stopped(self):
        done = self.server.control("register", "alice", self.server.domain, text=PASSWORD + "\n")
        expect(done.stdout.strip() == f"User alice@{self.server.domain} successfully registered",
               done.stdout)
        self.server.start()
        self.log_in().end()

    def registers_running(self):
        done = self.server.control("register", "bob", self.server.domain, text=PASSWORD + "\n")
        expect(done.stdout.strip() == f"User bob@{self.server.domain} successfully registered",
               done.stdout)
        self.log_in("bob").end()

    def refuses_twice(self):
        done = self.server.control("register", "bob", self.server.domain, text="x\n", check=False)
        expect(done.returncode == 1, f"exit code {done.returncode}")
        expect("already registered" in done.stderr + done.stdout, done.stderr)

    def warns_of_arguments(self):
        done = self.server.control("register", "carol", self.server.domain, PASSWORD)
        expect("warning" in done.stderr.lower(), "no warning came")

    def lists_users(self):
        users = json.loads(self.server.control("users", "--json").stdout)
        text = json.dumps(users)
        expect(all(name in text for name in ("alice", "bob", "carol")), text)

    def changes_password(self):
        self.server.control("passwd", "bob", self.server.domain, text="another one\n")
        try:
            self.log_in("bob")
            raise AssertionError("the old password still works")
        except LoginRefused:
            pass
        self.log_in("bob", "another one").end()

    def manages_groups(self):
        self.server.control("groups", "add", "hosts", f"bob@{self.server.domain}")
        expect("bob" in self.server.control("groups", "list").stdout, "bob is in no group")
        hosts = self.server.control("hosts").stdout
        expect("bob" in hosts, hosts)
        self.server.control("groups", "remove", "hosts", f"bob@{self.server.domain}")
        expect("bob" not in self.server.control("groups", "list").stdout, "bob is still there")

    def unregisters(self):
        link = self.log_in("carol")
        done = self.server.control("unregister", "carol", self.server.domain)
        expect(done.returncode == 0, done.stderr)
        ended = False
        try:
            while True:
                link.receive()
        except Closed:
            ended = True
        expect(ended, "the session goes on")
        try:
            self.log_in("carol")
            raise AssertionError("the account is still there")
        except LoginRefused:
            pass

    def tells_status(self):
        status = self.server.control("status", "--json").stdout
        expect(str(self.server.pid) in status, status)

    def explains_delivery(self):
        done = self.server.control("pubsub", "why", f"alice@{self.server.domain}", "news")
        expect("there is no node news" in done.stdout, done.stdout)
        findings = json.loads(self.server.control(
            "pubsub", "why", f"alice@{self.server.domain}", "news", "--json",
            "--service", f"alice@{self.server.domain}").stdout)
        expect(findings[-1]["subject"] == "verdict", f"{findings}")
        done = self.server.control("pubsub", "why", "alice@x", "news", "--service",
                                   f"nobody@{self.server.domain}", check=False)
        expect(done.returncode == 1, done.stdout)

    def uses_exit_codes(self):
        codes = [self.server.control(*arguments, check=False).returncode for arguments in (
            ("users",), ("unregister", "nobody", self.server.domain), ("register",))]
        expect(codes == [0, 1, 2], f"{codes}")

    # Streams

    def speaks_every_mechanism(self):
        done = []
        for mechanism in ("SCRAM-SHA-1", "SCRAM-SHA-256", "PLAIN"):
            for listener, security in (("c2s", "starttls"), ("c2s-direct", "direct")):
                link = self.link(listener, security, authority=self.server.certificate)
                link.log_in("alice", PASSWORD, mechanism=mechanism)
                link.end()
                done.append(mechanism)
        for binding in ("tls-unique", "tls-server-end-point"):
            for mechanism in ("SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"):
                link = self.link("c2s", "starttls", tls_version=ssl.TLSVersion.TLSv1_2)
                link.log_in("alice", PASSWORD, mechanism=mechanism, binding=binding)
                link.end()
                done.append(f"{mechanism} {binding}")
        return f"{len(done)} ways"

    def hides_plain(self):
        link = self.link()
        link.open()
        expect("PLAIN" not in link.mechanisms(), "PLAIN is offered without TLS")
        link.end()
        link = self.link("c2s", "starttls")
        link.open()
        expect(not link.mechanisms(), f"before TLS there is {link.mechanisms()}")
        link.end()

    def refuses_wrong_password(self):
        for user in ("alice", "nobody"):
            try:
                self.log_in(user, "wrong")
                raise AssertionError("it was accepted")
            except LoginRefused as refusal:
                expect(str(refusal) == "not-authorized", f"{user}: {refusal}")

    def pauses_who_guesses(self):
        """By any port, and whether there is such an account or not; nobody elsewhere."""
        def outcome(user, password, number, **options):
            ports = (("c2s-plain", "plain"), ("c2s", "starttls"), ("c2s-direct", "direct"))
            listener, security = ports[number % len(ports)]
            try:
                self.log_in(user, password, listener=listener, security=security, **options).end()
                return "success"
            except LoginRefused as refusal:
                return str(refusal)

        counts = []
        guesser = "127.0.0.2"
        for user in ("alice", "nobody"):
            count = 0
            while (found := outcome(user, "a guess", count, source=guesser)) == "not-authorized":
                count += 1
                expect(count < 100, "a hundred guesses were looked at")
            expect(found == "temporary-auth-failure", found)
            counts.append(count)
        expect(counts[0] == counts[1], f"{counts} guesses")
        # Others get in there, the owner anywhere else, and after a while there too.
        expect(outcome("bob", "another one", 0, source=guesser) == "success", "bob is kept out")
        expect(outcome("alice", PASSWORD, 0) == "success", "alice is kept out elsewhere")
        wait_until(lambda: outcome("alice", PASSWORD, 0, source=guesser) == "success",
                   "the pause ends")
        expect("too many wrong passwords from 127.0.0.2" in self.workshop.log("server.log", 1000),
               "the log says nothing of it")
        return f"after {counts[0]} guesses"

    def protects_data(self):
        mode = os.stat(self.workshop.file("data")).st_mode & 0o777
        expect(mode == 0o700, f"the data directory has mode {mode:o}")
        for folder, _, files in os.walk(self.workshop.file("data")):
            for name in files:
                if not os.path.isfile(os.path.join(folder, name)):
                    continue  # the control socket
                with open(os.path.join(folder, name), "rb") as content:
                    expect(PASSWORD.encode() not in content.read(),
                           f"{name} holds a password in the clear")

    # Minutes of samples

    def samples(self, link):
        """How many samples there were in all minutes and hours, and their entries' ids."""
        counts, ids = {}, []
        for resolution in ("minute", "hour"):
            fin = link.request(
                "<iq type='set'><query xmlns='urn:xmpp:mam:2' node='urn:lapwing:1#cpu'>"
                "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>"
                "<value>urn:xmpp:mam:2</value></field>"
                f"<field var='{{urn:lapwing:1}}resolution'><value>{resolution}</value></field></x>"
                "</query></iq>")
            expect(fin.get("type") == "result", ET.tostring(fin, encoding="unicode"))
            total = int(next(fin.iter("{http://jabber.org/protocol/rsm}count")).text)
            entries = [link.receive() for _ in range(total)]
            ids += [next(entry.iter("{urn:xmpp:mam:2}result")).get("id") for entry in entries]
            counts[resolution] = sum(int(found.get("count")) for entry in entries
                                     for found in entry.iter("{urn:lapwing:1}aggregate"))
        return counts, ids

    def publishes(self, link, number):
        answer = link.request(
            "<iq type='set'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
            "<publish node='urn:lapwing:1#cpu'><item id='current'><sample xmlns='urn:lapwing:1' "
            f"at='2026-11-21T13:00:00.000Z' seq='{number}' run='a'><v n='used'>{number}</v>"
            "</sample></item></publish></pubsub></iq>")
        expect(answer.get("type") == "result", ET.tostring(answer, encoding="unicode"))

    def tells_minutes(self):
        link = self.log_in()
        self.publishes(link, 1)
        # The first sample waits for what the store has of the hour.
        wait_until(lambda: self.samples(link)[0] == {"minute": 1, "hour": 1}, "a sample is told")
        ids = self.samples(link)[1]
        expect("/" in ids[-1], f"the hour is not said to be under way: {ids}")
        link.end()

    def remembers_minutes(self):
        link = self.log_in()
        counts, _ = self.samples(link)
        expect(counts == {"minute": 1, "hour": 1}, f"after the start there are {counts} samples")
        self.publishes(link, 2)
        wait_until(lambda: self.samples(link)[0] == {"minute": 2, "hour": 2}, "both are told")
        link.end()

    # Signals

    def reloads_certificate(self):
        def presented():
            link = self.link("c2s-direct", "direct")
            certificate = link.socket.getpeercert(binary_form=True)
            link.socket.close()
            return certificate

        before = presented()
        established = self.log_in(listener="c2s", security="starttls")
        self_signed(self.workshop, self.server.domain)
        self.server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: presented() != before, "the new certificate is shown")
        established.request(
            f"<iq type='get' to='{self.server.domain}'><ping xmlns='urn:xmpp:ping'/></iq>")
        established.end()
        expect("certificate" in self.workshop.log("server.log"), "the log says nothing of it")

    def keeps_certificate(self):
        """A renewal that went wrong leaves the old one in use."""
        self.workshop.file("peer.crt", "no certificate")
        self.server.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        self.log_in(listener="c2s", security="starttls").end()
        self_signed(self.workshop, self.server.domain)

    def drains(self):
        link = self.log_in()
        self.server.process.send_signal(signal.SIGTERM)
        condition = None
        try:
            while True:
                element = link.receive()
                if element.tag.endswith("}error"):
                    condition = element[0].tag.split("}")[1]
                    link.send("</stream:stream>")
        except Closed:
            pass
        expect(condition == "system-shutdown", f"the stream ended with {condition}")
        expect(self.server.process.wait(10) == 0, f"exit code {self.server.process.returncode}")

    def remembers(self):
        self.server.start()
        self.log_in().end()
        users = self.server.control("users").stdout
        expect("alice" in users and "carol" not in users, users)

    def ends_idle(self):
        started = time.monotonic()
        expect(self.server.stop() == 0, f"exit code {self.server.process.returncode}")
        return f"after {time.monotonic() - started:.2f} s"


def main():
    report = Report("the server and lapwingctl")
    workshop = Workshop("life")
    checks = Checks(workshop)
    for name, body in [
        ("an account is made while the server is stopped", checks.registers_stopped),
        ("and while it runs", checks.registers_running),
        ("the same account twice is refused", checks.refuses_twice),
        ("a password in the arguments draws a warning", checks.warns_of_arguments),
        ("accounts are listed", checks.lists_users),
        ("a password is changed", checks.changes_password),
        ("groups", checks.manages_groups),
        ("an account is removed, and its session ended", checks.unregisters),
        ("status", checks.tells_status),
        ("why somebody gets an item, or not", checks.explains_delivery),
        ("exit codes", checks.uses_exit_codes),
        ("every mechanism, every binding that Python has", checks.speaks_every_mechanism),
        ("PLAIN only inside TLS, nothing before STARTTLS", checks.hides_plain),
        ("a wrong password and an unknown account look alike", checks.refuses_wrong_password),
        ("who guesses has to wait, and nobody else", checks.pauses_who_guesses),
        ("files are private and hold no password", checks.protects_data),
        ("SIGHUP takes the renewed certificate", checks.reloads_certificate),
        ("SIGHUP with a broken one keeps the old", checks.keeps_certificate),
        ("the minute and the hour under way are told", checks.tells_minutes),
        ("SIGTERM closes streams in order", checks.drains),
        ("everything is there after a start", checks.remembers),
        ("the minute that the stop cut short goes on", checks.remembers_minutes),
        ("an idle server ends at once", checks.ends_idle),
    ]:
        report.check(name, body)
    report.on_failure = None
    if report.failed:
        print(workshop.log("server.log", 40), flush=True)
    workshop.close()
    report.finish()


if __name__ == "__main__":
    main()
