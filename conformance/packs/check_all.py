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
    failed = 0
    for folder in sorted(os.listdir(options.packs)):
        pack = os.path.join(options.packs, folder)
        if not os.path.exists(os.path.join(pack, "pack.yaml")) or (options.names and folder not in options.names):
            continue
        for command in (["check"], ["test"], ["test", "--mutate"])[:3 if options.mutate else 2]:
            run = subprocess.run([options.program, "map", *command, pack], capture_output=True, text=True, check=False)
            if run.returncode != 0:
                failed += 1
                print("%s %s\n%s%s" % (folder, " ".join(command), run.stdout, run.stderr))
        print(folder + " checked and tested")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
