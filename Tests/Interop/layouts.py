#!/usr/bin/python3
"""The layouts of docs/federation.md, each as its files stand there: it talks with another server, its
component is reached, and the process for other servers ends and comes back."""

import hashlib
import os
import pwd
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

from harness.federation import World
from harness.lapwing import binary
from harness.process import ROOT, Workshop, stop, wait_until
from harness.report import Report, expect
from harness.split import free_port
from harness.users import User
from harness.wire import Connection, tag

PAGE = os.path.join(ROOT, "docs", "federation.md")
OURS, THEIRS = "example.org", "montague.example"
BOT = "bot.example.org"
SECRET = "what the bot proves itself with"
PASSWORD = "a password of the tests"
COMPONENT = "jabber:component:accept"

# What the files say of the machine, and what the tests add to them: ports of their own.
LISTENERS = """
[[listeners]]
address = "127.0.0.1"
port = 0
security = "plain"
"""
OTHERS = """
authorities = "{authority}"

[[federation.listeners]]
address = "127.0.0.1"
port = {port}
security = "starttls"

[names]
servers = ["127.0.0.1@{names}"]
"""
COMPONENTS = """
[component_listener]
port = 0
"""


def layouts():
    """Their titles, and of each the files by name."""
    with open(PAGE) as page:
        chapter = page.read().split("## In several processes")[1]
    found = {}
    for part in chapter.split("\n### ")[1:]:
        files = re.findall(r"`/etc/lapwing/([a-z0-9]+)\.toml`[^`]*?```toml\n(.*?)```", part, re.S)
        if files:
            found[part.split("\n")[0]] = dict(files)
    return found


class Bot(Connection):
    """The component: it says back what it is told."""

    def __init__(self, port):
        super().__init__("127.0.0.1", port, BOT)
        self.send(f"<?xml version='1.0'?><stream:stream xmlns='{COMPONENT}'"
                  f" xmlns:stream='http://etherx.jabber.org/streams' to='{BOT}'>")
        wait_until(lambda: self._has_header(), "the stream's header", 10)
        proof = hashlib.sha1((self.header.get("id") + SECRET).encode()).hexdigest()
        self.send(f"<handshake>{proof}</handshake>")
        answer = self.receive()
        expect(answer.tag == tag(COMPONENT, "handshake"), ET.tostring(answer, encoding="unicode"))

    def _has_header(self):
        if self.header is None:
            try:
                self._read(0.2)
            except Exception:
                pass
        return self.header is not None

    def answers(self):
        """One message."""
        message = self.wait_for(lambda e: e.tag == tag(COMPONENT, "message"))
        body = message.findtext(tag(COMPONENT, "body"))
        self.send(f"<message from='{BOT}' to='{message.get('from')}' type='chat'>"
                  f"<body>the bot heard {body}</body></message>")


class Layout:
    def __init__(self, workshop, title, files):
        self.world = World(workshop)
        self.room = workshop.room(title.split()[0].lower() + str(len(files)))
        self.host = "127.0.0.1"
        self.domain = OURS
        self.ports = {}
        self.processes = {}
        self.files = {}
        self.others = free_port()
        names = [OURS, "pubsub." + OURS, "monitor." + OURS, BOT]
        self.identity = self.world.authority.issue(*names)
        self.place = f"127.0.0.1:{free_port()}"
        for name, content in files.items():
            self.files[name] = self.room.file(name + ".toml", self.made_ours(content))
        # Whoever listens for a link may come later than who calls.
        for name in files:
            self.start(name)
        for name in self.files:
            wait_until(lambda: "down" not in self.control(name, "links").stdout, "links", 20)
        for name in names:
            self.world.names.serve(name, self.host, self.others)
        router = "lapwing" if "lapwing" in files else "router"
        self.control(router, "register", "juliet", OURS, text=PASSWORD + "\n")
        self.theirs = self.world.start("lapwing", THEIRS, ["romeo"])
        self.bot = Bot(self.ports["component"])
        self.juliet, self.romeo = User(self, "juliet"), User(self.theirs, "romeo")

    def made_ours(self, content):
        """The file with paths and ports of this test."""
        content = content.replace("/var/lib/", self.room.path + "/")
        content = re.sub("/run/lapwing(-s2s)?/", self.room.path + "/", content)
        # The users of the units in deploy/.
        content = re.sub(r'"lapwing(-s2s)?"', f'"{pwd.getpwuid(os.getuid()).pw_name}"', content)
        content = content.replace("/etc/lapwing/tls/certificate.pem", self.identity.certificate)
        content = content.replace("/etc/lapwing/tls/key.pem", self.identity.key)
        content = content.replace("192.0.2.1:5290", self.place)
        others = OTHERS.format(authority=self.world.authority.certificate, port=self.others,
                               names=self.world.names.port)
        content = content.replace("[federation]\n", "[federation]\n" + others)
        if "[[components]]" in content:
            content += COMPONENTS
        return content if "role = \"s2s\"" in content or "role = \"components\"" in content \
            else content + LISTENERS

    def start(self, name):
        ready = self.room.file(name + ".ready")
        if os.path.exists(ready):
            os.remove(ready)
        process = self.room.start(
            [binary("lapwing-server"), "--config", self.files[name], "--ready-file", ready],
            name + ".log")
        try:
            wait_until(lambda: os.path.exists(ready), f"{name} is ready", 20, process)
        except Exception:
            print(self.room.log(name + ".log"))
            raise
        with open(ready) as lines:
            for line in lines:
                self.ports[line.split()[0]] = int(line.split()[2])
        self.processes[name] = process

    def control(self, name, *arguments, text=""):
        return subprocess.run([binary("lapwingctl"), *arguments, "--config", self.files[name]],
                              capture_output=True, text=True, input=text)

    # Checks

    def talks(self, word="hello"):
        for one, two in ((self.juliet, self.romeo), (self.romeo, self.juliet)):
            one.say(two.jid, f"{word} from {one.jid}")
            two.hears(f"{word} from {one.jid}", 30)

    def reaches(self):
        for user in (self.juliet, self.romeo):
            user.say(BOT, f"hello from {user.jid}")
            self.bot.answers()
            user.hears(f"the bot heard hello from {user.jid}")

    def lists(self):
        items = self.juliet.ask(OURS, "<query xmlns='http://jabber.org/protocol/disco#items'/>")
        found = [item.get("jid") for item in items.iter() if item.get("jid")]
        expect(BOT in found, str(found))

    def misses(self):
        self.juliet.say("nobody@nowhere.example", "hello", "lost")
        condition, words = self.juliet.bounced("lost", 60)
        expect(condition == "remote-server-not-found" and "nowhere.example" in words, words)

    def comes_back(self):
        """The process for other servers is killed, and what is said meanwhile arrives."""
        process = self.processes.get("s2s")
        if process is None:
            return "there is none"
        process.kill()
        process.wait()
        self.juliet.say(self.romeo.jid, "said meanwhile")
        self.start("s2s")
        self.romeo.hears("said meanwhile", 60)
        self.talks("again")

    def close(self):
        self.bot.end()
        for user in (self.juliet, self.romeo):
            user.leave()
        self.theirs.stop()
        for process in self.processes.values():
            stop(process)
        left = [name for name in os.listdir(self.room.path) if name.endswith(".pid")]
        expect(not left, f"{left} are left")


def verify_units(workshop):
    """With this build's programs in the place of those that are installed."""
    folder, units = os.path.join(ROOT, "deploy"), []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".service"):
            with open(os.path.join(folder, name)) as unit:
                content = unit.read()
            for program in re.findall("/usr/local/bin/([a-z-]+)", content):
                content = content.replace("/usr/local/bin/" + program, binary(program))
            units.append(workshop.file(name, content))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *units],
                          capture_output=True, text=True)
    # What it does not know it only tells of.
    said = [line for line in done.stderr.splitlines() if workshop.path in line]
    expect(done.returncode == 0 and not said, done.stderr)
    return f"{len(units)} units"


def main():
    report = Report("the layouts of docs/federation.md")
    workshop = Workshop("layouts")
    if shutil.which("systemd-analyze"):
        report.check("systemd takes the units", verify_units, workshop)
    else:
        report.skip("systemd takes the units", "there is no systemd-analyze here")
    found = layouts()
    report.check("the page has them", lambda: expect(len(found) == 3, str(list(found))))
    for number, (title, files) in enumerate(found.items()):
        made = []
        report.check(f"{title}: it starts", lambda: made.append(
            Layout(workshop.room(str(number)), title, files)))
        if not made:
            continue
        layout = made[0]
        for words, step in (
                ("it talks with another server", layout.talks),
                ("its component is reached", layout.reaches),
                ("its component is listed", layout.lists),
                ("what can't be delivered comes back", layout.misses),
                ("the process for other servers comes back", layout.comes_back),
                ("it ends", layout.close)):
            report.check(f"{title}: {words}", step)
    workshop.close()
    os._exit(report.close())


if __name__ == "__main__":
    main()
