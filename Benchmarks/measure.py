"""What the benchmarks share: what processes use, and the table of what was measured."""

import json
import os
import statistics

TICK_SECONDS = os.sysconf("SC_CLK_TCK")


class Usage:
    """CPU and memory of a process now."""

    def __init__(self, pid):
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        self.cpu_ms = (int(fields[11]) + int(fields[12])) * 1000 / TICK_SECONDS
        with open(f"/proc/{pid}/status") as status:
            self.rss_kib = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def schedstat_ms(pid):
    """CPU of all threads in nanosecond counters: finer than the clock ticks of `stat`."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat") as text:
            total += int(text.read().split()[0])
    return total / 1e6


def figure(value):
    """Three digits that say something, without an exponent."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


class Cell:
    """What several runs measured: their median, and what they lie between."""

    def __init__(self, values):
        self.values = [values] if isinstance(values, (int, float)) else list(values)

    @property
    def median(self):
        return statistics.median(self.values)

    def __str__(self):
        if len(self.values) == 1:
            return figure(self.values[0])
        return f"{figure(self.median)} ({figure(min(self.values))}–{figure(max(self.values))})"


class Table:
    """Rows as they are measured, and all of them at the end."""

    def __init__(self):
        self.rows = []

    def add(self, what, target, measured, unit, peer=None, *, peers=None, at_least=False):
        """`measured` is a figure or those of several runs, None where ours was not measured;
        `peers` has the same by name. A peer's ratio says how many times ours it is."""
        ours = None if measured is None else Cell(measured)
        beside = {} if peer is None else {"prosody": Cell(peer)}
        beside.update((name, Cell(values)) for name, values in (peers or {}).items())
        self.rows.append({
            "what": what, "target": target, "at_least": at_least, "unit": unit,
            "measured": ours, "peers": beside,
        })
        print("  ".join(cell for cell in self._cells(self.rows[-1]) if cell), flush=True)

    @staticmethod
    def _verdict(row):
        if row["target"] is None or row["measured"] is None:
            return "-"
        median = row["measured"].median
        good = median >= row["target"] if row["at_least"] else median <= row["target"]
        return "reached" if good else "MISSED"

    def _cells(self, row):
        target, ours = row["target"], row["measured"]
        sign = "≥" if row["at_least"] else "≤"
        goal = "" if target is None else f"{sign} {figure(target)} {row['unit']}"
        beside = []
        for name, cell in row["peers"].items():
            text = f"{name} {cell}"
            if ours is not None and ours.median > 0 and not row["unit"].startswith("/"):
                text += f" = {cell.median / ours.median:.1f}×"
            beside.append(text)
        mine = "" if ours is None else f"{ours} {row['unit']}"
        return row["what"], goal, mine, self._verdict(row), ", ".join(beside)

    def show(self):
        head = ("what", "target", "measured", "verdict", "beside it")
        rows = [self._cells(row) for row in self.rows]
        widths = [max(len(row[i]) for row in [head, *rows]) for i in range(5)]
        print()
        for row in [head, tuple("-" * width for width in widths), *rows]:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())

    def write(self, path, **about):
        """The rows with every run's figures, as JSON."""
        rows = [{
            "what": row["what"], "target": row["target"], "at_least": row["at_least"],
            "unit": row["unit"], "verdict": self._verdict(row),
            "measured": row["measured"] and row["measured"].values,
            "peers": {name: cell.values for name, cell in row["peers"].items()},
        } for row in self.rows]
        with open(path, "w") as out:
            json.dump({**about, "rows": rows}, out, indent=1, ensure_ascii=False)
            out.write("\n")
