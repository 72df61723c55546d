"""Two servers of each kind on loopback that find, prove and encrypt to each other."""

import json
import subprocess

from harness.federation import World
from harness.process import Workshop
from rivals import LIMITS, LOAD, PASSWORD, make_accounts

# The kinds that talk to other servers.
KINDS = ("lapwing", "prosody", "ejabberd")
# Ours in two processes, as `World` calls it; it takes turns with the others.
SPLIT = "lapwing-split"
# What a stream may bring a second is limited for strangers; here it would be what is measured.
FEDERATION = 'rate = "0B"'


class Pairs:
    """Two started servers by kind; leaving the block ends them."""

    near, far = "near.example", "far.example"

    def __init__(self, peers, ours):
        self.workshops = []
        self.servers = {}
        try:
            for kind in (["lapwing", SPLIT] if ours else []) + list(peers):
                self.servers[kind] = self._start(kind)
        except BaseException:
            self.close()
            raise

    def _start(self, kind):
        workshop = Workshop(f"bench-{kind}")
        self.workshops.append(workshop)
        world = World(workshop, target="localhost" if kind == "ejabberd" else None)
        options = {}
        if kind in ("lapwing", SPLIT):
            limits = "".join(f"{name} = {value}\n" for name, value in LIMITS.items())
            options = {"log_level": "warning", "loops": 0, "more": "[limits]\n" + limits}
        both = []
        for domain, user in ((self.near, "host0"), (self.far, "viewer0")):
            server = world.start(kind, domain, options=options, settings=FEDERATION)
            make_accounts(server, [user], False)
            both.append(server)
        return both

    @property
    def names(self):
        return list(self.servers)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for workshop in self.workshops:
            workshop.close()

    def load(self, name, kind, *options):
        """One run of the generator between the two; its result as a dictionary."""
        near, far = self.servers[name]
        pids = lambda server: ",".join(map(str, getattr(server, "pids", [server.pid])))
        done = subprocess.run(
            [LOAD, kind, "--host", near.host, "--password", PASSWORD, "--security", "plain",
             "--domain", near.domain, "--port", str(near.ports["c2s-plain"]),
             "--pids", pids(near), "--far-domain", far.domain,
             "--far-port", str(far.ports["c2s-plain"]), "--far-pids", pids(far), *options],
            capture_output=True, text=True,
        )
        if done.returncode != 0:
            logs = "".join(room.workshop.log("server.log", 5) for room in (near, far))
            raise RuntimeError(done.stderr.strip() + "\n" + logs)
        return json.loads(done.stdout)
