"""Bytes on the loopback by TCP port, counted by nftables; and the ports that a process listens on."""

import json
import os
import re
import shutil
import subprocess


def listening_ports(pid):
    """TCP ports of one process."""
    lines = subprocess.run(["ss", "-Htlnp"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    return sorted({int(re.search(r":(\d+) ", line).group(1)) for line in lines if f"pid={pid}," in line})


class Traffic:
    """Counts what goes to the server and what comes from it, from here on; reads None where that cannot be."""

    def __init__(self, server_ports, node_ports=()):
        self.table = f"mortise_bench_{os.getpid()}"
        self.server = list(server_ports)
        self.nodes = list(node_ports)

    def __enter__(self):
        self.works = os.geteuid() == 0 and shutil.which("nft") is not None and bool(self.server)
        if self.works:
            def ports(numbers):
                return "{ " + ", ".join(map(str, numbers)) + " }"

            rules = [f"add table inet {self.table}",
                     f"add chain inet {self.table} c {{ type filter hook output priority 0; }}"]
            for name, matches in (("to", ("dport", "sport")), ("from", ("sport", "dport"))):
                rules.append(f"add counter inet {self.table} {name}")
                rules.append(f"add rule inet {self.table} c tcp {matches[0]} {ports(self.server)} counter name {name}")
                # Servers that call their nodes: the other way round.
                if self.nodes:
                    rules.append(f"add rule inet {self.table} c tcp {matches[1]} {ports(self.nodes)} counter name {name}")
            self.works = subprocess.run(["nft", "-f", "-"], input="\n".join(rules) + "\n", text=True).returncode == 0
        return self

    def read(self):
        """(to the server, from the server) in bytes."""
        if not self.works:
            return None
        text = subprocess.run(["nft", "-j", "list", "counters", "table", "inet", self.table], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        counters = {item["counter"]["name"]: item["counter"]["bytes"]
                    for item in json.loads(text)["nftables"] if "counter" in item}
        return counters["to"], counters["from"]

    def __exit__(self, *_):
        if self.works:
            subprocess.run(["nft", "delete", "table", "inet", self.table], check=False)
