"""The systems of liveness.py: each starts a server and nodes, and knows how one of them is ended and looked for."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from measure import Mortise, TICKS, cpu_seconds, wait_for
from traffic import listening_ports


def python_lacks(module):
    return subprocess.run([sys.executable, "-c", f"import {module}"], stderr=subprocess.DEVNULL).returncode != 0


class System:
    """Ends what it has started, by number and nothing else."""

    note = ""
    #: Registration and first heartbeats are no steady state.
    settle_seconds = 15
    #: A window that is shorter says nothing.
    least_seconds = 0

    def __init__(self, programs):
        self.programs = programs
        self.work = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.word}-bench."))
        self.children = []

    def spawn(self, *words, log=None, **options):
        file = open(self.work / log, "ab") if log else subprocess.DEVNULL
        child = subprocess.Popen([str(word) for word in words], stdout=file, stderr=file, **options)
        self.children.append(child)
        return child

    def server_cpu(self):
        return cpu_seconds(self.server_pid)

    def server_ports(self):
        return listening_ports(self.server_pid)

    def node_ports(self):
        return []

    def stop(self):
        for child in reversed(self.children):
            if child.poll() is None:
                child.send_signal(signal.SIGCONT)
                child.terminate()
        for child in reversed(self.children):
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        shutil.rmtree(self.work, ignore_errors=True)


class MortiseNodes(System):
    word, name, interval = "mortise", "Mortise", "beat of 8 GPUs, 5 s, TLS"
    note = "noticed: 'suspect', which is given nothing new; 'lost', and its work elsewhere, after 26 s."

    @staticmethod
    def missing(programs):
        return None if (programs / "mortise-bench").exists() else f"there is no mortise-bench in {programs}"

    def start_server(self, _nodes):
        self.cluster = Mortise(self.programs, agent=False)
        self.server_pid = self.cluster.coordinator.pid

    def start_nodes(self, count):
        token = self.work / "join.token"
        token.write_text(self.cluster.token(count + 10))
        token.chmod(0o600)
        self.agents = {}
        for name in ("to-kill", "to-stop"):
            environment = {**self.cluster.environment, "MORTISE_JOIN_TOKEN": token.read_text()}
            self.agents[name] = self.spawn(
                self.programs / "mortise-agent", "run", "--directory", self.work / name, "--name", name,
                "--address", "127.0.0.1", "--no-tools", log="agents.log", env=environment)
        self.spawn(self.programs / "mortise-bench", "agents", "--count", count - 2, "--join", token,
                   "--identities", self.work / "identities", "--for", "24h", log="bench.log")
        wait_for(lambda: self.states().count("ready") >= count, "all agents", 900)

    def states(self):
        listed = json.loads(self.cluster.run("mortise", "node", "list", "--format", "json"))
        return [node["state"] for node in listed["items"]]

    def is_silent(self, name):
        shown = json.loads(self.cluster.run("mortise", "node", "show", name, "--format", "json"))
        return shown["state"] in ("suspect", "lost")

    def killed(self):
        self.agents["to-kill"].kill()
        return lambda: self.is_silent("to-kill")

    def stopped(self):
        self.agents["to-stop"].send_signal(signal.SIGSTOP)
        return lambda: self.is_silent("to-stop")

    def stop(self):
        super().stop()
        self.cluster.stop()


class Slurm(System):
    word, name, interval = "slurm", "Slurm", "asked by the server, 100 s (a third of SlurmdTimeout)"
    note = ("memory is that of registered nodes: those of the configuration are known before. CPU and bytes with "
            "SlurmdTimeout=300, the default, by which a dead node is noticed after some "
            "300 s; noticing was timed with SlurmdTimeout=30.")
    first_port, server_port = 17001, 16817
    #: Two of its rounds.
    least_seconds = 200

    @staticmethod
    def missing(_):
        lacking = [name for name in ("slurmctld", "slurmd", "scontrol", "munged") if shutil.which(name) is None]
        if lacking:
            return f"{', '.join(lacking)} not found: apt-get install slurmctld slurmd slurm-client munge"
        return None if os.geteuid() == 0 else "slurmd runs as root"

    def configuration(self, timeout):
        last = self.first_port + self.count - 1
        host = os.uname().nodename.split(".")[0]
        return "\n".join([
            "ClusterName=bench", f"SlurmctldHost={host}(127.0.0.1)", f"SlurmctldPort={self.server_port}", "SlurmUser=root",
            "SlurmdUser=root", "AuthType=auth/munge", f"AuthInfo=socket={self.work}/munge.socket", "CredType=cred/munge",
            f"StateSaveLocation={self.work}/state", f"SlurmdSpoolDir={self.work}/spool-%n",
            f"SlurmctldPidFile={self.work}/slurmctld.pid", f"SlurmdPidFile={self.work}/slurmd-%n.pid",
            "ProctrackType=proctrack/linuxproc", "TaskPlugin=task/none", "SelectType=select/cons_tres", "MpiDefault=none",
            "ReturnToService=2", f"SlurmdTimeout={timeout}", "SlurmdParameters=config_overrides",
            f"NodeName=n[1-{self.count}] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{self.first_port}-{last}] CPUs=1",
            f"PartitionName=all Nodes=n[1-{self.count}] Default=YES State=UP", ""])

    def start_server(self, nodes):
        self.count = nodes
        self.environment = {**os.environ, "SLURM_CONF": str(self.work / "slurm.conf")}
        (self.work / "slurm.conf").write_text(self.configuration(300))
        key = self.work / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        self.spawn("munged", "--foreground", "--force", f"--key-file={key}", f"--socket={self.work}/munge.socket",
                   f"--pid-file={self.work}/munged.pid", f"--seed-file={self.work}/munged.seed",
                   f"--log-file={self.work}/munged.log", log="munged.out")
        wait_for((self.work / "munge.socket").exists, "munged")
        controller = self.spawn("slurmctld", "-D", "-f", self.work / "slurm.conf", log="slurmctld.log",
                                env=self.environment)
        self.server_pid = controller.pid

    def start_nodes(self, count):
        self.nodes = [
            self.spawn("slurmd", "-D", "-N", f"n{number + 1}", "-f", self.work / "slurm.conf", log="slurmd.log",
                       env=self.environment) for number in range(count)]
        wait_for(lambda: len(self.states()) == count and all(state == "idle" for state in self.states()),
                 f"all slurmd (see {self.work})", 300)

    def states(self, node=None):
        words = ["sinfo", "-h", "-N", "-o", "%T"] + (["-n", node] if node else [])
        return subprocess.run(words, env=self.environment, stdout=subprocess.PIPE, text=True).stdout.split()

    def node_ports(self):
        return range(self.first_port, self.first_port + self.count)

    def shorten(self):
        (self.work / "slurm.conf").write_text(self.configuration(30))
        subprocess.run(["scontrol", "reconfigure"], env=self.environment, check=True)
        time.sleep(15)

    def killed(self):
        self.shorten()
        self.nodes[0].kill()
        return lambda: "idle" not in self.states("n1")

    def stopped(self):
        self.nodes[1].send_signal(signal.SIGSTOP)
        return lambda: "idle" not in self.states("n2")


# Runs in a process of its own: prints the process's threads before any worker is there, then a line when all are.
HYPERQUEUE = """
import os, sys
from hyperqueue.cluster import LocalCluster, WorkerConfig
cluster = LocalCluster()
print("server", *os.listdir("/proc/self/task"), flush=True)
count = int(sys.stdin.readline())
for _ in range(count):
    cluster.start_worker(WorkerConfig(cores=1))
print("workers", flush=True)
sys.stdin.read()
os._exit(0)
"""


class HyperQueueNodes(System):
    word, name, interval = "hyperqueue", "HyperQueue", "heartbeat, 8 s"
    note = ("its package for Python has server and workers in one process: CPU is that of the threads that were there "
            "before the first worker, memory is of a worker and its part of the server together, and no worker can be "
            "killed alone.")

    @staticmethod
    def missing(_):
        return "pip install hyperqueue" if python_lacks("hyperqueue") else None

    def start_server(self, _nodes):
        self.process = subprocess.Popen([sys.executable, "-c", HYPERQUEUE], cwd=self.work, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.children.append(self.process)
        self.threads = self.answer("server")
        self.server_pid = self.process.pid

    def answer(self, word):
        for line in self.process.stdout:
            if line.startswith(word):
                return line.split()[1:]
        sys.exit("hyperqueue ended")

    def start_nodes(self, count):
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        self.answer("workers")

    def server_cpu(self):
        ticks = 0
        for thread in self.threads:
            stat = pathlib.Path(f"/proc/{self.server_pid}/task/{thread}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(stat[11]) + int(stat[12])
        return ticks / TICKS


# Workers of one process: they connect to the scheduler, each with connections of its own.
DASK_WORKERS = """
import asyncio, sys
from distributed import Worker
async def main(address, count):
    workers = []
    for number in range(count):
        workers.append(await Worker(address, nthreads=1, dashboard=False, memory_limit=0, silence_logs=50))
    await asyncio.gather(*(worker.finished() for worker in workers))
asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""

DASK_SCHEDULER = """
import asyncio, sys
from distributed import Scheduler
async def main():
    async with Scheduler(host="127.0.0.1", port=int(sys.argv[1]), dashboard=False) as scheduler:
        while True:
            print("workers", len(scheduler.workers), flush=True)
            await asyncio.sleep(0.1)
asyncio.run(main())
"""


class Dask(System):
    word, name, interval, port = "dask", "Dask", "heartbeat, by the number of workers", 18786
    note = "a worker that hangs is given up after `worker-ttl`, 5 minutes by default."
    per_process = 50

    @staticmethod
    def missing(_):
        return "pip install distributed" if python_lacks("distributed") else None

    def start_server(self, _nodes):
        child = self.spawn(sys.executable, "-c", DASK_SCHEDULER, self.port, log="scheduler.log")
        self.server_pid = child.pid
        wait_for(lambda: "workers" in (self.work / "scheduler.log").read_text(), "the scheduler")

    def workers(self):
        lines = (self.work / "scheduler.log").read_text().splitlines()
        return next(int(line.split()[1]) for line in reversed(lines) if re.fullmatch(r"workers \d+", line))

    def start_nodes(self, count):
        self.count = count
        sizes = [1, 1]
        while sum(sizes) < count:
            sizes.append(min(self.per_process, count - sum(sizes)))
        self.processes = [
            self.spawn(sys.executable, "-c", DASK_WORKERS, f"tcp://127.0.0.1:{self.port}", size, cwd=self.work)
            for size in sizes]
        wait_for(lambda: self.workers() == count, "all workers", 300)

    def killed(self):
        self.processes[0].kill()
        return lambda: self.workers() <= self.count - 1

    def stopped(self):
        self.processes[1].send_signal(signal.SIGSTOP)
        return lambda: self.workers() <= self.count - 2


# Leases with keep-alives, each on a connection of its own, in etcd's own messages: ID, TTL and nothing else.
ETCD_NODES = """
import sys, threading, time
import grpc
address, first, count, ttl, pause = sys.argv[1], *map(int, sys.argv[2:6])
def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])
channels = []
def node(number):
    options = [("grpc.use_local_subchannel_pool", 1)]
    channel = grpc.insecure_channel(address, options=options)
    channels.append(channel)
    grant = channel.unary_unary("/etcdserverpb.Lease/LeaseGrant")
    grant(b"\\x08" + varint(ttl) + b"\\x10" + varint(number), timeout=60)
    keep = channel.stream_stream("/etcdserverpb.Lease/LeaseKeepAlive")
    def beats():
        time.sleep(pause * (number - first) / count)
        while True:
            yield b"\\x08" + varint(number)
            time.sleep(pause)
    for _ in keep(beats()):
        pass
threading.stack_size(256 << 10)
for number in range(first, first + count):
    threading.Thread(target=node, args=(number,), daemon=True).start()
    time.sleep(0.005)
while len(channels) < count:
    time.sleep(0.1)
threading.Event().wait()
"""


class Etcd(System):
    word, name, interval, port = "etcd", "etcd", "lease keep-alive, 10 s, no TLS", 18379
    ttl_seconds, pause_seconds = 40, 10
    note = ("leases of 40 s, kept alive each 10 s: the times of a Kubernetes node. A node that is killed or stopped is "
            "gone when its lease is over.")

    @staticmethod
    def missing(_):
        if shutil.which("etcd") is None or shutil.which("etcdctl") is None:
            return "apt-get install etcd-server etcd-client"
        return "pip install grpcio" if python_lacks("grpc") else None

    def start_server(self, _nodes):
        url = f"http://127.0.0.1:{self.port}"
        child = self.spawn("etcd", "--data-dir", self.work / "data", "--listen-client-urls", url,
                           "--advertise-client-urls", url, "--listen-peer-urls", "http://127.0.0.1:18380",
                           log="etcd.log")
        self.server_pid = child.pid
        wait_for(lambda: self.control("endpoint", "health").returncode == 0, "etcd")

    def control(self, *words):
        return subprocess.run(["etcdctl", "--endpoints", f"127.0.0.1:{self.port}", *words],
                              env={**os.environ, "ETCDCTL_API": "3"}, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)

    def leases(self):
        return set(re.findall(r"^([0-9a-f]+)$", self.control("lease", "list").stdout, re.MULTILINE))

    def start_nodes(self, count):
        def nodes(first, number):
            return self.spawn(sys.executable, "-c", ETCD_NODES, f"127.0.0.1:{self.port}", first, number,
                              self.ttl_seconds, self.pause_seconds, log="nodes.log")

        self.processes = [nodes(1, 1), nodes(2, 1), nodes(3, count - 2)]
        wait_for(lambda: len(self.leases()) == count, "all leases", 120)

    def killed(self):
        self.processes[0].kill()
        return lambda: "1" not in {lease.lstrip("0") for lease in self.leases()}

    def stopped(self):
        self.processes[1].send_signal(signal.SIGSTOP)
        return lambda: "2" not in {lease.lstrip("0") for lease in self.leases()}
