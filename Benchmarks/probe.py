#!/usr/bin/env python3
"""Cost of looking at a machine with 8 GPUs: `mortise-agent status`, and the probes of an agent that runs.

The GPUs are made up: a script stands for nvidia-smi and prints what follows here at once, so that only Mortise's own
cost is seen. (A real nvidia-smi takes some 10 ms to seconds.) The script's own time is shown apart.

    make release && Benchmarks/probe.py
"""

import argparse
import os
import pathlib
import resource
import shutil
import subprocess
import tempfile
import time

from measure import Mortise, folder_of_programs, median, wait_for

# As nvidia-smi -q -x says it, without the members that nobody reads.
GPU = """
    <gpu id="00000000:{bus:02X}:00.0">
        <product_name>NVIDIA Bench 80GB</product_name>
        <product_brand>NVIDIA</product_brand>
        <persistence_mode>Enabled</persistence_mode>
        <mig_mode><current_mig>Disabled</current_mig><pending_mig>Disabled</pending_mig></mig_mode>
        <serial>{serial}</serial>
        <uuid>GPU-00000000-0000-4000-8000-{serial:012d}</uuid>
        <minor_number>{index}</minor_number>
        <gpu_recovery_action>None</gpu_recovery_action>
        <pci><pci_bus>{bus:02X}</pci_bus><pci_bus_id>00000000:{bus:02X}:00.0</pci_bus_id></pci>
        <performance_state>P0</performance_state>
        <clocks_event_reasons>
            <clocks_event_reason_gpu_idle>Not Active</clocks_event_reason_gpu_idle>
            <clocks_event_reason_hw_slowdown>Not Active</clocks_event_reason_hw_slowdown>
        </clocks_event_reasons>
        <fb_memory_usage><total>81559 MiB</total><reserved>600 MiB</reserved><used>{used} MiB</used>
            <free>{free} MiB</free></fb_memory_usage>
        <utilization><gpu_util>{percent} %</gpu_util><memory_util>12 %</memory_util></utilization>
        <ecc_mode><current_ecc>Enabled</current_ecc><pending_ecc>Enabled</pending_ecc></ecc_mode>
        <ecc_errors>
            <volatile><sram_correctable>0</sram_correctable><dram_correctable>0</dram_correctable>
                <dram_uncorrectable>0</dram_uncorrectable></volatile>
            <aggregate><sram_correctable>0</sram_correctable><dram_correctable>2</dram_correctable>
                <dram_uncorrectable>0</dram_uncorrectable></aggregate>
        </ecc_errors>
        <remapped_rows><remapped_row_corr>0</remapped_row_corr><remapped_row_unc>0</remapped_row_unc>
            <remapped_row_pending>No</remapped_row_pending><remapped_row_failure>No</remapped_row_failure>
        </remapped_rows>
        <temperature><gpu_temp>{celsius} C</gpu_temp><gpu_temp_max_threshold>92 C</gpu_temp_max_threshold></temperature>
        <gpu_power_readings><power_draw>{watts}.25 W</power_draw><current_power_limit>700.00 W</current_power_limit>
        </gpu_power_readings>
        <clocks><graphics_clock>1980 MHz</graphics_clock><sm_clock>1980 MHz</sm_clock><mem_clock>2619 MHz</mem_clock>
        </clocks>
        <processes><process_info><pid>{process}</pid><type>C</type><process_name>/opt/train</process_name>
            <used_memory>{used} MiB</used_memory></process_info></processes>
    </gpu>"""


def machine():
    gpus = "".join(
        GPU.format(bus=0x10 + 8 * index, serial=1_000 + index, index=index, used=40_000 + index,
                   free=81_559 - 600 - 40_000 - index, percent=90 + index, celsius=50 + index, watts=400 + index,
                   process=2_000 + index) for index in range(8))
    return ('<?xml version="1.0" ?>\n<nvidia_smi_log>\n<driver_version>570.1.2</driver_version>\n'
            f"<cuda_version>12.8</cuda_version>\n<attached_gpus>8</attached_gpus>{gpus}\n</nvidia_smi_log>\n")


def topology():
    names = [f"GPU{index}" for index in range(8)]
    rows = [[name] + ["X" if name == other else "NV18" for other in names] + ["0-1", "0"] for name in names]
    return "\n".join("\t".join(row) for row in [["", *names, "CPU Affinity", "NUMA Affinity"], *rows]) + "\n"


class Tools:
    """A folder with the script, to be put before PATH; counts its runs."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="probe-bench."))
        (self.folder / "xml").write_text(machine())
        (self.folder / "topo").write_text(topology())
        self.log = self.folder / "runs"
        self.log.touch()
        script = self.folder / "nvidia-smi"
        script.write_text(
            f'#!/bin/sh\necho "$*" >>{self.log}\ncase $1 in\n-q) exec cat {self.folder}/xml ;;\n'
            f"topo) exec cat {self.folder}/topo ;;\nesac\nexit 1\n")
        script.chmod(0o755)

    def runs(self):
        return self.log.read_text().splitlines()


def spent(command):
    """Seconds by the clock, and of CPU: of the command and of all that it started."""
    begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def own_cpu_seconds(pid):
    """All threads of a process so far, without its children; to the nanosecond."""
    return sum(int(file.read_text().split()[0]) for file in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def show(name, pairs):
    wall, cpu = (median(column) * 1_000 for column in zip(*pairs))
    print(f"{name:44} {wall:8.1f} ms {cpu:8.1f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seconds", type=int, default=60, help="for which the agent is watched")
    options = parser.parse_args()

    programs = folder_of_programs()
    tools = Tools()
    os.environ["PATH"] = f"{tools.folder}:{os.environ['PATH']}"
    status = [programs / "mortise-agent", "status", "--probe", "--json"]
    said = subprocess.run(status, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = said.count('"vendor": "nvidia"')
    assert found == 8, f"the agent sees {found} GPUs"

    cases = {
        "status --no-tools": [*status, "--no-tools"],
        "status, 8 GPUs": status,
        "the script alone, nvidia-smi -q -x": [tools.folder / "nvidia-smi", "-q", "-x"],
    }
    costs = {name: [] for name in cases}
    runs = None
    # By turns, so that other work on the machine falls on all.
    for _ in range(options.rounds):
        for name, command in cases.items():
            before = len(tools.runs())
            costs[name].append(spent(command))
            if command is status:
                runs = tools.runs()[before:]
    print(f"median of {options.rounds}; CPU with that of all children\n{'':44} {'wall':>11} {'CPU':>11}")
    for name, pairs in costs.items():
        show(name, pairs)
    print(f"status, 8 GPUs, runs {len(runs)} tools: " + "; ".join(f"nvidia-smi {words}" for words in runs))

    mortise = Mortise(programs)
    agent = mortise.agent.pid
    count = len(tools.runs())
    wait_for(lambda: len(tools.runs()) > count, "the first sample", 120)
    time.sleep(1)
    count, cpu, begin = len(tools.runs()), own_cpu_seconds(agent), time.monotonic()
    time.sleep(options.seconds)
    cpu, seconds, runs = own_cpu_seconds(agent) - cpu, time.monotonic() - begin, tools.runs()[count:]
    mortise.stop()
    print(f"an agent, joined and idle, for {seconds:.0f} s: {len(runs)} runs of a tool "
          f"({', '.join(sorted(set(runs)))}), {cpu * 1_000:.1f} ms CPU of its own with heartbeats, "
          f"{cpu * 1_000 / max(1, len(runs)):.2f} ms a run, {cpu / seconds * 100:.3f} % of one CPU")
    shutil.rmtree(tools.folder)


if __name__ == "__main__":
    main()
