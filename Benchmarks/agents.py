#!/usr/bin/env python3
"""What a coordinator costs with 100, 1,000 and 10,000 agents: runs `mortise-bench agents` and writes a table.

The agents' sessions are real (TLS, WebSocket, the agent's own decisions and codec); their machines are pretended, with 8
GPUs whose readings wander. Coordinator and load share this machine. With --trials the largest run also holds the store's
lock for 10 s, kills the coordinator, and ends ten agents without a word.

    make release && Benchmarks/agents.py --trials
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from measure import folder_of_programs


def run(programs, count, seconds, identities, trials):
    words = [programs / "mortise-bench", "agents", "--count", count, "--for", f"{seconds}s", "--identities", identities,
             "--tasks", count * seconds // 10, "--slots", max(1, count // 10), "--json"]
    if trials:
        words += ["--stall-store", "10s", "--restart", "--kill", "10"]
    print(f"{count} agents", file=sys.stderr)
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        print(f"the run with {count} agents ended with {done.returncode}", file=sys.stderr)
    return json.loads(done.stdout) if done.stdout.strip() else None


def lag(summary):
    if not summary:
        return "-"
    return " / ".join(f"{summary[key]:.1f}" for key in ("p50", "p99", "p999", "max"))


def row(report):
    beats, coordinator, generator = report.get("beats"), report.get("coordinator"), report.get("generator")
    if not beats or not coordinator:
        return f"| {report['agents']:,} | not measured |"
    traffic = report.get("traffic") or {}
    per_beat = coordinator["cores"] * report["windowSeconds"] / max(1, beats["sent"]) * 1e6
    return (f"| {report['agents']:,} | {coordinator['cores']:.3f} | {per_beat:.0f} us | "
            f"{coordinator['residentBytesPerAgent'] / 1000:.1f} KB | {coordinator['wholeBytesPerAgent'] / 1000:.1f} KB | "
            f"{beats['withinSecondPercent']:.3f} % | {lag(beats.get('lagMilliseconds'))} ms | "
            f"{traffic.get('sentBytesPerMinute', 0):.0f} + {traffic.get('receivedBytesPerMinute', 0):.0f} | "
            f"{report['connecting']['seconds']:.1f} s | {generator['cores']:.2f} |")


def tell_trials(report):
    if "stall" in report:
        stall = report["stall"]
        print(f"store stalled for {stall['seconds']:.0f} s: {stall['suspects']} suspect, {stall['lost']} lost; beat lag "
              f"{lag(stall.get('lag'))} ms")
    if "restart" in report:
        restart = report["restart"]
        print(f"coordinator killed: ready again after {restart['readySeconds']:.1f} s, all {report['agents']:,} agents "
              f"back after {restart['allSeconds']:.1f} s with {restart['hellos']:,} hellos; {restart['suspects']} suspect, "
              f"{restart['lost']} lost")
    for keeps in (True, False):
        times = [kill for kill in report.get("kills", []) if kill["keepsConnection"] == keeps and "suspectSeconds" in kill]
        if times:
            suspect = sorted(kill["suspectSeconds"] for kill in times)
            lost = sorted(kill["lostSeconds"] for kill in times if "lostSeconds" in kill)
            print(f"agents that {'hang' if keeps else 'are gone'}: suspect after {suspect[0]:.1f} to {suspect[-1]:.1f} s, "
                  f"lost after {lost[0]:.1f} to {lost[-1]:.1f} s" if lost else "not all were noticed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--identities", help="a folder that keeps identities for later runs")
    parser.add_argument("--trials", action="store_true")
    parser.add_argument("--json", help="a file for all figures")
    options = parser.parse_args()

    programs = folder_of_programs()
    identities = pathlib.Path(options.identities or tempfile.mkdtemp(prefix="mortise-identities."))
    reports = []
    for count in options.counts:
        # Each size has a coordinator of its own: one that knows 10,000 nodes is no measure for 100.
        report = run(programs, count, options.seconds, identities / str(count),
                     options.trials and count == max(options.counts))
        if report:
            reports.append(report)

    print(f"{os.cpu_count()} cores, load included, Linux {os.uname().release}; {options.seconds} s each, a tenth of the "
          "agents run tasks of 1 s")
    print("| agents | coordinator's cores | CPU a beat | memory an agent | all memory by agents | beats within 1 s | beat lag "
          "p50 / p99 / p99.9 / max | bytes an agent and minute, there + back | all connected after | cores of the load |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for report in reports:
        print(row(report))
    for report in reports:
        tell_trials(report)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(reports, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
