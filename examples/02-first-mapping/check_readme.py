#!/usr/bin/python3
"""The C++ block of each page equals the program. usage: check_readme.py PROGRAM.cpp PAGE.md..."""
import pathlib
import re
import sys

program, *pages = (pathlib.Path(name) for name in sys.argv[1:])
text = program.read_text(encoding="utf-8")
wrong = [page for page in pages if re.findall(r"^```cpp\n(.*?)^```$", page.read_text(encoding="utf-8"), re.S | re.M) != [text]]
for page in wrong:
    print(f"{page}: its C++ block is not {program.name}")
sys.exit(1 if wrong else 0)
