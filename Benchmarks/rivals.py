"""Our server and its peers, with the same accounts, loaded by the same generator."""

import concurrent.futures
import json
import os
import re
import subprocess

from harness.ejabberd import Ejabberd
from harness.lapwing import Lapwing
from harness.mosquitto import Mosquitto
from harness.process import ROOT, Workshop
from harness.prosody import Prosody

HERE = os.path.dirname(os.path.abspath(__file__))
LOAD = os.path.join(HERE, ".build", "release", "lapwing-load")
PASSWORD = "a-password-of-the-benchmarks"
PEERS = {"prosody": Prosody, "ejabberd": Ejabberd, "mosquitto": Mosquitto}

# Only its administrators may make nodes on prosody's service.
PROSODY_SERVICE = """
Component "pubsub.{domain}" "pubsub"
    admins = {{ "owner@{domain}" }}
    pubsub_max_items = 1000000
"""
# The limit on what a connection may send is for strangers; here it would be what is measured. All
# nodes of a service are made by one account.
LIMITS = {"rate": '"0B"', "nodes_per_creator": 100000}


# The same for components, whose listener has a limit of its own.
OUR_COMPONENT = """
[component_listener]
port = 0
rate = "0B"
stanzas_per_second = 0

[[components]]
domain = "{domain}"
secret = "{secret}"
"""


class Rivals:
    """Started servers by name; leaving the block ends them."""

    domain = "example.test"

    def __init__(self, accounts, peers, ours, groups=False, limits=None, component=None):
        """`groups` puts host… and viewer… into the groups that see each other on our server;
        `limits` raises limits of ours for one row, and says so; `component` is the domain of one
        that may attach, where the peers know such (XEP-0114)."""
        self.servers = {}
        self.component = component
        try:
            if ours:
                self.servers["lapwing"] = self._ours(limits or {})
            for name in peers:
                more = {}
                if name == "prosody":
                    more["more"] = PROSODY_SERVICE.format(domain=self.domain)
                if component:
                    more["components"] = {component: PASSWORD}
                self.servers[name] = PEERS[name](Workshop(f"bench-{name}"), **more).start()
            for server in self.servers.values():
                make_accounts(server, accounts, groups)
        except BaseException:
            self.close()
            raise

    def _ours(self, limits):
        if limits:
            raised = ", ".join(f"{name} = {value}" for name, value in limits.items())
            print(f"with {raised}", flush=True)
        lines = [f"{name} = {value}" for name, value in {**LIMITS, **limits}.items()]
        more = "[limits]\n" + "\n".join(lines) + "\n"
        if self.component:
            print('component_listener: rate = "0B", stanzas_per_second = 0', flush=True)
            more += OUR_COMPONENT.format(domain=self.component, secret=PASSWORD)
        server = Lapwing(Workshop("bench"), log_level="warning", loops=0, more=more)
        return server.start()

    @property
    def names(self):
        return list(self.servers)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for server in self.servers.values():
            server.workshop.close()

    def load(self, name, kind, *options):
        """One run of the generator against a server; its result as a dictionary."""
        server = self.servers[name]
        speaks = ("mqtt", "mqtt") if name == "mosquitto" else ("c2s-plain", "plain")
        if self.component:
            options += ("--component", self.component, "--secret", PASSWORD, "--component-port",
                        str(server.ports["component"]))
        done = subprocess.run(
            [LOAD, kind, "--host", server.host, "--port", str(server.ports[speaks[0]]),
             "--security", speaks[1], "--domain", server.domain, "--password", PASSWORD,
             "--pid", str(server.pid), "--service", f"pubsub.{server.domain}", *options],
            capture_output=True, text=True,
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip() + "\n" + server.workshop.log("server.log", 5))
        return json.loads(done.stdout)

    @staticmethod
    def limits_text():
        """The limits of ours that are on in every row."""
        with open(os.path.join(ROOT, "deploy", "lapwing.toml")) as sample:
            section = sample.read().partition("[limits]")[2]
        found = re.findall(r"(?m)^# (\w+) = (\S+)", section.partition("\n[")[0])
        said = [f"{name} = {value}" for name, value in found if name not in LIMITS]
        off = [f"{name} = {value}" for name, value in LIMITS.items()]
        return "limits: " + ", ".join(said) + "; taken off: " + ", ".join(off)


def make_accounts(server, users, groups):
    """Some at a time: a registration waits for its password's rounds, and for the disk."""
    def make(user):
        server.register(user, PASSWORD)

    if server.name == "mosquitto":
        return
    workers = 1 if server.name == "prosody" else 4
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        list(pool.map(make, users))
    if groups and "groups" in server.abilities:
        for user in users:
            if user.startswith(("host", "viewer")):
                server.add_to_group("viewers" if user.startswith("viewer") else "hosts", user)
