#!/usr/bin/python3
"""Proof that the judge sees: plants each bug of planted/*.patch in a copy of the tree, builds it, runs the torture that the patch names, and asks that the
law that the patch names is broken. One bug at a time; the copy and its build are kept, so each next bug compiles one file or two.

  prove_planted.py [--only a,b] [--tree DIR] [--results FILE] [--jobs N]
  prove_planted.py --check      only asks whether each patch still applies to this tree

Writes the results as JSON (default docs/guide/planted.json), from which scripts/guarantees-doc makes its table. Exit 1 when a bug was not caught.
"""
import argparse
import datetime
import filecmp
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TRIES = 3   # Some bugs need luck in the interleaving; each further try has another seed.


def run(command, cwd, timeout=1800):
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=timeout)
    return done.returncode, done.stdout


def must(command, cwd):
    code, text = run(command, cwd)
    if code != 0:
        sys.exit("%s gave %d\n%s" % (" ".join(command[:4]), code, text[-3000:]))


def head_of(patch):
    values = {}
    with open(patch, encoding="utf-8") as f:
        for line in f:
            if not line.strip():
                return values
            name, _, value = line.partition(":")
            values[name] = value.strip()
    return values


class Copy:
    """A copy of the tracked tree with a build of its own."""

    def __init__(self, folder, jobs):
        self.dir, self.jobs = folder, jobs
        os.makedirs(folder, exist_ok=True)
        files = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
        for name in files.decode().split("\0"):
            self.bring(name)
        must(["cmake", "--preset", "dev", "-DTONGQU_BUILD_TESTS=OFF", "-DTONGQU_BUILD_EXAMPLES=OFF"], folder)

    def bring(self, name):
        """A file that an interrupted proof left changed becomes new again; one that is the same keeps its time, so that nothing is compiled for it."""
        there, here = os.path.join(ROOT, name), os.path.join(self.dir, name)
        if not os.path.isfile(there) or (os.path.isfile(here) and filecmp.cmp(there, here, shallow=False)):
            return
        os.makedirs(os.path.dirname(here), exist_ok=True)
        shutil.copyfile(there, here)
        shutil.copymode(there, here)

    def build(self):
        return run(["nice", "-n", "5", "cmake", "--build", "--preset", "dev", "--target", "tongqu", "-j", str(self.jobs)], self.dir)

    def patch(self, file, reverse=False):
        """Where the lines around it have changed it may land in another place, so it must fit whole."""
        return run(["patch", "-p1", "--batch", "--forward", "--fuzz=0", "-i", file] + (["-R"] if reverse else []), self.dir)


def have(program):
    return subprocess.run(["which", program], stdout=subprocess.DEVNULL, check=False).returncode == 0


def torture(copy, arguments, seed):
    with tempfile.NamedTemporaryFile(suffix=".json") as result:
        code, text = run(["/usr/bin/python3", "conformance/oracle/torture.py", "--bin", "build/dev/bin", "--json", result.name, "--quiet", *arguments, "--seed", str(seed)], copy.dir, 400)
        try:
            return code, json.loads(result.read()), text
        except ValueError:
            return code, {"laws": {}, "examples": []}, text


def check(patches):
    """Number of patches that do not apply to the tree any more."""
    stale = 0
    for patch in patches:
        code, text = run(["patch", "-p1", "--batch", "--forward", "--fuzz=0", "--dry-run", "-i", patch], ROOT)
        if code != 0:
            stale += 1
            print("%s does not apply any more:\n%s" % (os.path.basename(patch), text))
    print("planted: %d of %d patches apply" % (len(patches) - stale, len(patches)))
    return stale


def prove(copy, patch):
    head = head_of(patch)
    row = {"bug": os.path.basename(patch)[:-6], "what": head["what"], "law": head["law"], "run": "scripts/torture " + head["run"], "caught": False, "also": []}
    code, text = copy.patch(patch)
    if code != 0:
        return dict(row, problem="does not apply: " + text.strip()[-200:])
    try:
        code, text = copy.build()
        if code != 0:
            return dict(row, problem="does not build: " + text[-400:])
        began = time.monotonic()
        arguments = head["run"].split()
        seed = int(arguments[arguments.index("--seed") + 1])
        for number in range(TRIES):
            code, result, text = torture(copy, arguments, seed + number)
            if "SKIPPED" in text:
                row["problem"] = "skipped here: " + result["skipped"][0]
                break
            broken = {law: n for law, n in result["laws"].items() if n}
            if code != 0 and head["law"] in broken:
                example = re.sub(r"/\S*?/tongqu-oracle-[^/]+/", "", next((e for e in result["examples"] if e.startswith(head["law"])), ""))
                row.update(caught=True, also=sorted(set(broken) - {head["law"]}), seed=seed + number, times=broken[head["law"]], seconds=round(time.monotonic() - began), example=example)
                break
            row["problem"] = "not caught: " + (", ".join(broken) or text.strip()[-300:])
        return row
    finally:
        code, text = copy.patch(patch, reverse=True)
        if code != 0:
            sys.exit("cannot take %s back: %s" % (patch, text))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--tree", default=os.path.join(ROOT, "build", "planted"))
    parser.add_argument("--results", default=os.path.join(ROOT, "docs", "guide", "planted.json"))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--check", action="store_true")
    o = parser.parse_args()
    names = sorted(f[:-6] for f in os.listdir(os.path.join(HERE, "planted")) if f.endswith(".patch"))
    chosen = [n for n in names if not o.only or n in o.only.split(",")]
    if o.check:
        if not have("patch"):
            print("no program patch")
            return 77
        return 1 if check([os.path.join(HERE, "planted", name + ".patch") for name in names]) else 0
    copy = Copy(os.path.abspath(o.tree), o.jobs)
    code, text = copy.build()
    if code != 0:
        sys.exit("the tree itself does not build\n" + text[-3000:])
    results = {}
    if o.only and os.path.exists(o.results):
        with open(o.results, encoding="utf-8") as f:
            results = {row["bug"]: row for row in json.load(f)["bugs"]}
    for number, name in enumerate(chosen, 1):
        row = prove(copy, os.path.join(HERE, "planted", name + ".patch"))
        if row["caught"]:
            row.pop("problem", None)
        results[name] = row
        print("%2d/%d %-40s %s %s" % (number, len(chosen), name, row["law"], "caught" if row["caught"] else "NOT CAUGHT: " + row.get("problem", "")), flush=True)
        os.makedirs(os.path.dirname(o.results), exist_ok=True)
        with open(o.results, "w", encoding="utf-8") as f:
            json.dump({"date": datetime.date.today().isoformat(), "bugs": [results[n] for n in names if n in results]}, f, ensure_ascii=False, indent=1)
            f.write("\n")
    caught = sum(results[n]["caught"] for n in chosen)
    print("planted: %d of %d caught" % (caught, len(chosen)))
    return 0 if caught == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
