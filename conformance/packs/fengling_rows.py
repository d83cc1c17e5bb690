"""Records that the samples of fengling-rows mean, from the pack's README and the samples alone."""
import json
import re

from canon import Made, Record, Refused, Value, code, integer, moment, of_kind, right_number, stamped, task_code, verdict

PACK = ("fengling-rows", "1")
OFFICE = ("枫岭市行政审批局", "11990000000001089Q")


def text(row, name):
    sent = row.get(name)
    value = None if sent is None else Value(str(sent)).trim()
    return None if value is None or value.text in ("", "无", "-") else value


def number(row, name):
    value = text(row, name)
    return None if value is None else value.narrow().upper()


def time(row, name):
    value = text(row, name)
    if value is None:
        return None
    return stamped(value, moment(*re.fullmatch(r"(\d{4})-?(\d\d)-?(\d\d)[ T]?(\d\d):?(\d\d):?(\d\d)(?:\.0+)?", value.text).groups()))


def steps(record, rows):
    for i, row in enumerate(rows):
        at = "process_steps[%d]." % i
        serial = number(row, "XH")
        record.put(at + "seq", integer(serial) if re.fullmatch("[0-9]+", serial.text) else None)
        record.put(at + "step_name", text(row, "HJMC"))
        sent = text(row, "SPJG")
        record.put(at + "action", code({"1": "agree", "2": "disagree", "3": "supplement"}[sent], "fengling.spjg", sent))
        record.put(at + "handler.name", text(row, "SPR"))
        record.time(at + "started_at", time(row, "KSSJ"))
        record.put(at + "opinion", text(row, "SPYJ"))


def applicant(record, row):
    record.put("applicant.name", text(row, "SQR"))
    sent, certificate = text(row, "ZJLX"), number(row, "ZJHM")
    kind = {"111": "resident_id", "USCC": "uscc"}[sent]
    if not right_number(kind, certificate.text):
        return False
    record.put("applicant.id_type", code(kind, "fengling.zjlx", sent))
    record.put("applicant.id_no", certificate, verdict=of_kind(kind, certificate.text))
    record.put("acceptance.org.name", OFFICE[0], mark="constant")
    record.put("acceptance.org.code", OFFICE[1], mark="constant")
    record.time("acceptance.accepted_at", time(row, "SLSJ"))
    return True


def of_row(row, tables):
    valid, kind, case_no, item = row["YXBS"], text(row, "LX").text, number(row, "BJBH"), number(row, "SXBM")
    if valid not in ("0", "1"):
        return None
    identity = {"organisation": OFFICE[1], "item": item.text, "case": case_no.text, "event": kind, "revision": text(row, "BBH").text}
    record = Record("case@1", "snapshot" if valid == "1" else "void", PACK, {"10": "accept", "20": "result"}[kind], identity)
    if text(row, "ZFYY"):
        record.json["reason"] = text(row, "ZFYY").text
    record.put("source_row_id", text(row, "LSH"))
    record.time("source_updated_at", time(row, "XGSJ"))
    record.put("case_no", case_no, verdict="passed")
    record.put("task_code", item, verdict=verdict(task_code(item.text)))
    record.put("title", text(row, "BJMC"))
    if valid == "1" and not applicant(record, row):
        return None
    mine = [step for step in tables["T_GC"] if step["BJBH"].strip() == case_no.text]
    steps(record, sorted(mine, key=lambda step: int(step["XH"]) if step["XH"].isdigit() and step["XH"].isascii() else 0))
    if kind == "20" and valid == "1":
        record.time("result.closed_at", time(row, "BJSJ"))
        sent = text(row, "BJJG")
        record.put("result.result_type", code({"1": "issued", "2": "returned"}[sent], "fengling.bjjg", sent))
        record.put("result.licence_no", text(row, "ZZBH"))
        valid_to = text(row, "YXQZ")
        record.put("result.valid_to", Made(valid_to.text[:10], valid_to) if valid_to else None)
    # Of two materials with one number the later counts, in its place.
    chosen = {}
    for material in tables["T_CL"]:
        if material["BJBH"].strip() == case_no.text:
            chosen.pop(material["CLBH"], None)
            chosen[material["CLBH"]] = material
    for i, material in enumerate(chosen.values()):
        record.put("received_materials[%d].code" % i, number(material, "CLBH"))
        record.put("received_materials[%d].name" % i, text(material, "CLMC"))
    return record.done()


def as_dicts(table):
    """Rows of one table by column; a row that is too short, or holds bytes that are no text, refuses the whole."""
    for row in table["rows"]:
        if len(row) != len(table["columns"]) or any(isinstance(value, dict) for value in row):
            raise Refused("no rows")
        yield dict(zip(table["columns"], row))


def records(sample):
    tables = {name: list(as_dicts(table)) for name, table in json.loads(sample.body)["tables"].items()}
    tables = {"T_GC": [], "T_CL": [], **tables}
    rows = sorted((row for row in tables["T_BJ"] if row["SBZT"] in ("0", "2")), key=lambda row: row["XGSJ"])
    if not rows:
        raise Refused("nothing for us")
    return [of_row(row, tables) for row in rows]
