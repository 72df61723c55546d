"""Lapwing in two processes: a router with the accounts, and one for other servers."""

import os
import secrets
import socket
import subprocess

from .lapwing import FEDERATION, Lapwing, binary
from .process import stop, wait_until

ROUTER = """
role = "router"
pid_file = "{pid}"
"""

LINK = """
[[links]]
name = "{name}"
secret = "{secret}"
{way}
{leads}
"""

EDGE = """
role = "s2s"
domain = "{domain}"
data = "{data}"
log_level = "{log_level}"
pid_file = "{pid}"

[tls]
certificate = "{certificate}"
key = "{key}"

{link}
{more}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class SplitLapwing(Lapwing):
    """`way` says how the two meet: unix (the router listens), tcp (it listens, with TLS), or
    called (the other one listens on a Unix socket)."""

    federation_log = "s2s.log"

    def __init__(self, workshop, domain="example.test", more="", log_level="notice", loops=2,
                 federation=None, way="unix"):
        secret = secrets.token_hex(16)
        place = (f"127.0.0.1:{free_port()}" if way == "tcp"
                 else "unix:" + workshop.file("link.sock"))
        listen, connect = f'listen = "{place}"', f'connect = "{place}"'
        ours, theirs = (connect, listen) if way == "called" else (listen, connect)
        link = LINK.format(name="s2s", secret=secret, way=ours, leads="uplink = true")
        # Before all tables.
        self._head = ROUTER.format(pid=workshop.file("router.pid"))
        super().__init__(workshop, domain, more + link, log_level, loops)
        with open(self.configuration) as text:
            whole = text.read()
        workshop.file("lapwing.toml", self._head + whole)
        self.edge = None
        certificate, key = federation.copied(workshop)
        self.edge_configuration = workshop.file("s2s.toml", EDGE.format(
            domain=domain, data=workshop.file("s2s-data"), log_level=log_level,
            pid=workshop.file("s2s.pid"), certificate=certificate, key=key,
            link=LINK.format(name="router", secret=secret, way=theirs, leads=""),
            more=self._federation(federation),
        ))
        self.edge_ready = workshop.file("s2s-ready")
        self._federation_ports = {}

    def start(self, log="server.log", prefix=()):
        super().start(log, prefix)
        self.start_edge()
        return self

    def start_edge(self):
        """The process for other servers; it comes back on the ports that it had."""
        if os.path.exists(self.edge_ready):
            os.remove(self.edge_ready)
        self.edge = self.workshop.start(
            [binary("lapwing-server"), "--config", self.edge_configuration,
             "--ready-file", self.edge_ready], "s2s.log")
        wait_until(lambda: os.path.exists(self.edge_ready), "the s2s process is ready", 20,
                   self.edge)
        wait_until(self.is_linked, "the link is up", 20, self.edge)
        with open(self.edge_ready) as lines:
            for line in lines:
                name, _, port = line.split()
                self.ports[name] = int(port)

    def fix_ports(self):
        """Has the process keep its ports from here on, for others have learned them."""
        with open(self.edge_configuration) as text:
            whole = text.read()
        for name in ("s2s", "s2s-direct"):
            whole = whole.replace("port = 0", f"port = {self.ports[name]}", 1)
        self.workshop.file("s2s.toml", whole)

    def is_linked(self):
        return "up," in self.control("links", check=False).stdout

    @property
    def pids(self):
        return [self.pid, self.edge.pid]

    def stop_edge(self):
        return stop(self.edge)

    def kill_edge(self):
        self.edge.kill()
        self.edge.wait()

    def stop(self):
        stop(self.edge)
        return super().stop()

    def control(self, *arguments, check=True, text=None):
        """Asks the process that knows."""
        if arguments[0] != "s2s":
            return super().control(*arguments, check=check, text=text)
        return self.edge_control(*arguments, check=check)

    def edge_control(self, *arguments, check=True):
        done = subprocess.run(
            [binary("lapwingctl"), *arguments, "--config", self.edge_configuration],
            capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if check and done.returncode != 0:
            raise RuntimeError(f"lapwingctl {arguments[0]}: {done.stderr or done.stdout}")
        return done
