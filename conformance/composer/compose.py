"""Puts quirks into clean messages, one and two at a time, and checks what the program makes of them.

compose.py --program BIN [--all] [--seed N] [--repeat N] [--only LQ01[,LQ25]] [--list] [--keep FOLDER]

Without --all: every quirk alone and a sample of the pairs (--pairs N of them), drawn by the seed, which is printed. With --all: every quirk alone and every pair
that does not contradict itself. --list names the pairs that do, with the reason, and the quirks that are not composed. Each combination becomes one mapping
of a pack made for the run, with its messages as the tests of that mapping: verdict, ids of findings and the whole canonical record must be what this program
works out by itself. Many mappings stand in one pack, so that one process judges hundreds of messages.
"""
import argparse
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile

import mapping
from message import Message
from quirks import NOT_COMPOSED, QUIRKS, contradiction

MAPPINGS_IN_A_PACK = 60


class Combination:
    def __init__(self, quirks):
        self.quirks = sorted(quirks, key=lambda q: (q.rank, q.number))
        self.name = "+".join(q.name for q in sorted(quirks, key=lambda q: q.number)) or "clean"

    def message(self, seed):
        made = Message(seed)
        rng = random.Random("%s %d" % (self.name, seed))
        for quirk in self.quirks:
            quirk.apply(made, rng)
        return made


def yaml_text(text):
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


class Pack:
    """A folder with one mapping for each way of writing; a combination whose messages need several (two layers, three layers) has several."""

    def __init__(self, folder):
        self.folder = folder
        self.mappings, self.count = {}, 0
        for name in ("mappings", "tables", "samples"):
            os.makedirs(os.path.join(folder, name))
        self.write("tables/id_type.csv", "code,name,label\n1,resident_id,居民身份证\n2,passport,护照\n")

    def write(self, name, content):
        with open(os.path.join(self.folder, name), "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode("utf-8"))

    def add(self, combination, seed):
        message = combination.message(seed)
        body = message.body()
        rules = mapping.text(message, combination.name)
        key = (combination.name, rules)
        if key not in self.mappings:
            self.mappings[key] = ("/%s/%d" % (combination.name, len(self.mappings)), [])
        path, tests = self.mappings[key]
        self.count += 1
        stem = "samples/%s-%d" % (combination.name, seed)
        self.write(stem + ".in.bin", body)
        facts = dict(message.facts(), path=path)
        self.write(stem + ".meta.yaml", "".join("%s: %s\n" % (name, yaml_text(value)) for name, value in facts.items()))
        tests.append(self.test(message, stem))

    def test(self, message, stem):
        if message.fatal:
            return "  - {in: %s.in.bin, verdict: refused, findings: [%s]}\n" % (stem, min(message.fatal)[1])
        found = mapping.findings(message)
        kind = mapping.record(message, 0)["applicant"].get("id_type")
        if kind and message.means["id"] == "19900000000":
            found.insert(sum(1 for name in ("sxmc", "title", "name", "ztype") if name in message.faults) + found.count("wire.soap_hole"), "model.id_length")
        held = bool(set(found) - {"wire.soap_hole", "mapping.mojibake"})
        for copy in range(message.copies):
            name = stem + (".%d" % (copy + 1) if message.copies > 1 else "") + ".case.json"
            self.write(name, json.dumps(mapping.record(message, copy), ensure_ascii=False))
        return "  - {in: %s.in.bin, count: %d, verdict: %s, findings: [%s]}\n" % (stem, message.copies, "held" if held else "accepted", ", ".join(found))

    def finish(self):
        entries = ""
        for i, ((_, rules), (path, tests)) in enumerate(self.mappings.items()):
            self.write("mappings/%d.yaml" % i, rules.replace("mapping: composer.", "mapping: composer.%d." % i, 1) + "tests:\n" + "".join(tests))
            entries += "  - {file: mappings/%d.yaml, match: {path: %s}}\n" % (i, yaml_text(path))
        self.write("pack.yaml", 'pack: composer\nsystem: composer\nversion: "1"\nmappings:\n' + entries)

    def run(self, program):
        self.finish()
        done = subprocess.run([program, "map", "test", self.folder], capture_output=True, text=True, check=False)
        lines = done.stdout.splitlines()
        summary = [line for line in lines if " passed, " in line]
        if done.returncode == 0 and summary and summary[-1].startswith("%d passed" % self.count):
            return []
        return [line for line in lines if line.startswith("failed")] or [line for line in (done.stdout + done.stderr).splitlines() if line][:20] or ["no answer"]


def combinations(options, rng):
    chosen = QUIRKS
    if options.only:
        names = options.only.split(",")
        unknown = set(names) - {q.name for q in QUIRKS}
        if unknown:
            sys.exit("not composed: " + ", ".join(sorted(unknown)))
        return [Combination([q for q in QUIRKS if q.name in names])]
    singles = [Combination([])] + [Combination([q]) for q in chosen]
    pairs = [Combination(pair) for pair in itertools.combinations(chosen, 2) if contradiction(*pair) is None]
    return singles + (pairs if options.all else rng.sample(pairs, min(options.pairs, len(pairs))))


def list_all():
    for number, reason in sorted(NOT_COMPOSED.items()):
        print("LQ%02d is not composed: %s" % (number, reason))
    count = 0
    for one, other in itertools.combinations(QUIRKS, 2):
        reason = contradiction(one, other)
        if reason:
            print("%s+%s contradict each other, %s" % (one.name, other.name, reason))
        else:
            count += 1
    print("%d quirks alone, %d pairs" % (len(QUIRKS), count))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--repeat", type=int, default=None, help="messages of each combination (default 6 of a single quirk, 2 of a pair)")
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--only")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--keep")
    options = parser.parse_args()
    if options.list:
        return list_all()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    print("seed %d" % seed, flush=True)
    todo = combinations(options, random.Random(seed))
    failures, messages = [], 0
    with tempfile.TemporaryDirectory() as scratch:
        for start in range(0, len(todo), MAPPINGS_IN_A_PACK):
            pack = Pack(os.path.join(options.keep or scratch, "pack%d" % (start // MAPPINGS_IN_A_PACK)))
            for combination in todo[start:start + MAPPINGS_IN_A_PACK]:
                for i in range(options.repeat or (6 if len(combination.quirks) < 2 else 2)):
                    pack.add(combination, seed * 100 + i)
            failures += pack.run(options.program)
            messages += pack.count
    for line in failures:
        print(line)
    print("%d combinations, %d messages, %d failures" % (len(todo), messages, len(failures)))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
