#!/usr/bin/python3
"""Faults that need a world of their own: one after the other, each judged by the laws of the oracle and by what it expects itself. See docs/guide/faults.md.

  run.py --bin build/dev/bin                  every case (about half an hour); those that cannot run here are skipped, with the reason
  run.py --bin build/dev/bin --only slow_clients,thread_limit
  run.py --bin build/dev/bin --sample         the short ones, smaller: the tests conformance.fault_*
  run.py --list                               name, faults by number, what it needs

  --seed S       drives messages and moments; printed with every failure
  --minutes M    begin no case after so long
  --small        smaller amounts
  --work DIR     where worlds are made; the one of a failed case is left there
  --record FILE  keeps date and result of every case that ran in FILE (docs/guide/faults.json)
  --json FILE    results alone

A case that needs a network of its own is run in namespaces made for it (unshare); nothing outside them is touched.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from case import CASES, FaultRun  # noqa: E402
import again_faults  # noqa: E402,F401
import clock_faults  # noqa: E402,F401
import disk_faults  # noqa: E402,F401
import process_faults  # noqa: E402,F401
import setup_faults  # noqa: E402,F401
import store_faults  # noqa: E402,F401
import wire_faults  # noqa: E402,F401

NOTHING_RAN = 77   # Every case was skipped; CTest shows that as such.


def options_of(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/dev/bin")
    parser.add_argument("--only", default="")
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--work", default=None)
    parser.add_argument("--record", default="")
    parser.add_argument("--json", default="")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    o = parser.parse_args(arguments)
    o.seed = int.from_bytes(os.urandom(4), "big") if o.seed is None else o.seed
    o.bin = os.path.abspath(o.bin)
    wrong = [name for name in o.only.split(",") if name and name not in CASES]
    if wrong:
        parser.error("no such case: %s; --list names them" % ", ".join(wrong))
    return o


def chosen(o):
    if o.only:
        return [CASES[name] for name in o.only.split(",")]
    return [one for one in CASES.values() if one.sample or not o.sample]


def in_namespaces(one, o):
    """The same case in a network and mount namespace of its own."""
    with tempfile.NamedTemporaryFile(suffix=".json") as result:
        command = ["unshare", "-n", "-m", sys.executable, os.path.abspath(__file__), "--inside", "--bin", o.bin, "--only", one.name, "--seed", str(o.seed), "--json", result.name]
        command += (["--work", o.work] if o.work else []) + (["--small"] if o.small or o.sample else [])
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        try:
            return json.load(open(result.name, encoding="utf-8"))[0]
        except (ValueError, IndexError):
            return {"name": one.name, "result": "failed", "why": "the namespaces did not work: " + done.stdout.strip()[-300:], "seconds": 0, "said": [],
                    "size": "small" if o.small or o.sample else "whole"}


def run_one(one, o):
    missing = one.missing()
    if missing:
        return {"name": one.name, "result": "skipped", "why": missing, "seconds": 0, "said": []}
    if "namespace" in one.needs and not o.inside:
        return in_namespaces(one, o)
    run = FaultRun(one, o, o.small or o.sample)
    began = time.monotonic()
    try:
        run.go(0)
    except Exception as broken:  # A judge that broke is a failure of this case, and the next one runs all the same.
        run.fail("%s: %s" % (type(broken).__name__, broken))
    why = run.failure + ("; seed %d, see %s" % (o.seed, run.dir) if run.failure else "")
    return {"name": one.name, "result": "failed" if run.failure else "passed", "why": why, "seconds": round(time.monotonic() - began, 1), "acknowledged": run.tally.acknowledged,
            "effects": run.tally.effects, "said": run.said, "size": "small" if run.small else "whole"}


def record(path, results, o):
    with open(path, encoding="utf-8") as f:
        book = json.load(f)
    for one in results:
        if one["result"] != "skipped":
            book["runs"][one["name"]] = {"date": time.strftime("%Y-%m-%d"), "result": one["result"], "acknowledged": one.get("acknowledged", 0), "effects": one.get("effects", 0), "seed": o.seed, "size": one["size"],
                                         "said": one["said"]}
    with open(path, "w", encoding="utf-8") as f:
        json.dump(book, f, ensure_ascii=False, indent=1)
        f.write("\n")


def main(arguments=None):
    o = options_of(arguments)
    if o.list:
        for one in CASES.values():
            print("%-34s %-10s %s%s" % (one.name, ",".join("%02d" % n for n in one.faults), " ".join(one.needs), " (sample)" if one.sample else ""))
        return 0
    if o.inside:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    print("faults: seed %d" % o.seed, flush=True)
    results, end = [], time.monotonic() + o.minutes * 60 if o.minutes else float("inf")
    for one in chosen(o):
        if time.monotonic() > end:
            print("  %s: not begun, the time is over" % one.name)
            continue
        results.append(run_one(one, o))
        last = results[-1]
        print("  %-34s %-7s %5.0f s  %s" % (one.name, last["result"].upper() if last["result"] == "skipped" else last["result"], last["seconds"], last["why"] or "; ".join(last["said"])), flush=True)
        if o.record:
            record(o.record, [last], o)
    if o.json:
        with open(o.json, "w", encoding="utf-8") as f:
            json.dump(results, f, ensure_ascii=False, indent=1)
    counts = {state: sum(1 for r in results if r["result"] == state) for state in ("passed", "failed", "skipped")}
    print("faults: %(passed)d passed, %(failed)d failed, %(skipped)d skipped" % counts)
    return 1 if counts["failed"] else 0 if counts["passed"] else NOTHING_RAN


if __name__ == "__main__":
    sys.exit(main())
