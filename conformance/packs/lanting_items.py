"""Records that the samples of lanting-items mean, from the pack's README and the samples alone."""
import csv
import io
import re

from canon import Made, Record, Refused, Value, code, flag, integer, task_code, uscc, verdict

PACK = ("lanting-items", "1")
OFFICE = ("兰亭区行政审批局", "11990000000001126Y")
KINDS = {"01": ("licence", "行政许可"), "07": ("confirmation", "行政确认"), "20": ("public_service", "公共服务")}
OBJECTS = {"个人": "natural_person", "企业": "enterprise", "事业单位": "public_institution", "其他组织": "other_organisation"}
FORMS = {"纸质": "paper", "电子": "electronic", "纸质或电子": "paper_or_electronic"}
NEEDS = {"必要": "required", "非必要": "optional", "容缺": "may_follow"}
FILLED = ("事项编码", "事项名称", "事项类型", "办结时限.法定", "承诺", "服务对象", "收费")
NOTHING = {"", "无", "/", "-", "—"}


def table(body):
    """Rows as mappings by column; the cells of an item stand in its first row only."""
    try:
        grid = list(csv.reader(io.StringIO(body.decode("gb18030"), newline="")))
    except UnicodeDecodeError as broken:
        raise Refused("not GBK") from broken
    upper, lower = grid[1], grid[2]
    names = [re.sub(r"\s", "", ".".join(part for part in pair if part)) for pair in zip(upper, lower)]
    if "名称" not in names:
        raise Refused("other headers")
    above = {}
    for cells in grid[3:]:
        first = next((cell for cell in cells if cell.strip()), "")
        if not first or first == "小计" or first.startswith(("合计", "填表人")):
            continue
        if len(cells) != len(names):
            raise Refused("a cell too many")
        row = dict(zip(names, cells))
        for name in FILLED:
            row[name] = above[name] = row[name] if row[name].strip() else above.get(name, "")
        yield row


def text(row, name):
    value = Value(row[name]).trim()
    value.change(re.sub(r"[ \t]*[\r\n]+[ \t]*", "", value.text))
    return None if value.text in NOTHING else value


def number(row, name):
    value = Value(row[name]).trim()
    value.narrow("".join(chr(c) for c in range(0x21, 0x7F))).upper()
    return None if value.text in NOTHING else value


def limit(record, path, value, units, unit):
    if value is None or value.text in ("即办", "当场办结"):
        return
    for word in units:
        if value.text.endswith(word):
            record.put(path, {"value": value.text[:-len(word)], "unit": unit}, mark="repaired" if value.repaired else None)
            return


def of_item(rows):
    first = rows[0]
    item = number(first, "事项编码")
    if re.search(r"E\+", item.text):
        return None  # Digits are lost.
    record = Record("service_item@1", "snapshot", PACK, "item", {"organisation": OFFICE[1], "item": item.text, "case": item.text, "event": "list", "revision": "1"})
    record.put("task_code", item, verdict=verdict(task_code(item.text)))
    record.put("name", text(first, "事项名称"))
    sent = number(first, "事项类型")
    digits = next(digits for digits, names in KINDS.items() if sent in (digits, names[1]))
    record.put("task_type", code(KINDS[digits][0], "lanting.sxlx", sent, KINDS[digits][1]))
    record.put("dept_name", OFFICE[0], mark="constant")
    record.put("dept_code", OFFICE[1], mark="constant", verdict=verdict(uscc(OFFICE[1])))
    limit(record, "legal_limit", number(first, "办结时限.法定"), ("个自然日", "自然日", "天"), "calendar_day")
    limit(record, "promise_limit", number(first, "承诺"), ("个工作日", "工作日"), "working_day")
    fee = text(first, "收费")
    record.put("has_fee", flag({"是": True, "√": True, "否": False, "×": False}, fee))
    who = text(first, "服务对象")
    record.put("service_objects", Made([code(OBJECTS[one], "lanting.fwdx", one) for one in who.text.split("、") if one in OBJECTS], who) if who else None)
    for i, row in enumerate(row for row in rows if row["名称"].strip()):
        at = "materials[%d]." % i
        record.put(at + "material_code", number(row, "申请材料.编码"))
        record.put(at + "name", text(row, "名称"))
        form, need, copies = text(row, "形式"), text(row, "必要性"), number(row, "份数")
        record.put(at + "format", code(FORMS[form], "lanting.xs", form) if form else None)
        record.put(at + "necessity", code(NEEDS[need], "lanting.by", need) if need else None)
        record.put(at + "paper_copies", integer(copies))
    return record.done()


def records(sample):
    items = {}
    for row in table(sample.body):
        items.setdefault(row["事项编码"], []).append(row)
    return [of_item(rows) for rows in items.values()]
