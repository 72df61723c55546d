"""Compares a stanza with what a scenario expects of it.

Both sides are parsed, so that prefixes, quotes and white space between elements do not count.
In the expected one
  *         as an attribute's value or a text matches anything that is there
  ?         as an attribute's value also matches its absence
  {name}    matches anything the first time and the same again later
  <etc/>    allows further children beside those that are named
Attributes that are not named must be absent, but for those in `FREE`. Children match in order.
"""

import re
import xml.etree.ElementTree as ET

XML_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
# Attributes that a server may add to any stanza without changing what it says.
FREE = {"id", "publisher", XML_LANGUAGE}
VARIABLE = re.compile(r"\{(\w+)\}")


class Mismatch(AssertionError):
    """Says where the stanza differs."""


def parse(text):
    """An element from a scenario's text; what has no namespace is in jabber:client."""
    wrapper = (
        "<w xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
        + text + "</w>"
    )
    return ET.fromstring(wrapper)[0]


def match(expected, actual, captures, path=""):
    """Raises `Mismatch` where they differ; fills `captures`."""
    here = f"{path}/{_local(actual.tag)}"
    if expected.tag != actual.tag:
        raise Mismatch(f"{path or '/'}: expected {expected.tag}, came {actual.tag}")
    for name, value in expected.attrib.items():
        if value == "?":
            continue
        if name not in actual.attrib:
            raise Mismatch(f"{here}: {name} is missing")
        _match_text(value, actual.attrib[name], captures, f"{here}@{name}")
    extra = set(actual.attrib) - set(expected.attrib) - FREE
    if extra:
        raise Mismatch(f"{here}: did not expect {', '.join(sorted(extra))}")
    _match_text((expected.text or "").strip(), (actual.text or "").strip(), captures, here)
    wanted = [child for child in expected if _local(child.tag) != "etc"]
    open_ended = len(wanted) != len(expected)
    _match_children(wanted, list(actual), open_ended, captures, here)


def _match_children(wanted, found, open_ended, captures, here):
    for child in wanted:
        first = None
        while found:
            candidate = found.pop(0)
            try:
                match(child, candidate, captures, here)
                break
            except Mismatch as mismatch:
                first = first or mismatch
                if not open_ended:
                    raise
        else:
            raise first or Mismatch(f"{here}: <{_local(child.tag)}/> is missing")
    if found and not open_ended:
        raise Mismatch(f"{here}: did not expect <{_local(found[0].tag)}/>")


def _match_text(expected, actual, captures, where):
    if expected == "*":
        return
    variable = VARIABLE.fullmatch(expected)
    if variable:
        known = captures.setdefault(variable[1], actual)
        if known != actual:
            raise Mismatch(f"{where}: {{{variable[1]}}} was {known!r}, came {actual!r}")
    elif expected != actual:
        raise Mismatch(f"{where}: expected {expected!r}, came {actual!r}")


def _local(tag):
    return tag.split("}")[-1]
