"""Every pack compiles without a mistake and passes its own tests: check_all.py --program BIN --packs FOLDER [--mutate] [PACK ...].

With --mutate each pack is also changed in every way of a fixed list, one at a time, and a test of the pack must notice it.
"""
import argparse
import os
import subprocess
import sys


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--packs", required=True)
    parser.add_argument("--mutate", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    found = [folder for folder in sorted(os.listdir(options.packs)) if os.path.exists(os.path.join(options.packs, folder, "pack.yaml"))]
    missing = sorted(set(options.names) - set(found)) or ([] if found else ["a pack.yaml"])
    for name in missing:
        print("there is no " + name + " in " + options.packs)
    failed = len(missing)
    for folder in options.names or found:
        if folder in missing:
            continue
        pack = os.path.join(options.packs, folder)
        for command in (["check"], ["test"], ["test", "--mutate"])[:3 if options.mutate else 2]:
            run = subprocess.run([options.program, "map", *command, pack], capture_output=True, text=True, check=False)
            if run.returncode != 0:
                failed += 1
                print("%s %s\n%s%s" % (folder, " ".join(command), run.stdout, run.stderr))
        print(folder + " checked and tested")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
