"""Private directories, and processes that are always ended."""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))


class Workshop:
    """A private directory with the logs and the processes of one test run.

    `close` ends every process and removes the directory; it also runs at exit.
    """

    def __init__(self, name):
        self.path = tempfile.mkdtemp(prefix=f"lapwing-{name}-")
        self.processes = []
        self.keep = os.environ.get("LAPWING_KEEP_LOGS") == "1"
        atexit.register(self.close)
        signal.signal(signal.SIGTERM, lambda *_: exit(143))

    def room(self, name):
        """A folder inside with the face of a workshop, for one of several servers."""
        return Room(self, name)

    def file(self, name, text=None, mode=0o600):
        """A path inside; with `text` the file is written."""
        path = os.path.join(self.path, name)
        if text is not None:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as out:
                out.write(text)
        return path

    def start(self, command, log, **options):
        """Starts a process whose output goes to the file `log`."""
        with open(self.file(log), "ab") as out:
            process = subprocess.Popen(
                command,
                stdin=options.pop("stdin", subprocess.DEVNULL),
                stdout=options.pop("stdout", out),
                stderr=out,
                start_new_session=True,
                **options,
            )
        self.processes.append(process)
        return process

    def log(self, name, lines=20):
        """The last lines of a log, for a failure's report."""
        try:
            with open(self.file(name), errors="replace") as text:
                return "".join(text.readlines()[-lines:])
        except OSError:
            return ""

    def close(self):
        while self.processes:
            stop(self.processes.pop())
        if self.keep:
            print(f"logs: {self.path}", flush=True)
        else:
            shutil.rmtree(self.path, ignore_errors=True)


class Room(Workshop):
    """A folder of a workshop, which ends what is started here."""

    def __init__(self, workshop, name):
        self.path = os.path.join(workshop.path, name)
        # Servers that run as another user have to get through.
        os.chmod(workshop.path, 0o711)
        os.mkdir(self.path, 0o711)
        self.processes = workshop.processes


def stop(process, patience=10.0):
    """Asks a process to end, then ends it. Returns its exit code."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


def wait_until(condition, what, patience=10.0, process=None):
    """Polls until `condition()` is true; returns its value."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"the process ended with {process.returncode} before {what}")
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come about within {patience} s")
        time.sleep(0.02)


def free_port():
    """A loopback port that is free now, for peers that can't pick one themselves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def self_signed(workshop, domain):
    """A certificate for `domain` by the system's openssl: paths of (certificate, key)."""
    certificate, key = workshop.file("peer.crt"), workshop.file("peer.key")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "30", "-subj", f"/CN={domain}",
         "-addext", f"subjectAltName=DNS:{domain}", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )
    return certificate, key
