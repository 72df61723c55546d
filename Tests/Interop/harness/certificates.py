"""An authority of the tests, and certificates, good and bad, by openssl's commands."""

import base64
import hashlib
import itertools
import ssl
import subprocess

CONFIGURATION = """
[ca]
default_ca = here
[here]
database = {path}/index.txt
new_certs_dir = {path}
serial = {path}/serial
default_md = sha256
policy = anything
unique_subject = no
copy_extensions = none
[anything]
commonName = supplied
"""
BOTH = "serverAuth,clientAuth"
# Validity as (first day, last day): now, and long ago.
VALID = ("20200101000000Z", "20491231000000Z")
EXPIRED = ("20200101000000Z", "20210101000000Z")


class Identity:
    """A certificate with its key, as paths of PEM files."""

    def __init__(self, certificate, key):
        self.certificate = certificate
        self.key = key

    def __iter__(self):
        return iter((self.certificate, self.key))

    @property
    def fingerprint(self):
        """SHA-256 in hexadecimal digits."""
        return hashlib.sha256(self._encoded).hexdigest()

    @property
    def _encoded(self):
        """The first certificate of the file, in DER."""
        with open(self.certificate) as text:
            first, end, _ = text.read().partition("-----END CERTIFICATE-----")
        return ssl.PEM_cert_to_DER_cert(first + end)

    def association(self, usage, selector, matching):
        """The data of a TLSA record for the certificate, or for its key (RFC 6698 §2.1)."""
        data = self._encoded
        if selector == 1:
            lines = openssl("x509", "-pubkey", "-noout", "-in", self.certificate).splitlines()
            data = base64.b64decode("".join(line for line in lines if "-----" not in line))
        if matching:
            data = hashlib.new({1: "sha256", 2: "sha512"}[matching], data).digest()
        return bytes([usage, selector, matching]) + data


class Authority:
    """Its own certificate is `certificate`: what a server has to trust."""

    def __init__(self, workshop, name="Authority of the tests"):
        room = workshop.room("authority")
        self.path = room.path
        self._room = room
        self._numbers = itertools.count(1)
        room.file("index.txt", "")
        room.file("serial", "1000\n")
        self._configuration = room.file("ca.cnf", CONFIGURATION.format(path=self.path))
        # Servers that run as another user have to read it.
        self.certificate, self.key = room.file("ca.crt", "", mode=0o644), room.file("ca.key")
        openssl("req", "-x509", *NEW_KEY, "-days", "30", "-subj", f"/CN={name}",
                "-addext", "basicConstraints=critical,CA:TRUE",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                "-keyout", self.key, "-out", self.certificate)

    def issue(self, *names, usage=BOTH, validity=VALID):
        """A certificate for these names, of which the first may have `*.` in front."""
        stem = f"{next(self._numbers)}"
        key, request = self._room.file(stem + ".key"), self._room.file(stem + ".csr")
        certificate = self._room.file(stem + ".crt", "", mode=0o644)
        extensions = self._room.file(stem + ".ext", "\n".join([
            "basicConstraints = CA:FALSE", f"extendedKeyUsage = {usage}",
            "subjectAltName = " + ",".join(f"DNS:{name}" for name in names),
        ]))
        openssl("req", *NEW_KEY, "-subj", f"/CN=number {stem}", "-keyout", key, "-out", request)
        openssl("ca", "-batch", "-notext", "-config", self._configuration, "-cert",
                self.certificate, "-keyfile", self.key, "-in", request, "-out", certificate,
                "-startdate", validity[0], "-enddate", validity[1], "-extfile", extensions)
        return Identity(certificate, key)


NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def self_signed(workshop, *names):
    """A certificate that vouches for itself."""
    stem = f"self-{names[0].replace('*', 'any')}"
    certificate, key = workshop.file(stem + ".crt", "", mode=0o644), workshop.file(stem + ".key")
    openssl("req", "-x509", *NEW_KEY, "-days", "30", "-subj", f"/CN={names[0]}", "-addext",
            "subjectAltName=" + ",".join(f"DNS:{name}" for name in names),
            "-keyout", key, "-out", certificate)
    return Identity(certificate, key)


def openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr}")
    return done.stdout
