#!/usr/bin/python3
"""Compiles each public header alone as C++17 and as C++20, and holds the list of headers to what is in the tree.

usage: check_headers.py COMPILER INCLUDE_DIR LIST_FILE
LIST_FILE has one header a line, relative to INCLUDE_DIR. Exit 0 when all is well, 1 when a header is not.
"""
import concurrent.futures
import os
import pathlib
import subprocess
import sys

FLAGS = ["-fsyntax-only", "-x", "c++", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def compile_alone(compiler, include_dir, header, standard):
    # Included twice, so that a header without a guard is found as well.
    source = f'#include "{header}"\n#include "{header}"\n'
    done = subprocess.run([compiler, f"-std={standard}", *FLAGS, f"-I{include_dir}", "-"], input=source, capture_output=True, text=True,
                          check=False)
    return "" if done.returncode == 0 else f"{header} as {standard}:\n{done.stderr}"


def main():
    compiler, include_dir, list_file = sys.argv[1:]
    headers = pathlib.Path(list_file).read_text(encoding="utf-8").split()
    there = {file.relative_to(include_dir).as_posix() for file in pathlib.Path(include_dir).rglob("*.hpp")}
    complaints = [f"{name}: stands in no tongqu_module(HEADERS)" for name in sorted(there - set(headers))]
    complaints += [f"{name}: is listed but not in the tree" for name in sorted(set(headers) - there)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(compile_alone, compiler, include_dir, header, standard)
                for header in headers for standard in ("c++17", "c++20")]
        complaints += filter(None, (job.result() for job in jobs))
    print("\n".join([*complaints, f"lint.headers: {len(headers)} headers, {len(complaints)} complaints"]))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
