#!/usr/bin/env python3
"""Ends of tasks a second into SQLite and PostgreSQL, beside what pgbench reaches on the same server.

Rounds in turn: SQLite, PostgreSQL, and pgbench with one client and one transaction that does the same to the same table:
`BATCH` rows put by one statement, and the job's and meta's rows changed. Reported: medians, and the ratio to pgbench.

    make release && Benchmarks/stores.py --server 'host=/var/run/postgresql user=postgres'

The server must let this user make databases; they are dropped afterwards.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from measure import folder_of_programs, median

# What one commit of a coordinator does to these tables, without the store around it.
SCRIPT = """
\\set first random(0, 2000000000)
BEGIN;
INSERT INTO mortise.task (job, task_index, state, attempt, exit_code, reason, slot, generation, node, started_at,
    duration_microseconds, crashes, pardoned)
SELECT 2, (:first + number) % 4294967295, 'succeeded', 1, 0, '', number % 32 + 1, 1, number % 32 + 1, 1790000000000000,
    1234567, NULL, 0
FROM generate_series(1, {batch}) AS numbers (number)
ON CONFLICT (job, task_index) DO UPDATE SET state = excluded.state, attempt = excluded.attempt,
    exit_code = excluded.exit_code, reason = excluded.reason, slot = excluded.slot, generation = excluded.generation,
    node = excluded.node, started_at = excluded.started_at,
    duration_microseconds = excluded.duration_microseconds, crashes = excluded.crashes, pardoned = excluded.pardoned;
UPDATE mortise.job SET succeeded = succeeded + {batch} WHERE job = 2;
UPDATE mortise.slot SET since = since + 1 WHERE slot <= 32;
UPDATE mortise.meta SET value = value + 1 WHERE name = 'revision';
COMMIT;
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True, help="of PostgreSQL, as libpq takes it, without dbname")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--payloads", type=int, default=1_000_000)
    options = parser.parse_args()
    bench = folder_of_programs() / "mortise-bench"
    work = pathlib.Path(tempfile.mkdtemp(prefix="mortise-stores."))
    database = f"mortise_bench_{os.getpid()}"

    def psql(statement, name="postgres"):
        subprocess.run(["psql", "-q", f"{options.server} dbname={name}", "-c", statement], check=True)

    def mortise(store, payloads):
        output = subprocess.run(
            [bench, "store", "--store", store, "--batch", str(options.batch), "--for", f"{options.seconds}s",
             "--payloads", str(payloads), "--json"], check=True, stdout=subprocess.PIPE, text=True)
        return json.loads(output.stdout)

    def postgres_url():
        pairs = dict(part.split("=", 1) for part in options.server.split())
        user = pairs.pop("user", "")
        return f"postgresql://{user + '@' if user else ''}/{database}?" + "&".join(f"{k}={v}" for k, v in pairs.items())

    def pgbench():
        script = work / "script.sql"
        script.write_text(SCRIPT.format(batch=options.batch))
        output = subprocess.run(
            ["pgbench", "-n", "-M", "prepared", "-c", "1", "-T", str(options.seconds), "-f", script,
             f"{options.server} dbname={database}"], check=True, stdout=subprocess.PIPE, text=True).stdout
        return float(re.search(r"tps = ([0-9.]+)", output)[1])

    rows = {"sqlite": [], "postgresql": [], "pgbench": []}
    for number in range(options.rounds):
        payloads = options.payloads if number == 0 else 0
        rows["sqlite"].append(mortise(f"sqlite:{work}/{number}.db", payloads))
        psql(f"CREATE DATABASE {database}")
        try:
            rows["postgresql"].append(mortise(postgres_url(), payloads))
            psql("TRUNCATE mortise.task", database)
            rows["pgbench"].append(pgbench() * options.batch)
        finally:
            psql(f"DROP DATABASE IF EXISTS {database}")
    peer = median(rows["pgbench"])
    for name in ("sqlite", "postgresql"):
        reports = rows[name]
        tasks = median([report["tasksPerSecond"] for report in reports])
        print(f"{name:12} {tasks:9.0f} tasks/s ({tasks / peer:.2f} of pgbench), commits p50 "
              f"{median([r['commits']['p50'] for r in reports]):.1f} p99 "
              f"{median([r['commits']['p99'] for r in reports]):.1f} ms, "
              f"{median([r['cpuMicrosecondsPerTask'] for r in reports]):.1f} us of CPU a task, "
              f"{reports[0]['payloads']} payloads in {reports[0]['payloadSeconds']:.2f} s; rounds "
              + ", ".join(f"{report['tasksPerSecond']:.0f}" for report in reports))
    print(f"{'pgbench':12} {peer:9.0f} tasks/s; rounds " + ", ".join(f"{value:.0f}" for value in rows["pgbench"]))
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
