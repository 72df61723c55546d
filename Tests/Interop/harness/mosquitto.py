"""Debian's mosquitto, unpacked, on a private loopback port."""

import os
import pwd

from .process import ROOT, free_port, listens, stop, wait_until

CONFIGURATION = """
listener {port} 127.0.0.1
allow_anonymous true
user {user}
persistence true
persistence_location {data}/
log_dest none
set_tcp_nodelay true
max_queued_messages 0
max_inflight_messages 0
"""


class Mosquitto:
    """An MQTT broker with the face of a server; it needs no accounts."""

    name = "mosquitto"
    abilities = frozenset()

    def __init__(self, workshop, domain="example.test"):
        self.workshop = workshop
        self.domain = domain
        self.host = "127.0.0.1"
        self.ports = {"mqtt": free_port()}
        self.data = workshop.file("mosquitto")
        os.mkdir(self.data, 0o700)
        self.configuration = workshop.file("mosquitto/mosquitto.conf", CONFIGURATION.format(
            port=self.ports["mqtt"], data=self.data, user=pwd.getpwuid(os.geteuid()).pw_name,
        ))

    def start(self):
        peers = os.environ.get("LAPWING_PEERS_DIR", os.path.join(ROOT, ".build-interop"))
        program = os.path.join(peers, "mosquitto", "usr/sbin/mosquitto")
        if not os.access(program, os.X_OK):
            raise FileNotFoundError(f"{program} is missing: run `scripts/deps bench`")
        self.process = self.workshop.start([program, "-c", self.configuration], "mosquitto.out")
        wait_until(lambda: listens(self.ports["mqtt"]), "mosquitto listens", 15, self.process)
        return self

    def stop(self):
        return stop(self.process)

    @property
    def pid(self):
        return self.process.pid

    def register(self, user, password):
        """Anonymous clients on loopback: there is nothing to do."""
