#!/usr/bin/python3
"""What `tongqu map check`, `map schema`, `map steps`, `map fmt` and `map doc` print and answer.
  map_check_commands_test.py PROGRAM REPOSITORY
"""
import html.parser
import json
import pathlib
import subprocess
import sys
import tempfile

import jsonschema
import yaml

PROGRAM, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
CASES = ROOT / "sdk/src/mapping/check/testdata"
FAULTS = []


def run(*arguments, lang="en"):
    done = subprocess.run([PROGRAM, "--lang", lang, *map(str, arguments)], capture_output=True, text=True, timeout=120, cwd=ROOT)
    return done.returncode, done.stdout, done.stderr


def expect(what, got, wanted):
    if got != wanted:
        FAULTS.append(f"{what}: got {got!r}, expected {wanted!r}")


# The part of the SARIF 2.1.0 schema that a report of ours uses; names and types are those of the OASIS standard, sections 3.13 to 3.30.
TEXT = {"type": "object", "required": ["text"], "additionalProperties": False, "properties": {"text": {"type": "string", "minLength": 1}}}
SARIF = {
    "type": "object", "required": ["version", "runs"], "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"}, "version": {"const": "2.1.0"},
        "runs": {"type": "array", "items": {
            "type": "object", "required": ["tool"], "additionalProperties": False,
            "properties": {
                "tool": {"type": "object", "required": ["driver"], "properties": {"driver": {
                    "type": "object", "required": ["name"], "additionalProperties": False,
                    "properties": {"name": {"type": "string"}, "rules": {"type": "array", "uniqueItems": True, "items": {
                        "type": "object", "required": ["id"], "additionalProperties": False,
                        "properties": {"id": {"type": "string"}, "shortDescription": TEXT, "fullDescription": TEXT}}}}}}},
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "results": {"type": "array", "items": {
                    "type": "object", "required": ["message"], "additionalProperties": False,
                    "properties": {
                        "ruleId": {"type": "string"}, "ruleIndex": {"type": "integer", "minimum": -1}, "level": {"enum": ["none", "note", "warning", "error"]},
                        "message": TEXT, "properties": {"type": "object"},
                        "locations": {"type": "array", "items": {
                            "type": "object", "additionalProperties": False,
                            "properties": {
                                "physicalLocation": {"type": "object", "additionalProperties": False, "required": ["artifactLocation"], "properties": {
                                    "artifactLocation": {"type": "object", "additionalProperties": False, "properties": {"uri": {"type": "string", "pattern": "^[A-Za-z0-9._~/%-]+$"}}},
                                    "region": {"type": "object", "additionalProperties": False, "properties": {"startLine": {"type": "integer", "minimum": 1}, "startColumn": {"type": "integer", "minimum": 1}}}}},
                                "logicalLocations": {"type": "array", "items": {"type": "object", "additionalProperties": False, "properties": {"fullyQualifiedName": {"type": "string"}}}}}}}}}}}}}},
}


def wanted(case):
    rows = []
    for line in (CASES / case / "expected.txt").read_text(encoding="utf-8").splitlines():
        severity, name, place, path = line.split(" ", 3)
        file, row, column = place.rsplit(":", 2)
        rows.append((severity, name, file, int(row), int(column), path))
    return rows


def check_exit_codes():
    expect("what a named platform demands", run("map", "check", CASES / "06-branches-that-leave-values-open/good", "--target", CASES / "04-what-a-target-demands/target.yaml")[0], 1)
    good = CASES / "09-conditions-that-decide-nothing/good"
    target = CASES / "05-events-without-a-message/target.yaml"
    code, out, _ = run("map", "check", CASES / "05-events-without-a-message/good", "--target", target, "--strict")
    expect("clean pack", (code, out[:5]), (0, "ok t@"))
    warnings = CASES / "11-definitions-that-nothing-uses/bad"
    expect("warnings pass", run("map", "check", warnings, "--target", target)[0], 0)
    code, out, _ = run("map", "check", warnings, "--target", target, "--strict")
    expect("strict", (code, out.splitlines()[-1]), (1, "0 errors, 4 warnings"))
    expect("strict in Chinese", run("map", "check", warnings, "--target", target, "--strict", lang="zh")[1].splitlines()[-1], "错误 0 个，警告 4 个")
    expect("no pack", run("map", "check", CASES / "nothing")[:2], (4, ""))
    expect("no platform", run("map", "check", good, "--target", "no-such")[:2], (4, ""))


def check_json():
    code, out, err = run("--json", "map", "check", CASES / "10-what-never-comes-into-play/bad", "--target", CASES / "05-events-without-a-message/target.yaml")
    report = json.loads(out)
    rows = [(f["severity"], f["id"], f["source"]["part"], f["source"]["line"], f["source"]["column"], f["path"]) for f in report["findings"]]
    rest = [row for row in rows if row[1] != "mapping.check_event_unserved"]
    expect("json", (code, report["ok"], report["pack"], rest), (0, True, "t@1", wanted("10-what-never-comes-into-play")))
    expect("both languages", {tuple(sorted(f["message"])) for f in report["findings"]}, {("en", "zh")})
    expect("people's text goes to standard error", "mapping.check_shadowed" in err, True)


def check_sarif():
    for case in sorted(CASES.iterdir()):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "report.sarif"
            run("map", "check", case.relative_to(ROOT) / "bad", "--sarif", file, "--target", CASES / "04-what-a-target-demands/target.yaml")
            report = json.loads(file.read_text(encoding="utf-8"))
        try:
            jsonschema.validate(report, SARIF)
        except jsonschema.ValidationError as error:
            FAULTS.append(f"sarif of {case.name}: {error.message}")
            continue
        rules = [rule["id"] for rule in report["runs"][0]["tool"]["driver"]["rules"]]
        for result in report["runs"][0]["results"]:
            expect(f"rule of {case.name}", rules[result["ruleIndex"]], result["ruleId"])
    code, out, err = run("map", "check", "sdk/src/mapping/check/testdata/10-what-never-comes-into-play/bad", "--sarif", "-", "--target", CASES / "05-events-without-a-message/target.yaml")
    results = json.loads(out)["runs"][0]["results"]
    place = [r["locations"][0]["physicalLocation"] for r in results if r["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "null_if: 无"][0]
    line = (CASES / "10-what-never-comes-into-play/bad/m.yaml").read_text(encoding="utf-8").splitlines()[7]
    expect("columns count UTF-16 units", place["region"], {"startLine": 8, "startColumn": line.rindex("无") + 1})
    expect("places", place["artifactLocation"]["uri"], "sdk/src/mapping/check/testdata/10-what-never-comes-into-play/bad/m.yaml")
    expect("people's text beside it", "check_shadowed" in err, True)


def packs():
    return sorted(path.parent for path in ROOT.glob("connectors/packs/*/pack.yaml"))


def check_packs():
    for pack in packs():
        code, out, _ = run("map", "check", pack.relative_to(ROOT), "--strict")
        expect(f"{pack.name} under --strict", (code, "\nok " in "\n" + out), (0, True))


def documents():
    for pack in packs():
        yield "pack", pack / "pack.yaml"
        for entry in yaml.load((pack / "pack.yaml").read_text(encoding="utf-8"), yaml.BaseLoader).get("mappings", []):
            yield "source", pack / entry["file"]
    for target in sorted(ROOT.glob("connectors/platforms/*/targets/*.yaml")):
        yield "target", target


class Editor(yaml.SafeLoader):
    """Numbers and truths as editors read them; dates stay texts."""


Editor.yaml_implicit_resolvers = {sign: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"] for sign, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()}

# (schema, what is found, what stands there then): each makes one of the packs' own files wrong.
PLANTED = [
    ("pack", "system:", "sytem:"), ("pack", "- file:", "- fille:"), ("pack", "family: soap", "family: soup"),
    ("source", "on_fail: hold", "on_fial: hold"), ("source", "on_fail: hold", "on_fail: holdd"), ("source", "case_no:", "case_nr:"), ("source", "{trim: wide", "{trim: wider"),
    ("source", "rules:", "rule:"), ("source", "unknown: hold", "unknown: report"), ("source", "check:", "chek:"), ("source", "verdict: refused", "verdict: refuse"),
    ("source", "integer", "interger"), ("source", "format: xml", "format: yaml"), ("source", "each:", "eech:"), ("source", "zone: \"+08:00\"", "zone: east"),
    ("target", "messages:", "message:"), ("target", "- name: accept", "- nam: accept"), ("target", "on_fail: hold", "on_fail: help"),
]


def check_schema():
    schemas = {}
    for kind in ("pack", "source", "target"):
        code, out, _ = run("map", "schema", kind)
        schemas[kind] = json.loads(out)
        expect(f"exit of schema {kind}", code, 0)
        jsonschema.Draft202012Validator.check_schema(schemas[kind])
    expect("unknown schema", run("map", "schema", "nothing")[0], 4)
    good = {"pack": [], "source": [], "target": []}
    for kind, file in documents():
        text = file.read_text(encoding="utf-8")
        good[kind].append(text)
        for loader in (yaml.BaseLoader, Editor):
            for error in list(jsonschema.Draft202012Validator(schemas[kind]).iter_errors(yaml.load(text, loader)))[:3]:
                FAULTS.append(f"{file.relative_to(ROOT)} under the schema of {kind}: {list(error.absolute_path)} {error.message[:200]}")
    for kind, right, wrong in PLANTED:
        texts = [text for text in good[kind] if right in text]
        expect(f"there is a {right} to break", bool(texts), True)
        for text in texts[:1]:
            valid = jsonschema.Draft202012Validator(schemas[kind]).is_valid(yaml.load(text.replace(right, wrong, 1), yaml.BaseLoader))
            expect(f"{kind} with {wrong}", valid, False)


def check_fmt():
    with tempfile.TemporaryDirectory() as folder:
        pack = pathlib.Path(folder)
        (pack / "mappings").mkdir()
        (pack / "pack.yaml").write_text("pack:   t\nmappings:\n- {file: mappings/m.yaml,match: { operation: a}}   # one\n", encoding="utf-8")
        (pack / "mappings/m.yaml").write_text("mapping: t.m\n", encoding="utf-8")
        code, out, _ = run("map", "fmt", "--check", pack)
        expect("fmt --check", (code, out.splitlines()), (1, [str(pack / "pack.yaml")]))
        expect("fmt", run("map", "fmt", pack)[0], 0)
        expect("formatted", (pack / "pack.yaml").read_text(encoding="utf-8"), "pack: t\nmappings:\n  - {file: mappings/m.yaml, match: {operation: a}}  # one\n")
        expect("at rest", run("map", "fmt", "--check", pack)[:2], (0, ""))
        (pack / "mappings/m.yaml").write_text("mapping: t.m\nmapping: t.n\n", encoding="utf-8")
        code, _, err = run("map", "fmt", pack)
        expect("broken file", (code, "wire.yaml_duplicate_key" in err), (4, True))
    expect("no pack", run("map", "fmt", CASES / "nothing")[0], 4)


class Table(html.parser.HTMLParser):
    """Counts cells row by row and minds that every tag is closed in order."""
    def __init__(self):
        super().__init__()
        self.open, self.rows, self.text = [], [], []

    def handle_starttag(self, tag, attributes):
        if tag in ("meta", "br"):
            return
        self.open.append(tag)
        if tag == "tr":
            self.rows.append(0)
        if tag in ("td", "th"):
            self.rows[-1] += 1

    def handle_endtag(self, tag):
        expect("tags close in order", self.open.pop() if self.open else "", tag)

    def handle_data(self, data):
        self.text.append(data)


def check_doc():
    pack = "connectors/packs/qinglan-spxt"
    code, out, _ = run("map", "doc", pack, "--html")
    page = Table()
    page.feed(out)
    text = "".join(page.text)
    mappings = [yaml.load((ROOT / pack / "mappings" / name).read_text(encoding="utf-8"), yaml.BaseLoader) for name in ("banjian.yaml", "notice.yaml")]

    def rules(node):
        if not isinstance(node, dict):
            return 0
        own = 1 if {"from", "maybe", "const", "param", "value", "each"} & set(node) else 0
        inner = node.get("rules", {}) if "each" in node else {} if own else node
        return own + sum(rules(value) for value in inner.values())
    wanted = sum(rules(mapping["rules"]) + len(mapping["identity"]) + 1 for mapping in mappings)
    expect("page", (code, page.open), (0, []))
    expect("one row for each rule", sum(1 for cells in page.rows if cells == 7) - len(mappings), wanted)
    digest = run("map", "check", pack)[1].split()[-1]
    for words in ("青岚县审批系统 字段对照表", "Qinglan county approval system", digest, "applicant.id_no", "统一社会信用代码", "签署 Signatures", "promise_due_at", '$event == "accept"'):
        expect(f"the page says {words}", words in text, True)
    code, out, _ = run("map", "doc", pack)
    expect("markdown", (code, out.startswith("# 青岚县审批系统 字段对照表"), "| applicant.id\\_no |" in out), (0, True, True))
    expect("no pack", run("map", "doc", "nothing")[:2], (4, ""))


def check_steps():
    code, out, _ = run("map", "steps")
    expect("steps", (code, "trim" in out, "text → time; faults: malformed; inverse: canonical" in out), (0, True, True))
    expect("page", run("map", "steps", "--markdown")[1], (ROOT / "docs/reference/mapping-steps.md").read_text(encoding="utf-8"))


PARTS = {"check": [check_exit_codes, check_json, check_sarif], "packs": [check_packs], "schema": [check_schema], "fmt": [check_fmt], "doc": [check_doc], "steps": [check_steps]}
for name in sys.argv[3:] or PARTS:
    for part in PARTS[name]:
        part()
print("\n".join(FAULTS))
sys.exit(1 if FAULTS else 0)
