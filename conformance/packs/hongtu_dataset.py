"""Records that the samples of hongtu-dataset mean, from the pack's README and the samples alone."""
import re
from decimal import Decimal

from lxml import etree

from canon import Made, Record, Refused, Value, code, flag, moment, of_kind, right_number, stamped, task_code, task_handle_item, verdict

PACK = ("hongtu-dataset", "1")
OFFICE = ("鸿图区行政审批局", "1199000000000102XG")
ORDER = "{urn:schemas-microsoft-com:xml-msdata}rowOrder"
CERTIFICATES = {"身份证": "resident_id", "护照": "passport", "营业执照": "uscc"}
EVENTS = {"受理": ("accept", "accepted"), "办结": ("result", "closed"), "作废": ("void", "voided")}


def plain_name(tag):
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found.group(1), 16)), etree.QName(tag).localname)


class Row:
    def __init__(self, element):
        self.cells = {plain_name(e.tag): e.text or "" for e in element}

    def text(self, name):
        if name not in self.cells:
            return None
        value = Value(self.cells[name]).trim()
        return None if value.text in ("", "无", "-") else value

    def number(self, name):
        value = self.text(name)
        return None if value is None else value.narrow().upper()

    def time(self, name):
        value = self.text(name)
        if value is None or value.text.startswith(("0001-01-01", "1900-01-01")):
            return None
        if value.text.startswith("9999-12-31"):
            return "unlimited", None, value
        date, clock, thousandth, zone = re.fullmatch(r"(\S{10})T(\S{8})(?:\.(\d{3}))?([+-]\S{5})", value.text).groups()
        return stamped(value, moment(*date.split("-"), *clock.split(":"), zone=zone, millisecond=None if thousandth is None else int(thousandth)))


def rows(body):
    root = etree.fromstring(body)
    found = root.findall(".//NewDataSet/办件")
    if any(not e.get(ORDER).isdigit() for e in found):
        raise Refused("order is no number")
    return [Row(e) for e in sorted(found, key=lambda e: int(e.get(ORDER)))]


def money(text):
    amount = Decimal(text.removesuffix("万元").replace(",", "")) * 10000
    whole = format(amount.normalize(), "f")
    return whole if len(whole.partition(".")[2]) <= 2 else None


def of_row(row):
    status, void = row.text("状态"), row.cells["作废标志"] == "1"
    item = row.number("事项编码(33位)")
    if len(item.text) != 33:
        return None
    event, state = EVENTS[status]
    revision = row.text("版本")
    identity = {"organisation": OFFICE[1], "item": item.text, "case": row.text("办件编号").text, "event": status.text, "revision": revision.text if revision else "1"}
    record = Record("case@1", "void" if void else "snapshot", PACK, event, identity)
    reason = row.text("作废原因")
    if reason:
        record.json["reason"] = reason.text
    record.put("case_no", row.text("办件编号"), verdict="passed")
    record.put("task_code", Made(item.text[:31], item), verdict=verdict(task_code(item.text[:31])))
    record.put("task_handle_item", item, verdict=verdict(task_handle_item(item.text)))
    record.put("task_name", row.text("事项名称"))
    record.put("state", code(state, "hongtu.zt", status))
    if not void and not applicant(record, row):
        return None
    limit = row.number("承诺时限")
    record.put("promised_limit", Made({"value": limit.text, "unit": "working_day"}, limit) if limit else None)
    record.put("fee.charged", flag({"是": False, "Y": False, "否": True, "N": True}, row.text("免收费")))
    record.put("project.name", row.text("项目名称"))
    investment = row.number("总投资")
    if investment:
        amount = money(investment.text)
        record.put("project.investment", amount, mark="repaired" if amount and (investment.repaired or "," in investment.text) else None)
    if status == "办结":
        record.time("result.closed_at", row.time("办结时间"))
        kind = row.text("办结结果")
        record.put("result.result_type", code({"出证": "issued", "退件": "returned", "办结": "completed_other"}[kind], "hongtu.jg", kind))
        record.put("result.licence_no", row.text("证照编号"))
        valid = row.time("有效期至")
        record.put("result.valid_to", Made(valid[0] if valid[0] == "unlimited" else valid[0][:10], valid[2]) if valid else None)
    return record.done()


def applicant(record, row):
    record.put("applicant.name", row.text("申请人"))
    kind = row.text("申请人类型")
    record.put("applicant.type", code({"个人": "natural_person", "企业": "enterprise", "其他": "other_organisation"}[kind], "hongtu.sqr", kind))
    certificate = row.text("证件类型")
    record.put("applicant.id_type", code(CERTIFICATES[certificate], "hongtu.zjlx", certificate))
    number = row.number("证件号码")
    if not right_number(CERTIFICATES[certificate], number.text):
        return False
    record.put("applicant.id_no", number, verdict=of_kind(CERTIFICATES[certificate], number.text))
    record.time("applied_at", row.time("申请时间"))
    record.put("acceptance.org.name", OFFICE[0], mark="constant")
    record.put("acceptance.org.code", OFFICE[1], mark="constant")
    record.time("acceptance.accepted_at", row.time("受理时间"))
    return True


def records(sample):
    return [of_row(row) for row in rows(sample.body)]
