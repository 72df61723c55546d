"""SASL SCRAM, the client's side (RFC 5802, RFC 7677, RFC 5929)."""

import base64
import hashlib
import hmac
import os

HASHES = {"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256"}


class Scram:
    """One exchange. Feed it the server's messages in order."""

    def __init__(self, mechanism, user, password, binding=None, binding_offered=False):
        """`binding` is None or (type, bytes); with it the mechanism's -PLUS variant is spoken."""
        self.hash = HASHES[mechanism.removesuffix("-PLUS")]
        self.password = password.encode()
        self.nonce = base64.b64encode(os.urandom(18)).decode()
        if binding:
            self.header = f"p={binding[0]},,"
            self.binding = self.header.encode() + binding[1]
        else:
            # 'y' says: we could bind, but you did not offer it (RFC 5802 §6).
            self.header = "y,," if binding_offered else "n,,"
            self.binding = self.header.encode()
        escaped = user.replace("=", "=3D").replace(",", "=2C")
        self.bare = f"n={escaped},r={self.nonce}"

    def first(self):
        return (self.header + self.bare).encode()

    def final(self, challenge):
        """The answer to the server's first message."""
        fields = dict(part.split("=", 1) for part in challenge.decode().split(","))
        if not fields["r"].startswith(self.nonce):
            raise ValueError("the server's nonce does not begin with ours")
        salted = hashlib.pbkdf2_hmac(
            self.hash, self.password, base64.b64decode(fields["s"]), int(fields["i"])
        )
        client_key = self._hmac(salted, b"Client Key")
        stored_key = hashlib.new(self.hash, client_key).digest()
        without_proof = f"c={base64.b64encode(self.binding).decode()},r={fields['r']}"
        transcript = ",".join([self.bare, challenge.decode(), without_proof]).encode()
        signature = self._hmac(stored_key, transcript)
        proof = bytes(a ^ b for a, b in zip(client_key, signature))
        self.expected = self._hmac(self._hmac(salted, b"Server Key"), transcript)
        return f"{without_proof},p={base64.b64encode(proof).decode()}".encode()

    def verify(self, success):
        """Checks that the server knows the password too."""
        fields = dict(part.split("=", 1) for part in success.decode().split(","))
        if base64.b64decode(fields.get("v", "")) != self.expected:
            raise ValueError("the server's signature is wrong")

    def _hmac(self, key, text):
        return hmac.new(key, text, self.hash).digest()


def stored_secret(password, mechanism="SCRAM-SHA-1", iterations=10_000):
    """Salt, iterations, stored key and server key, as servers keep them."""
    name = HASHES[mechanism]
    salt = base64.b64encode(os.urandom(12))
    salted = hashlib.pbkdf2_hmac(name, password.encode(), salt, iterations)
    client_key = hmac.new(salted, b"Client Key", name).digest()
    return {
        "salt": salt.decode(),
        "iterations": iterations,
        "stored_key": hashlib.new(name, client_key).hexdigest(),
        "server_key": hmac.new(salted, b"Server Key", name).hexdigest(),
    }
