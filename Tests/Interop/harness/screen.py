"""A terminal program under tmux, on a tmux server of its own."""

import itertools
import os
import subprocess
import time

NUMBERS = itertools.count(1)


class Screen:
    """Types into a program and reads what it shows."""

    def __init__(self, workshop, command, columns=120, rows=40, environment=None):
        # Not that of the one before, whose server may still be ending.
        self.socket = workshop.file(f"tmux-{next(NUMBERS)}.sock")
        self.rows = rows
        variables = dict(os.environ, TERM="xterm-256color", LC_ALL="C.UTF-8")
        variables.pop("TMUX", None)
        variables.update(environment or {})
        subprocess.run(
            ["tmux", "-S", self.socket, "-f", "/dev/null", "new-session", "-d",
             "-x", str(columns), "-y", str(rows), *command],
            check=True, env=variables, cwd=workshop.path,
        )
        # A program that has ended must not take what it showed with it.
        self._tmux("set-option", "-g", "remain-on-exit", "on")

    def type(self, text, enter=True):
        self._tmux("send-keys", "-l", text)
        if enter:
            self._tmux("send-keys", "Enter")

    def press(self, key):
        """A key by tmux's name: Enter, C-c, Down."""
        self._tmux("send-keys", key)

    def resize(self, columns, rows):
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def text(self):
        return self._tmux("capture-pane", "-p")

    def wait_for(self, *wanted, patience=15.0):
        """Waits until every wanted text is on the screen; returns the screen."""
        deadline = time.monotonic() + patience
        while True:
            shown = self.text()
            missing = [text for text in wanted if text not in shown]
            if not missing:
                return shown
            if time.monotonic() > deadline:
                raise AssertionError(f"{missing} did not appear on:\n{shown.rstrip()}")
            time.sleep(0.1)

    def process(self):
        return int(self._tmux("display-message", "-p", "#{pane_pid}"))

    def wait_for_exit(self, patience=10.0):
        """Waits until the program has ended; returns its exit code."""
        deadline = time.monotonic() + patience
        while True:
            dead, _, status = self._tmux(
                "display-message", "-p", "#{pane_dead}:#{pane_dead_status}"
            ).strip().partition(":")
            if dead == "1":
                return int(status or 0)
            if time.monotonic() > deadline:
                raise AssertionError(f"still running:\n{self.text()}")
            time.sleep(0.1)

    def close(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True)

    def _tmux(self, *arguments):
        done = subprocess.run(
            ["tmux", "-S", self.socket, *arguments], check=True, capture_output=True, text=True
        )
        return done.stdout
