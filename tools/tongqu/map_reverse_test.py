#!/usr/bin/python3
"""The way back, judged by software that is not ours: lxml, json and Python's own codecs.
  map_reverse_test.py TONGQU PACKS
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from lxml import etree

TONGQU, PACKS = sys.argv[1], pathlib.Path(sys.argv[2])
SOAP11 = "{http://schemas.xmlsoap.org/soap/envelope/}"
SOAP12 = "{http://www.w3.org/2003/05/soap-envelope}"


def reverse(pack, record, *more):
    done = subprocess.run([TONGQU, "map", "reverse", PACKS / pack, "--in", "-", *more], input=json.dumps(record).encode(), capture_output=True)
    return done.returncode, done.stdout, done.stderr.decode()


def sample(pack, name):
    return json.loads((PACKS / pack / "samples" / (name + ".record.json")).read_text(encoding="utf-8"))


class Bytes(unittest.TestCase):
    def test_a_document_in_a_string_in_gbk(self):
        code, out, err = reverse("qinglan-spxt", sample("qinglan-spxt", "21-supplement"))
        self.assertEqual(code, 0, err)
        out.decode("gbk")
        envelope = etree.fromstring(out)
        text = envelope.find(f"{SOAP11}Body/{{http://qinglan.example.test/spxt}}sendTz/{{http://qinglan.example.test/spxt}}xmlStr").text
        # The inner declaration is told to the county, not meant: the text is characters.
        inner = etree.fromstring(text.split("?>", 1)[1].strip())
        self.assertEqual(inner.findtext("tz/bz/yy"), "缺少𠮷祥路门牌 <照片> & 合同")
        self.assertEqual([e.tag for e in inner.find("tz")], ["tzlx", "tzbh", "bjbh", "sxbm", "bz"])
        self.assertEqual(inner.findtext("tz/bz/qx"), "")

    def test_bytes_of_gb18030_that_call_themselves_gb2312(self):
        record = {"record": "case@1", "kind": "part", "identity": {"organisation": "12990000000099995W", "item": "12990000000099995W4000199002000", "case": "YX-9", "event": "10", "revision": "1"},
                  "envelope": {"event": "accept"}, "case_no": "YX-9", "task_code": "12990000000099995W4000199002000", "task_name": "道路运输许可",
                  "applicant": {"name": "𠮷田玥", "type": {"name": "natural_person"}, "id_type": {"name": "resident_id"}, "id_no": "10000020991231002X"},
                  "applied_at": "2149-04-01T15:00:00+08:00", "project_type": {"name": "promised"},
                  "acceptance": {"org": {"name": "云溪县政务服务中心", "code": "12990000000099995W"}, "handler": {"name": "周经办"}, "accepted_at": "2149-04-02T08:00:00+08:00"}}
        code, out, err = reverse("yunxi-zwfw", record)
        self.assertEqual(code, 0, err)
        self.assertTrue(out.startswith(b'<?xml version="1.0" encoding="gb2312"?>\n'))
        text = out.decode("gb18030")
        self.assertEqual(text.encode("gb18030"), out)
        body = etree.fromstring(text.split("?>", 1)[1].strip()).find(f"{SOAP12}Body")[0]
        ns = "{http://yunxi.example.test/}"
        self.assertEqual(body.findtext(f"{ns}Applicant/{ns}Name"), "𠮷田玥")
        self.assertEqual(body.findtext(f"{ns}ApplyTime"), "21490401150000")
        self.assertEqual([etree.QName(e).localname for e in body][:5], ["Type", "Seq", "CaseNo", "ItemCode", "ItemName"])

    def test_a_peer_of_gb2312_and_sixty_bytes(self):
        record = sample("yunxi-zwfw", "21-supplement")
        record["supplements"][0]["notice"]["reason"] = "玥" + "缺" * 40
        code, out, err = reverse("yunxi-zwfw", record)
        self.assertEqual(code, 0, err)
        text = out.decode("gb2312")
        reason = text.split("<Reason>")[1].split("</Reason>")[0]
        self.assertEqual(reason, "□" + "缺" * 29)
        self.assertLessEqual(len(reason.encode("gb2312")), 60)
        self.assertIn("mapping.reverse_cut", err)
        self.assertIn("mapping.reverse_replaced", err)

    def test_json_in_json_keeps_lists_and_numbers(self):
        record = sample("linhu-onewin", "21-supplement")
        code, out, err = reverse("linhu-onewin", record)
        self.assertEqual(code, 0, err)
        outer = json.loads(out)
        inner = json.loads(outer["data"])
        self.assertEqual(outer["appId"], "linhu-01")
        self.assertIsInstance(inner["corrections"], list)
        self.assertIs(type(inner["corrections"][0]["sn"]), int)
        self.assertEqual(inner["corrections"][0]["reason"], '营业执照不清晰，请补"正"')

    def test_a_record_that_cannot_be_written_gives_no_bytes(self):
        record = sample("linhu-onewin", "21-supplement")
        record["remark"] = "nowhere to go"
        code, out, err = reverse("linhu-onewin", record)
        self.assertEqual((code, out), (1, b""))
        self.assertIn("mapping.reverse_not_carried", err)
        self.assertNotIn("nowhere to go", err)

    def test_every_record_of_the_packs_is_its_message_byte_for_byte(self):
        compared = 0
        for file in sorted(PACKS.glob("*/samples/*.record.json")):
            pack = file.parent.parent.name
            stem = file.name[:-len(".record.json")]
            message = next(file.parent.glob(stem + ".in.*"))
            more = ["--mapping", {"qinglan-spxt": "qinglan.notice", "yunxi-zwfw": "yunxi.notice"}[pack]] if "result-notice" in stem else []
            code, out, err = reverse(pack, json.loads(file.read_text(encoding="utf-8")), *more)
            self.assertEqual(code, 0, err)
            self.assertEqual(out, message.read_bytes(), file)
            compared += 1
        self.assertGreaterEqual(compared, 5)


class Laws(unittest.TestCase):
    def test_the_command_tells_seed_records_and_fields(self):
        done = subprocess.run([TONGQU, "--json", "map", "laws", PACKS / "linhu-onewin", "--records", "50", "--seed", "3"], capture_output=True)
        report = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0, report)
        self.assertEqual((report[0]["mapping"], report[0]["seed"], report[0]["records"]), ("linhu.push", "3", 50))
        self.assertIn("supplements.notice.materials.name", report[1]["fields"])
        self.assertNotIn("error", report[0])

    def test_a_law_that_does_not_hold_has_its_id(self):
        with tempfile.TemporaryDirectory() as folder:
            pack = pathlib.Path(folder) / "pack"
            (pack / "mappings").mkdir(parents=True)
            (pack / "pack.yaml").write_text('pack: p\nsystem: s\nversion: "1"\nmappings: [{file: mappings/m.yaml, match: {}}]\n')
            # A field that no record made from the types can have: the laws say nothing about it.
            (pack / "mappings/m.yaml").write_text('''mapping: p.m
to: case@1
source: [{xml: {root: bj}}]
identity: {organisation: {const: O}, item: {const: I}, case: {from: no}, event: {const: accept}}
event: {const: accept}
rules:
  case_no: {from: no, on_fail: reject}
  remark: {maybe: bz, when: 'lx == "1" and lx == "2"'}
reverse: {events: [accept], write: [xml]}
''')
            done = subprocess.run([TONGQU, "--json", "map", "laws", pack, "--records", "20"], capture_output=True)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertEqual(json.loads(done.stdout)[0]["error"], "mapping.laws_failed")
            self.assertIn(b"mapping.laws_failed at p.m", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
