#!/usr/bin/python3
"""What the commands of `tongqu map` must never do: overwrite what they read, keep the mistakes of a pack to themselves, show a person's values, pass when
nothing was tried.
  map_safety_test.py PROGRAM REPOSITORY
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

PROGRAM, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
PACKS = ROOT / "connectors/packs"
MESSAGE = "<bj><no>C1</no><xm>欧阳静怡</xm><zt>1</zt></bj>"


def run(*arguments, cwd=None):
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=120, cwd=cwd, check=False)
    return done.returncode, done.stdout, done.stderr


class Folder(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.top = pathlib.Path(self.temporary.name)

    def tearDown(self):
        self.temporary.cleanup()

    def write(self, name, text):
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


class Overwriting(Folder):
    def refused(self, *arguments, path, text):
        code, out, err = run(*arguments)
        self.assertEqual(code, 4, out + err)
        self.assertIn("not over a file that is read", err)
        self.assertEqual(path.read_text(encoding="utf-8"), text)

    def test_scrub_never_writes_over_what_it_reads(self):
        one = self.write("in/1.xml", MESSAGE)
        self.refused("map", "scrub", "--in", one, "--out", one.parent, path=one, text=MESSAGE)
        self.refused("map", "scrub", "--in", one.parent, "--out", one.parent, path=one, text=MESSAGE)
        (self.top / "linked").symlink_to(one.parent, target_is_directory=True)
        self.refused("map", "scrub", "--in", one.parent, "--out", self.top / "linked", path=one, text=MESSAGE)
        (self.top / "hard").mkdir()
        os.link(one, self.top / "hard/1.xml")
        self.refused("map", "scrub", "--in", one, "--out", self.top / "hard", path=one, text=MESSAGE)
        (self.top / "soft").mkdir()
        (self.top / "soft/1.xml").symlink_to(one)
        self.refused("map", "scrub", "--in", one, "--out", self.top / "soft", path=one, text=MESSAGE)

    def test_scrub_of_a_folder_minds_every_message_of_it(self):
        first, second = self.write("in/1.xml", MESSAGE), self.write("in/2.xml", MESSAGE)
        (self.top / "out").mkdir()
        (self.top / "out/1.xml").symlink_to(second)
        self.refused("map", "scrub", "--in", first.parent, "--out", self.top / "out", path=second, text=MESSAGE)
        code, out, err = run("map", "scrub", "--in", first.parent, "--out", self.top / "new")
        self.assertEqual(code, 0, out + err)
        self.assertNotIn("欧阳", (self.top / "new/1.xml").read_text(encoding="utf-8"))
        self.assertEqual(first.read_text(encoding="utf-8"), MESSAGE)

    def test_reports_never_replace_files_of_the_pack_or_messages(self):
        pack = self.top / "qinglan-spxt"
        shutil.copytree(PACKS / "qinglan-spxt", pack)
        file = pack / "pack.yaml"
        text = file.read_text(encoding="utf-8")
        self.refused("map", "check", pack, "--sarif", file, path=file, text=text)
        self.refused("map", "profile", pack, "--in", pack / "samples", "--out", file, path=file, text=text)
        one = self.write("1.xml", MESSAGE)
        self.refused("map", "profile", pack, "--in", one, "--out", one, path=one, text=MESSAGE)
        for _ in range(2):
            self.assertEqual(run("map", "profile", pack, "--in", pack / "samples", "--out", pack / "profile.json")[0], 0)


class BrokenPack(Folder):
    def setUp(self):
        super().setUp()
        self.pack = self.top / "broken"
        self.write("broken/pack.yaml", 'pack: broken\nsystem: broken\nversion: "1"\nmappings:\n  - file: m.yaml\n')
        self.write("broken/m.yaml", "\n".join((
            "mapping: b.m", "to: case@1", "source: [{xml: {root: bj}}]", "identity: {organisation: {const: O}, item: {const: I}, case: {from: no, on_fail: reject}, event: {const: E}}",
            "event: {const: accept}", "rules:", "  case_no: {from: no, on_fail: rejekt}", "  applicant: {name: {from: xm, via: [tirm], on_fail: hold}}", "  titel: {maybe: bt}", "")))
        self.message = self.write("1.xml", MESSAGE)

    def test_every_command_tells_all_mistakes_and_answers_like_check(self):
        code, _, err = run("--json", "map", "check", self.pack)
        mistakes = [line.split("  ")[:2] for line in err.splitlines() if ".yaml:" in line and "  error  " in line]
        self.assertEqual(len(mistakes), 3, err)
        self.assertEqual(code, 1)
        good = PACKS / "qinglan-spxt"
        for command in (("test",), ("test", "--mutate"), ("cover",), ("try", "{maybe: bt}", "--in", self.message), ("run", "--in", self.message), ("explain", "--in", self.message),
                        ("explain", "--plan", "--in", self.message), ("profile", "--in", self.message), ("run-folder", "--in", self.message), ("laws",), ("reverse", "--in", self.message)):
            code, out, err = run("map", command[0], self.pack, *command[1:])
            self.assertEqual(code, 1, command)
            self.assertEqual([line.split("  ")[:2] for line in err.splitlines() if ".yaml:" in line], mistakes, command)
            # A run over a folder speaks to machines only, also of its refusal.
            self.assertEqual([json.loads(line)["id"] for line in out.splitlines()], ["mapping.pack_invalid"] if command[0] == "run-folder" else [], command)
        for pair in ((self.pack, good), (good, self.pack)):
            code, _, err = run("map", "diff", *pair, "--in", self.message)
            self.assertEqual((code, all(place in err for place, _ in mistakes)), (1, True))


class Places(Folder):
    """Every place of a SARIF report is a file that is there and has such a line, seen from where the command was started."""

    def places(self, *arguments):
        report = self.top / "report.sarif"
        run("map", "check", *arguments, "--sarif", report, cwd=self.top)
        for result in json.loads(report.read_text(encoding="utf-8"))["runs"][0]["results"]:
            place = result["locations"][0]["physicalLocation"]
            file = self.top / urllib.parse.unquote(place["artifactLocation"]["uri"])
            self.assertTrue(file.is_file(), place)
            self.assertLessEqual(place["region"]["startLine"], len(file.read_text(encoding="utf-8").splitlines()), place)
            yield result["ruleId"], str(file.relative_to(self.top)) if file.is_relative_to(self.top) else str(file)

    def change(self, name, old, new):
        text = (self.top / name).read_text(encoding="utf-8")
        self.assertIn(old, text)
        (self.top / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    def test_of_the_pack_its_tables_and_a_folder_called_targets(self):
        shutil.copytree(PACKS / "yunxi-zwfw", self.top / "yunxi-zwfw")
        (self.top / "yunxi-zwfw/targets").mkdir()
        shutil.move(self.top / "yunxi-zwfw/mappings/report.yaml", self.top / "yunxi-zwfw/targets/report.yaml")
        self.change("yunxi-zwfw/pack.yaml", "mappings/report.yaml", "targets/report.yaml")
        self.change("yunxi-zwfw/targets/report.yaml", "on_fail: hold", "on_fail: held")
        self.change("yunxi-zwfw/tables/card.csv", "SFZ,resident_id", "SFZ,resident_it")
        for folder in ("yunxi-zwfw", "./yunxi-zwfw/", self.top / "yunxi-zwfw"):
            files = {file for _, file in self.places(folder)}
            self.assertLessEqual({"yunxi-zwfw/targets/report.yaml", "yunxi-zwfw/tables/card.csv"}, files)

    def test_of_a_target_wherever_it_lies(self):
        shutil.copytree(PACKS / "yunxi-zwfw", self.top / "yunxi-zwfw")
        target = self.write("mine.yaml", "target: mine\nfrom: case@1\nmessages:\n  - {name: a, when: 'envelope.event == ', rules: {n: {from: case_no, on_fail: rejekt}}}\n")
        files = [file for _, file in self.places("yunxi-zwfw", "--target", "mine.yaml")]
        self.assertGreaterEqual(files.count("mine.yaml"), 2)
        self.assertIn(str(target.relative_to(self.top)), [file for _, file in self.places("yunxi-zwfw", "--target", target)])

    def test_of_the_pack_that_is_extended(self):
        for name in ("yunxi-zwfw", "shuangxi-zwfw"):
            shutil.copytree(PACKS / name, self.top / name)
        self.change("shuangxi-zwfw/pack.yaml", "maybe: Applicant/Phone", "maybe: Applicant//Phone")
        self.assertIn("shuangxi-zwfw/pack.yaml", {file for _, file in self.places("shuangxi-zwfw")})
        self.change("yunxi-zwfw/mappings/report.yaml", "on_fail: hold", "on_fail: held")
        list(self.places("shuangxi-zwfw"))


class NothingTried(Folder):
    def script(self, name, *names):
        command = ["/usr/bin/python3", str(ROOT / "conformance/packs" / name), "--program", PROGRAM, "--packs", str(self.top), *names]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})

    def test_no_packs_no_such_pack_and_no_other_implementation(self):
        for name in ("check_all.py", "compare.py"):
            self.assertEqual(self.script(name).returncode, 1)
            self.assertIn("yunxi", self.script(name, "yunxi").stdout)
        shutil.copytree(PACKS / "yunxi-zwfw", self.top / "nobody")
        done = self.script("compare.py")
        self.assertEqual((done.returncode, "no nobody.py" in done.stdout), (1, True))

    def test_a_sample_of_the_way_back_that_is_not_accepted(self):
        pack = self.top / "qinglan-spxt"
        shutil.copytree(PACKS / "qinglan-spxt", pack)
        bad = next(path for path in sorted((pack / "samples").iterdir()) if ".in." in path.name and path.name[:2] == "11")
        sample = next(path for path in sorted((pack / "samples").iterdir()) if ".in." in path.name)
        shutil.copy(bad, sample)
        code, out, _ = run("map", "laws", pack, "--records", "5")
        self.assertEqual((code, "law 2, samples/" + sample.name in out), (1, True), out)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
