"""The servers that tests can be run against."""

from .lapwing import Lapwing
from .prosody import Prosody

SERVERS = {"lapwing": Lapwing, "prosody": Prosody}


def start_server(name, workshop):
    """A started server in the workshop, with `domain`, `host`, `ports`, `pid`, `register`."""
    return SERVERS[name](workshop).start()
