"""Records that the samples of zhongtai-jiancha mean, from the pack's README and the samples alone."""
import fnmatch
import io
import re
import zipfile

from lxml import etree

from canon import Record, Refused, Value, code, integer, moment, of_kind, stamped, task_code, verdict

PACK = ("zhongtai-jiancha", "1")
OFFICE = ("中台市行政审批局", "119900000000010621")
EVENTS = {"SL": "accept", "GC": "step", "BJ": "result", "JC": "supervision"}
CERTIFICATES = {"111": "resident_id", "414": "passport", "USCC": "uscc", "居民身份证": "resident_id", "普通护照": "passport", "统一社会信用代码": "uscc"}
LABELS = {"resident_id": "居民身份证", "passport": "普通护照", "uscc": "统一社会信用代码"}


def text(at, name):
    sent = at.findtext(name)
    value = None if sent is None else Value(sent).trim()
    return None if value is None or value.text in ("", "无", "/") else value


def number(at, name):
    value = text(at, name)
    return None if value is None else value.narrow().upper()


def time(at, name):
    value = text(at, name)
    if value is None:
        return None
    return stamped(value, moment(*re.fullmatch(r"(\d{4})-?(\d\d)-?(\d\d) ?(\d\d):?(\d\d):?(\d\d)", value.text).groups()))


def of_row(row, area):
    stage, case_no, item, serial = row.get("stage"), number(row, "BJBH"), number(row, "SXBM"), number(row, "LSH")
    identity = {"organisation": OFFICE[1], "item": item.text, "case": case_no.text, "event": serial.text, "revision": "1"}
    record = Record("case@1", "part", PACK, EVENTS[stage], identity)
    record.put("source_row_id", serial)
    record.put("case_no", case_no, verdict="passed")
    record.put("task_code", item, verdict=verdict(task_code(item.text)))
    record.put("division_code", Value(area).trim().narrow().upper(), verdict="passed")
    record.put("title", text(row, "SQNR"))
    if stage == "SL":
        record.put("applicant.name", text(row, "SQRMC"))
        sent = text(row, "ZJLX")
        kind = CERTIFICATES[sent]
        record.put("applicant.id_type", code(kind, "zhongtai.zjlx", sent, LABELS[kind]))
        certificate = number(row, "ZJHM")
        record.put("applicant.id_no", certificate, verdict=of_kind(kind, certificate.text))
        record.put("acceptance.org.name", OFFICE[0], mark="constant")
        record.put("acceptance.org.code", OFFICE[1], mark="constant")
        record.time("acceptance.accepted_at", time(row, "SLSJ"))
    for i, step in enumerate(row.findall("GC")):
        at = "process_steps[%d]." % i
        record.put(at + "seq", integer(text(step, "XH")))
        record.put(at + "step_name", text(step, "HJMC"))
        sent = text(step, "SPJG")
        record.put(at + "action", code({"1": "agree", "0": "disagree", "2": "supplement"}[sent], "zhongtai.spjg", sent))
        record.put(at + "handler.name", text(step, "SPR"))
        record.time(at + "started_at", time(step, "KSSJ"))
        record.time(at + "ended_at", time(step, "JSSJ"))
    if stage == "BJ":
        record.time("result.closed_at", time(row, "BJSJ"))
        sent = text(row, "BJJG")
        record.put("result.result_type", code({"1": "issued", "2": "returned", "3": "completed_other"}[sent], "zhongtai.bjjg", sent))
        record.put("result.result_note", text(row, "BJSM"))
    for i, alert in enumerate(row.findall("JC")):
        at = "supervision[%d]." % i
        record.put(at + "supervise_no", number(alert, "JCBH"))
        record.put(at + "rule_no", text(alert, "GZBH"))
        sent = text(alert, "JB")
        level = {"0": "normal", "1": "warning", "2": "yellow", "3": "red"}.get(sent)
        record.put(at + "alert", code(level, "zhongtai.jc", sent) if level else None)
        record.time(at + "state_at", time(alert, "SJ"))
        record.put(at + "content", text(alert, "NR"))
    for i, material in enumerate(row.findall("CL")):
        at = "received_materials[%d]." % i
        record.put(at + "code", number(material, "CLBH"))
        record.put(at + "name", text(material, "CLMC"))
        record.put(at + "attachment", text(material, "WJLJ"))
    return record.done()


def of_file(content):
    try:
        package = etree.fromstring(content.decode("gb18030").split("?>", 1)[1].strip())
    except etree.XMLSyntaxError:
        return [None]
    return [of_row(row, package.findtext("HEAD/AREACODE")) for row in package.findall("BODY/ROW")]


def records(sample):
    try:
        with zipfile.ZipFile(io.BytesIO(sample.body), metadata_encoding="gbk") as package:
            if any(".." in name.split("/") for name in package.namelist()):
                raise Refused("a name leads out")
            made = [one for name in package.namelist() if fnmatch.fnmatch(name, "数据/*.xml") for one in of_file(package.read(name))]
    except zipfile.BadZipFile as broken:
        if "CRC" in str(broken):
            return [None]
        raise Refused("not a zip") from broken
    if not made:
        raise Refused("no data")
    return made
