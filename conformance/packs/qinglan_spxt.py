"""Records that the samples of qinglan-spxt mean, from the pack's README and the samples alone."""
import re

from lxml import etree

from canon import Record, Refused, Value, code, moment, of_kind, resident_id, task_code, verdict

PACK = ("qinglan-spxt", "3")
OFFICE = ("青岚县行政审批局", "11990000000000019A")
NOTHING = {"", "无", "暂无", "/", "-", "—", "null", "NULL", "\\"}
CERTIFICATES = {"01": ("resident_id", "身份证"), "02": ("passport", "护照"), "03": ("military_officer", "军官证"), "04": ("uscc", "统一社会信用代码")}
ACTIONS = {"同意": "agree", "通过": "agree", "不同意": "disagree", "退回": "return"}


def text(at, name):
    """A value that stands twice is none: nobody knows which one is meant."""
    sent = at.findtext(name) if len(at.findall(name)) == 1 else None
    value = None if sent is None else Value(sent).trim()
    return None if value is None or value.text in NOTHING else value


def number(at, name):
    value = text(at, name)
    return None if value is None else value.narrow().upper()


TIMES = (r"(\d{4})/(\d{1,2})/(\d{1,2}) (\d{1,2}):(\d{1,2})(?::(\d{1,2}))?", r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d)(?::(\d\d))?", r"(\d{4})年(\d{1,2})月(\d{1,2})日 (\d{1,2})时(\d{1,2})分")


def time(at, name):
    value = text(at, name)
    forms = [] if value is None else [found for found in (re.fullmatch(form, value.text) for form in TIMES) if found]
    return (*moment(*forms[0].groups()), value.repaired) if forms else None


def whole(at, name, fold=False):
    """A count as sent; nothing when it is no number."""
    sent = at.findtext(name)
    value = None if sent is None else Value(sent).trim()
    value = value.narrow("0123456789") if value is not None and fold else value
    return value if value is not None and re.fullmatch(r"[0-9]+", value.text) else None


def put_whole(record, path, value):
    if value is not None:
        record.put(path, int(value.text), mark="repaired" if value.repaired else None)


def coded(record, path, names, system, sent):
    if sent is not None and sent.text in names:
        record.put(path, code(names[sent.text], system, sent.text))
        record.note(path, mark="repaired" if sent.repaired else None)


def accept(record, bj):
    record.put("applicant.name", text(bj, "sqrmc"))
    coded(record, "applicant.type", {"1": "person", "2": "organisation"}, "qinglan.sqrlx", text(bj, "sqrlx"))
    sent, certificate = text(bj, "zjlx"), number(bj, "zjhm")
    kind = CERTIFICATES.get(sent.text if sent else "", (None, None))
    if kind[0]:
        record.put("applicant.id_type", code(kind[0], "qinglan.zjlx", sent.text, kind[1]), mark="repaired" if sent.repaired else None)
    if certificate is not None:
        record.put("applicant.id_no", certificate, verdict=of_kind(kind[0], certificate.text))
    record.put("applicant.mobile", number(bj, "lxdh"))
    record.put("applicant.address", text(bj, "dz"))
    coded(record, "channel", {"0": "window", "1": "web", "2": "mobile"}, "qinglan.ly", text(bj, "ly"))
    record.time("applied_at", time(bj, "sqsj"))
    coded(record, "project_type", {"1": "immediate", "2": "promised"}, "qinglan.bjlx", text(bj, "bjlx"))
    record.put("acceptance.org.name", OFFICE[0], mark="constant")
    record.put("acceptance.org.code", OFFICE[1], mark="constant")
    record.put("acceptance.handler.name", text(bj, "slr"))
    record.time("acceptance.accepted_at", time(bj, "slsj"))
    record.put("acceptance.acceptance_doc_no", text(bj, "slwh"))
    return kind[0] != "resident_id" or resident_id(certificate.text)


def records(sample):
    envelope = etree.fromstring(sample.body)
    inner = envelope.find(".//{http://qinglan.example.test/spxt}sendBj/{http://qinglan.example.test/spxt}xmlStr")
    if inner is None:
        raise Refused("another operation")
    bj = etree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", inner.text)).find("bj")
    kind, case_no, item, event = bj.findtext("lx"), text(bj, "bjbh"), number(bj, "sxbm"), text(bj, "hjbh")
    # Nothing may be sent without its identity; a case number has 50 characters at most.
    if None in (kind, case_no, item, event) or len(case_no.text) > 50:
        return [None]
    revision = text(bj, "bbh")
    identity = {"organisation": OFFICE[1], "item": item.text, "case": case_no.text, "event": event.text, "revision": revision.text if revision else "1"}
    record = Record("case@1", "part", PACK, {"SL": "accept", "HJ": "step", "BJ": "result"}.get(kind), identity)
    if record.json["envelope"]["event"] is None:
        del record.json["envelope"]["event"]
    record.put("case_no", case_no, verdict="passed")
    record.put("task_code", item, verdict=verdict(task_code(item.text)))
    record.put("task_name", text(bj, "sxmc"))
    record.put("title", text(bj, "bjmc"))
    if kind == "SL" and not accept(record, bj):
        return [None]
    record.put("remark", text(bj, "bz"))
    for i, step in enumerate(hj for hj in bj.findall("hj") if hj.find("mc") is not None):
        at = "process_steps[%d]." % i
        put_whole(record, at + "seq", whole(step, "xh"))
        record.put(at + "step_name", text(step, "mc"))
        coded(record, at + "action", ACTIONS, "qinglan.dz", text(step, "dz"))
        record.put(at + "handler.name", text(step, "clr"))
        record.time(at + "started_at", time(step, "kssj"))
        record.time(at + "ended_at", time(step, "jssj"))
        record.put(at + "opinion", text(step, "yj"))
        record.row(at)
    if kind == "BJ":
        record.time("result.closed_at", time(bj, "bjsj"))
        coded(record, "result.result_type", {"0": "issued", "1": "returned", "6": "completed_other"}, "qinglan.jg", text(bj, "jg"))
        coded(record, "result.decision", {"0": "granted", "1": "refused", "6": "granted"}, "qinglan.jg", text(bj, "jg"))
        record.put("result.result_note", text(bj, "jgsm"))
        record.put("result.licence_name", text(bj, "zzmc"))
        record.put("result.licence_no", text(bj, "zzbh"))
        record.put("result.handler.name", text(bj, "bjr"))
    for i, material in enumerate(cl for cl in bj.findall("cllist/cl") if cl.find("mc") is not None):
        at = "received_materials[%d]." % i
        put_whole(record, at + "order", whole(material, "xh"))
        record.put(at + "name", text(material, "mc"))
        coded(record, at + "form", {"1": "paper", "2": "electronic"}, "qinglan.fs", text(material, "fs"))
        put_whole(record, at + "count", whole(material, "fen", fold=True))
        record.row(at)
    return [record.done()]
