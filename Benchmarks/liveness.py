#!/usr/bin/env python3
"""What it costs to know that nodes are alive: Mortise beside Slurm, HyperQueue, Dask and etcd, one after the other.

Each system gets NODES nodes on this machine's loopback and is left alone for SECONDS: the server's CPU by node and
minute, its memory by node, and the bytes on the wire by node and minute (nftables counts IP packets by port, headers
included: needs root). Then one node is killed and one is stopped (SIGSTOP: it hangs, its connection stands), and the
time is taken until the server says so. A system that is not installed is left out with a sentence.

    make release && pip install hyperqueue distributed grpcio
    apt-get install slurmctld slurmd slurm-client munge etcd-server nftables
    Benchmarks/liveness.py --nodes 200 --seconds 60

The nodes are: Mortise, sessions of `mortise-bench agents` and two real agents, which are killed and stopped; Slurm,
`slurmd -N`; Dask, `Worker` objects of a few processes and two processes of their own; etcd, a lease with keep-alives
for each node on a connection of its own; HyperQueue, the workers of its embedded cluster, which share a process with
their server.
"""

import argparse
import json
import os
import signal
import sys
import time

from measure import folder_of_programs, memory_kib
from peers import Dask, Etcd, HyperQueueNodes, MortiseNodes, Slurm
from traffic import Traffic

GIVE_UP_SECONDS = 400


def noticed_after(begin, is_noticed):
    """Seconds until the server says that the node is gone; None where it does not within minutes."""
    while time.monotonic() - begin < GIVE_UP_SECONDS:
        if is_noticed():
            return time.monotonic() - begin
        time.sleep(0.1)
    return None


def measure(system, nodes, seconds):
    """One system, from its start to its end."""
    system.start_server(nodes)
    time.sleep(2)
    before, _ = memory_kib(system.server_pid)
    begin = time.monotonic()
    system.start_nodes(nodes)
    row = {"system": system.name, "nodes": nodes, "interval": system.interval, "joined_seconds": time.monotonic() - begin}
    time.sleep(system.settle_seconds)
    seconds = max(seconds, system.least_seconds)
    with Traffic(system.server_ports(), system.node_ports()) as traffic:
        cpu, at = system.server_cpu(), time.monotonic()
        time.sleep(seconds)
        minutes = (time.monotonic() - at) / 60
        row["cpu_ms"] = (system.server_cpu() - cpu) * 1000 / nodes / minutes
        carried = traffic.read()
        if carried:
            row["bytes_to"], row["bytes_from"] = (count / nodes / minutes for count in carried)
    resident, _ = memory_kib(system.server_pid)
    row["memory_kb"] = (resident - before) * 1.024 / nodes
    row["resident_mb"] = resident * 1.024 / 1000
    for end in ("killed", "stopped"):
        is_noticed = getattr(system, end, lambda: None)()
        if is_noticed:
            row[end] = noticed_after(time.monotonic(), is_noticed)
    row["note"] = system.note
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--only", action="append", help="mortise, slurm, hyperqueue, dask or etcd; repeat it")
    parser.add_argument("--json", help="a file for the figures")
    options = parser.parse_args()

    # What was started is ended here too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    programs = folder_of_programs()
    rows = []
    for kind in (MortiseNodes, Slurm, HyperQueueNodes, Dask, Etcd):
        if options.only and kind.word not in options.only:
            continue
        missing = kind.missing(programs)
        if missing:
            print(f"{kind.name} is left out: {missing}", file=sys.stderr)
            continue
        print(f"{kind.name}: {options.nodes} nodes, {options.seconds:.0f} s", file=sys.stderr)
        system = kind(programs)
        try:
            rows.append(measure(system, options.nodes, options.seconds))
        finally:
            system.stop()
        print(json.dumps(rows[-1]), file=sys.stderr)

    def cell(row, key, digits=0):
        value = row.get(key)
        return "-" if value is None else f"{value:.{digits}f}"

    def notice(row, key):
        if key not in row:
            return "-"
        return f"not within {GIVE_UP_SECONDS} s" if row[key] is None else f"{row[key]:.1f} s"

    print(f"\n{options.nodes} nodes, {options.seconds:.0f} s, {os.cpu_count()} cores, Linux {os.uname().release}")
    print("| | says it is alive | server CPU a node and minute | server memory a node (in all) | bytes a node and minute, to and "
          "from the server | killed, noticed after | stopped, noticed after |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        print(f"| {row['system']} | {row['interval']} | {cell(row, 'cpu_ms', 1)} ms | {cell(row, 'memory_kb')} KB "
              f"({cell(row, 'resident_mb', 1)} MB) | "
              f"{cell(row, 'bytes_to')} + {cell(row, 'bytes_from')} | {notice(row, 'killed')} | "
              f"{notice(row, 'stopped')} |")
    for row in rows:
        if row["note"]:
            print(f"{row['system']}: {row['note']}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
