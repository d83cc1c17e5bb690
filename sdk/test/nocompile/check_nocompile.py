#!/usr/bin/python3
"""Each case compiles as it stands and must not compile, for the reason it names, when TONGQU_FORBIDDEN is defined.

usage: check_nocompile.py COMPILER INCLUDE_DIR CASE.cpp...
"""
import pathlib
import re
import subprocess
import sys

FLAGS = ["-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror"]


def complaint(compiler, include_dir, case):
    expected = re.findall(r"// expect: (.+)", pathlib.Path(case).read_text(encoding="utf-8"))
    if len(expected) != 1:
        return "a case has one line `// expect: REGEX`"

    def build(*more):
        return subprocess.run([compiler, *FLAGS, f"-I{include_dir}", *more, case], capture_output=True, text=True, check=False)

    allowed, forbidden = build(), build("-DTONGQU_FORBIDDEN")
    if allowed.returncode != 0:
        return "does not compile even without what is forbidden:\n" + allowed.stderr
    if forbidden.returncode == 0:
        return "compiles although it must not"
    if not re.search(expected[0], forbidden.stderr):
        return f"fails, but not with {expected[0]!r}:\n{forbidden.stderr}"
    return ""


def main():
    compiler, include_dir, *cases = sys.argv[1:]
    bad = [(case, text) for case in cases if (text := complaint(compiler, include_dir, case))]
    for case, text in bad:
        print(f"{case}: {text}")
    print(f"lint.nocompile: {len(cases)} cases, {len(bad)} wrong")
    return 1 if bad or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
