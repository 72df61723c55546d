"""A name server of the tests, on a free loopback port: it answers what it was told, and no more."""

import select
import socket
import struct
import threading

A, NS, CNAME, SOA, TXT, AAAA, SRV, DS, TLSA = 1, 2, 5, 6, 16, 28, 33, 43, 52
NOERROR, NXDOMAIN = 0, 3
TTL_SECONDS = 60


def encoded(name):
    """A name as it is on the wire, without compression."""
    labels = [label for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def srv(port, target, priority=0, weight=0):
    return struct.pack("!HHH", priority, weight, port) + encoded(target)


class Names:
    """Records by name and kind. It runs in a thread of its own until the tests end.

    `asked` are the questions that came, in order: (name, kind).
    """

    def __init__(self):
        self.asked = []
        self._records = {}
        self._parents = set()
        self._silent = set()
        # Zones by name: those that are signed, and with None those below them that are not.
        self._zones = {}
        self._faults = {}
        self._lock = threading.Lock()
        self._tcp = socket.socket()
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # Of datagrams hardly any port is in use.
        self._tcp.bind(("127.0.0.1", 0))
        self.port = self._tcp.getsockname()[1]
        self._udp.bind(("127.0.0.1", self.port))
        self._tcp.listen(50)
        threading.Thread(target=self._run, daemon=True).start()

    # What it knows

    def add(self, name, kind, data):
        with self._lock:
            self._records.setdefault((name.lower(), kind), []).append(data)
            while name:
                self._parents.add(name.lower())
                name = name.partition(".")[2]

    def forget(self, name):
        """Removes what is known of a name and of all below it."""
        with self._lock:
            kept = {key: data for key, data in self._records.items()
                    if key[0] != name and not key[0].endswith("." + name)}
            self._records = kept
            self._silent.discard(name)

    def serve(self, domain, address, starttls=None, direct=None, priority=0, target=None):
        """Says that the servers of a domain are on these ports of an address, or of a target that
        its askers know by themselves."""
        if target is None:
            target = self._target(address)
        if starttls:
            self.add(f"_xmpp-server._tcp.{domain}", SRV, srv(starttls, target, priority))
        if direct:
            self.add(f"_xmpps-server._tcp.{domain}", SRV, srv(direct, target, priority))

    def _target(self, address):
        """A name for the address."""
        target = f"at-{address.replace('.', '-').replace(':', 'x')}.hosts.example"
        kind = AAAA if ":" in address else A
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        packed = socket.inet_pton(family, address)
        with self._lock:
            known = self._records.get((target, kind))
        if not known:
            self.add(target, kind, packed)
        return target

    def silence(self, domain):
        """Never answers a question for the name, or for one below it."""
        with self._lock:
            self._silent.add(domain.lower())

    # Signatures

    def sign(self, zone):
        """Signs all that is and will be known of a zone; the text of its trust anchor."""
        # Only who signs needs the package.
        from .signing import SignedZone
        signed = SignedZone(zone)
        self.add(zone, NS, encoded("ns.example"))
        # Of use where the zone above is signed as well.
        self.add(zone, DS, signed.delegation)
        with self._lock:
            self._zones[zone] = signed
        return signed.anchor

    def leave_unsigned(self, zone):
        """Hands a zone inside of a signed one to somebody who does not sign."""
        self.add(zone, NS, encoded("ns.example"))
        with self._lock:
            self._zones[zone] = None

    def spoil(self, name, kind, fault):
        """Answers a question for a signed name with one of the faults of `signing`."""
        with self._lock:
            self._faults[name, kind] = fault

    def _zone(self, name, kind):
        """Who answers for a name: the nearest zone above it."""
        # What is said of a zone's keys stands in the one above (RFC 4035 §3.1.4.1).
        if kind == DS:
            name = name.partition(".")[2]
        while name:
            if name in self._zones:
                return self._zones[name]
            name = name.partition(".")[2]
        return None

    # Questions

    def _run(self):
        while True:
            for ready in select.select([self._udp, self._tcp], [], [])[0]:
                try:
                    self._serve_tcp() if ready is self._tcp else self._serve_udp()
                except OSError:
                    continue

    def _serve_udp(self):
        data, asker = self._udp.recvfrom(4096)
        answer = self._answer(data)
        if answer:
            self._udp.sendto(answer, asker)

    def _serve_tcp(self):
        link, _ = self._tcp.accept()
        with link:
            link.settimeout(1)
            size = link.recv(2)
            answer = len(size) == 2 and self._answer(link.recv(struct.unpack("!H", size)[0]))
            if answer:
                link.sendall(struct.pack("!H", len(answer)) + answer)

    def _answer(self, query):
        try:
            identity, flags, questions = struct.unpack("!HHH", query[:6])
            name, end = self._name(query, 12)
            kind = struct.unpack("!H", query[end:end + 2])[0]
        except (struct.error, IndexError, UnicodeDecodeError):
            return None
        if questions != 1:
            return None
        with self._lock:
            self.asked.append((name, kind))
            if any(name == quiet or name.endswith("." + quiet) for quiet in self._silent):
                return None
            found = self._records.get((name, kind), [])
            if not found and (name, CNAME) in self._records:
                kind = CNAME
                found = self._records[name, CNAME]
            zone, fault = self._zone(name, kind), self._faults.get((name, kind))
            kinds = [known for at, known in self._records if at == name]
            code = NOERROR if found or name in self._parents else NXDOMAIN
        if zone:
            return zone.answer(query, kind, found, kinds, fault)
        question = query[12:end + 4]
        records = b"".join(
            b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, TTL_SECONDS, len(data)) + data
            for data in found
        )
        authority = b"" if found else self._start_of_authority()
        # An answer, authoritative; recursion as it was asked for, and to be had.
        header = struct.pack("!HHHHHH", identity, 0x8480 | flags & 0x0100 | code, 1, len(found),
                             0 if found else 1, 0)
        return header + question + records + authority

    @staticmethod
    def _start_of_authority():
        """With it, that there is nothing may be remembered: for a second (RFC 2308)."""
        times = struct.pack("!5I", 1, 60, 60, 60, 1)
        data = encoded("ns.example") + encoded("root.example") + times
        return b"\0" + struct.pack("!HHIH", SOA, 1, 1, len(data)) + data

    @staticmethod
    def _name(query, position):
        labels = []
        while length := query[position]:
            labels.append(query[position + 1:position + 1 + length].decode("ascii").lower())
            position += 1 + length
        return ".".join(labels), position + 1
