#!/usr/bin/env python3
"""Decisions a second and their 99th percentile from 1,000 to 100,000 nodes, as a table and a picture.

    swift build -c release --product mortise-sim --scratch-path .build-sim
    Benchmarks/placement.py --nodes openb_node_list_gpu_node.csv --pods openb_pod_list_default.csv

The files are of cluster-trace-gpu-v2023 of github.com/alibaba/clusterdata.
"""

import argparse
import json
import math
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COLOURS = {"mortise": "#c2410c", "fgd": "#1d4ed8", "bestfit": "#4d7c0f"}


def measure(options, nodes):
    """The runs of all policies, by name."""
    command = [
        options.program, "placement", "--nodes", options.nodes, "--pods", options.pods, "--seed", "1",
        "--scale", str(nodes), "--json", "--policy", *COLOURS,
    ]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if result.returncode:
        sys.exit(f"mortise-sim failed with {nodes} nodes")
    return {run["policy"]: run for run in json.loads(result.stdout)["runs"]}


def panel(left, title, unit, sizes, lines, low, high):
    """One diagram, both of its axes logarithmic."""
    width, top, height = 330, 50, 230

    def x(nodes):
        return left + width * math.log(nodes / sizes[0]) / math.log(sizes[-1] / sizes[0])

    def y(value):
        return top + height * (1 - math.log(value / low) / math.log(high / low))

    yield f'<text x="{left}" y="30" font-weight="bold">{title}</text>'
    step = low
    while step <= high:
        yield (f'<line x1="{left}" y1="{y(step):.1f}" x2="{left + width}" y2="{y(step):.1f}" stroke="#ddd"/>'
               f'<text x="{left - 6}" y="{y(step) + 4:.1f}" text-anchor="end">{step:,}</text>')
        step *= 10
    for nodes in sizes:
        yield (f'<line x1="{x(nodes):.1f}" y1="{top + height}" x2="{x(nodes):.1f}" y2="{top + height + 4}" '
               f'stroke="#666"/><text x="{x(nodes):.1f}" y="{top + height + 18}" text-anchor="middle">{nodes:,}</text>')
    yield f'<text x="{left + width / 2}" y="{top + height + 38}" text-anchor="middle">nodes</text>'
    for name, values in lines.items():
        points = " ".join(f"{x(nodes):.1f},{y(value):.1f}" for nodes, value in zip(sizes, values))
        yield f'<polyline points="{points}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>'
        for nodes, value in zip(sizes, values):
            yield (f'<circle cx="{x(nodes):.1f}" cy="{y(value):.1f}" r="3" fill="{COLOURS[name]}">'
                   f"<title>{name}, {nodes:,} nodes: {value:,.0f} {unit}</title></circle>")


def limits(lines):
    """Powers of ten around all values."""
    values = [value for line in lines.values() for value in line]
    return 10 ** math.floor(math.log10(min(values))), 10 ** math.ceil(math.log10(max(values)))


def picture(sizes, speeds, slowest):
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 880 360" font-family="sans-serif" font-size="12">',
             '<rect width="880" height="360" fill="white"/>']
    parts += panel(80, "decisions a second, one core", "a second", sizes, speeds, *limits(speeds))
    parts += panel(510, "99th percentile of a decision, µs", "µs", sizes, slowest, *limits(slowest))
    for place, (name, colour) in enumerate(COLOURS.items()):
        parts.append(f'<rect x="{330 + 90 * place}" y="338" width="12" height="12" fill="{colour}"/>'
                     f'<text x="{346 + 90 * place}" y="348">{name}</text>')
    return "\n".join(parts + ["</svg>", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", required=True)
    parser.add_argument("--pods", required=True)
    parser.add_argument("--program", default=str(ROOT / ".build-sim/release/mortise-sim"))
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 3_000, 10_000, 30_000, 100_000])
    parser.add_argument("--out", default=str(ROOT / "docs/design/placement-growth.svg"))
    options = parser.parse_args()
    if len(options.sizes) < 2 or sorted(set(options.sizes)) != options.sizes or options.sizes[0] < 1:
        parser.error("--sizes are at least two, from the least to the most")

    speeds = {name: [] for name in COLOURS}
    slowest = {name: [] for name in COLOURS}
    print(f"{'nodes':>8} {'policy':8} {'arrived':>9} {'decisions/s':>12} {'p50 us':>8} {'p99 us':>8} {'max us':>9}")
    for nodes in options.sizes:
        for name, run in measure(options, nodes).items():
            time = run["time"]
            speeds[name].append(time["decisions_per_second"])
            slowest[name].append(time["p99_us"])
            print(f"{nodes:8,} {name:8} {run['arrived_pods']:9,} {time['decisions_per_second']:12,.0f} "
                  f"{time['p50_us']:8.1f} {time['p99_us']:8.1f} {time['max_us']:9.0f}", flush=True)
    pathlib.Path(options.out).write_text(picture(options.sizes, speeds, slowest))
    print(f"drawn into {options.out}")


if __name__ == "__main__":
    main()
