"""The tools for authors as a user runs them: drafts that the compiler takes, profiles, synthetic samples, runs over folders.

usage: map_scaffold_test.py PROGRAM SOURCE_FOLDER
"""
import base64
import glob
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = sys.argv.pop(2)
PROGRAM = sys.argv.pop(1)
PACKS = os.path.join(SOURCE, "connectors", "packs")
NAME = "欧阳静怡"
INNER = "<root><bj><BJBH>K-%d</BJBH><SQRMC>" + NAME + "</SQRMC><ZJHM>100000209901010013</ZJHM><SLSJ>2149/3/5 7:8</SLSJ><YWLX>受理</YWLX></bj></root>"


def run(*arguments, code=None):
    done = subprocess.run([PROGRAM, "map", *arguments], capture_output=True, check=False)
    if code is not None and done.returncode != code:
        raise AssertionError("exit %d: %s%s" % (done.returncode, done.stdout.decode(), done.stderr.decode()))
    return done.stdout.decode(), done.stderr.decode()


def ids(line):
    records = [(r["verdict"], sorted(f["id"] for f in r["findings"])) for r in line["records"]]
    return line.get("error"), records


class Tools(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, data):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as out:
            out.write(data)

    def draft(self, messages):
        for i, message in enumerate(messages):
            self.write("in/%02d.in.dat" % i, message)
        out, _ = run("scaffold", self.path("in"), "--out", self.path("draft"), "--json", code=0)
        run("check", self.path("draft"), code=0)
        draft = json.loads(out)
        for name in draft["files"]:
            with open(self.path("draft", name), encoding="utf-8") as file:
                text = file.read()
            self.assertNotIn(NAME, text)
            self.assertNotIn("100000209901010013", text)
        with open(self.path("draft", draft["files"][1]), encoding="utf-8") as file:
            mapping = file.read()
        return draft, mapping, {field["source"]: field.get("target") for field in draft["fields"]}

    def stages(self, mapping):
        lines = mapping.split("source:\n", 1)[1].split("\n\n", 1)[0].splitlines()
        return [line.strip()[2:] for line in lines if line.startswith("  - ")]

    def test_layers_of_captured_messages(self):
        envelope = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><op><x>%s</x></op></e:Body></e:Envelope>'
        texts = [INNER % i for i in range(2)]
        escape = lambda text: text.replace("&", "&amp;").replace("<", "&lt;")
        cases = [
            ([envelope % ("<![CDATA[" + t + "]]>") for t in texts], ["soap: {operation: op, part: x}", "xml: {root: root/bj, namespaces: any}"]),
            ([envelope % escape(t) for t in texts], ["soap: {operation: op, part: x}", "xml: {root: root/bj, namespaces: any}"]),
            ([envelope % escape(escape(t)) for t in texts], ["soap: {operation: op, part: x}", "decode: {layers: 2}", "xml: {root: root/bj, namespaces: any}"]),
            ([envelope % base64.b64encode(gzip.compress(t.encode(), mtime=0)).decode() for t in texts],
             ["soap: {operation: op, part: x}", "base64: {}", "gzip: {}", "xml: {root: root/bj, namespaces: any}"]),
            ([json.dumps({"data": json.dumps({"BJBH": "K", "SQRMC": NAME, "ZJHM": "100000209901010013", "SLSJ": "2149/3/5 7:8", "YWLX": "受理"})})], ["json: {}", "string: {at: data}", "json: {}"]),
            ([("a=1&xml=" + "".join("%%%02X" % b for b in t.encode("gbk"))) for t in texts], ["form: {field: xml, charset: gb18030}", "xml: {root: root/bj, namespaces: any}"]),
        ]
        for messages, wanted in cases:
            with self.subTest(wanted=wanted):
                shutil.rmtree(self.path("in"), ignore_errors=True)
                shutil.rmtree(self.path("draft"), ignore_errors=True)
                _, mapping, targets = self.draft([m.encode() for m in messages])
                self.assertEqual(self.stages(mapping), wanted)
                self.assertEqual((targets["BJBH"], targets["SQRMC"], targets["SLSJ"]), ("case_no", "applicant.name", "acceptance.accepted_at"))

    def test_gbk_bytes_and_tables(self):
        text = ("BJBH,SQRMC,SLSJ\nK1,%s,2149-03-05\nK2,%s,2149-03-06\n" % (NAME, NAME)).encode("gbk")
        _, mapping, targets = self.draft([text])
        self.assertEqual(self.stages(mapping), ["charset: {is: gb18030}", 'csv: {separator: ","}'])
        self.assertIn("records: {each: row}", mapping)
        self.assertEqual(targets["SQRMC"], "applicant.name")

    def test_a_draft_never_accepts_what_it_does_not_know(self):
        self.draft([(INNER % i).encode() for i in range(3)])
        out, _ = run("run-folder", self.path("draft"), "--in", self.path("in"), code=1)
        for line in out.splitlines():
            for record in json.loads(line)["records"]:
                self.assertNotEqual(record["verdict"], "accepted")

    def test_drafts_of_the_packs_samples_compile(self):
        for pack in ("qinglan-spxt", "yunxi-zwfw", "linhu-onewin"):
            with self.subTest(pack=pack):
                run("scaffold", os.path.join(PACKS, pack, "samples"), "--out", self.path(pack), code=0)
                run("check", self.path(pack), code=0)
        run("scaffold", os.path.join(PACKS, "qinglan-spxt", "service.wsdl"), "--out", self.path("wsdl"), code=0)

    def test_a_folder_with_something_in_it_is_left_alone(self):
        self.write("draft/mine.txt", b"x")
        self.write("in/1.xml", (INNER % 1).encode())
        _, err = run("scaffold", self.path("in"), "--out", self.path("draft"), code=4)
        self.assertIn("base.file_unwritable", err)
        self.assertEqual(os.listdir(self.path("draft")), ["mine.txt"])

    def test_a_profile_is_what_check_reads(self):
        pack = self.path("pack")
        shutil.copytree(os.path.join(PACKS, "qinglan-spxt"), pack)
        out, err = run("profile", pack, "--in", os.path.join(pack, "samples"), "--out", os.path.join(pack, "profile.json"), "--json", code=0)
        profile = json.loads(out)
        self.assertEqual(profile["pack"], "qinglan-spxt@3")
        by_path = {one["path"]: one for one in profile["paths"]}
        self.assertGreater(by_path["body/xmlStr /root/bj/zjlx"]["codes"]["01"], 0)
        self.assertNotIn("codes", by_path["body/xmlStr /root/bj/sqrmc"])
        self.assertNotIn(NAME, out + err)
        run("check", pack, code=0)

    def test_synthetic_samples_behave_as_the_real_ones(self):
        for pack in ("qinglan-spxt", "yunxi-zwfw", "linhu-onewin"):
            samples = os.path.join(PACKS, pack, "samples")
            real = {}
            for path in sorted(glob.glob(os.path.join(samples, "*.in.*"))):
                self.write(pack + "/real/" + os.path.basename(path), open(path, "rb").read())
                meta = path[:path.rindex(".in.")] + ".meta.yaml"
                for side in ("real", "made"):
                    if os.path.exists(meta):
                        self.write(pack + "/%s/" % side + os.path.basename(meta), open(meta, "rb").read())
            run("scrub", "--in", self.path(pack, "real"), "--out", self.path(pack, "made"), "--seed", "1", code=0)
            for side in ("real", "made"):
                out, _ = run("run-folder", os.path.join(PACKS, pack), "--in", self.path(pack, side))
                for line in map(json.loads, out.splitlines()):
                    real.setdefault(line["file"], []).append(ids(line))
            for name, (before, after) in real.items():
                self.assertEqual(before, after, pack + "/" + name)
            for name in os.listdir(self.path(pack, "made")):
                if ".in." not in name:
                    continue
                made, given = (open(self.path(pack, side, name), "rb").read() for side in ("made", "real"))
                self.assertEqual(len(made), len(given), name)
                for word in (NAME, "周经办", "许核查", "100000209901010013", "91990000MA0000007X"):
                    for encoding in ("utf-8", "gb18030"):
                        self.assertNotIn(word.encode(encoding), made, name)

    def test_without_a_seed_nobody_can_try_values(self):
        self.write("in/1.xml", (INNER % 1).encode())
        for out in ("a", "b"):
            run("scrub", "--in", self.path("in"), "--out", self.path(out), code=0)
        self.assertNotEqual(open(self.path("a", "1.xml"), "rb").read(), open(self.path("b", "1.xml"), "rb").read())

    def test_diff_and_try(self):
        pack, other = os.path.join(PACKS, "yunxi-zwfw"), self.path("yunxi-zwfw")
        shutil.copytree(pack, other)
        table = os.path.join(other, "tables", "card.csv")
        with open(table, encoding="utf-8") as file:
            text = file.read().replace("SFZ,resident_id", "SFZ,residence_permit")
        with open(table, "w", encoding="utf-8") as file:
            file.write(text)
        out, _ = run("diff", pack, other, "--in", os.path.join(pack, "samples"), "--json", code=1)
        changed = {line["file"]: line["changes"] for line in map(json.loads, out.splitlines()) if line["changes"]}
        self.assertIn("01-accept.in.xml", changed)
        self.assertNotIn("02-step.in.xml", changed)
        self.assertIn({"record": 1, "field": "applicant.id_type.name", "before": "resident_id", "after": "residence_permit"}, changed["01-accept.in.xml"])
        run("diff", pack, pack, "--in", os.path.join(pack, "samples"), code=0)
        sample = os.path.join(pack, "samples", "01-accept.in.xml")
        self.assertEqual(run("try", pack, 'Type == "10"', "--in", sample, code=0)[0], "true\n")
        self.assertEqual(run("try", pack, "present(Step)", "--in", sample, code=0)[0], "false\n")
        trial = ("try", pack, "{from: AcceptTime, type: moment, on_fail: hold}", "--in", sample)
        self.assertNotIn("2149", run(*trial, code=0)[0])
        self.assertIn("= 2149-04-02T08:00:00+08:00", run(*trial, "--reveal", code=0)[0])
        self.assertIn("mapping.unknown_step", run("try", pack, "{from: AcceptTime, via: [nosuch]}", "--in", sample, code=4)[1])

    def test_times_by_rule(self):
        pack = os.path.join(PACKS, "yunxi-zwfw")
        out, err = run("run-folder", pack, "--in", os.path.join(pack, "samples"), "--times")
        self.assertEqual(len(out.splitlines()), len(glob.glob(os.path.join(pack, "samples", "*.in.*"))))
        self.assertRegex(err, r"applicant\.name +×\d+ +\d+\.\d{3} ms")


if __name__ == "__main__":
    unittest.main(warnings="ignore")
