#!/usr/bin/python3
"""What goes wrong in front of an operator: each draws one clear line and the right exit code."""

import os
import socket
import subprocess
import time

from harness.lapwing import Lapwing, binary
from harness.process import Workshop, wait_until
from harness.report import Report, expect
from harness.wire import Connection

PASSWORD = "a password of the tests"
# Exit codes: the server could not serve; the configuration or a flag is wrong.
FAILURE = 1
WRONG = 2
PUBSUB = "http://jabber.org/protocol/pubsub"


def run(*command, text="", **options):
    return subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=30, **options
    )


def one_line(done, code, *words):
    """The exit code, and one line on standard error that says these words."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    expect(done.returncode == code, f"exit code {done.returncode}, {done.stderr or done.stdout!r}")
    expect(len(lines) == 1, f"{len(lines)} lines: {lines}")
    missing = [word for word in words if word.lower() not in lines[0].lower()]
    expect(not missing, f"{missing} not in {lines[0]!r}")
    return lines[0]


class Checks:
    def __init__(self, workshop):
        self.workshop = workshop
        self.server = Lapwing(workshop)
        with open(self.server.configuration) as text:
            self.good = text.read()

    def check_of(self, text):
        path = self.workshop.file("broken.toml", text)
        return run(binary("lapwing-server"), "--config", path, "--check")

    def start_of(self, text):
        path = self.workshop.file("broken.toml", text)
        return run(binary("lapwing-server"), "--config", path)

    # The configuration

    def accepts_good(self):
        done = self.check_of(self.good)
        expect(done.returncode == 0, f"exit code {done.returncode}: {done.stderr}")

    def broken_syntax(self):
        line = self.good.count("\n") + 1
        return one_line(self.check_of(self.good + "key = = 1\n"), WRONG, f"broken.toml:{line}:")

    def unknown_key(self):
        text = "domian = \"example.test\"\n" + self.good
        return one_line(self.check_of(text), WRONG, "broken.toml:1:1", "domian")

    def wrong_type(self):
        text = self.good.replace('domain = "example.test"', "domain = 5222")
        return one_line(self.check_of(text), WRONG, "broken.toml:2:", "domain")

    def names_no_keys(self, keys, words):
        path = self.workshop.file("anchors", keys)
        text = self.good + f'[federation]\n[names]\ntrust_anchor = "{path}"\n'
        return one_line(self.check_of(text), WRONG, "[names]", path, words)

    def missing_file(self):
        done = run(binary("lapwing-server"), "--config", "/nonexistent/lapwing.toml", "--check")
        return one_line(done, WRONG, "/nonexistent/lapwing.toml")

    def sample(self):
        """The sample that is shipped may lack only its certificate."""
        root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
        path = os.path.join(root, "deploy", "lapwing.toml")
        done = run(binary("lapwing-server"), "--config", path, "--check")
        unknown = [line for line in done.stderr.splitlines() if line.strip() and "/etc/lapwing/tls/" not in line]
        expect(not unknown, f"{unknown}")

    # The command line

    def unknown_flag(self, program):
        done = run(binary(program), "--no-such-flag")
        # lapwing-top's small codes are levels, as those of checks for Nagios: usage is EX_USAGE.
        code = 64 if program == "lapwing-top" else WRONG
        expect(done.returncode == code, f"exit code {done.returncode}: {done.stderr!r}")
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        expect(lines and "no-such-flag" in lines[0], f"{lines}")
        return lines[0]

    # The certificate

    def missing_certificate(self):
        text = self.good.replace("peer.crt", "absent.crt")
        return one_line(self.start_of(text), WRONG, "absent.crt")

    def broken_certificate(self):
        self.workshop.file("garbage.crt", "this is no certificate\n")
        text = self.good.replace("peer.crt", "garbage.crt")
        return one_line(self.start_of(text), WRONG, "garbage.crt")

    def unreadable_key(self):
        """As another user where we are root, who can read everything."""
        key = self.workshop.file("private.key")
        with open(self.workshop.file("peer.key")) as original:
            self.workshop.file("private.key", original.read())
        os.chmod(key, 0o000)
        text = self.good.replace("peer.key", "private.key").replace(
            self.workshop.file("data"), self.workshop.file("other-data"))
        path = self.workshop.file("unreadable.toml", text, 0o644)
        prefix = []
        if os.geteuid() == 0:
            prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            os.chmod(self.workshop.path, 0o755)
            os.chmod(path, 0o644)
            os.chmod(self.workshop.file("peer.crt"), 0o644)
        os.makedirs(self.workshop.file("other-data"), 0o777, exist_ok=True)
        os.chmod(self.workshop.file("other-data"), 0o777)
        done = run(*prefix, binary("lapwing-server"), "--config", path)
        os.chmod(self.workshop.path, 0o700)
        return one_line(done, WRONG, "private.key")

    # The world

    def port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            text = self.good.replace("port = 0", f"port = {port}", 1)
            return one_line(self.start_of(text), FAILURE, str(port), "in use")

    def second_server(self):
        self.server.start()
        return one_line(run(binary("lapwing-server"), "--config", self.server.configuration),
                        FAILURE, "data")

    def wrong_password(self, program, *arguments):
        environment = dict(os.environ, LAPWING_PASSWORD="wrong")
        started = time.monotonic()
        done = run(binary(program), *arguments, env=environment)
        expect(time.monotonic() - started < 20, "it took long to say so")
        return done

    def full_disk_at_start(self):
        with SmallDisk(self.workshop) as disk:
            disk.fill()
            text = self.good.replace(self.workshop.file("data"), disk.path + "/data")
            return one_line(self.start_of(text), FAILURE, "data")

    def full_disk_while_running(self):
        """Publishes are refused while there is no room, and accepted when there is again."""
        with SmallDisk(self.workshop) as disk:
            server = Lapwing(self.workshop)
            text = self.good.replace(self.workshop.file("data"), disk.path + "/data")
            server.configuration = self.workshop.file("small.toml", text)
            server.start("small.log")
            server.register("web1", PASSWORD)
            connection = Connection(server.host, server.ports["c2s-plain"], server.domain)
            connection.log_in("web1", PASSWORD, "agent")
            expect(publish(connection, 1) == "result", "the first publish was refused")
            disk.fill()
            answers = [publish(connection, number) for number in range(2, 40)]
            expect("error" in answers, "a publish was acknowledged without room on the disk")
            disk.clear()
            wait_until(lambda: publish(connection, 40) == "result", "publishes work again")
            code = server.stop()
            expect(code == 0, f"the server ended with {code}: {self.workshop.log('small.log')}")


def publish(connection, number):
    """Publishes an item of 8 KiB to a durable node; the type of the answer."""
    return connection.request(
        f"<iq type='set'><pubsub xmlns='{PUBSUB}'><publish node='urn:example:log'>"
        f"<item id='i{number}'><entry xmlns='urn:example:entry'>{'x' * 8192}</entry></item>"
        f"</publish></pubsub></iq>"
    ).get("type")


class SmallDisk:
    """A tmpfs of 4 MiB; without the right to mount one, the check is skipped."""

    def __init__(self, workshop):
        self.path = workshop.file("disk")

    def __enter__(self):
        os.makedirs(self.path, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", self.path],
                       check=True, capture_output=True)
        return self

    def __exit__(self, *_):
        for _ in range(50):
            if subprocess.run(["umount", self.path], capture_output=True).returncode == 0:
                return
            time.sleep(0.1)
        subprocess.run(["umount", "-l", self.path])

    def fill(self):
        with open(os.path.join(self.path, "ballast"), "wb", buffering=0) as out:
            try:
                while True:
                    out.write(b"\0" * 4096)
            except OSError:
                pass

    def clear(self):
        os.remove(os.path.join(self.path, "ballast"))

    @staticmethod
    def is_possible(workshop):
        try:
            with SmallDisk(workshop):
                return True
        except (subprocess.CalledProcessError, FileNotFoundError):
            return False


def main():
    report = Report("bad input and a bad world")
    workshop = Workshop("bad-input")
    checks = Checks(workshop)
    report.check("a good configuration passes --check", checks.accepts_good)
    report.check("the shipped sample passes but for its files", checks.sample)
    report.check("broken syntax names line and column", checks.broken_syntax)
    report.check("an unknown key is pointed at", checks.unknown_key)
    report.check("a wrong type is pointed at", checks.wrong_type)
    report.check("a file without keys", checks.names_no_keys, "; none\n", "no DS or DNSKEY")
    report.check("a file with something else than keys", checks.names_no_keys,
                 "example. IN DS none\n", "something that is no DS or DNSKEY record")
    report.check("a configuration that is not there", checks.missing_file)
    for program in ("lapwing-server", "lapwingctl", "lapwing-agent", "lapwing-top"):
        report.check(f"{program}: an unknown flag", checks.unknown_flag, program)
    report.check("a certificate that is not there", checks.missing_certificate)
    report.check("a certificate that is none", checks.broken_certificate)
    report.check("a key that may not be read", checks.unreadable_key)
    report.check("a port in use", checks.port_in_use)
    if SmallDisk.is_possible(workshop):
        report.check("a full disk at the start", checks.full_disk_at_start)
        report.check("a disk that fills up", checks.full_disk_while_running)
    else:
        report.skip("a full disk", "no right to mount a small one")
    report.check("a second server on the same data", checks.second_server)
    workshop.close()
    report.finish()


if __name__ == "__main__":
    main()
