"""Debian's prosody, unpacked, on private loopback ports."""

import os
import re

from .process import ROOT, free_port, listens, self_signed, stop, wait_until
from .scram import stored_secret

NOBODY = 65534

CONFIGURATION = """
pidfile = "{data}/prosody.pid"
data_path = "{data}"
log = {{ info = "{data}/prosody.log" }}
plugin_paths = {{}}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {c2s} }}
c2s_direct_tls_ports = {{ {direct} }}
http_ports = {{}}
https_ports = {{}}
modules_enabled = {{
    "roster", "saslauth", "tls", "disco", "pep", "ping", "version", "presence", "groups",
    {modules}
}}
modules_disabled = {{ {disabled} }}
authentication = "internal_hashed"
storage = "internal"
c2s_require_encryption = false
allow_unencrypted_plain_auth = false
limits = {{}}
groups_file = "{data}/groups.txt"
ssl = {{ key = "{key}", certificate = "{certificate}"{authority} }}
{component_ports}
{federation}
VirtualHost "{domain}"
{more}
"""
COMPONENT_PORTS = """
component_interfaces = {{ "127.0.0.1" }}
component_ports = {{ {port} }}
"""
FEDERATION = """
s2s_ports = {{ {starttls} }}
s2s_direct_tls_ports = {{ {direct} }}
s2s_require_encryption = {encryption}
s2s_secure_auth = {certificate}
unbound = {{
    hoststxt = false, resolvconf = false, forward = {{ "127.0.0.1@{names}" }},
    options = {{ ["do-not-query-localhost:"] = "no" }},
}}
"""
COMPONENT = """
Component "{}"
    component_secret = "{}"
"""


class Prosody:
    """A server with the same face as `Lapwing`."""

    name = "prosody"
    # What scenarios may ask for with "Needs:".
    abilities = frozenset({"offline-refused"})

    def __init__(self, workshop, domain="example.test", more="", components=None,
                 federation=None):
        """`components` are external ones (XEP-0114): their secrets by their domains."""
        self.workshop = workshop
        self.domain = domain
        self.host = "127.0.0.1"
        self.ports = {"c2s": free_port(), "c2s-direct": free_port()}
        self.ports["c2s-plain"] = self.ports["c2s-unbound"] = self.ports["c2s"]
        ports = ""
        if components:
            self.ports["component"] = free_port()
            ports = COMPONENT_PORTS.format(port=self.ports["component"])
            more += "".join(COMPONENT.format(name, secret) for name, secret in components.items())
        others, modules, disabled, authority = "s2s_ports = {}", "", ["s2s", "offline"], ""
        if federation:
            others, modules = self._federation(federation)
            disabled = ["offline"] + (["tls"] if federation.encryption == "none" else [])
            authority = f', cafile = "{federation.authority}"'
        self.data = workshop.file("prosody")
        os.mkdir(self.data, 0o700)
        self.certificate, key = (
            federation.copied(workshop) if federation else self_signed(workshop, domain))
        workshop.file("prosody/groups.txt", "")
        self.configuration = workshop.file("prosody/prosody.cfg.lua", CONFIGURATION.format(
            data=self.data, domain=domain, certificate=self.certificate, key=key,
            c2s=self.ports["c2s"], direct=self.ports["c2s-direct"], component_ports=ports,
            more=more, federation=others, modules=modules, authority=authority,
            disabled=", ".join(f'"{name}"' for name in disabled),
        ))
        # One salted secret for each password: a thousand accounts are made in a moment.
        self._secrets = {}

    def _federation(self, wanted):
        """The settings, and the modules for them."""
        self.ports["s2s"], self.ports["s2s-direct"] = free_port(), free_port()
        modules = ["s2s_auth_certs"]
        if wanted.dialback:
            modules.append("dialback")
        if wanted.bidirectional:
            modules.append("s2s_bidi")
        if wanted.acknowledgements:
            modules.append("smacks")
        lua = lambda value: "true" if value else "false"
        text = FEDERATION.format(
            starttls=self.ports["s2s"], direct=self.ports["s2s-direct"], names=wanted.names.port,
            encryption=lua(wanted.encryption == "required"),
            certificate=lua(wanted.authentication == "certificate"),
        )
        return text, ", ".join(f'"{name}"' for name in modules)

    @staticmethod
    def program():
        """The unpacked start script, pointed at the unpacked modules."""
        peers = os.environ.get("LAPWING_PEERS_DIR", os.path.join(ROOT, ".build-interop"))
        unpacked = os.path.join(peers, "prosody")
        with open(os.path.join(unpacked, "usr/bin/prosody")) as script:
            text = script.read()
        library = os.path.join(unpacked, "usr/lib/prosody")
        return re.sub(r"(?m)^(CFG_\w+DIR)='/usr/lib/prosody", rf"\1='{library}", text)

    def register(self, user, password):
        """Writes the account's file: what prosodyctl does, without its start-up."""
        if password not in self._secrets:
            self._secrets[password] = stored_secret(password)
        secret = self._secrets[password]
        encoded = lambda name: re.sub(r"[^a-z0-9]", lambda found: f"%{ord(found[0]):02x}", name)
        folder = os.path.join(self.data, encoded(self.domain), "accounts")
        os.makedirs(folder, mode=0o700, exist_ok=True)
        path = os.path.join(folder, encoded(user) + ".dat")
        with open(path, "w") as out:
            out.write(
                'return {{ ["salt"] = "{salt}"; ["iteration_count"] = {iterations};'
                ' ["stored_key"] = "{stored_key}"; ["server_key"] = "{server_key}"; }};\n'
                .format(**secret)
            )
        if os.geteuid() == 0:
            for owned in (path, folder, os.path.dirname(folder)):
                os.chown(owned, NOBODY, NOBODY)

    def start(self):
        script = self.workshop.file("prosody/start.lua", self.program())
        command = ["lua5.4", script, "--config", self.configuration, "-F"]
        if os.geteuid() == 0:
            self._hand_over()
            # The workshop itself must be passable for the unprivileged user.
            os.chmod(self.workshop.path, 0o711)
            command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
                       "--clear-groups"] + command
        self.process = self.workshop.start(command, "prosody.out")
        wait_until(
            lambda: all(listens(port) for port in self.ports.values()),
            "prosody listens", 15, self.process,
        )
        return self

    def stop(self):
        return stop(self.process)

    @property
    def pid(self):
        return self.process.pid

    def _hand_over(self):
        """Gives the files to the user that the server runs as."""
        if os.geteuid() != 0:
            return
        for path in (self.workshop.file("peer.key"), self.workshop.file("peer.crt"), self.data):
            os.chown(path, NOBODY, NOBODY)
        for folder, folders, files in os.walk(self.data):
            for name in folders + files:
                os.chown(os.path.join(folder, name), NOBODY, NOBODY)
