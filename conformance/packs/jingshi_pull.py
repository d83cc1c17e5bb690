"""Records that the samples of jingshi-pull mean, from the pack's README and the samples alone."""
import base64
import html
import re

from lxml import etree

from canon import Record, Refused, Value, code, moment, of_kind, stamped, task_code, verdict

PACK = ("jingshi-pull", "1")
OFFICE = ("景石县行政审批局", "11990000000001038G")
NOTHING = {"", "无", "-", "null"}


class Leaf(Exception):
    """A leaf is not the Base64 of GBK."""


class Row:
    def __init__(self, element):
        self.element = element

    def text(self, name):
        sent = self.element.findtext(name)
        if sent is None:
            return None
        try:
            value = Value(base64.b64decode(sent, validate=True).decode("gb18030")).trim()
        except ValueError as broken:
            raise Leaf(name) from broken
        return None if value.text in NOTHING else value

    def number(self, name):
        value = self.text(name)
        return None if value is None else value.narrow().upper()

    def time(self, name):
        value = self.text(name)
        return stamped(value, moment(*re.fullmatch(r"(\d+)[-/](\d+)[-/](\d+) (\d+):(\d\d):(\d\d)", value.text).groups()))


def of_row(row):
    kind = row.element.get("kind")
    try:
        case_no, item = row.number("AJBH"), row.number("SXBM")
    except Leaf:
        return None
    identity = {"organisation": OFFICE[1], "item": item.text, "case": case_no.text, "event": kind, "revision": row.element.get("ver", "1")}
    record = Record("case@1", "part", PACK, {"A": "accept", "E": "result"}[kind], identity)
    record.put("source_row_id", row.element.get("id"))
    record.put("case_no", case_no, verdict="passed")
    record.put("task_code", item, verdict=verdict(task_code(item.text)))
    try:
        record.put("title", row.text("XMMC"))
    except Leaf:
        pass  # Held: the title is left out.
    if kind == "A":
        name = row.text("SQR")
        record.put("applicant.name", None if "锟斤拷" in name.text else name)
        sent = row.text("ZJLX")
        name = {"身份证": "resident_id", "营业执照": "uscc"}[sent]
        record.put("applicant.id_type", code(name, "jingshi.zj", sent))
        number = row.number("ZJHM")
        record.put("applicant.id_no", number, verdict=of_kind(name, number.text))
        record.put("acceptance.org.name", OFFICE[0], mark="constant")
        record.put("acceptance.org.code", OFFICE[1], mark="constant")
        record.time("acceptance.accepted_at", row.time("SLSJ"))
    record.put("project.scale", row.text("JSGM"))
    if kind == "E":
        record.time("result.closed_at", row.time("BJSJ"))
        sent = row.text("BJJG")
        record.put("result.result_type", code({"核发": "issued", "退回": "returned"}[sent], "jingshi.jg", sent))
    return record.done()


def records(sample):
    answer = etree.fromstring(sample.body)[0][0]
    inner = html.unescape(answer[0].text)
    if "&lt;" not in answer[0].text:
        raise Refused("escaped once")
    table = etree.fromstring(inner.split("?>", 1)[1])
    return [of_row(Row(e)) for e in table.findall("Row") if e.get("state") != "9"]
