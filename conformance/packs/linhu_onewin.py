"""Records that the samples of linhu-onewin mean, from the pack's README and the samples alone."""
import json
import re

from canon import Record, Value, code, moment, of_kind, right_number, stamped, task_code, verdict

PACK = ("linhu-onewin", "2")
OFFICE = ("临湖区政务服务数据管理局", "11990000000000000D")
CERTIFICATES = {"ID": "resident_id", "PP": "passport", "USCC": "uscc", "居民身份证": "resident_id", "护照": "passport", "统一社会信用代码": "uscc"}
LABELS = {"resident_id": "居民身份证", "passport": "护照", "uscc": "统一社会信用代码"}


def text(at, name):
    sent = at.get(name)
    value = None if sent is None else Value(sent).trim()
    return None if value is None or value.text in ("", "无", "null", "N/A") else value


def time(at, name):
    value = text(at, name)
    if value is None:
        return None
    *parts, zone = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)([+-]\d\d:\d\d)?", value.text).groups()
    return stamped(value, moment(*parts, zone=zone or "+08:00"))


def coded(record, path, names, system, sent):
    if sent is not None:
        record.put(path, code(names[sent.text], system, sent))


def accept(record, case):
    who = case["applicant"]
    record.put("applicant.name", text(who, "name"))
    coded(record, "applicant.type", {"PERSON": "natural_person", "CORP": "enterprise"}, "linhu.type", text(who, "type"))
    sent, certificate = text(who, "certType"), text(who, "certNo")
    kind = CERTIFICATES[sent]
    if not right_number(kind, certificate.text):
        return False
    record.put("applicant.id_type", code(kind, "linhu.cert", sent, LABELS[kind]))
    record.put("applicant.id_no", certificate, verdict=of_kind(kind, certificate.text))
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


def records(sample):
    document = json.loads(json.loads(sample.body)["data"], parse_int=str)
    case, kind = document["case"], text(document, "bizType").text
    case_no, item = text(case, "caseNo"), text(case, "itemCode")
    identity = {"organisation": OFFICE[1], "item": item.text, "case": case_no.text, "event": text(document, "eventId").text, "revision": "1"}
    record = Record("case@1", "part", PACK, {"ACCEPT": "accept", "NODE": "step", "FINISH": "result"}[kind], identity)
    record.put("case_no", case_no, verdict="passed")
    record.put("task_code", item, verdict=verdict(task_code(item.text)))
    record.put("task_name", text(case, "itemName"))
    record.put("title", text(case, "title"))
    coded(record, "channel", {"WEB": "web", "APP": "mobile", "WINDOW": "one_window"}, "linhu.channel", text(case, "channel"))
    record.time("promise_due_at", time(case, "promiseTime"))
    if kind == "ACCEPT" and not accept(record, case):
        return [None]
    for i, node in enumerate(document.get("nodes", [])):
        at = "process_steps[%d]." % i
        record.put(at + "seq", int(node["sn"]))
        record.put(at + "step_name", text(node, "nodeName"))
        coded(record, at + "action", {"PASS": "agree", "BACK": "return"}, "linhu.action", text(node, "action"))
        record.put(at + "handler.name", text(node, "user"))
        record.time(at + "started_at", time(node, "startTime"))
        record.time(at + "ended_at", time(node, "endTime"))
        record.put(at + "opinion", text(node, "opinion"))
    if kind == "FINISH":
        end(record, document["result"])
    for i, material in enumerate(case.get("materials", [])):
        at = "received_materials[%d]." % i
        record.put(at + "code", text(material, "code"))
        record.put(at + "name", text(material, "name"))
        record.put(at + "count", int(material["copies"]))
    return [record.done()]
