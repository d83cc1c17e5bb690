"""Records that the samples of linhu-onewin mean, from the pack's README and the samples alone."""
import json
import re

from canon import Record, Refused, Value, code, moment, of_kind, task_code, verdict

PACK = ("linhu-onewin", "2")
OFFICE = ("临湖区政务服务数据管理局", "11990000000000000D")
CERTIFICATES = {"ID": "resident_id", "PP": "passport", "USCC": "uscc", "居民身份证": "resident_id", "护照": "passport", "统一社会信用代码": "uscc"}
LABELS = {"resident_id": "居民身份证", "passport": "护照", "uscc": "统一社会信用代码"}


def text(at, name):
    sent = at.get(name)
    value = None if not isinstance(sent, str) else Value(sent).trim()
    return None if value is None or value.text in ("", "无", "null", "N/A") else value


def time(at, name):
    value = text(at, name)
    found = None if value is None else re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)([+-]\d\d:\d\d)?", value.text)
    if not found:
        return None
    *parts, zone = found.groups()
    return (*moment(*parts, zone=zone or "+08:00"), value.repaired)


def whole(at, name):
    sent = at.get(name)
    return int(sent) if isinstance(sent, str) and re.fullmatch(r"[0-9]+", sent) else None


def coded(record, path, names, system, sent):
    if sent is not None and sent.text in names:
        record.put(path, code(names[sent.text], system, sent.text), mark="repaired" if sent.repaired else None)


def accept(record, case):
    who = case["applicant"]
    record.put("applicant.name", text(who, "name"))
    coded(record, "applicant.type", {"PERSON": "natural_person", "CORP": "enterprise"}, "linhu.type", text(who, "type"))
    sent, certificate = text(who, "certType"), text(who, "certNo")
    kind = CERTIFICATES.get(sent.text if sent else "")
    if kind:
        record.put("applicant.id_type", code(kind, "linhu.cert", sent.text, LABELS[kind]), mark="repaired" if sent.repaired else None)
    if certificate is not None:
        judged = of_kind(kind, certificate.text)
        if judged == "failed":
            return False
        record.put("applicant.id_no", certificate, verdict=judged)
    record.put("applicant.legal_representative", text(who, "legalPerson"))
    record.put("applicant.mobile", text(who, "phone"))
    record.time("applied_at", time(case, "applyTime"))
    coded(record, "project_type", {"1": "immediate", "2": "promised"}, "linhu.bjlx", text(case, "projectType"))
    record.put("acceptance.org.name", OFFICE[0], mark="constant")
    record.put("acceptance.org.code", OFFICE[1], mark="constant")
    record.put("acceptance.handler.name", text(case, "accepter"))
    record.time("acceptance.accepted_at", time(case, "acceptTime"))
    return True


def end(record, result):
    record.time("result.closed_at", time(result, "time"))
    coded(record, "result.result_type", {"ISSUED": "issued", "DONE": "completed_other", "REJECTED": "returned"}, "linhu.result", text(result, "type"))
    record.put("result.result_note", text(result, "note"))
    record.put("result.licence_name", text(result, "licenceName"))
    record.put("result.licence_no", text(result, "licenceNo"))
    record.put("result.handler.name", text(result, "user"))


def case_number(number):
    """The model takes any number of 1 to 50 characters; one that begins like the form of 43 is judged as that form. That the pack asks for the form itself
    is a finding, not a verdict."""
    of_the_form = task_code(number[:31]) and number[31:].isdigit()
    return verdict(len(number) == 43 if of_the_form else 1 <= len(number) <= 50)


def records(sample):
    if sample.facts["family"] != "rest":
        raise Refused("another road")
    document = json.loads(json.loads(sample.body)["data"], parse_int=str)
    case, kind = document["case"], document.get("bizType")
    case_no, item, event = text(case, "caseNo"), text(case, "itemCode"), text(document, "eventId")
    if None in (kind, case_no, item, event):
        return [None]
    identity = {"organisation": OFFICE[1], "item": item.text, "case": case_no.text, "event": event.text, "revision": "1"}
    record = Record("case@1", "part", PACK, {"ACCEPT": "accept", "NODE": "step", "FINISH": "result"}.get(Value(kind).trim().text), identity)
    if record.json["envelope"]["event"] is None:
        del record.json["envelope"]["event"]
    record.put("case_no", case_no, verdict=case_number(case_no.text))
    record.put("task_code", item, verdict=verdict(task_code(item.text)))
    record.put("task_name", text(case, "itemName"))
    record.put("title", text(case, "title"))
    coded(record, "channel", {"WEB": "web", "APP": "mobile", "WINDOW": "one_window"}, "linhu.channel", text(case, "channel"))
    record.time("promise_due_at", time(case, "promiseTime"))
    if kind == "ACCEPT" and not accept(record, case):
        return [None]
    for i, node in enumerate(document.get("nodes", [])):
        at = "process_steps[%d]." % i
        record.put(at + "seq", whole(node, "sn"))
        record.put(at + "step_name", text(node, "nodeName"))
        coded(record, at + "action", {"PASS": "agree", "BACK": "return"}, "linhu.action", text(node, "action"))
        record.put(at + "handler.name", text(node, "user"))
        record.time(at + "started_at", time(node, "startTime"))
        record.time(at + "ended_at", time(node, "endTime"))
        record.put(at + "opinion", text(node, "opinion"))
        record.row(at)
    if kind == "FINISH":
        end(record, document["result"])
    for i, material in enumerate(case.get("materials", [])):
        at = "received_materials[%d]." % i
        record.put(at + "code", text(material, "code"))
        record.put(at + "name", text(material, "name"))
        record.put(at + "count", whole(material, "copies"))
        record.row(at)
    return [record.done()]
