"""Records that the samples of qinglan-spxt mean, from the pack's README and the samples alone."""
import re

from lxml import etree

from canon import Record, Value, code, integer, moment, of_kind, right_number, stamped, task_code, verdict

PACK = ("qinglan-spxt", "3")
OFFICE = ("青岚县行政审批局", "11990000000000019A")
NOTHING = {"", "无", "暂无", "/", "-", "—", "null", "NULL", "\\"}
CERTIFICATES = {"01": ("resident_id", "身份证"), "02": ("passport", "护照"), "03": ("military_officer", "军官证"), "04": ("uscc", "统一社会信用代码")}
ACTIONS = {"同意": "agree", "通过": "agree", "不同意": "disagree", "退回": "return"}


def text(at, name):
    sent = at.findtext(name)
    value = None if sent is None else Value(sent).trim()
    return None if value is None or value.text in NOTHING else value


def number(at, name):
    value = text(at, name)
    return None if value is None else value.narrow().upper()


def time(at, name):
    value = text(at, name)
    if value is None:
        return None
    parts = re.findall(r"\d+", value.text)
    return stamped(value, moment(*parts))


def coded(record, path, names, system, sent):
    if sent is not None:
        record.put(path, code(names[sent.text], system, sent))


def accept(record, bj):
    record.put("applicant.name", text(bj, "sqrmc"))
    coded(record, "applicant.type", {"1": "person", "2": "organisation"}, "qinglan.sqrlx", text(bj, "sqrlx"))
    sent, certificate = text(bj, "zjlx"), number(bj, "zjhm")
    kind = CERTIFICATES.get(sent, (None, None))
    record.put("applicant.id_type", code(kind[0], "qinglan.zjlx", sent, kind[1]) if kind[0] else None)
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
    return right_number(kind[0], certificate.text)


def records(sample):
    inner = etree.fromstring(sample.body).find(".//{http://qinglan.example.test/spxt}xmlStr").text
    bj = etree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", inner)).find("bj")
    kind, case_no, item = text(bj, "lx").text, text(bj, "bjbh"), number(bj, "sxbm")
    identity = {"organisation": OFFICE[1], "item": item.text, "case": case_no.text, "event": text(bj, "hjbh").text, "revision": text(bj, "bbh").text if text(bj, "bbh") else "1"}
    record = Record("case@1", "part", PACK, {"SL": "accept", "HJ": "step", "BJ": "result"}[kind], identity)
    record.put("case_no", case_no, verdict="passed")
    record.put("task_code", item, verdict=verdict(task_code(item.text)))
    record.put("task_name", text(bj, "sxmc"))
    record.put("title", text(bj, "bjmc"))
    if kind == "SL" and not accept(record, bj):
        return [None]
    record.put("remark", text(bj, "bz"))
    for i, step in enumerate(bj.findall("hj")):
        at = "process_steps[%d]." % i
        record.put(at + "seq", integer(text(step, "xh")))
        record.put(at + "step_name", text(step, "mc"))
        coded(record, at + "action", ACTIONS, "qinglan.dz", text(step, "dz"))
        record.put(at + "handler.name", text(step, "clr"))
        record.time(at + "started_at", time(step, "kssj"))
        record.time(at + "ended_at", time(step, "jssj"))
        record.put(at + "opinion", text(step, "yj"))
    if kind == "BJ":
        record.time("result.closed_at", time(bj, "bjsj"))
        coded(record, "result.result_type", {"0": "issued", "1": "returned", "6": "completed_other"}, "qinglan.jg", text(bj, "jg"))
        coded(record, "result.decision", {"0": "granted", "1": "refused", "6": "granted"}, "qinglan.jg", text(bj, "jg"))
        record.put("result.result_note", text(bj, "jgsm"))
        record.put("result.licence_name", text(bj, "zzmc"))
        record.put("result.licence_no", text(bj, "zzbh"))
        record.put("result.handler.name", text(bj, "bjr"))
    for i, material in enumerate(bj.findall("cllist/cl")):
        at = "received_materials[%d]." % i
        record.put(at + "order", integer(Value(material.findtext("xh")).trim()))
        record.put(at + "name", text(material, "mc"))
        coded(record, at + "form", {"1": "paper", "2": "electronic"}, "qinglan.fs", text(material, "fs"))
        record.put(at + "count", integer(Value(material.findtext("fen")).trim().narrow()))
    return [record.done()]
