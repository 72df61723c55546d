"""Lapwing's own programs, started from a folder of binaries on private loopback ports."""

import os
import subprocess

from .process import ROOT, self_signed, stop, wait_until

CONFIGURATION = """
domain = "{domain}"
event_loops = {loops}
data = "{data}"
log_level = "{log_level}"

[tls]
certificate = "{certificate}"
key = "{key}"

[[listeners]]
address = "127.0.0.1"
port = 0
security = "starttls"

[[listeners]]
address = "127.0.0.1"
port = 0
security = "starttls"
channel_binding = false

[[listeners]]
address = "127.0.0.1"
port = 0
security = "tls"

[[listeners]]
address = "127.0.0.1"
port = 0
security = "plain"

[groups.hosts]
sees = ["viewers"]

[groups.viewers]
sees = ["hosts"]

{more}
"""

FEDERATION = """
[names]
servers = ["127.0.0.1@{names}"]
{anchors}

[federation]
encryption = {encryption}
authentication = "{authentication}"
dialback = {dialback}
bidirectional = {bidirectional}
authorities = "{authority}"
{settings}

[[federation.listeners]]
address = "127.0.0.1"
port = 0
security = "starttls"

[[federation.listeners]]
address = "127.0.0.1"
port = 0
security = "tls"

{domains}
"""

# What the ready file calls the listeners, in the order of the configuration, and what we do.
LISTENERS = [("c2s", "c2s"), ("c2s", "c2s-unbound"), ("c2s-direct", "c2s-direct"),
             ("c2s-plain", "c2s-plain")]


def binary(name):
    """The path of one of our programs; LAPWING_BIN says in which folder."""
    folder = os.environ.get("LAPWING_BIN", os.path.join(ROOT, ".build", "release"))
    path = os.path.join(folder, name)
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"{path} is missing: run `make build`, or set LAPWING_BIN")
    return path


class Lapwing:
    """A server with its own data directory. It can be started, stopped and killed at will."""

    name = "lapwing"
    # Where it says what it has to do with other servers.
    federation_log = "server.log"
    # What scenarios may ask for with "Needs:".
    abilities = frozenset({
        "groups", "offline-refused", "strict-streams", "exact-errors", "exact-presence",
        "exact-notifications", "delayed-last-item", "verified-capabilities",
        "pubsub-service", "fleet-service",
    })

    def __init__(self, workshop, domain="example.test", more="", log_level="notice", loops=2,
                 federation=None):
        """Two loops on any machine, so that what they have for each other is tested."""
        self.workshop = workshop
        self.domain = domain
        self.host = "127.0.0.1"
        self.ports = {}
        self.process = None
        self.certificate, key = (
            federation.copied(workshop) if federation else self_signed(workshop, domain))
        if federation:
            more += self._federation(federation)
        self.configuration = workshop.file("lapwing.toml", CONFIGURATION.format(
            domain=domain, data=workshop.file("data"), certificate=self.certificate, key=key,
            more=more, log_level=log_level, loops=loops,
        ))
        self.ready_file = workshop.file("ready")

    @staticmethod
    def _federation(wanted):
        toml = lambda value: "true" if value else "false"
        return FEDERATION.format(
            names=wanted.names.port,
            anchors=f'trust_anchor = "{wanted.anchors}"' if wanted.anchors else "",
            encryption=toml(wanted.encryption == "required"),
            authentication=wanted.authentication, dialback=toml(wanted.dialback),
            bidirectional=toml(wanted.bidirectional), authority=wanted.authority,
            settings=wanted.settings, domains=wanted.domains,
        )

    def start(self, log="server.log", prefix=()):
        if os.path.exists(self.ready_file):
            os.remove(self.ready_file)
        self.process = self.workshop.start(
            [*prefix, binary("lapwing-server"), "--config", self.configuration,
             "--ready-file", self.ready_file], log,
        )
        try:
            wait_until(self._is_ready, "the server is ready", 20, self.process)
        except Exception:
            print(self.workshop.log(log), flush=True)
            raise
        return self

    def stop(self):
        return stop(self.process)

    def kill(self):
        self.process.kill()
        self.process.wait()

    @property
    def pid(self):
        return self.process.pid

    @property
    def pids(self):
        """Of all its processes."""
        return [self.pid]

    # Through lapwingctl

    def control(self, *arguments, check=True, text=None):
        """Runs lapwingctl; a failure raises with what it said."""
        done = subprocess.run(
            [binary("lapwingctl"), *arguments, "--config", self.configuration],
            capture_output=True, text=True, input=text if text is not None else "",
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"lapwingctl {arguments[0]}: {done.stderr or done.stdout}")
        return done

    def register(self, user, password):
        self.control("register", user, self.domain, text=password + "\n")

    def add_to_group(self, group, user):
        self.control("groups", "add", group, f"{user}@{self.domain}")

    def _is_ready(self):
        try:
            with open(self.ready_file) as lines:
                found = [line.split() for line in lines]
        except OSError:
            return False
        clients = [line for line in found if line[0].startswith("c2s")]
        if len(clients) < len(LISTENERS):
            return False
        for name, _, port in found:
            self.ports[name] = int(port)
        for (name, ours), line in zip(LISTENERS, clients):
            if line[0] != name:
                raise RuntimeError(f"the ready file says {line[0]} where {name} was expected")
            self.ports[ours] = int(line[2])
        return True
