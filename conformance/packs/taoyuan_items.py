"""Records that the samples of taoyuan-items mean, from the pack's README and the samples alone."""
import datetime
import json
import re

from canon import Made, Record, Refused, Value, code, flag, integer, task_code, uscc, verdict

PACK = ("taoyuan-items", "1")
KINDS = {"01": ("licence", "行政许可"), "07": ("confirmation", "行政确认"), "20": ("public_service", "公共服务")}
OBJECTS = {"1": "natural_person", "2": "enterprise", "3": "public_institution", "9": "other_organisation"}
BEIJING = datetime.timezone(datetime.timedelta(hours=8))


class Unclear(Exception):
    """Held: the value is not one text."""


def listed(value):
    return value if isinstance(value, list) else [] if value is None else [value]


def text(at, name):
    """A leaf, whether it stands alone, in a list of one, or as #text beside attributes; its lines joined."""
    found = listed(at.get(name))
    if len(found) > 1:
        raise Unclear(name)
    if not found:
        return None
    sent = found[0]
    if isinstance(sent, dict):
        if "#text" not in sent:
            raise Unclear(name)
        sent = sent["#text"]
    value = Value(str(sent)).trim()
    # Lines are joined, with the ASCII blanks around their ends; a wide blank is a character like any other.
    value.change(re.sub(r"[ \t]*[\r\n]+[ \t]*", "", value.text))
    return None if value.text in ("", "无", "null") else value


def number(at, name):
    value = text(at, name)
    return None if value is None else value.narrow().upper()


def quantity(record, path, value, unit):
    if value is not None:
        record.put(path, {"value": value.text, "unit": unit}, mark="repaired" if value.repaired else None)


def of_item(item):
    operation, item_code, body = item["@op"], number(item, "SXBM"), number(item, "SSZTBM")
    identity = {"organisation": body.text, "item": item_code.text, "case": item_code.text, "event": operation, "revision": item["@ver"]}
    record = Record("service_item@1", "delete" if operation == "D" else "snapshot", PACK, "item", identity)
    record.json["deleted_version"] = item["@ver"]
    record.put("task_code", item_code, verdict=verdict(task_code(item_code.text)))
    record.put("version", int(item["@ver"]))
    try:
        record.put("name", text(item, "SXMC"))
    except Unclear:
        pass
    if operation != "D":
        sent = number(item, "SXLX")
        digits = next(digits for digits, names in KINDS.items() if sent in (digits, names[1]))
        record.put("task_type", code(KINDS[digits][0], "taoyuan.sxlx", sent, KINDS[digits][1]))
    state = number(item, "SXZT")
    if state is None:
        record.put("state", code("in_force"), mark="derived")
    else:
        record.put("state", code({"1": "in_force", "2": "paused", "3": "cancelled"}[state], "taoyuan.zt", state))
    record.put("dept_name", text(item, "SSZT"))
    record.put("dept_code", body, verdict=verdict(uscc(body.text)))
    quantity(record, "legal_limit", number(item, "FDSX"), "calendar_day")
    quantity(record, "promise_limit", number(item, "CNSX"), "working_day")
    fee = number(item, "SFSF")
    record.put("has_fee", flag({"是": True, "否": False, "1": True, "0": False}, fee))
    objects = number(item, "FWDX")
    if objects:
        record.put("service_objects", Made([code(OBJECTS[one], "taoyuan.fwdx", one) for one in objects.text.split("^") if one in OBJECTS], objects))
    changed = text(item, "GXSJ")
    record.put("updated_at", Made(datetime.datetime.fromtimestamp(int(changed.text[6:16]), BEIJING).isoformat(timespec="milliseconds"), changed) if changed else None)
    lists = listed(item.get("CLLB"))
    materials = listed(lists[0].get("CL")) if lists else []
    for i, material in enumerate(materials):
        of_material(record, "materials[%d]." % i, material)
    return record.done()


def of_material(record, at, material):
    record.put(at + "order", int(material["@no"]))
    record.put(at + "material_code", number(material, "CLBM"))
    record.put(at + "name", text(material, "CLMC"))
    form, need, copies = number(material, "CLXS"), number(material, "BY"), number(material, "FS")
    record.put(at + "format", code({"1": "paper", "2": "electronic", "3": "paper_or_electronic"}[form], "taoyuan.clxs", form) if form else None)
    record.put(at + "necessity", code({"1": "required", "2": "optional", "3": "may_follow"}[need], "taoyuan.by", need) if need else None)
    record.put(at + "paper_copies", integer(copies))


def records(sample):
    answer = json.loads(sample.body).get("response")
    if answer is None or answer["@code"] != "0":
        raise Refused("an error, or another document")
    return [of_item(item) for group in listed(answer["items"]) for item in listed(group["item"])]
