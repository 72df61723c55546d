"""Reads a scenario: a text file that says who sends what and who receives what.

    # A message between two accounts            the title
    Needs: groups                               what the server must have (optional)
    People: Romeo, Juliet                       each gets a new account
    Groups: hosts = Romeo; viewers = Juliet     shared groups (needs "groups")

    Romeo connects as orchard                   logs in and binds this resource
    Romeo sends:                                the lines indented below are sent as they are
      <presence/>
    Juliet receives:                            the next stanza; see harness/pattern.py
      <presence from='{Romeo}' to='{Juliet}'/>
    Juliet receives in any order:               several stanzas
    Juliet receives nothing more                after all that was sent before
    Romeo announces interest in NODE            available, with NODE+notify in capabilities;
                                                the server's questions are answered
    Romeo opens a stream                        without logging in
    Romeo opens a stream to wrong.example       the same, naming another host
    Romeo sends raw:                            bytes that need not be XML
    Romeo's stream ends with not-well-formed    the stream error, then the close
    Romeo disconnects                           closes the stream
    Romeo vanishes                              the connection breaks

{Romeo} is the full JID, {Romeo.bare} the account, {domain} the server. A person may have
several connections: "Romeo's phone" is the person Romeo again, {Romeo's phone} its JID.
"""

import re
from dataclasses import dataclass, field

STEP = re.compile(
    r"^(?P<who>[A-Z]\w*(?:'s [a-z]\w*)?) "
    r"(?P<verb>connects as|connects|sends raw:|sends:|receives in any order:|receives:|"
    r"receives nothing more|announces interest in|opens a stream to|opens a stream|disconnects|vanishes)"
    r"(?: (?P<rest>\S.*))?$"
)
ENDING = re.compile(r"^(?P<who>[A-Z]\w*(?:'s [a-z]\w*)?)'s? stream (?P<verb>ends with) (?P<rest>\S+)$")


class ScenarioError(Exception):
    """A line that is not understood."""


@dataclass
class Step:
    line: int
    who: str
    verb: str
    rest: str = ""
    body: str = ""

    def __str__(self):
        return f"line {self.line}: {self.who} {self.verb} {self.rest}".rstrip()


@dataclass
class Scenario:
    path: str
    title: str = ""
    needs: list = field(default_factory=list)
    people: list = field(default_factory=list)
    groups: dict = field(default_factory=dict)
    steps: list = field(default_factory=list)


def read(path):
    scenario = Scenario(path)
    with open(path) as text:
        lines = text.read().split("\n")
    for number, line in enumerate(lines, 1):
        if line.startswith("  "):
            if not scenario.steps:
                raise ScenarioError(f"{path}:{number}: indented without a step")
            scenario.steps[-1].body += line.strip() + "\n"
        elif line.startswith("#"):
            scenario.title = scenario.title or line.lstrip("# ").strip()
        elif line.strip():
            _read_line(scenario, number, line.strip())
    if not scenario.title or not scenario.people:
        raise ScenarioError(f"{path}: a title and a line People: are needed")
    return scenario


def _read_line(scenario, number, line):
    heading, colon, rest = line.partition(":")
    if colon and heading == "Needs":
        scenario.needs = [need.strip() for need in rest.split(",")]
    elif colon and heading == "People":
        scenario.people = [name.strip() for name in rest.split(",")]
    elif colon and heading == "Groups":
        for group in rest.split(";"):
            name, _, members = group.partition("=")
            scenario.groups[name.strip()] = [member.strip() for member in members.split(",")]
    else:
        found = ENDING.match(line) or STEP.match(line)
        if not found:
            raise ScenarioError(f"{scenario.path}:{number}: not understood: {line}")
        who, verb, rest = found["who"], found["verb"].rstrip(":"), found["rest"] or ""
        if who.split("'")[0] not in scenario.people:
            raise ScenarioError(f"{scenario.path}:{number}: who is {who}?")
        scenario.steps.append(Step(number, who, verb, rest))
