#!/usr/bin/env python3
"""Tasks per second: Mortise beside HyperQueue and a bare spawn loop, in one run on this machine.

Each round runs `true` TASKS times in two processes at once, three ways in turn. Reported: the median of the rounds,
and the CPU time per task of the coordinator; HyperQueue's embedded server and worker are one process, so its figure
holds both and the Python around them.

    make release && pip install hyperqueue && Benchmarks/throughput.py --rounds 5
"""

import argparse
import os
import subprocess
import sys
import time

from measure import HyperQueue, Mortise, cpu_seconds, folder_of_programs, median


def bare_loop(tasks, width):
    """A `width`-wide loop of posix_spawn and wait, nothing else."""
    def loop(count):
        for _ in range(count):
            os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)

    begin = time.monotonic()
    children = []
    for _ in range(width):
        pid = os.fork()
        if pid == 0:
            loop(tasks // width)
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)
    return time.monotonic() - begin


def mortise_round(cluster, tasks):
    before = cpu_seconds(cluster.coordinator.pid)
    begin = time.monotonic()
    cluster.run("mortise", "run", "--array", f"1-{tasks}", "--cpus", "1", "--wait", "--quiet", "--", "true")
    seconds = time.monotonic() - begin
    return seconds, cpu_seconds(cluster.coordinator.pid) - before


def hyperqueue_round(cluster, tasks):
    before = cpu_seconds(cluster.process.pid)
    seconds = cluster.run(tasks)
    return seconds, cpu_seconds(cluster.process.pid) - before


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--without-hyperqueue", action="store_true")
    options = parser.parse_args()

    programs = folder_of_programs()
    if not options.without_hyperqueue and not HyperQueue.is_installed():
        sys.exit("pip install hyperqueue, or leave it out with --without-hyperqueue")
    mortise = Mortise(programs)
    hyperqueue = None if options.without_hyperqueue else HyperQueue(os.cpu_count())
    rows = {"bare loop, 2 wide": [], "mortise": [], "hyperqueue": []}
    for number in range(options.rounds + 1):
        results = {"bare loop, 2 wide": (bare_loop(options.tasks, 2), 0.0),
                   "mortise": mortise_round(mortise, options.tasks)}
        if hyperqueue:
            results["hyperqueue"] = hyperqueue_round(hyperqueue, options.tasks)
        for name, result in results.items():
            if number > 0:  # the first round warms up
                rows[name].append(result)
        print(f"round {number}: " + ", ".join(f"{name} {options.tasks / seconds:.0f}/s"
                                              for name, (seconds, _) in results.items()), file=sys.stderr)
    mortise.stop()
    if hyperqueue:
        hyperqueue.stop()

    version = subprocess.run(["uname", "-r"], stdout=subprocess.PIPE, text=True).stdout.strip()
    print(f"{options.tasks} x true, {os.cpu_count()} cores, Linux {version}, median of {options.rounds} rounds")
    print(f"{'':20} {'tasks/s':>8} {'of bare':>8} {'server CPU/task':>16}")
    bare = median([seconds for seconds, _ in rows["bare loop, 2 wide"]])
    for name, results in rows.items():
        if results:
            seconds = median([seconds for seconds, _ in results])
            cpu = median([cpu for _, cpu in results]) / options.tasks * 1e6
            print(f"{name:20} {options.tasks / seconds:8.0f} {bare / seconds:8.2f} {cpu:13.1f} us")


if __name__ == "__main__":
    main()
