"""Several servers on loopback that find each other by a name server of the tests."""

import os
import shutil
from dataclasses import dataclass

from .certificates import Authority, Identity
from .ejabberd import Ejabberd
from .lapwing import Lapwing
from .names import Names
from .prosody import Prosody
from .split import SplitLapwing

PASSWORD = "a password of the tests"


@dataclass
class Federation:
    """How a server meets others; what a kind of server can't do it passes over."""

    names: Names
    # The file of the authorities that are believed.
    authority: str
    identity: Identity
    # required, optional or none.
    encryption: str = "required"
    # dialback or certificate: what makes another server believed.
    authentication: str = "dialback"
    # Whether dialback is spoken; of Lapwing, whether it proves itself so.
    dialback: bool = True
    bidirectional: bool = True
    acknowledgements: bool = True
    # The file of the keys that DNSSEC begins with; none for the system's.
    anchors: str = ""
    # More of Lapwing's configuration: lines of [federation], and tables behind it.
    settings: str = ""
    domains: str = ""

    def copied(self, workshop):
        """The certificate and the key where the server looks for them."""
        certificate, key = workshop.file("peer.crt"), workshop.file("peer.key")
        shutil.copy(self.identity.certificate, certificate)
        shutil.copy(self.identity.key, key)
        return certificate, key


class World:
    """Names, an authority, and servers by their domains."""

    KINDS = {"lapwing": Lapwing, "lapwing-split": SplitLapwing, "prosody": Prosody,
             "ejabberd": Ejabberd}

    def __init__(self, workshop, target=None):
        """`target` is for ejabberd, which asks the system, and no name server, for addresses."""
        self.workshop = workshop
        self.target = target
        self.names = Names()
        self.authority = Authority(workshop)
        self.servers = {}
        self.anchors = ""

    def sign(self, zone):
        """Signs a zone, for the servers that are started from then on."""
        anchor = self.names.sign(zone)
        self.anchors = self.workshop.file("anchors", anchor + "\n", mode=0o644)

    def start(self, kind, domain, users=(), identity=None, found_by=("starttls",), options=None,
              **federation):
        """Starts a server whose services are found under the domain as well.

        `found_by` says in which ways others find it: starttls, direct.
        """
        services = [f"{prefix}.{domain}" for prefix in ("pubsub", "monitor")]
        settings = Federation(
            names=self.names, authority=self.authority.certificate,
            identity=identity or self.authority.issue(domain, *services),
            anchors=self.anchors, **federation,
        )
        if kind == "lapwing" and os.environ.get("LAPWING_LAYOUT") == "split":
            kind = "lapwing-split"
        server = self.KINDS[kind](
            self.workshop.room(domain), domain, federation=settings, **(options or {}))
        server.start()
        for user in users:
            server.register(user, PASSWORD)
        for name in (domain, *services):
            self.publish(name, server, found_by)
        self.servers[domain] = server
        return server

    def publish(self, name, server, found_by=("starttls",)):
        self.names.serve(
            name, server.host,
            server.ports["s2s"] if "starttls" in found_by else None,
            server.ports["s2s-direct"] if "direct" in found_by else None,
            target=self.target,
        )
