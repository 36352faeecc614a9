#!/usr/bin/env python3
"""An array of a million tasks: how long its submission takes, what it costs the coordinator in memory and on disk.

    make release && Benchmarks/million.py
"""

import argparse
import os
import time

from measure import Mortise, cpu_seconds, folder_of_programs, memory_kib


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=20, help="of work on it before the second reading")
    options = parser.parse_args()

    mortise = Mortise(folder_of_programs())

    def report(moment):
        resident, anonymous = memory_kib(mortise.coordinator.pid)
        disk = sum(os.stat(mortise.work / "head" / name).st_size
                   for name in os.listdir(mortise.work / "head") if name.startswith("mortise.db"))
        print(f"{moment:28} {resident / 1024:7.1f} MiB resident, {anonymous / 1024:6.1f} MiB anonymous, "
              f"{disk / 1e6:6.1f} MB store")

    report("before")
    begin = time.monotonic()
    mortise.run("mortise", "run", "--array", f"1-{options.tasks}", "--quiet", "--", "true")
    seconds = time.monotonic() - begin
    report("submitted")
    print(f"submitted in {seconds:.2f} s, the command's own start and TLS included")
    used = cpu_seconds(mortise.coordinator.pid)
    time.sleep(options.seconds)
    report(f"after {options.seconds:g} s of work")
    done = mortise.job(1)["tasks"]["succeeded"]
    print(f"{done} tasks done, {(cpu_seconds(mortise.coordinator.pid) - used) / max(done, 1) * 1e6:.1f} us of "
          "coordinator CPU a task")
    begin = time.monotonic()
    mortise.run("mortise", "job", "cancel", 1)
    print(f"canceled in {time.monotonic() - begin:.2f} s")
    mortise.stop()


if __name__ == "__main__":
    main()
