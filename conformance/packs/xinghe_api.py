"""Records that the samples of xinghe-api mean, from the pack's README and the samples alone."""
import base64
import datetime
import hashlib
import json
import re

from canon import Record, Refused, Value, code, flag, of_kind, right_number, task_code, verdict

PACK = ("xinghe-api", "1")
OFFICE = ("星河市行政审批局", "119900000000010546")
NOTHING = {"", "无", "null", "undefined", "待定"}
BEIJING = datetime.timezone(datetime.timedelta(hours=8))


def unique(pairs):
    if len({name for name, value in pairs}) != len(pairs):
        raise Refused("a key stands twice")
    return dict(pairs)


def parse(text):
    """Numbers stay as they are written."""
    try:
        return json.loads(text, object_pairs_hook=unique, parse_int=str, parse_float=str)
    except json.JSONDecodeError as broken:
        raise Refused("not JSON") from broken


def text(at, name):
    sent = at.get(name)
    if sent is None:
        return None
    value = Value(sent).trim()
    return None if value.text in NOTHING else value


def number(at, name):
    value = text(at, name)
    return None if value is None else value.narrow().upper()


def time(at, name):
    value = text(at, name)
    if value is None or len(value.text) != 13:
        return None
    whole, thousandth = divmod(int(value.text), 1000)
    return datetime.datetime.fromtimestamp(whole, BEIJING).strftime("%Y-%m-%dT%H:%M:%S.") + "%03d+08:00" % thousandth, None, value


def files(record, at, sent):
    record.put(at + "name", text(sent, "name"))
    head, _, content = sent["data"].rpartition(",")
    try:
        content = base64.b64decode(content, validate=True)
    except ValueError:
        return
    declared = re.match("data:([^;,]+)", head)
    record.put(at + "declared_type", declared.group(1) if declared else None, mark="repaired" if declared else None)
    uri = "repaired" if declared else None
    record.put(at + "sniffed_type", "image/jpeg" if content.startswith(b"\xff\xd8\xff") else None, mark=uri)
    record.put(at + "size", len(content), mark=uri)
    record.put(at + "digest", "sm3:" + hashlib.new("sm3", content).hexdigest(), mark=uri)


def of_row(row):
    event, case_no, item = text(row, "type").text, number(row, "caseNo"), number(row, "itemCode")
    identity = {"organisation": OFFICE[1], "item": item.text, "case": case_no.text, "event": event, "revision": row.get("version", "1")}
    record = Record("case@1", "part", PACK, {"ACCEPT": "accept", "FINISH": "result"}[event], identity)
    record.put("source_row_id", row["id"])
    record.put("case_no", case_no, verdict="passed")
    record.put("task_code", item, verdict=verdict(task_code(item.text)))
    record.time("promise_due_at", time(row, "promiseTime"))
    record.time("applied_at", time(row, "applyTime"))
    if event == "ACCEPT":
        who = row["applicant"]
        record.put("applicant.name", text(who, "name"))
        sent = text(who, "certType")
        kind = {"10": "resident_id", "20": "uscc"}[sent]
        record.put("applicant.id_type", code(kind, "xinghe.cert", sent))
        certificate = number(who, "certNo")
        if not right_number(kind, certificate.text):
            return None
        record.put("applicant.id_no", certificate, verdict=of_kind(kind, certificate.text))
        record.put("acceptance.org.name", OFFICE[0], mark="constant")
        record.put("acceptance.org.code", OFFICE[1], mark="constant")
        record.time("acceptance.accepted_at", time(row, "acceptTime"))
    record.money("fee.amount", text(row, "fee"))
    if event == "FINISH":
        record.time("result.closed_at", time(row, "finishTime"))
        sent = text(row, "result")
        record.put("result.result_type", code({"1": "issued", "2": "returned"}[sent], "xinghe.result", sent))
        record.put("result.licence_no", text(row, "licenceNo"))
        record.put("result.express", flag({"T": True, "√": True, "F": False, "×": False}, text(row, "express")))
    for i, material in enumerate(row.get("materials", [])):
        at = "received_materials[%d]." % i
        record.put(at + "code", text(material, "code"))
        record.put(at + "name", text(material, "name"))
        record.put(at + "remote_id", text(material, "fileId"))
        for j, sent in enumerate(material.get("files", [])):
            files(record, at + "files[%d]." % j, sent)
    channel = text(row.get("ext", {}), "channelName")
    if channel:
        record.json["ext"] = {"xinghe": {"channel": channel.text}}
    return record.done()


def records(sample):
    return [of_row(row) for row in parse(parse(parse(sample.body.decode("utf-8"))["body"])["rows"])]
