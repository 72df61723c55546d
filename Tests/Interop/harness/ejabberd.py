"""Debian's ejabberd, unpacked with its Erlang, on a private loopback port, without epmd."""

import glob
import os

from .process import ROOT, free_port, listens, self_signed, stop, wait_until
from .wire import Connection

CONFIGURATION = """
hosts: ["{domain}"]
loglevel: warning
certfiles: ["{pem}"]
auth_method: internal
auth_password_format: scram
disable_sasl_mechanisms: ["PLAIN", "DIGEST-MD5", "X-OAUTH2"]
max_fsm_queue: 1000000
registration_timeout: infinity
listen:
  -
    port: {c2s}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    max_stanza_size: 262144
    shaper: none
    access: all
{listeners}
acl:
  loopback:
    ip: ["127.0.0.0/8"]
access_rules:
  loopback:
    - allow: loopback
  everyone:
    - allow: all
shaper_rules:
  max_user_sessions: 100
modules:
  mod_caps: {{}}
  mod_disco: {{}}
  mod_roster: {{}}
  mod_ping: {{}}
  mod_register:
    ip_access: loopback
    password_strength: 0
  mod_pubsub:
    access_createnode: everyone
    max_items_node: 1000000
    last_item_cache: true
    plugins: [flat, pep]
{modules}
"""
LISTENERS = """
  -
    port: {starttls}
    ip: "127.0.0.1"
    module: ejabberd_s2s_in
    max_stanza_size: 524288
    shaper: none
  -
    port: {direct}
    ip: "127.0.0.1"
    module: ejabberd_s2s_in
    max_stanza_size: 524288
    shaper: none
    tls: true
s2s_use_starttls: {encryption}
s2s_cafile: "{authority}"
outgoing_s2s_timeout: 10
"""
# What Erlang is to know of names: only what the name server of the tests says.
NAMES = """
{{resolv_conf, ""}}.
{{hosts_file, ""}}.
{{lookup, [dns]}}.
{{nameserver, {{127,0,0,1}}, {port}}}.
"""


class Ejabberd:
    """A server with the same face as `Lapwing`; accounts are made once it runs."""

    name = "ejabberd"
    abilities = frozenset()

    def __init__(self, workshop, domain="example.test", federation=None):
        self.workshop = workshop
        self.domain = domain
        self.host = "127.0.0.1"
        self.ports = {"c2s": free_port()}
        self.ports["c2s-plain"] = self.ports["c2s"]
        self.data = workshop.file("ejabberd")
        os.mkdir(self.data, 0o700)
        listeners, modules = self._federation(federation) if federation else ("", "")
        self.names = federation and workshop.file(
            "inetrc", NAMES.format(port=federation.names.port))
        self.certificate, key = (
            federation.copied(workshop) if federation else self_signed(workshop, domain))
        both = "".join(open(path).read() for path in (self.certificate, key))
        self.configuration = workshop.file("ejabberd/ejabberd.yml", CONFIGURATION.format(
            domain=domain, pem=workshop.file("ejabberd/both.pem", both), c2s=self.ports["c2s"],
            listeners=listeners, modules=modules,
        ))
        self._waiting = []
        self.process = None

    def _federation(self, wanted):
        """The settings for other servers, and the modules."""
        self.ports["s2s"], self.ports["s2s-direct"] = free_port(), free_port()
        listeners = LISTENERS.format(
            starttls=self.ports["s2s"], direct=self.ports["s2s-direct"],
            encryption={"none": "false"}.get(wanted.encryption, wanted.encryption),
            authority=wanted.authority,
        )
        return listeners, "  mod_version: {}\n" + (
            "  mod_s2s_dialback: {}\n" if wanted.dialback else "")

    def start(self):
        unpacked = os.path.join(
            os.environ.get("LAPWING_PEERS_DIR", os.path.join(ROOT, ".build-interop")), "ejabberd")
        erlang = os.path.join(unpacked, "usr/lib/erlang")
        runtime = glob.glob(os.path.join(erlang, "erts-*", "bin"))
        modules = glob.glob(os.path.join(unpacked, "usr/lib/*/ejabberd-*/ebin"))
        if not runtime or not modules:
            raise FileNotFoundError(f"{unpacked} is missing: run `scripts/deps interop`")
        environment = {
            # What Erlang's own start script sets; it has its installed path in it.
            "ROOTDIR": erlang, "BINDIR": runtime[0], "EMU": "beam", "PROGNAME": "erl",
            "HOME": self.data, "PATH": os.environ["PATH"],
            "EJABBERD_CONFIG_PATH": self.configuration,
            "EJABBERD_LOG_PATH": os.path.join(self.data, "ejabberd.log"),
        }
        if self.names:
            environment["ERL_INETRC"] = self.names
        self.process = self.workshop.start(
            [os.path.join(runtime[0], "erlexec"), "+K", "true", "+P", "250000", "-noinput",
             "-boot", os.path.join(erlang, "bin", "start_clean"),
             "-pa", modules[0], "-mnesia", "dir", f'"{self.data}/mnesia"', "-s", "ejabberd"],
            "ejabberd.out", env=environment, cwd=self.data,
        )
        wait_until(lambda: listens(self.ports["c2s"]), "ejabberd listens", 30, self.process)
        waiting, self._waiting = self._waiting, []
        for user, password in waiting:
            self.register(user, password)
        return self

    def stop(self):
        return stop(self.process)

    @property
    def pid(self):
        return self.process.pid

    def register(self, user, password):
        """By XEP-0077, over a stream of its own: the server admits one account a stream."""
        if self.process is None:
            self._waiting.append((user, password))
            return
        link = Connection(self.host, self.ports["c2s"], self.domain)
        link.open()
        answer = link.request(
            "<iq type='set'><query xmlns='jabber:iq:register'>"
            f"<username>{user}</username><password>{password}</password></query></iq>"
        )
        link.vanish()
        if answer.get("type") != "result":
            raise RuntimeError(f"ejabberd does not register {user}")
