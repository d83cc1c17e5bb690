"""docs/guide/mapping.md does what it says: its files are written, its commands run, its outputs compared, its recipes found in the packs that they name.

guide_page.py --program BIN --tree FOLDER

Blocks of the page: "KIND file NAME" writes a file, "KIND append NAME" adds to one, "sh" runs with the program in PATH, and a "text" block behind it is what must
come out (standard output and error together; a line "…" stands for any lines, "…" inside a line for any text). "yaml of PACK" must stand in a file of that
pack, line by line; other blocks are only read.
"""
import argparse
import glob
import os
import re
import subprocess
import sys
import tempfile


def blocks(page):
    for found in re.finditer(r"^```([^\n]*)\n(.*?)^```$", page, re.M | re.S):
        yield found.group(1).split(), found.group(2), page.count("\n", 0, found.start()) + 1


def matches(wanted, got):
    """Lines in order; "…" alone skips any number of them."""
    pattern = ""
    for line in wanted.splitlines():
        pattern += r"(?:[^\n]*\n)*?" if line == "…" else re.escape(line).replace("…", r"[^\n]*") + r"\n"
    return re.fullmatch(pattern, got if got.endswith("\n") or not got else got + "\n") is not None


class Page:
    def __init__(self, program, tree, folder):
        self.tree, self.folder = tree, folder
        self.path = os.path.dirname(os.path.abspath(program)) + ":" + os.environ.get("PATH", "")
        self.output, self.problems, self.ran, self.recipes = None, [], 0, 0

    def take(self, kind, content, line):
        if kind[:1] == ["text"]:
            if self.output is None or not matches(content, self.output):
                self.problems.append("line %d: another output:\n%s" % (line, self.output))
            return
        if len(kind) == 3 and kind[1] in ("file", "append"):
            name = os.path.join(self.folder, kind[2])
            os.makedirs(os.path.dirname(name), exist_ok=True)
            with open(name, "w" if kind[1] == "file" else "a", encoding="utf-8") as f:
                f.write(content)
        elif kind == ["sh"]:
            done = subprocess.run(["sh", "-c", content], cwd=self.folder, env=dict(os.environ, PATH=self.path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            self.output, self.ran = done.stdout, self.ran + 1
        elif len(kind) == 3 and kind[1] == "of":
            self.recipe(kind[2], content, line)

    def recipe(self, pack, content, line):
        self.recipes += 1
        folder = os.path.join(self.tree, "connectors", "packs", pack)
        files = [open(path, encoding="utf-8").read() for path in glob.glob(os.path.join(folder, "**", "*.yaml"), recursive=True)]
        if not any(content in text for text in files):
            self.problems.append("line %d: this does not stand in the pack %s" % (line, pack))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--tree", required=True)
    options = parser.parse_args()
    with open(os.path.join(options.tree, "docs", "guide", "mapping.md"), encoding="utf-8") as f:
        page = f.read()
    with tempfile.TemporaryDirectory() as folder:
        run = Page(options.program, options.tree, folder)
        for kind, content, line in blocks(page):
            run.take(kind, content, line)
    for problem in run.problems:
        print(problem)
    print("%d commands, %d recipes, %d problems" % (run.ran, run.recipes, len(run.problems)))
    return 1 if run.problems or not run.ran or not run.recipes else 0


if __name__ == "__main__":
    sys.exit(main())
