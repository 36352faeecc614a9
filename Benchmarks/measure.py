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
    """A coordinator and one agent on loopback, in a folder of their own."""

    def __init__(self, programs):
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
        token = self.run("mortise-coordinator", "token", "create", "--directory", self.work / "head", "--uses", "1")
        environment = {**self.environment, "MORTISE_JOIN_TOKEN": token.strip()}
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

    def job(self, job):
        return json.loads(self.run("mortise", "job", "show", job, "--format", "json"))

    def stop(self):
        subprocess.run([self.programs / "mortise-agent", "leave", "--directory", self.work / "agent"],
                       stdout=subprocess.DEVNULL)
        self.agent.wait(30)
        self.coordinator.terminate()
        self.coordinator.wait(30)
        shutil.rmtree(self.work)


class HyperQueue:
    """A server and one worker, from PyPI's `hyperqueue` (in the folder of PATH, or of HQ)."""

    def __init__(self, cpus):
        self.program = shutil.which(os.environ.get("HQ", "hq"))
        if not self.program:
            sys.exit("no hq: pip install hyperqueue")
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="hq-bench."))
        self.environment = {**os.environ, "HQ_SERVER_DIR": str(self.work / "server")}
        self.server = self.start("server", "start", "--host", "127.0.0.1")
        wait_for(lambda: (self.work / "server/hq-current/access.json").exists(), "hq's server")
        self.worker = self.start("worker", "start", "--cpus", str(cpus))
        wait_for(lambda: "RUNNING" in self.run("worker", "list"), "hq's worker")

    def run(self, *arguments):
        return subprocess.run([self.program, *arguments], env=self.environment, check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, cwd=self.work).stdout

    def start(self, *arguments):
        return subprocess.Popen([self.program, *arguments], env=self.environment, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, cwd=self.work)

    def stop(self):
        self.run("server", "stop")
        self.worker.wait(30)
        self.server.wait(30)
        shutil.rmtree(self.work)
