"""Compares what the program makes of every sample of the packs with what another implementation says (one module for each pack beside this file).

compare.py --program BIN --packs FOLDER [PACK ...] [--write]

For each pack with a module, each `samples/NN-name.in.*` is given to the module's `records(sample)`: a list of canonical records, or Refused. The program's
records must be the same, member by member; `--write` also puts them beside the samples (`NN-name.case.json`, or `NN-name.N.case.json` where a delivery has
several), where the pack's own tests compare them. Without `--write` the files there must be what the module says. Samples from 31 on are about faults only:
what they show is which findings come, and the tests of the pack name each.
"""
import argparse
import glob
import importlib
import json
import os
import subprocess
import sys

FAULTS_FROM = 31
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from canon import Refused  # noqa: E402


class Sample:
    """One delivery as it lies on disk: the bytes, and the facts of the transport."""

    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path)
        self.stem = path[:path.rindex(".in.")]
        with open(path, "rb") as f:
            self.body = f.read()
        self.facts = {}
        if os.path.exists(self.stem + ".meta.yaml"):
            with open(self.stem + ".meta.yaml", encoding="utf-8") as f:
                self.facts = dict(line.rstrip("\n").split(": ", 1) for line in f if ": " in line)


def program_records(program, pack, sample):
    known = sorted(glob.glob(os.path.join(pack, "samples", "lookup", "*.csv")))
    catalogues = [word for path in known for word in ("--catalogue", "%s=%s" % (os.path.basename(path)[:-4], path))]
    run = subprocess.run([program, "map", "run", "--json", pack, "--in", sample.path] + catalogues, capture_output=True, check=False)
    lines = [json.loads(line) for line in run.stdout.decode("utf-8").splitlines() if line.strip()]
    return [line for line in lines if "record" in line]


def differences(ours, theirs, path=""):
    """Paths at which two JSON values differ; 1 and "1" differ, 1 and 1.0 too."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        found = []
        for key in sorted(set(ours) | set(theirs)):
            if key not in ours or key not in theirs:
                found.append(path + "." + key + (" is only in the expected record" if key in theirs else " is only in the program's record"))
            else:
                found += differences(ours[key], theirs[key], path + "." + key)
        return found
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [line for i, pair in enumerate(zip(ours, theirs)) for line in differences(*pair, "%s[%d]" % (path, i))]
    return [] if type(ours) is type(theirs) and ours == theirs else [path + " differs"]


def golden(sample, wanted):
    """File name and content of each expected record that stands beside a sample."""
    many = len(wanted) > 1
    for i, record in enumerate(wanted):
        if record is None:
            continue
        name = sample.stem + (".%d" % (i + 1) if many else "") + ".case.json"
        yield name, json.dumps(record, ensure_ascii=False, indent=1) + "\n"


def compare(program, pack, module, write):
    problems, count = [], 0
    for path in sorted(glob.glob(os.path.join(pack, "samples", "*.in.*"))):
        sample = Sample(path)
        # A message beside NN-name.record.json was made from that record: there the way back is what is judged.
        if int(sample.name[:2]) >= FAULTS_FROM or os.path.exists(sample.stem + ".record.json"):
            continue
        label = os.path.basename(pack) + "/" + sample.name
        try:
            wanted = module.records(sample)
        except Refused:
            wanted = []
        made = program_records(program, pack, sample)
        ours = [one["record"] for one in made]
        if not wanted and any(record is not None for record in ours):
            problems.append(label + ": the program made a record where none was expected")
        if wanted and len(ours) != len(wanted):
            problems.append("%s: %d records, %d expected" % (label, len(ours), len(wanted)))
        for i, pair in enumerate(zip(ours, wanted)):
            if pair[1] is not None:
                problems += ["%s record %d: %s" % (label, i + 1, line) for line in differences(*pair)]
            elif pair[0] is not None:
                problems.append("%s record %d should be refused" % (label, i + 1))
        for name, text in golden(sample, wanted):
            if write:
                with open(name, "w", encoding="utf-8") as f:
                    f.write(text)
            elif not os.path.exists(name) or open(name, encoding="utf-8").read() != text:
                problems.append(os.path.basename(name) + " is not what the other implementation says")
        count += len(wanted)
    return problems, count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--packs", required=True)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    found = [folder for folder in sorted(os.listdir(options.packs)) if os.path.exists(os.path.join(options.packs, folder, "pack.yaml"))]
    failed, total = ["there is no pack " + name for name in sorted(set(options.names) - set(found))], 0
    for folder in found:
        module = folder.replace("-", "_")
        if options.names and folder not in options.names:
            continue
        if not os.path.exists(os.path.join(HERE, module + ".py")):
            failed.append("%s: no %s.py says what its samples mean" % (folder, module))
            continue
        problems, count = compare(options.program, os.path.join(options.packs, folder), importlib.import_module(module), options.write)
        print("%s: %d records, %d problems" % (folder, count, len(problems)))
        failed += problems
        total += count
    for line in failed:
        print("  " + line)
    return 1 if failed or total == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
