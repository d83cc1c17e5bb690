#!/usr/bin/python3
"""Checks the layout of the C++ sources under a root against floors.txt and third_party.txt beside this file.

usage: check_floors.py ROOT

What it finds: upward includes, private headers of another unit, third-party headers outside their place, third-party names in public
headers, headers without #pragma once, files over 800 lines, and reads of numbers or leaves that hide a fault (RELIABILITY rule S2).
Prints one line per mistake, `file:line: rule: what`; exit 0 when there is none, 1 when there is one, 2 when it could not check.
"""
import fnmatch
import pathlib
import re
import sys

LINES_MAX = 800
TOPS = ("sdk", "connectors", "conformance", "tools", "examples")
HEADER_ENDS = {".hpp", ".h", ".inc", ".def"}
SOURCE_ENDS = HEADER_ENDS | {".cpp"}
# Written by the build from the data of the module that includes them.
GENERATED = {"code_tables.inc"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/', re.S)
LITERAL = re.compile(r'"(?:[^"\\\n]|\\.)*"')
# Conversions that stop at the first bad character without saying so, or throw the input's text; commands built from strings.
BANNED = re.compile(r'(?<![\w.>])(?:std::)?\b(atoi|atol|atoll|atof|strto(?:l|ll|ul|ull|d|f|ld)|sto(?:i|l|ll|ul|ull|f|d|ld)|sscanf|sprintf'
                    r'|strcpy|strcat|gets|popen)\s*\(|(?<![\w>])(?:std)?::system\s*\(')
BANNED_LEAF = re.compile(r'(?:\.|->)(text\s*\(\s*\)|child_value\s*\(|as_(?:int|uint|llong|ullong|double|float|bool)\s*\()')
BANNED_GET = re.compile(r'(?:\.|->)(?:template\s+)?get<(?:int|long|double|bool|unsigned|std::u?int\d+_t)\b')


def read_rows(file, keys):
    """Lines `key: words`; rows whose key is in `keys` gather their words, the rest are (key, words) in order."""
    rows, gathered = [], {key: set() for key in keys}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        key, colon, rest = line.partition(": ") if ": " in line else line.partition(":")
        if not colon:
            raise ValueError(f"{file.name}:{number}: a row is `name: words`")
        if key in keys:
            gathered[key].update(rest.split())
        else:
            rows.append((key, rest.split()))
    return rows, gathered


class Floors:
    def __init__(self, folder):
        rows, _ = read_rows(folder / "floors.txt", ())
        self.test_extra = {name[5:]: set(uses) for name, uses in rows if name.startswith("test ")}
        self.inside = {name[7:]: set(uses) for name, uses in rows if name.startswith("inside ")}
        self.uses = {name: set(uses) for name, uses in rows if not name.startswith(("test ", "inside "))}
        self.modules = {name for name in self.uses if "/" not in name and name not in TOPS}
        third, more = read_rows(folder / "third_party.txt", ("system", "word"))
        self.third, self.system = third, more["system"]
        self.words = sorted(more["word"])

    def row(self, unit):
        if unit in self.uses:
            return self.uses[unit]
        for name, uses in self.uses.items():
            if "*" in name and name.count("/") == unit.count("/") and fnmatch.fnmatch(unit, name):
                return uses
        return None

    def unit(self, path):
        """The unit that a file belongs to, by its path from the root; None when no row covers it."""
        parts = path.split("/")
        if path.startswith(("sdk/include/tongqu/", "sdk/src/")):
            at = 3 if parts[1] == "include" else 2
            return parts[at] if parts[at] in self.modules else None
        for size in range(len(parts) - 1, 0, -1):
            unit = "/".join(parts[:size])
            if self.row(unit) is not None:
                return unit
        return None


def is_test(path):
    name = path.rsplit("/", 1)[-1]
    return (name.endswith(("_test.cpp", "_pgtest.cpp")) or "test_support" in path or "/test/" in path or name.startswith("test_")
            or name.endswith("_test_support.hpp"))


def is_public(path):
    return path.startswith("sdk/include/")


class Checker:
    def __init__(self, root, floors):
        self.root, self.floors, self.mistakes = root, floors, []
        self.files = {}
        for top in TOPS:
            for file in sorted((root / top).rglob("*")) if (root / top).is_dir() else ():
                if file.suffix in SOURCE_ENDS and file.is_file():
                    self.files[file.relative_to(root).as_posix()] = file

    def say(self, path, line, rule, what):
        self.mistakes.append(f"{path}:{line}: {rule}: {what}")

    def resolve(self, path, name):
        """The file of ours that an include names, or None."""
        folder = path.rsplit("/", 1)[0]
        places = [folder, "sdk/include", "sdk/src", ""]
        if path.startswith("sdk/src/"):
            places.insert(1, "/".join(path.split("/")[:3]))
        for place in places:
            parts = []
            for part in (f"{place}/{name}" if place else name).split("/"):
                if part == "..":
                    parts = parts[:-1]
                elif part != ".":
                    parts.append(part)
            if "/".join(parts) in self.files:
                return "/".join(parts)
        return None

    def check_own(self, path, line, unit, target):
        """An include of one of our files."""
        other = self.floors.unit(target)
        if other is None:
            return self.say(path, line, "unit", f"{target} belongs to no unit of floors.txt")
        if other == unit:
            if is_public(path) and not is_public(target):
                self.say(path, line, "private", f"a public header includes {target}")
            return None
        allowed = self.floors.row(unit) | (self.floors.test_extra.get(unit, set()) if is_test(path) else set())
        # Tests may share support and data that no product code can reach.
        if is_test(path) and target.startswith(("connectors/test_support/", "sdk/test/")):
            return None
        if "*" not in allowed and other not in allowed:
            return self.say(path, line, "floor", f"{unit} may not use {other}")
        # A test may borrow another unit's test support, as far as the floors let it use the unit.
        if other in self.floors.inside.get(unit, ()):
            return None
        if target.startswith("sdk/src/") and not (is_test(path) and is_test(target)):
            self.say(path, line, "private", f"{target} is private to {other}")
        return None

    def check_foreign(self, path, line, name):
        """An include of the standard library, of the system or of a third party."""
        if "/" not in name and "." not in name:
            return None
        if name in self.floors.system:
            return self.say(path, line, "public", f"<{name}> in a public header") if is_public(path) else None
        for prefix, places in self.floors.third:
            if name.startswith(prefix):
                inside = any(fnmatch.fnmatch(path, place) if "*" in place else (path + "/").startswith(place + "/") for place in places)
                return None if inside else self.say(path, line, "third_party", f"<{name}> belongs into {' or '.join(places)}")
        return self.say(path, line, "third_party", f"{name} stands in no row of third_party.txt")

    def check_words(self, path, text):
        bare = LITERAL.sub('""', COMMENT.sub(lambda m: "\n" * m.group().count("\n"), text))
        leaf_reader = "pugixml.hpp" in text
        for line, words in enumerate(bare.split("\n"), 1):
            if is_public(path):
                for word in self.floors.words:
                    if re.search(r"(?<!\w)" + re.escape(word), words):
                        self.say(path, line, "public", f"{word} in a public header")
            if is_test(path):
                continue
            hit = BANNED.search(words) or BANNED_GET.search(words) or (BANNED_LEAF.search(words) if leaf_reader else None)
            if hit:
                self.say(path, line, "one_way_to_read", f"{hit.group().strip()} hides a fault; use the checked reader")

    def check_file(self, path, file):
        text = file.read_text(encoding="utf-8")
        lines = text.splitlines()
        if len(lines) > LINES_MAX and not path.endswith("_table.inc"):
            self.say(path, len(lines), "length", f"more than {LINES_MAX} lines")
        if path.endswith((".hpp", ".h")) and not any(line.strip() == "#pragma once" for line in lines):
            self.say(path, 1, "pragma_once", "a header without #pragma once")
        unit = self.floors.unit(path)
        if unit is None:
            return self.say(path, 1, "unit", "belongs to no unit of floors.txt")
        for number, line in enumerate(lines, 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            target = self.resolve(path, found.group(2))
            if found.group(2) in GENERATED:
                continue
            if target is not None:
                self.check_own(path, number, unit, target)
            elif found.group(1) == '"' or found.group(2).startswith("tongqu/"):
                self.say(path, number, "missing", f"{found.group(2)} is not in the tree")
            else:
                self.check_foreign(path, number, found.group(2))
        return self.check_words(path, text)

    def run(self):
        for path, file in self.files.items():
            self.check_file(path, file)
        return self.mistakes


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    checker = Checker(pathlib.Path(sys.argv[1]), Floors(pathlib.Path(__file__).parent))
    mistakes = checker.run()
    for mistake in mistakes:
        print(mistake)
    if not checker.files:
        print("layout.floors: no sources found", file=sys.stderr)
        return 2
    print(f"layout.floors: {len(checker.files)} files, {len(mistakes)} mistakes")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
