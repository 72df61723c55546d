"""PASS and FAIL lines, and the line that sums them up."""

import os
import sys
import time
import traceback


class Report:
    """Runs checks one after another; a failing one does not stop the others."""

    def __init__(self, title):
        self.passed = 0
        self.failed = 0
        self.skipped = 0
        self.on_failure = None
        print(f"== {title}", flush=True)

    def check(self, name, body, *arguments):
        """Runs `body`; an exception is the failure. Returns what it returned."""
        started = time.monotonic()
        try:
            value = body(*arguments)
        except Exception as error:  # a check may fail in any way
            self.failed += 1
            print(f"FAIL {name}: {type(error).__name__}: {error}", flush=True)
            if os.environ.get("LAPWING_VERBOSE"):
                traceback.print_exc()
            if self.on_failure:
                self.on_failure()
            return None
        self.passed += 1
        note = f": {value}" if isinstance(value, str) else ""
        print(f"PASS {name}{note} ({time.monotonic() - started:.1f} s)", flush=True)
        return value

    def skip(self, name, reason):
        self.skipped += 1
        print(f"SKIP {name}: {reason}", flush=True)

    def close(self):
        """Prints the sum and returns the exit code."""
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        print(f"{self.passed} passed, {self.failed} failed{skipped}", flush=True)
        return 1 if self.failed else 0

    def finish(self):
        sys.exit(self.close())


def expect(condition, message):
    """An assertion that -O does not remove."""
    if not condition:
        raise AssertionError(message)
