"""The byte ranges of `tongqu map explain`, proved by Python: what stands at a range in each layer, decoded by Python, is the source value.

usage: map_explain_test.py PROGRAM
"""
import base64
import gzip
import html
import json
import os
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

PROGRAM = sys.argv.pop(1)
NAME = "欧阳 & <静怡>"
PLAIN = "欧阳静怡"
RULES = """to: case@1
zone: "+08:00"
source:
%s
%sidentity: {organisation: {const: O}, item: {const: I}, case: {from: no, on_fail: reject}, event: {const: E}}
event: {const: accept}
types: {blank: {trim: wide, null_if: ["", 无]}}
tables: {st: {inline: {"1": immediate, "2": promised}, system: t.st, model: project_type, unknown: hold}}
rules:
  case_no: {from: no, on_fail: reject}
  applicant: {name: {from: name, type: blank, on_fail: hold}}
  project_type: {maybe: st, table: st, on_fail: hold}
"""


def explain(stages, body, facts=None, extra=(), records=""):
    with tempfile.TemporaryDirectory() as folder:
        def write(name, data):
            with open(os.path.join(folder, name), "wb") as out:
                out.write(data)

        write("pack.yaml", b'pack: t\nsystem: t\nversion: "7"\nmappings:\n  - file: m.yaml\n')
        write("m.yaml", ("mapping: t.m\n" + RULES % ("\n".join("  - " + stage for stage in stages), records)).encode())
        write("1.in.x", body)
        if facts:
            write("1.meta.yaml", facts.encode())
        command = [PROGRAM, "map", "explain", folder, "--in", os.path.join(folder, "1.in.x"), "--json", *extra]
        run = subprocess.run(command, capture_output=True, check=False)
        if run.returncode != 0:
            raise AssertionError(run.stderr.decode())
        return json.loads(run.stdout), run.stdout.decode(), run.stderr.decode()


def field(explained, name, record=0):
    return next(f for f in explained["records"][record]["fields"] if f["field"] == name)


def inner(name=NAME, declaration=""):
    return "%s<root><bj>\n<no>C1</no><name>　%s</name><st>2</st><extra>e</extra></bj></root>" % (declaration, html.escape(name, quote=False))


def envelope(part):
    return '<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><op>\n<xmlStr>%s</xmlStr></op></e:Body></e:Envelope>' % part


class Ranges(unittest.TestCase):
    def at(self, layer, hop):
        return layer[hop["begin"]:hop["end"]]

    def name_of(self, *args, **kwargs):
        explained, _, _ = explain(*args, extra=("--reveal",), **kwargs)
        found = field(explained, "applicant.name")
        self.assertEqual(found["source"][:1], "　")
        return found["from"], explained

    def test_document_in_cdata(self):
        body = envelope("<![CDATA[" + inner(declaration='<?xml version="1.0" encoding="gb2312"?>') + "]]>").encode()
        hops, _ = self.name_of(["soap: {operation: op, part: xmlStr}", "xml: {root: root/bj}"], body)
        self.assertEqual([hop["part"] for hop in hops], ["body", "body/xmlStr"])
        self.assertEqual(html.unescape(self.at(body, hops[0]).decode()), "　" + NAME)
        self.assertEqual(hops[0]["path"], "/Envelope/Body/op/xmlStr")
        self.assertEqual(hops[1]["path"], "/root/bj/name")
        self.assertTrue(all(hop["exact"] for hop in hops))

    def test_document_escaped_once_and_twice(self):
        for layers, stages in ((1, []), (2, ["decode: {layers: 2}"])):
            text = inner()
            for _ in range(layers):
                text = html.escape(text, quote=False)
            body = envelope(text).encode()
            hops, _ = self.name_of(["soap: {operation: op, part: xmlStr}", *stages, "xml: {root: root/bj}"], body)
            found = self.at(body, hops[0]).decode()
            for _ in range(layers + 1):
                found = html.unescape(found)
            self.assertEqual(found, "　" + NAME)
            self.assertTrue(hops[0]["exact"])

    def test_gb18030_under_a_lying_label_and_utf16(self):
        text = inner("𠮷田玥").replace("<root>", '<?xml version="1.0" encoding="gb2312"?><root>')
        body = text.encode("gb18030")
        hops, _ = self.name_of(["xml: {root: root/bj}"], body)
        self.assertEqual(self.at(body, hops[0]).decode("gb18030"), "　𠮷田玥")
        self.assertIn("gb18030", hops[0]["how"])
        body = inner("𠮷田玥").encode("utf-16")
        hops, _ = self.name_of(["xml: {root: root/bj}"], body)
        self.assertEqual(self.at(body, hops[0]).decode("utf-16-le"), "　𠮷田玥")

    def test_base64_of_gbk_inside_a_string(self):
        packed = inner(PLAIN).encode("gbk")
        text = base64.encodebytes(packed).decode()
        body = envelope(text).encode()
        hops, _ = self.name_of(["soap: {operation: op, part: xmlStr}", "base64: {breaks: skip}", "charset: {is: gbk}", "xml: {root: root/bj}"], body)
        self.assertEqual([hop["part"] for hop in hops], ["body", "body/xmlStr", "body/xmlStr", "body/xmlStr"])
        # Whole groups of four characters stand for the value, in the body and in the string.
        self.assertIn(("　" + PLAIN).encode("gbk"), base64.b64decode(self.at(body, hops[0])))
        self.assertIn(("　" + PLAIN).encode("gbk"), base64.b64decode(self.at(text.encode(), hops[1])))
        self.assertEqual(self.at(packed, hops[2]).decode("gbk"), "　" + PLAIN)
        self.assertEqual(self.at(packed.decode("gbk").encode(), hops[3]).decode(), "　" + PLAIN)

    def test_json_in_json(self):
        document = json.dumps({"no": "C1", "name": "　" + NAME + "\n\"", "st": "1"})
        body = json.dumps({"a": [1, {"data": document}]}, indent=1).encode()
        hops, _ = self.name_of(["json: {}", 'string: {at: "a[2]/data"}', "json: {}"], body)
        once = json.loads('"' + self.at(body, hops[0]).decode() + '"')
        self.assertEqual(json.loads('"' + once + '"'), "　" + NAME + "\n\"")
        self.assertEqual(json.loads('"' + self.at(document.encode(), hops[1]).decode() + '"'), "　" + NAME + "\n\"")

    def test_form_of_gbk(self):
        text = inner(PLAIN)
        body = ("a=1&xml=" + urllib.parse.quote_plus(text.encode("gbk")) + "&z=%41").encode()
        hops, _ = self.name_of(["form: {field: xml, charset: gbk}", "xml: {root: root/bj}"], body)
        self.assertEqual(urllib.parse.unquote_to_bytes(self.at(body, hops[0])).decode("gbk"), "　" + PLAIN)

    def test_packed_bytes_are_told_as_a_whole_and_what_is_inside_exactly(self):
        text = inner(PLAIN).encode()
        body = gzip.compress(text)
        hops, _ = self.name_of(["gzip: {}", "xml: {root: root/bj}"], body)
        self.assertEqual((hops[0]["begin"], hops[0]["end"], hops[0]["exact"]), (0, len(body), False))
        self.assertEqual(self.at(text, hops[1]).decode(), "　" + PLAIN)

    def test_several_records_each_have_their_own(self):
        rows = "".join("<bj><no>C%d</no><name>　%s%d</name></bj>" % (i, PLAIN, i) for i in range(3))
        body = ("<list>" + rows + "</list>").encode()
        explained, _, _ = explain(["xml: {root: list}"], body, extra=("--reveal",), records="records: {each: bj}\n")
        for i in range(3):
            hop = field(explained, "applicant.name", i)["from"][0]
            self.assertEqual(self.at(body, hop).decode(), "　%s%d" % (PLAIN, i))
            self.assertEqual(hop["path"], "/list/bj[%d]/name" % (i + 1))

    def test_rows_of_a_table(self):
        body = ("no,name,st\nC1,　%s,1\nC2,　丁,2\n" % PLAIN).encode("gbk")
        explained, _, _ = explain(["charset: {is: gbk}", "csv: {}"], body, extra=("--reveal",), records="records: {each: row}\n")
        hop = field(explained, "applicant.name", 1)["from"][0]
        self.assertEqual(self.at(body, hop).decode("gbk"), "　丁")

    def test_personal_values_are_shown_only_when_asked(self):
        body = inner(PLAIN).encode()
        explained, out, err = explain(["xml: {root: root/bj}"], body)
        self.assertNotIn(PLAIN, out + err)
        found = field(explained, "applicant.name")
        self.assertTrue(found["personal"])
        self.assertTrue(found["value"].startswith("<"))
        self.assertEqual([step["step"] for step in found["steps"]], ["trim", "null_if"])
        self.assertIn(PLAIN, explain(["xml: {root: root/bj}"], body, extra=("--reveal",))[1])

    def test_tables_marks_and_unused_fields(self):
        body = inner(PLAIN).encode()
        explained, _, err = explain(["xml: {root: root/bj}"], body)
        kind = field(explained, "project_type")
        self.assertEqual(kind["table"], {"name": "st", "version": "t@7", "system": "t.st", "row": "2 -> promised"})
        self.assertEqual(kind["mark"], "sent")
        self.assertEqual(field(explained, "identity.item")["mark"], "constant")
        self.assertEqual(len(explained["unused"]), 1)
        hop = explained["unused"][0]["from"][0]
        self.assertEqual((self.at(body, hop), hop["path"]), (b"e", "/root/bj/extra"))
        self.assertIn("not used: body /root/bj/extra", err)


if __name__ == "__main__":
    unittest.main()
