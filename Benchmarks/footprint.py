#!/usr/bin/env python3
"""Size of the agent: program, resident and anonymous memory, beside slurmd and HyperQueue's worker.

Each is connected to its own server on this machine, idle for SECONDS. A peer that is not installed is left out.
HyperQueue comes as a library: its embedded server and worker, in one Python process.

    make release && pip install hyperqueue && apt-get install slurmd slurmctld munge && Benchmarks/footprint.py
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from measure import HyperQueue, Mortise, folder_of_programs, memory_kib, wait_for


class Slurm:
    """slurmctld, slurmd and munged of this machine alone, in a folder of their own; needs root."""

    def __init__(self):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="slurm-bench.", dir="/tmp"))
        os.chmod(self.work, 0o755)
        host = os.uname().nodename
        configuration = self.work / "slurm.conf"
        configuration.write_text(
            f"ClusterName=bench\nSlurmctldHost={host}(127.0.0.1)\nSlurmUser=root\nSlurmdUser=root\n"
            "AuthType=auth/none\nCredType=cred/none\nProctrackType=proctrack/pgid\nTaskPlugin=task/none\n"
            "SlurmctldPort=16817\nSlurmdPort=16818\nReturnToService=2\nMpiDefault=none\n"
            f"StateSaveLocation={self.work}\nSlurmdSpoolDir={self.work}/spool\n"
            f"SlurmctldPidFile={self.work}/ctld.pid\nSlurmdPidFile={self.work}/d.pid\n"
            f"NodeName={host} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} State=UNKNOWN\n"
            f"PartitionName=all Nodes={host} Default=YES State=UP\n")
        self.environment = {**os.environ, "SLURM_CONF": str(configuration)}
        self.controller = self.start("slurmctld", "-D")
        self.daemon = self.start("slurmd", "-D")
        wait_for(lambda: "idle" in self.state(), "slurmd")

    def start(self, *command):
        return subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def state(self):
        return subprocess.run(["sinfo", "-h", "-o", "%t"], env=self.environment, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True).stdout

    def stop(self):
        for process in (self.daemon, self.controller):
            process.terminate()
            process.wait(30)
        shutil.rmtree(self.work)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=30)
    options = parser.parse_args()

    programs = folder_of_programs()
    mortise = Mortise(programs)
    peers = [("mortise-agent", mortise.agent.pid)]
    hyperqueue = HyperQueue(os.cpu_count()) if HyperQueue.is_installed() else None
    if hyperqueue:
        peers.append(("hyperqueue, Python", hyperqueue.process.pid))
    slurm = Slurm() if shutil.which("slurmd") and shutil.which("slurmctld") else None
    if slurm:
        peers.append(("slurmd", slurm.daemon.pid))
    time.sleep(options.seconds)

    print(f"idle for {options.seconds} s; MB are 10^6 bytes")
    print(f"{'':20} {'program':>10} {'resident':>10} {'anonymous':>10}")
    for name, pid in peers:
        resident, anonymous = memory_kib(pid)
        size = os.stat(os.path.realpath(f"/proc/{pid}/exe")).st_size
        print(f"{name:20} {size / 1e6:7.1f} MB {resident * 1024 / 1e6:7.1f} MB {anonymous * 1024 / 1e6:7.1f} MB")
    for cluster in (slurm, hyperqueue, mortise):
        if cluster:
            cluster.stop()


if __name__ == "__main__":
    main()
