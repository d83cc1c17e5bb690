"""docs/reference/quirks.md is true: every number once, every sample there and used by a test of its pack, every test in the tree, every composed quirk composed.

quirks_page.py --tree FOLDER
"""
import argparse
import glob
import os
import re
import sys


def rows(page):
    for line in page.splitlines():
        found = re.match(r"\| LQ(\d\d) \|", line)
        if found:
            cells = re.split(r"(?<!\\)\|", line)[2:-1]
            yield int(found.group(1)), [cell.strip() for cell in cells]


def tests_of(tree):
    names = set()
    for root in ("sdk", "connectors", "conformance", "tools"):
        for path in glob.glob(os.path.join(tree, root, "**", "*.cpp"), recursive=True):
            with open(path, encoding="utf-8") as f:
                names.update("%s.%s" % pair for pair in re.findall(r"^TEST(?:_F|_P)?\((\w+), (\w+)\)", f.read(), re.M))
    return names


def problem_of(reference, tree, tests, composed, number):
    if reference == "composer":
        return None if number in composed else "is not composed"
    if "/" not in reference:
        return None if reference in tests else "%s is no test" % reference
    pack, sample = reference.split("/")
    folder = os.path.join(tree, "connectors", "packs", pack)
    if not glob.glob(os.path.join(folder, "samples", sample + ".in.*")):
        return "%s is no sample" % reference
    mappings = "".join(open(path, encoding="utf-8").read() for path in glob.glob(os.path.join(folder, "mappings", "*.yaml")))
    return None if "samples/%s.in." % sample in mappings else "%s is in no test of its pack" % reference


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tree", required=True)
    tree = parser.parse_args().tree
    sys.path.insert(0, os.path.join(tree, "conformance", "composer"))
    from quirks import NOT_COMPOSED, QUIRKS
    composed = {quirk.number for quirk in QUIRKS}
    problems = ["LQ%02d is neither composed nor excused" % n for n in range(1, 53) if (n in composed) == (n in NOT_COMPOSED)]
    with open(os.path.join(tree, "docs", "reference", "quirks.md"), encoding="utf-8") as f:
        page = list(rows(f.read()))
    if [number for number, _ in page] != list(range(1, 53)):
        problems.append("the numbers are not LQ01 to LQ52, each once and in order")
    tests = tests_of(tree)
    for number, cells in page:
        shown = re.findall(r"`([^`]+)`", cells[-1])
        if len(cells) != 3 or (not shown and not cells[-1].startswith("not shown: ")):
            problems.append("LQ%02d names nothing and does not say why" % number)
        problems += ["LQ%02d: %s" % (number, found) for found in (problem_of(one, tree, tests, composed, number) for one in shown) if found]
        if number in composed and "composer" not in shown:
            problems.append("LQ%02d is composed and does not say so" % number)
    for line in problems:
        print(line)
    print("%d quirks, %d problems" % (len(page), len(problems)))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
