#!/usr/bin/python3
"""What `tongqu model check` and `tongqu model rules` print and answer.
  model_commands_test.py PROGRAM
"""
import json
import subprocess
import sys

PROGRAM = sys.argv[1]
FAULTS = []


def run(*arguments, stdin=""):
    done = subprocess.run([PROGRAM, "--lang", "en", *arguments], input=stdin, capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout, done.stderr


def expect(what, got, wanted):
    if got != wanted:
        FAULTS.append(f"{what}: got {got!r}, expected {wanted!r}")


def check_lines():
    code, out, _ = run("model", "check", "--type", "resident_id", "100000990101001", "100000209901010010", "10000020990101003x")
    expect("lines", out, "valid 100000990101001 100000199901010017\ninvalid 100000209901010010 model.id_check_digit\nvalid 10000020990101003x\n")
    expect("exit with an invalid value", code, 1)
    code, out, _ = run("model", "check", "--type", "uscc", stdin="11990000000000019A\r\n\nY1990000WXY123451R\n")
    expect("standard input", out, "valid 11990000000000019A\nvalid Y1990000WXY123451R\n")
    expect("exit with valid values", code, 0)
    for kind, value in {"org_code": "00000006-X", "division": "990102003204", "catalog_code": "000199001000", "task_code": "11990000000000019A4000199001000",
                        "task_handle_item": "11990000000000019A400019900100001", "case_no": "11990000000000019A4000199001000209901050007",
                        "licence_id": "1.2.156.3005.2.11990000000000000D001.11990000000000019A.2024000048.001.0", "passport": "E12345678"}.items():
        expect(kind, run("model", "check", "--type", kind, value)[:2], (0, f"valid {value}\n"))


def check_options():
    code, out, err = run("model", "check", "--type", "iban", "1")
    expect("exit of an unknown type", (code, out), (4, ""))
    expect("list of types", "resident_id uscc org_code licence_id division catalog_code" in err, True)
    expect("born later", run("model", "check", "--type", "resident_id", "--today", "2098-12-31", "100000209901010013")[:2], (1, "invalid 100000209901010013 model.time_in_future\n"))
    expect("born by then", run("model", "check", "--type", "resident_id", "--today", "2099-01-01", "100000209901010013")[0], 0)
    expect("a day that is none", run("model", "check", "--type", "resident_id", "--today", "2099-02-30", "100000209901010013")[0], 4)
    code, out, _ = run("--json", "model", "check", "--type", "resident_id", "100000990101001", "1")
    results = json.loads(out)["results"]
    expect("json", (code, [(one["verdict"], one.get("upgraded"), one.get("id")) for one in results]),
           (1, [("valid", "100000199901010017", None), ("invalid", None, "model.id_length")]))
    expect("messages", sorted(results[1]["message"]), ["en", "zh"])


def check_rules():
    code, out, _ = run("--json", "model", "rules")
    rules = json.loads(out)
    expect("exit of rules", code, 0)
    expect("numbers", {f"IQ{n:02}" for n in range(1, 14)} <= {rule["number"] for rule in rules}, True)
    expect("tests", all(rule["test"].startswith("Rules.") for rule in rules), True)
    code, out, _ = run("model", "rules", "--entity", "licence")
    expect("rules of one entity", (code, [line.split()[0] for line in out.splitlines()]), (0, ["LC01"]))
    expect("unknown entity", run("model", "rules", "--entity", "nothing")[0], 4)


def check_export():
    item = {"record": "service_item@1", "kind": "snapshot", "task_code": "11990000000000019A4000199001000", "name": "登记", "state": {"name": "in_force"},
            "dept_name": "北境局", "promise_limit": {"value": "10", "unit": "working_day"}}
    given = json.dumps(item)
    code, out, err = run("model", "export", "--as", "hsds", "-", stdin=given)
    expect("exit of an export", (code, json.loads(out)["status"]), (0, "active"))
    expect("findings beside it", "info model.export_filled dept_name" in err, True)
    code, out, err = run("--json", "model", "export", "--as", "cpsv-ap", "-", stdin=given)
    result = json.loads(out)
    expect("exit where the form demands more", (code, err), (1, ""))
    expect("its text and findings", (json.loads(result["text"])["dct:identifier"], {one["id"] for one in result["findings"] if one["severity"] == "error"}),
           (item["task_code"], {"model.export_required"}))
    expect("unknown form", run("model", "export", "--as", "pdf", "-", stdin=given)[:2], (4, ""))
    expect("base that is no URI", run("model", "export", "--as", "hsds", "--base", "x", "-", stdin=given)[:2], (4, ""))
    for name, change in {"another entity": {"record": "case@1"}, "a part": {"kind": "part"}, "a secret item": {"extension": {"secret": True}}}.items():
        twin = {key: value for key, value in dict(item, **change).items() if "record" not in change or key in ("record", "kind")}
        expect(name, run("model", "export", "--as", "hsds", "-", stdin=json.dumps(twin))[:2], (1, ""))


check_lines()
check_options()
check_rules()
check_export()
print("\n".join(FAULTS))
sys.exit(1 if FAULTS else 0)
