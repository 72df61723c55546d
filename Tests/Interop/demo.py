#!/usr/bin/python3
"""`make demo` on a terminal and without one: it moves, ends, and leaves nothing behind."""

import glob
import os
import signal
import subprocess
import tempfile
import time

from harness.process import ROOT, Workshop, wait_until
from harness.report import Report, expect
from harness.screen import Screen

DEMO = os.path.join(ROOT, "scripts", "demo")


class Checks:
    def __init__(self, workshop):
        self.workshop = workshop
        # The demo makes its directory here, so that only its own is looked for.
        self.place = tempfile.mkdtemp(dir=workshop.path)
        self.environment = dict(os.environ, TMPDIR=self.place)

    def processes(self):
        """What still runs with the demo's directory on its command line."""
        found = []
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, "rb") as text:
                    line = text.read().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if self.place in line and "tmux" not in line:
                found.append(line)
        return found

    def left_nothing(self):
        wait_until(lambda: not self.processes(), "every process has ended")
        expect(not os.listdir(self.place), f"left behind: {os.listdir(self.place)}")

    def on_no_terminal(self):
        done = subprocess.run([DEMO], env=self.environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120)
        expect(done.returncode == 0, f"exit code {done.returncode}: {done.stderr}")
        self.left_nothing()
        return done.stderr.splitlines()[-1]

    def screen(self):
        return Screen(self.workshop, [DEMO], environment={
            "TMPDIR": self.place, "LAPWING_BIN": os.environ["LAPWING_BIN"]})

    def ends_with(self, *keys, expected):
        screen = self.screen()
        try:
            host = os.uname().nodename.lower().split(".")[0]
            screen.wait_for(host, "up")
            first = screen.text()
            wait_until(lambda: screen.text() != first, "the screen moves")
            for key in keys:
                screen.press(key)
            code = screen.wait_for_exit(20)
            expect(code in expected, f"exit code {code}")
            self.left_nothing()
        finally:
            screen.close()

    def interrupted(self, number):
        demo = subprocess.Popen([DEMO], env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                start_new_session=True)
        wait_until(lambda: any("lapwing-top" in line for line in self.processes()), "it watches")
        time.sleep(1)
        os.killpg(demo.pid, number) if number == signal.SIGINT else demo.send_signal(number)
        expect(demo.wait(20) != 0, "it ended with 0")
        self.left_nothing()

    def fails(self):
        """A server that is killed under the demo: it says so, and where the logs are."""
        demo = subprocess.Popen([DEMO], env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        wait_until(lambda: any("lapwing-top" in line for line in self.processes()), "it watches")
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            with open(path, "rb") as text:
                line = text.read().decode(errors="replace")
            if "lapwing-server" in line and self.place in line:
                os.kill(int(path.split("/")[2]), signal.SIGKILL)
        error = demo.communicate(timeout=60)[1]
        expect(demo.returncode == 1, f"exit code {demo.returncode}")
        expect("the logs are in" in error, error)
        logs = error.strip().splitlines()[-1].split()[-1]
        expect(os.path.exists(os.path.join(logs, "server.log")), f"no log in {logs}")
        wait_until(lambda: not self.processes(), "every process has ended")
        expect(os.listdir(self.place) == [os.path.basename(logs)], f"{os.listdir(self.place)}")


def main():
    report = Report("the demo")
    os.environ.setdefault("LAPWING_BIN", os.path.join(ROOT, ".build", "release"))
    workshop = Workshop("demo-test")
    checks = Checks(workshop)
    report.check("without a terminal it ends with 0 and this host's values", checks.on_no_terminal)
    report.check("q ends it", lambda: checks.ends_with("q", expected={0}))
    report.check("Ctrl-C ends it", lambda: checks.ends_with("C-c", expected={0, 130}))
    report.check("SIGTERM ends it", checks.interrupted, signal.SIGTERM)
    report.check("SIGINT to all of it ends it", checks.interrupted, signal.SIGINT)
    report.check("a failure is told, and only logs are left", checks.fails)
    workshop.close()
    report.finish()


if __name__ == "__main__":
    main()
