"""A zone of the tests' name server that is signed as it is asked for (DNSSEC, RFC 4033 to 4035).

Signatures are by dnspython, which shares nothing with the library that the server resolves by.
"""

import time

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import ec

IN = dns.rdataclass.IN
TTL_SECONDS = 60
DAY_SECONDS = 86_400

# What may be wrong with the answer to a question.
BROKEN = "a signature that does not fit"
EXPIRED = "a signature of another time"
STRIPPED = "no signature"
WITHHELD = "a failure instead of an answer"


class SignedZone:
    """One key signs everything; that something is not there is said by an NSEC record of the name
    that was asked for alone (RFC 4470)."""

    def __init__(self, name):
        self.name = dns.name.from_text(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._public = dns.dnssec.make_dnskey(
            self._key.public_key(), dns.dnssec.Algorithm.ECDSAP256SHA256, flags=257)

    @property
    def delegation(self):
        """The data of the DS record by which the zone above vouches for this one."""
        return self._delegation.to_wire()

    @property
    def anchor(self):
        """The same, for who is to begin with it."""
        return f"{self.name} IN DS {self._delegation}"

    @property
    def _delegation(self):
        return dns.dnssec.make_ds(self.name, self._public, "SHA256")

    def answer(self, query, kind, records, kinds, fault=None):
        """The answer to a query: the data of the records found, of that kind, or that the name has
        only records of those kinds."""
        request = dns.message.from_wire(query)
        question = request.question[0]
        reply = dns.message.make_response(request, recursion_available=True)
        reply.flags |= dns.flags.AA
        reply.want_dnssec(True)
        if fault == WITHHELD:
            reply.set_rcode(dns.rcode.SERVFAIL)
            return reply.to_wire()
        if question.name == self.name and question.rdtype == dns.rdatatype.DNSKEY:
            found = [self._public]
        else:
            found = [dns.rdata.from_wire(IN, kind, data, 0, len(data))
                     for data in records]
        if found:
            reply.answer = self._signed(question.name, found, fault)
        else:
            reply.authority = self._nothing(question.name, kinds, fault)
        return reply.to_wire()

    def _nothing(self, name, kinds, fault):
        start = f"ns.{self.name} root.{self.name} 1 60 60 60 1"
        names = ["RRSIG", "NSEC", *(dns.rdatatype.to_text(kind) for kind in kinds)]
        return [
            *self._signed(self.name, [dns.rdata.from_text(IN, "SOA", start)], fault),
            *self._signed(
                name, [dns.rdata.from_text(IN, "NSEC", f"\\000.{name} {' '.join(names)}")], fault),
        ]

    def _signed(self, name, records, fault):
        found = dns.rrset.from_rdata_list(name, TTL_SECONDS, records)
        if fault == STRIPPED:
            return [found]
        end = time.time() + (DAY_SECONDS if fault != EXPIRED else -DAY_SECONDS)
        signature = dns.dnssec.sign(found, self._key, self.name, self._public,
                                    inception=end - 2 * DAY_SECONDS, expiration=end)
        if fault == BROKEN:
            bytes_ = bytearray(signature.signature)
            bytes_[10] ^= 1
            signature = signature.replace(signature=bytes(bytes_))
        return [found, dns.rrset.from_rdata(name, TTL_SECONDS, signature)]
