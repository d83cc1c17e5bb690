"""Records that the samples of yunxi-zwfw mean, from the pack's README and the samples alone."""
import re
from collections import namedtuple

from lxml import etree

from canon import Record, Value, code, moment, of_kind, stamped, task_code, verdict

County = namedtuple("County", "pack office certificates")
NS = "{http://yunxi.example.test/}"
CERTIFICATES = {"SFZ": ("resident_id", "身份证"), "HZ": ("passport", "护照"), "XYDM": ("uscc", "统一社会信用代码")}
YUNXI = County(("yunxi-zwfw", "1"), ("云溪县政务服务中心", "12990000000099995W"), CERTIFICATES)


def text(at, name):
    sent = at.findtext("/".join(NS + part for part in name.split("/")))
    value = None if sent is None else Value(sent).trim()
    return None if value is None or value.text in ("", "无", "-") else value


def time(at, name):
    value = text(at, name)
    return stamped(value, moment(*re.fullmatch(r"(\d{4})-?(\d\d)-?(\d\d) ?(\d\d):?(\d\d):?(\d\d)", value.text).groups()))


def report_of(sample):
    body = sample.body.decode("gb18030").split("?>", 1)[1].strip()
    return etree.fromstring(body).find(".//" + NS + "ReportCase")


def record_of(report, county):
    kind, case_no, item = text(report, "Type").text, text(report, "CaseNo"), text(report, "ItemCode")
    identity = {"organisation": county.office[1], "item": item.text, "case": case_no.text, "event": text(report, "Seq").text, "revision": "1"}
    record = Record("case@1", "part", county.pack, {"10": "accept", "20": "step", "30": "result"}[kind], identity)
    record.put("case_no", case_no, verdict="passed")
    record.put("task_code", item, verdict=verdict(task_code(item.text)))
    # Of two names nobody can say which is meant.
    if len(report.findall(NS + "ItemName")) < 2:
        record.put("task_name", text(report, "ItemName"))
    if kind == "10":
        record.put("applicant.name", text(report, "Applicant/Name"))
        sent = text(report, "Applicant/Kind")
        record.put("applicant.type", code({"G": "natural_person", "Q": "enterprise"}[sent], "yunxi.kind", sent))
        sent, certificate = text(report, "Applicant/CardType"), text(report, "Applicant/CardNo")
        name, label = county.certificates.get(sent, (None, None))
        if name:
            record.put("applicant.id_type", code(name, "yunxi.card", sent, label))
        record.put("applicant.id_no", certificate, verdict=of_kind(name, certificate.text))
        record.time("applied_at", time(report, "ApplyTime"))
        sent = text(report, "Bjlx")
        record.put("project_type", code({"J": "immediate", "C": "promised"}[sent], "yunxi.bjlx", sent))
        record.put("acceptance.org.name", county.office[0], mark="constant")
        record.put("acceptance.org.code", county.office[1], mark="constant")
        record.put("acceptance.handler.name", text(report, "Officer"))
        record.time("acceptance.accepted_at", time(report, "AcceptTime"))
    for i, step in enumerate(report.findall(NS + "Step")):
        at = "process_steps[%d]." % i
        record.put(at + "seq", int(step.get("no")))
        record.put(at + "step_name", text(step, "Name"))
        sent = text(step, "Action")
        record.put(at + "action", code({"Y": "agree", "N": "disagree"}[sent], "yunxi.action", sent))
        record.put(at + "handler.name", text(step, "Officer"))
        record.time(at + "started_at", time(step, "Time"))
    if kind == "30":
        record.time("result.closed_at", time(report, "CloseTime"))
        sent = text(report, "Result")
        record.put("result.result_type", code({"1": "completed_other", "2": "returned"}[sent], "yunxi.result", sent))
        record.put("result.result_note", text(report, "Note"))
        record.put("result.handler.name", text(report, "Officer"))
    return record


def records(sample):
    return [record_of(report_of(sample), YUNXI).done()]
