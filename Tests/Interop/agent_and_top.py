#!/usr/bin/python3
"""Our agent and our dashboard over a server: Debian's prosody, or ours."""

import argparse
import json
import subprocess

from harness import programs
from harness.lapwing import binary
from harness.process import Workshop, wait_until
from harness.report import Report, expect
from harness.screen import Screen
from harness.servers import start_server
from harness.wire import Connection

PASSWORD = "a-password-of-the-tests"
HOST, VIEWER = "web1", "alice"


class Checks:
    def __init__(self, server):
        self.server = server
        self.workshop = server.workshop

    def befriend(self):
        """Where there are no shared groups, the two accounts subscribe to each other."""
        links = {}
        for user in (HOST, VIEWER):
            links[user] = Connection(
                self.server.host, self.server.ports["c2s-plain"], self.server.domain)
            links[user].log_in(user, PASSWORD, "setup")
            links[user].send("<presence/>")
        pairs = [(HOST, VIEWER), (VIEWER, HOST)]
        for one, other in pairs:
            links[one].send(f"<presence to='{other}@{self.server.domain}' type='subscribe'/>")
        for one, other in pairs:
            links[one].wait_for(lambda e: e.get("type") == "subscribe")
            links[one].send(f"<presence to='{other}@{self.server.domain}' type='subscribed'/>")
        for one, other in pairs:
            links[one].wait_for(
                lambda e: e.get("from") == links[other].jid and e.get("type") is None)
        for link in links.values():
            link.end()

    def publishes(self):
        self.agent = programs.start_agent(self.server, HOST, PASSWORD)
        link = Connection(self.server.host, self.server.ports["c2s-plain"], self.server.domain)
        link.log_in(VIEWER, PASSWORD, "looker")

        def stored():
            answer = link.request(
                f"<iq type='get' to='{HOST}@{self.server.domain}'>"
                "<pubsub xmlns='http://jabber.org/protocol/pubsub'>"
                "<items node='urn:lapwing:1#memory'/></pubsub></iq>")
            return [v for v in answer.iter("{urn:lapwing:1}v") if v.get("n") == "total"]

        values = wait_until(stored, "the agent has published", 15, self.agent)
        with open("/proc/meminfo") as text:
            total = int(text.readline().split()[1]) * 1024
        expect(int(values[0].text) == total, f"memory is {values[0].text}, not {total}")
        link.end()
        return f"{total} bytes of memory, as /proc says"

    def watches(self):
        lines, _, error = programs.watch(self.server, VIEWER, PASSWORD, 8)
        samples = [line for line in lines if line.get("kind") == "sample"]
        expect(samples, f"no sample came: {lines} {error}")
        expect({line["host"] for line in samples} == {HOST}, "samples of other hosts came")
        groups = {line["group"] for line in samples}
        expect({"summary", "cpu", "memory"} <= groups, f"only {sorted(groups)} came")
        return f"{len(samples)} samples of {len(groups)} groups"

    def looks_once(self):
        done = subprocess.run(
            programs.top_command(self.server, VIEWER, PASSWORD, "--json"),
            capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
        picture = json.loads(done.stdout)
        host = next(entry for entry in picture["hosts"] if entry["host"] == HOST)
        expect(host["state"] == "up", f"the host is {host['state']}")
        expect(host["values"]["memory"] > 0, "it has no memory")
        codes = {"ok": 0, "info": 0, "warning": 1, "critical": 2, "unknown": 3}
        expect(done.returncode == codes[picture["level"]],
               f"exit code {done.returncode} for level {picture['level']}")

    def shows(self):
        screen = Screen(self.workshop, programs.top_command(self.server, VIEWER, PASSWORD))
        try:
            screen.wait_for(HOST, "up")
            first = screen.text()
            wait_until(lambda: screen.text() != first, "the screen moves", 15)
            screen.press("Enter")
            screen.wait_for("memory")
            screen.resize(40, 10)
            screen.press("Escape")
            screen.wait_for(HOST)
            screen.type("q", enter=False)
            code = screen.wait_for_exit()
            expect(code == 0, f"exit code {code}")
        finally:
            screen.close()

    def wants_nothing_twice(self):
        """What the dashboard announces, and what it is subscribed to at the fleet service."""
        top = self.workshop.start(
            programs.top_command(self.server, VIEWER, PASSWORD, "--watch"), "announce.log")
        link = Connection(self.server.host, self.server.ports["c2s-plain"], self.server.domain)
        try:
            link.log_in(VIEWER, PASSWORD, "looker")
            link.send("<presence><priority>-1</priority></presence>")
            capabilities = "{http://jabber.org/protocol/caps}c"
            presence = link.wait_for(
                lambda e: e.find(capabilities) is not None
                and e.find(capabilities).get("node") == "urn:lapwing:1:top")
            session = presence.get("from")
            # Which of the two it is may take it a moment to find out.
            return wait_until(
                lambda: self.one_source(link, session), "it has one source of values", 5, top)
        finally:
            link.end()
            top.terminate()
            top.wait(10)

    def one_source(self, link, session):
        """What the session gets values by; None while it is neither or both."""
        info = link.request(
            f"<iq type='get' to='{session}'>"
            "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>")
        wanted = [f for f in info.iter("{http://jabber.org/protocol/disco#info}feature")
                  if f.get("var").endswith("+notify")]
        answer = link.request(
            f"<iq type='get' to='monitor.{self.server.domain}'>"
            "<pubsub xmlns='http://jabber.org/protocol/pubsub'><subscriptions/></pubsub></iq>")
        held = [(s.get("node"), s.get("jid")) for s in answer.iter(
            "{http://jabber.org/protocol/pubsub}subscription")]
        if held == [("#", session)] and not wanted:
            return "one subscription to the fleet"
        if wanted and "fleet-service" not in self.server.abilities:
            return f"{len(wanted)} nodes of each account"
        return None

    def says_what_it_lost(self):
        """The viewer leaves the group that sees the hosts, and comes back."""
        viewer = f"{VIEWER}@{self.server.domain}"
        screen = Screen(self.workshop, programs.top_command(self.server, VIEWER, PASSWORD))
        try:
            screen.wait_for(HOST, "up")
            self.server.control("groups", "remove", "viewers", viewer)
            screen.wait_for("the server ended the fleet's subscription", "No host")
        finally:
            self.server.control("groups", "add", "viewers", viewer)
            screen.close()

    def notices_the_end(self):
        screen = Screen(self.workshop, programs.top_command(self.server, VIEWER, PASSWORD))
        try:
            screen.wait_for(HOST, "up")
            self.agent.terminate()
            expect(self.agent.wait(10) == 0, f"the agent ended with {self.agent.returncode}")
            screen.wait_for("down")
        finally:
            screen.close()

    def refuses_password(self, program):
        command = programs.agent_command if program == "lapwing-agent" else programs.top_command
        flags = [] if program == "lapwing-agent" else ["--once"]
        done = subprocess.run(
            [*command(self.server, HOST, "wrong"), *flags],
            capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
        # The agent logs besides that it has started.
        lines = [line for line in done.stderr.splitlines() if "refused" in line]
        expect(done.returncode != 0, "it ended with 0")
        expect(len(lines) == 1, f"{len(lines)} lines: {lines}")
        return f"{done.returncode}: {lines[0]}"


def prints_once():
    """One reading without any server."""
    done = subprocess.run([binary("lapwing-agent"), "--once"], capture_output=True, text=True,
                          timeout=30, stdin=subprocess.DEVNULL)
    expect(done.returncode == 0, f"exit code {done.returncode}: {done.stderr}")
    with open("/proc/meminfo") as text:
        total = int(text.readline().split()[1]) * 1024
    done = subprocess.run([binary("lapwing-agent"), "--once", "--json"], capture_output=True,
                          text=True, timeout=30, stdin=subprocess.DEVNULL)
    expect(str(total) in done.stdout, f"{total} bytes of memory are not in it")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--server", default="prosody")
    options = arguments.parse_args()
    report = Report(f"lapwing-agent and lapwing-top over {options.server}")
    workshop = Workshop("agent")
    report.check("the agent prints one reading without a server", prints_once)
    server = start_server(options.server, workshop)
    for user, group in ((HOST, "hosts"), (VIEWER, "viewers")):
        server.register(user, PASSWORD)
        if "groups" in server.abilities:
            server.add_to_group(group, user)
    checks = Checks(server)
    if "groups" not in server.abilities:
        report.check("host and viewer subscribe to each other", checks.befriend)
    report.on_failure = lambda: print(workshop.log("agent.log"), flush=True)
    report.check("the agent publishes this host's values", checks.publishes)
    report.check("the dashboard watches them", checks.watches)
    report.check("the dashboard looks once, as JSON", checks.looks_once)
    report.check("the dashboard shows them, moves, resizes, ends with q", checks.shows)
    report.check("the dashboard wants nothing twice", checks.wants_nothing_twice)
    if "fleet-service" in server.abilities:
        report.check("the dashboard says that the fleet was taken from it",
                     checks.says_what_it_lost)
    report.check("the dashboard shows a host that ended as down", checks.notices_the_end)
    for program in ("lapwing-agent", "lapwing-top"):
        report.check(f"{program}: a wrong password draws one line",
                     checks.refuses_password, program)
    workshop.close()
    report.finish()


if __name__ == "__main__":
    main()
