"""Records that the samples of yunxi-zwfw mean, from the pack's README and the samples alone."""
import re

from lxml import etree

from canon import Record, Refused, Value, code, moment, of_kind, task_code, verdict

PACK = ("yunxi-zwfw", "1")
OFFICE = ("云溪县政务服务中心", "12990000000099995W")
NS = "{http://yunxi.example.test/}"
CERTIFICATES = {"SFZ": ("resident_id", "身份证"), "HZ": ("passport", "护照"), "XYDM": ("uscc", "统一社会信用代码")}


def text(at, name):
    sent = at.findtext("/".join(NS + part for part in name.split("/")))
    value = None if sent is None else Value(sent).trim()
    return None if value is None or value.text in ("", "无", "-") else value


def time(at, name):
    value = text(at, name)
    found = None if value is None else re.fullmatch(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)|(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)", value.text)
    return (*moment(*[part for part in found.groups() if part is not None]), value.repaired) if found else None


def coded(record, path, names, system, sent):
    if sent is not None and sent.text in names:
        record.put(path, code(names[sent.text], system, sent.text), mark="repaired" if sent.repaired else None)


def accept(record, report):
    record.put("applicant.name", text(report, "Applicant/Name"))
    coded(record, "applicant.type", {"G": "natural_person", "Q": "enterprise"}, "yunxi.kind", text(report, "Applicant/Kind"))
    sent, certificate = text(report, "Applicant/CardType"), text(report, "Applicant/CardNo")
    name, label = CERTIFICATES.get(sent.text if sent else "", (None, None))
    if name:
        record.put("applicant.id_type", code(name, "yunxi.card", sent.text, label), mark="repaired" if sent.repaired else None)
    if certificate is not None:
        judged = of_kind(name, certificate.text)
        if judged == "failed":
            return False
        record.put("applicant.id_no", certificate, verdict=judged)
    record.time("applied_at", time(report, "ApplyTime"))
    coded(record, "project_type", {"J": "immediate", "C": "promised"}, "yunxi.bjlx", text(report, "Bjlx"))
    record.put("acceptance.org.name", OFFICE[0], mark="constant")
    record.put("acceptance.org.code", OFFICE[1], mark="constant")
    record.put("acceptance.handler.name", text(report, "Officer"))
    record.time("acceptance.accepted_at", time(report, "AcceptTime"))
    return True


def records(sample):
    body = sample.body.decode("gb18030").split("?>", 1)[1].strip()
    report = etree.fromstring(body).find(".//" + NS + "ReportCase")
    if report is None:
        raise Refused("another operation")
    kind, case_no, item, event = text(report, "Type"), text(report, "CaseNo"), text(report, "ItemCode"), text(report, "Seq")
    # Nothing may be sent without its identity; a case number has 50 characters at most.
    if None in (kind, case_no, item, event) or len(case_no.text) > 50:
        return [None]
    identity = {"organisation": OFFICE[1], "item": item.text, "case": case_no.text, "event": event.text, "revision": "1"}
    kind = kind.text
    record = Record("case@1", "part", PACK, {"10": "accept", "20": "step", "30": "result"}.get(kind), identity)
    if record.json["envelope"]["event"] is None:
        del record.json["envelope"]["event"]
    record.put("case_no", case_no, verdict="passed")
    record.put("task_code", item, verdict=verdict(task_code(item.text)))
    record.put("task_name", text(report, "ItemName"))
    if kind == "10" and not accept(record, report):
        return [None]
    for i, step in enumerate(report.findall(NS + "Step")):
        at = "process_steps[%d]." % i
        record.put(at + "seq", int(step.get("no")) if step.get("no") else None)
        record.put(at + "step_name", text(step, "Name"))
        coded(record, at + "action", {"Y": "agree", "N": "disagree"}, "yunxi.action", text(step, "Action"))
        record.put(at + "handler.name", text(step, "Officer"))
        record.time(at + "started_at", time(step, "Time"))
        record.row(at)
    if kind == "30":
        record.time("result.closed_at", time(report, "CloseTime"))
        coded(record, "result.result_type", {"1": "completed_other", "2": "returned"}, "yunxi.result", text(report, "Result"))
        record.put("result.result_note", text(report, "Note"))
        record.put("result.handler.name", text(report, "Officer"))
    return [record.done()]
