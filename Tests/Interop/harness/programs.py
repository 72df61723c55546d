"""The agent and the dashboard, pointed at a server of the tests."""

import itertools
import json
import subprocess

from .lapwing import binary

NUMBERS = itertools.count(1)


def connection_flags(server, user, password, listener="c2s"):
    """The flags that the agent and the dashboard share."""
    secret = server.workshop.file(f"{user}-{next(NUMBERS)}.password", password + "\n")
    return [
        "--jid", f"{user}@{server.domain}", "--password-file", secret, "--host", server.host,
        "--port", str(server.ports[listener]), "--ca", server.certificate,
    ]


def agent_command(server, user, password):
    return [binary("lapwing-agent"), *connection_flags(server, user, password)]


def start_agent(server, user, password, log="agent.log"):
    return server.workshop.start(agent_command(server, user, password), log)


def top_command(server, user, password, *flags):
    return [binary("lapwing-top"), *connection_flags(server, user, password), *flags]


def watch(server, user, password, seconds):
    """What `lapwing-top --watch` tells in so many seconds, as values; and its exit code."""
    done = subprocess.run(
        top_command(server, user, password, "--watch", "--timeout", str(seconds)),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds + 20,
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done.returncode, done.stderr
