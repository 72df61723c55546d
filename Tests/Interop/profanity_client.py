#!/usr/bin/python3
"""Debian's profanity in a terminal: logs in, chats, sees a host's presence."""

import argparse

from harness.process import Workshop
from harness.report import Report, expect
from harness.screen import Screen
from harness.servers import start_server
from harness.wire import Connection, tag, CLIENT

PASSWORD = "a-password-of-the-tests"


class Checks:
    def __init__(self, server, workshop):
        self.server = server
        configuration = workshop.file("config")
        self.screen = Screen(workshop, ["profanity"], environment={
            "HOME": workshop.path, "XDG_CONFIG_HOME": configuration,
            "XDG_DATA_HOME": workshop.file("share"),
        })

    def logs_in(self):
        self.screen.wait_for("Profanity")
        self.screen.type("/connect romeo@%s server 127.0.0.1 port %d tls trust" % (
            self.server.domain, self.server.ports["c2s"]))
        self.screen.wait_for("password")
        self.screen.type(PASSWORD)
        self.screen.wait_for("logged in successfully")

    def sees_presence(self):
        host = Connection(self.server.host, self.server.ports["c2s-plain"], self.server.domain)
        host.log_in("web1", PASSWORD, "agent")
        self.host = host
        if "groups" not in self.server.abilities:
            self.screen.type(f"/sub request web1@{self.server.domain}")
            host.send("<presence/>")
            host.wait_for(lambda e: e.get("type") == "subscribe")
            host.send(f"<presence to='romeo@{self.server.domain}' type='subscribed'/>")
        host.send("<presence><status>up</status></presence>")
        self.screen.wait_for("web1", "is online")

    def chats(self):
        self.screen.type(f"/msg {self.host.jid.split('/')[0]} Neither, fair saint")
        heard = self.host.wait_for(lambda e: e.find(tag(CLIENT, "body")) is not None)
        expect(heard.find(tag(CLIENT, "body")).text == "Neither, fair saint", "another text came")
        self.host.send(
            f"<message to='{heard.get('from')}' type='chat' id='a1'><body>O Romeo</body></message>"
        )
        self.screen.wait_for("O Romeo")

    def sees_the_end(self):
        self.screen.type("/win 1")
        self.host.vanish()
        self.screen.wait_for("is offline")

    def quits(self):
        self.screen.type("/quit")
        expect(self.screen.wait_for_exit() == 0, "profanity did not end in order")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--server", default="lapwing")
    options = arguments.parse_args()
    report = Report(f"profanity against {options.server}")
    workshop = Workshop("profanity")
    server = start_server(options.server, workshop)
    for user, group in (("romeo", "viewers"), ("web1", "hosts")):
        server.register(user, PASSWORD)
        if "groups" in server.abilities:
            server.add_to_group(group, user)
    checks = Checks(server, workshop)
    report.check("logs in over TLS", checks.logs_in)
    report.check("sees a host come", checks.sees_presence)
    report.check("chats with it", checks.chats)
    report.check("sees it vanish", checks.sees_the_end)
    report.check("quits", checks.quits)
    checks.screen.close()
    workshop.close()
    report.finish()


if __name__ == "__main__":
    main()
