"""A process for components, linked to its router by a Unix socket."""

import os

from .lapwing import binary
from .process import free_port, wait_until


class ComponentHost:
    """Started; looks like a server to whoever attaches a component to it."""

    secret = "the two of them know this"

    def __init__(self, workshop, router, name, components):
        self.workshop = workshop
        self.host, self.domain = router.host, router.domain
        self.ports = {"component": free_port()}
        # Its role is its name where nothing is said.
        own = "" if name == "components" else f'process_name = "{name}"\n'
        self.text = (
            f'role = "components"\n{own}domain = "{self.domain}"\n'
            f'data = "{workshop.file(name)}"\n'
            f'[component_listener]\naddress = "{self.host}"\nport = {self.ports["component"]}\n'
            f'[[links]]\nname = "router"\nsecret = "{self.secret}"\n'
            f'connect = "{self.place(workshop, name)}"\n' + components)
        ready = workshop.file(f"{name}.ready")
        self.process = workshop.start(
            [binary("lapwing-server"), "--config", workshop.file(f"{name}.toml", self.text),
             "--ready-file", ready],
            f"{name}.log")
        wait_until(lambda: os.path.exists(ready), f"{name} is ready", 20, self.process)

    @staticmethod
    def place(workshop, name):
        return "unix:" + workshop.file(f"{name}.sock")

    @classmethod
    def link(cls, workshop, name, hosts, more=""):
        """What the router's configuration says of it."""
        return (f'[[links]]\nname = "{name}"\nsecret = "{cls.secret}"\n'
                f'listen = "{cls.place(workshop, name)}"\nhosts = {hosts}\n{more}')
