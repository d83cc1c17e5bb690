"""Records that the samples of baishi-axis mean, from the pack's README and the samples alone."""
import re

from lxml import etree

from canon import Made, Record, Refused, Value, code, flag, integer, moment, of_kind, stamped, task_code, verdict

PACK = ("baishi-axis", "1")
OFFICE = ("白石市行政审批局", "11990000000001011Q")
XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
NOTHING = {"", "无", "-"}
CERTIFICATES = {"1": "resident_id", "2": "passport", "3": "uscc", "居民身份证": "resident_id", "护照": "passport", "统一社会信用代码": "uscc"}
LABELS = {"resident_id": "居民身份证", "passport": "护照", "uscc": "统一社会信用代码"}


class Graph:
    """Objects beside the operation, found by id; an element with href is the object that it names."""

    def __init__(self, body):
        self.root = etree.fromstring(body)
        self.ids = {e.get("id"): e for e in self.root.iter() if e.get("id")}
        self.check(self.operation(), ())

    def operation(self):
        return next(e for e in self.root[0] if e.get("id") is None)

    def check(self, element, road):
        target = self.follow(element)
        if target in road:
            raise Refused("circle")
        for child in target:
            self.check(child, road + (target,))

    def follow(self, element):
        name = element.get("href")
        if name is None:
            return element
        if name[1:] not in self.ids:
            raise Refused("reference to nothing")
        return self.ids[name[1:]]

    def child(self, element, name):
        found = [e for e in self.follow(element) if etree.QName(e).localname == name] if element is not None else []
        return self.follow(found[0]) if found else None

    def items(self, element, name):
        inner = self.child(element, name)
        return [] if inner is None else [self.follow(e) for e in inner if e.get(XSI_NIL) != "true"]

    def text(self, element, name):
        found = self.child(element, name)
        if found is None or found.get(XSI_NIL) == "true":
            return None
        value = Value("".join(found.itertext())).trim()
        return None if value.text in NOTHING else value

    def number(self, element, name):
        value = self.text(element, name)
        return None if value is None else value.narrow().upper()


def when(value):
    if value is None:
        return None
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{3}))?(Z|[+-]\d\d:\d\d)?", value.text)
    *parts, thousandth, zone = found.groups()
    return stamped(value, moment(*parts, zone={None: "+08:00", "Z": "+00:00"}.get(zone, zone), millisecond=None if thousandth is None else int(thousandth)))


def person(record, graph, at, element, agent):
    record.put(at + ".name", graph.text(element, "name"))
    if not agent:
        record.put(at + ".type", code({"P": "natural_person", "E": "enterprise"}[graph.text(element, "type")], "baishi.applicant", graph.text(element, "type")))
    sent = graph.text(element, "certType")
    kind = CERTIFICATES.get(sent)
    if kind:
        record.put(at + ".id_type", code(kind, "baishi.cert", sent, LABELS[kind]))
    number = graph.number(element, "certNo")
    record.put(at + ".id_no", number, verdict=of_kind(kind, number.text))
    if not agent:
        record.put(at + ".mobile", graph.number(element, "phone"))


def accept(record, graph, case):
    person(record, graph, "applicant", graph.child(case, "applicant"), False)
    if graph.child(case, "agent") is not None:
        person(record, graph, "agent", graph.child(case, "agent"), True)
    record.time("applied_at", when(graph.text(case, "applyTime")))
    kind = graph.text(case, "kind")
    names = {"1": "immediate", "2": "promised"}
    if kind is None:
        record.put("project_type", code("promised"), mark="derived")
    else:
        record.put("project_type", code(names[kind], "baishi.kind", kind))
    record.put("fee.charged", flag({"true": True, "1": True, "false": False, "0": False}, graph.text(case, "feeFlag")))
    record.money("fee.amount", graph.text(case, "fee"))
    record.put("acceptance.org.name", OFFICE[0], mark="constant")
    record.put("acceptance.org.code", OFFICE[1], mark="constant")
    record.put("acceptance.handler.name", graph.text(case, "officer"))
    record.time("acceptance.accepted_at", when(graph.text(case, "acceptTime")))


def end(record, graph, case):
    record.time("result.closed_at", when(graph.text(case, "endTime")))
    decision, kind = graph.text(case, "decision"), graph.text(case, "end")
    record.put("result.decision", code({"A": "granted", "C": "conditional", "R": "refused"}[decision], "baishi.decision", decision))
    record.put("result.result_type", code({"0": "issued", "9": "completed_other"}[kind], "baishi.end", kind))
    record.put("result.handler.name", graph.text(case, "officer"))
    lacking = graph.text(case, "lacking")
    record.put("result.missing_materials", Made([part for part in lacking.text.split("^") if part], lacking) if lacking else None)
    # A licence number, a code of two digits, or a sentence behind ERR:.
    number = graph.text(case, "licenceNo")
    sentence = re.fullmatch("ERR:(.*)", number.text) if number else None
    record.put("result.licence_no", number if number and re.fullmatch("BS-[A-Z]+-[0-9]{4}", number.text) else None)
    record.put("result.result_note", sentence.group(1) if sentence else None, mark="repaired" if sentence else None)


def records(sample):
    graph = Graph(sample.body)
    operation = graph.operation()
    if etree.QName(operation).localname != "pushCase":
        raise Refused("another operation")
    case = graph.child(operation, "in0")
    stage = graph.text(case, "stage").text
    item, case_no = graph.number(case, "itemCode"), graph.text(case, "caseNo")
    identity = {"organisation": OFFICE[1], "item": item.text, "case": case_no.text, "event": graph.text(case, "serial").text, "revision": "1"}
    record = Record("case@1", "part", PACK, {"1": "accept", "2": "step", "3": "result"}[stage], identity)
    record.put("case_no", case_no, verdict="passed")
    record.put("task_code", item, verdict=verdict(task_code(item.text)))
    record.put("task_name", graph.text(case, "itemName"))
    record.put("title", graph.text(case, "title"))
    remark = graph.child(case, "remark")
    if remark is not None and remark.get(XSI_NIL) == "true":
        record.clear("remark")
    else:
        record.put("remark", graph.text(case, "remark"))
    if stage == "1":
        accept(record, graph, case)
    for i, step in enumerate(graph.items(case, "steps")):
        at = "process_steps[%d]." % i
        record.put(at + "seq", integer(graph.text(step, "seq")))
        record.put(at + "step_name", graph.text(step, "name"))
        action = graph.text(step, "result")
        record.put(at + "action", code({"OK": "agree", "NO": "disagree", "BACK": "return"}[action], "baishi.result", action))
        record.put(at + "handler.name", graph.text(step, "officer"))
        record.time(at + "started_at", when(graph.text(step, "begin")))
        record.time(at + "ended_at", when(graph.text(step, "end")))
        record.put(at + "opinion", graph.text(step, "opinion"))
    if stage == "3":
        end(record, graph, case)
    for i, material in enumerate(graph.items(case, "materials")):
        at = "received_materials[%d]." % i
        record.put(at + "code", graph.text(material, "code"))
        record.put(at + "name", graph.text(material, "name"))
        record.put(at + "count", integer(graph.text(material, "copies")))
    return [record.done()]
