"""Records that the samples of nanpu-bus mean, from the pack's README and the samples alone."""
import re
from urllib.parse import parse_qsl

from lxml import etree

from canon import Record, Refused, Value, code, moment, of_kind, stamped, task_code, verdict

PACK = ("nanpu-bus", "1")
OFFICE = ("南浦区行政审批局", "11990000000001046B")
NOTHING = {"", "无", "/", "—"}
EVENTS = {"受理": "accept", "环节": "step", "办结": "result"}
AFTERNOON = {"下午": 12, "晚上": 12, "上午": 0, "凌晨": 0}


def text(at, name):
    sent = at.findtext(name)
    value = None if sent is None else Value(sent).trim()
    return None if value is None or value.text in NOTHING else value


def number(at, name):
    return text(at, name).narrow().upper()


def time(at, name):
    value = text(at, name)
    if value is None:
        return None
    words = re.fullmatch(r"(\d{4})年(\d+)月(\d+)日 (..)(\d+)时(?:(\d+)分)?", value.text)
    try:
        if words:
            year, month, day, half, hour, minute = words.groups()
            return stamped(value, moment(year, month, day, int(hour) + AFTERNOON[half], minute or 0))
        year, month, day, hour, minute, second = re.fullmatch(r"(\d{4})[-_.](\d\d)[-.](\d\d) (\d\d):(\d\d)(?::(\d\d))?", value.text).groups()
        return stamped(value, moment(year, month, day, hour, minute, second))
    except ValueError:
        return None  # Held: no such day.


def field(body):
    """The one field xmlData, unescaped byte by byte and then read as GBK."""
    if re.search(rb"%(?![0-9A-Fa-f]{2})", body):
        raise Refused("broken escape")
    found = [value for name, value in parse_qsl(body.decode("ascii"), encoding="latin-1") if name == "xmlData"]
    if len(found) != 1:
        raise Refused("not one field")
    try:
        return found[0].encode("latin-1").decode("gb18030")
    except UnicodeDecodeError as broken:
        raise Refused("not GBK") from broken


def of_document(part):
    try:
        at = etree.fromstring(part)
    except etree.XMLSyntaxError:
        return None
    kind, case_no, item = text(at, "Kind").text, number(at, "CaseNo"), number(at, "ItemCode")
    identity = {"organisation": OFFICE[1], "item": item.text, "case": case_no.text, "event": number(at, "DocId").text, "revision": "1"}
    record = Record("case@1", "part", PACK, EVENTS[kind], identity)
    record.put("case_no", case_no, verdict="passed")
    record.put("task_code", item, verdict=verdict(task_code(item.text)))
    if kind == "受理":
        record.put("applicant.name", text(at, "Applicant"))
        sent = text(at, "CertKind")
        name = {"1": "resident_id", "2": "uscc"}[sent]
        record.put("applicant.id_type", code(name, "nanpu.zj", sent))
        certificate = number(at, "CertNo")
        record.put("applicant.id_no", certificate, verdict=of_kind(name, certificate.text))
        record.put("acceptance.org.name", OFFICE[0], mark="constant")
        record.put("acceptance.org.code", OFFICE[1], mark="constant")
        record.time("acceptance.accepted_at", time(at, "AcceptTime"))
    record.time("applied_at", time(at, "ApplyTime"))
    for i, step in enumerate(at.findall("Step")):
        here = "process_steps[%d]." % i
        record.put(here + "seq", int(step.get("n")))
        record.put(here + "step_name", text(step, "Name"))
        sent = text(step, "Action")
        record.put(here + "action", code({"通过": "agree", "不通过": "disagree", "补正": "supplement"}[sent], "nanpu.dz", sent))
        record.time(here + "started_at", time(step, "Time"))
    if kind == "办结":
        sent = text(at, "Result")
        record.time("result.closed_at", time(at, "EndTime"))
        record.put("result.result_type", code({"准予": "issued", "不予": "returned"}[sent], "nanpu.jg", sent))
        record.put("result.decision", code({"准予": "granted", "不予": "refused"}[sent], "nanpu.jg", sent))
        record.put("result.result_note", text(at, "Note"))
    return record.done()


def records(sample):
    # These samples end each document with </CaseInfo> and hold no such text elsewhere: good enough to judge by, not to build on.
    parts = re.findall(r"<CaseInfo>.*?</CaseInfo>", field(sample.body), re.S)
    return [of_document(part) for part in parts]
