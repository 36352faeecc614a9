"""What the benchmarks share: starting a cluster of this machine alone, and reading what processes cost."""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system time of one process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_kib(pid):
    """Resident and anonymous memory of one process, in KiB."""
    status = dict(
        line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    return int(status["VmRSS"].split()[0]), int(status["RssAnon"].split()[0])


def wait_for(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"waited {seconds} s in vain for {what}")
        time.sleep(0.05)


def median(values):
    return statistics.median(values)


def folder_of_programs():
    """dist/ where `make release` has put them, or the folder in BIN."""
    folder = pathlib.Path(os.environ.get("BIN", ROOT / "dist")).resolve()
    if not (folder / "mortise-agent").exists():
        sys.exit(f"no programs in {folder}: run 'make release' first, or set BIN")
    return folder


class Mortise:
    """A coordinator and, unless told otherwise, one agent on loopback, in a folder of their own."""

    def __init__(self, programs, agent=True):
        self.programs = programs
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="mortise-bench."))
        self.environment = {
            **os.environ,
            "MORTISE_CONFIG": str(self.work / "head/client.json"),
            "XDG_CONFIG_HOME": str(self.work / "config"),
        }
        self.run("mortise-coordinator", "init", "--directory", self.work / "head", "--address", "127.0.0.1",
                 "--listen", "127.0.0.1", "--api-port", "0", "--agent-port", "0")
        self.coordinator = self.start("mortise-coordinator", "serve", "--directory", self.work / "head")
        log = self.work / "mortise-coordinator.log"
        wait_for(lambda: " ready" in log.read_text(), "the coordinator")
        self.agent = None
        if not agent:
            return
        environment = {**self.environment, "MORTISE_JOIN_TOKEN": self.token(1)}
        self.agent = self.start("mortise-agent", "run", "--directory", self.work / "agent", "--address", "127.0.0.1",
                                environment=environment)
        wait_for(lambda: "ready" in self.run("mortise", "node", "list"), "the agent")

    def run(self, program, *arguments):
        return subprocess.run([self.programs / program, *map(str, arguments)], env=self.environment, check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    def start(self, program, *arguments, environment=None):
        log = open(self.work / f"{program}.log", "w")
        return subprocess.Popen([self.programs / program, *map(str, arguments)],
                                env=environment or self.environment, stdout=log, stderr=log)

    def token(self, uses):
        """A join token for so many agents."""
        return self.run("mortise-coordinator", "token", "create", "--directory", self.work / "head", "--uses",
                        uses).strip()

    def job(self, job):
        return json.loads(self.run("mortise", "job", "show", job, "--format", "json"))

    def stop(self):
        if self.agent:
            subprocess.run([self.programs / "mortise-agent", "leave", "--directory", self.work / "agent"],
                           stdout=subprocess.DEVNULL)
            self.agent.wait(30)
        self.coordinator.terminate()
        self.coordinator.wait(30)
        shutil.rmtree(self.work)


# Runs in a process of its own: embedded server and worker, a line "TASKS" in, a line of seconds out.
HYPERQUEUE = """
import sys, time
from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig
with LocalCluster(worker_config=WorkerConfig(cores=int(sys.argv[1]))) as cluster:
    client = cluster.client()
    print("ready", flush=True)
    for line in sys.stdin:
        job = Job()
        for _ in range(int(line)):
            job.program(["true"], stdout=None, stderr=None)
        begin = time.monotonic()
        client.wait_for_jobs([client.submit(job)])
        print(time.monotonic() - begin, flush=True)
"""


class HyperQueue:
    """HyperQueue's embedded server and worker, from PyPI's `hyperqueue`, in one process that is driven by lines."""

    @staticmethod
    def is_installed():
        return subprocess.run([sys.executable, "-c", "import hyperqueue"], stderr=subprocess.DEVNULL).returncode == 0

    def __init__(self, cpus):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="hq-bench."))
        self.process = subprocess.Popen([sys.executable, "-c", HYPERQUEUE, str(cpus)], cwd=self.work, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.answer("ready")

    def answer(self, wanted=""):
        for line in self.process.stdout:
            if line.startswith(wanted) and (wanted or line[0].isdigit()):
                return line
        sys.exit("hyperqueue ended: pip install hyperqueue")

    def run(self, tasks):
        """Seconds from submission to the end of all, the job's making in Python not counted."""
        self.process.stdin.write(f"{tasks}\n")
        self.process.stdin.flush()
        return float(self.answer())

    def stop(self):
        self.process.stdin.close()
        self.process.wait(60)
        shutil.rmtree(self.work)
