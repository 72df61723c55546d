"""The agent and the dashboard, pointed at a server of the tests."""

import itertools
import json
import subprocess

from .lapwing import binary

NUMBERS = itertools.count(1)


def connection_file(server, user, password, listener="c2s"):
    """A configuration that the agent and the dashboard read alike."""
    return server.workshop.file(f"{user}-{next(NUMBERS)}.toml", f"""
jid = "{user}@{server.domain}"
password = "{password}"
host = "{server.host}"
port = {server.ports[listener]}
authorities = "{server.certificate}"
""")


def agent_command(server, user, password):
    return [binary("lapwing-agent"), "--config", connection_file(server, user, password)]


def start_agent(server, user, password, log="agent.log"):
    return server.workshop.start(agent_command(server, user, password), log)


def top_command(server, user, password, *flags):
    return [binary("lapwing-top"), "--config", connection_file(server, user, password), *flags]


def watch(server, user, password, seconds):
    """What `lapwing-top --watch` tells in so many seconds, as values; and its exit code."""
    process = subprocess.Popen(
        top_command(server, user, password, "--watch"),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    try:
        out, error = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.terminate()
        out, error = process.communicate()
    return [json.loads(line) for line in out.splitlines()], process.returncode, error
