"""The mapping that a composed message is given (a pack's tolerances are written down, so each combination has its own), and the record that must come of it."""
import os
import sys

from message import NIL, TASK

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "packs"))
from canon import Record, code, of_kind  # noqa: E402

OFFICE = "11990000000001089Q"
RULES = """
rules:
  case_no:      {{from: {no}, type: number, check: case_no, on_fail: reject}}
{item}
  task_name:    {{from: {sxmc}, type: blank, {judge_name}on_fail: hold}}
  title:        {{maybe: {title}, type: blank, on_fail: hold}}
  applicant:
    name:       {{from: {name}, type: blank, on_fail: hold}}
    id_type:    {{from: {ztype}, type: blank, table: id_type, on_fail: hold}}
    id_no:      {{from: {id}, type: number, check: {{by: applicant.id_type}}, on_fail: hold}}
    mobile:     {{maybe: {phone}, type: number, on_fail: hold}}
    address:    {{maybe: {addr}, type: blank, on_fail: hold}}
  applied_at:   {{from: {applied}, type: moment, on_fail: hold}}
  project_type: {{maybe: {kind}, type: number, table: kind, default: "2", on_fail: hold}}
  fee:
    charged:    {{from: {fee}, type: blank, table: yesno, on_fail: hold}}
    amount:     {{from: {amount}, type: number, via: [{{strip_unit: 万元}}, {{decimal: {{grouping: ","}}}}, {{scale: 4}}], on_fail: hold}}
  remark:       {{maybe: {remark}, type: blank, nil: clear, on_fail: hold}}
  acceptance:
    accepted_at: {{from: {accepted}, type: {accepted_type}, on_fail: hold}}
  result:
    missing_materials: {{maybe: {lacking}, type: blank, via: [{{split: "^"}}], on_fail: hold}}
    valid_to:   {{maybe: {valid}, type: day, on_fail: hold}}
  received_materials:
    each: {materials}
    rules:
      order:    {{from: {xh}, type: number, on_fail: hold}}
      name:     {{from: {mc}, type: blank, on_fail: hold}}
      count:    {{from: {fen}, type: number, on_fail: hold}}
"""
TYPES = """
types:
{leaf}
  blank:  {{extends: leaf, trim: wide, null_if: ["", 无, /, "-", "null"]}}
  number: {{extends: blank, fold: [digits, latin, punct], upper: yes}}
  moment: {{extends: blank, date: ["yyyy-MM-dd HH:mm:ss", "yyyy/M/d H:m:s", "yyyy_MM-dd HH:mm:ss", "yyyy年M月d日 ah时m分s秒", "yyyyMMddHHmmss"]}}
  clock:  {{extends: blank, epoch: ms}}
  day:    {{extends: blank, date: [yyyy-MM-dd], sentinels: {{absent: ["0001-01-01", "1900-01-01"], unlimited: ["9999-12-31", 长期]}}}}
tables:
  event:   {{inline: {{E1: accept}}, unknown: reject}}
  id_type: {{file: tables/id_type.csv, system: composer.id, model: id_type, unknown: hold, match: [code, label]}}
  kind:    {{inline: {{"1": immediate, "2": promised}}, system: composer.kind, model: project_type, unknown: hold}}
  yesno:   {{inline: {{"1": "true", "0": "false", 是: "true", 否: "false", Y: "true", N: "false", √: "true", ×: "false", 有: "true", 无需: "false"}}, unknown: hold}}
"""
LEAVES = ("no", "item", "sxmc", "title", "name", "ztype", "id", "phone", "addr", "applied", "accepted", "kind", "fee", "amount", "lacking", "valid", "remark", "ev", "zf", "why")
PLAIN_ITEM = "  task_code:    {{from: {item}, type: number, check: task_code, on_fail: hold}}"
LONG_ITEM = ("  task_code:    {{from: {item}, type: number, via: [{{split_code: [31, 2], part: 1}}], check: task_code, on_fail: hold}}\n"
             "  task_handle_item: {{from: {item}, type: number, check: task_handle_item, on_fail: hold}}")


def stages(m):
    # What nothing declares, the profile states.
    made = [] if m.declared or not m.envelope.startswith("soap") else ["charset: {is: %s}" % m.encoding]
    is_text = m.envelope in ("soap_string", "form")
    if m.envelope == "soap_doc":
        return made + ["soap: {operation: send}", "multiref"]
    if m.envelope == "soap_string":
        made += ["soap: {operation: send, part: xmlStr}", "decode: {layers: %d, declared: ignore}" % m.layers]
    elif m.envelope == "form":
        made.append("form: {field: data, charset: %s}" % m.encoding)
    elif m.envelope == "zip":
        made.append("zip: {entry: '数据/*.dat', names: gbk}")
    if m.packed:
        made += ([] if is_text else ["charset: {is: utf-8}"]) + ["base64: {%s}" % m.base64_keys, "gzip", "charset: {is: %s}" % m.encoding]
    elif not is_text and (m.doc == "json" or m.copies > 1 or not m.declared):
        made.append("charset: {is: %s}" % m.encoding)
    return made + document_stages(m)


def document_stages(m):
    many = "documents: many" if m.copies > 1 else ""
    if m.doc == "xml":
        root = "ds" if m.structure == "dataset" else "rows" if m.rows else "bj"
        return ["xml: {root: %s%s}" % (root, ", " + many if many else "")] + (["dataset"] if m.structure == "dataset" else [])
    if m.nesting == 0:
        return ["json: {%s}" % many]
    inner = ["nested: {at: %s, as: json}" % "/".join(["data"] * depth) for depth in range(1, m.nesting + 1)]
    return ["json: {%s}" % many] + inner


def text(m, path):
    """The mapping of one combination, without its tests."""
    prefix = "in0/" if m.structure == "multiref" else ""
    nested = "/".join(["data"] * m.nesting)
    records = None
    if m.structure == "dataset":
        records = "BJ"
    elif m.rows:
        records = (nested + "/" if nested else "") + "bj"
    elif m.copies > 1:
        records = "."
    if nested and records in (None, "."):
        prefix = nested + "/"
    leaf = lambda name: ("%s%s/#text|%s%s" % (prefix, name, prefix, name)) if m.leaves != "plain" else prefix + name
    names = {name: leaf(name) for name in LEAVES}
    inner = lambda name: "%s/#text|%s" % (name, name) if m.leaves != "plain" else name
    names.update({name: inner(name) for name in ("xh", "mc", "fen")})
    # XML repeats the element; an array of Axis holds items.
    names["materials"] = prefix + ("cl/item" if m.structure == "multiref" else "cl")
    names["judge_name"] = m.judge_name
    names["accepted_type"] = "clock" if m.epoch else "moment"
    names["item"] = leaf("item")
    rule_text = RULES.replace("{item}", (LONG_ITEM if m.long_item else PLAIN_ITEM)).replace("  record.reason", "")
    # The item's own rules were put in before the names are, so that both are filled here.
    body = rule_text.format(**names)
    head = "mapping: composer.%s\nto: case@1\nzone: \"+08:00\"\n" % path.strip("/").replace("/", ".").replace("+", ".").lower()
    head += 'record: {maybe: %s, type: blank, table: {inline: {"0": part, "1": void}, unknown: reject}, default: "0", on_fail: reject}\n' % names["zf"]
    head += "source:\n" + "".join("  - %s\n" % stage for stage in stages(m))
    if records:
        when = ", when: 'not present(flag)'" if m.rows else ""
        head += "records: {each: %s%s}\n" % (records, when)
    head += TYPES.format(leaf="  leaf: {base64: yes, gbk: yes}" if m.base64_leaves else "  leaf: {trim: wide}")
    head += "identity:\n  organisation: {const: %s}\n  item: {from: %s, type: number}\n  case: {from: %s, type: number}\n  event: {from: %s, type: blank}\n" % (
        OFFICE, names["item"], names["no"], names["ev"])
    head += "event: {from: %s, type: blank, table: event, on_fail: reject}\n" % names["ev"]
    return head + body.rstrip("\n") + "\n  record.reason: {maybe: %s, type: blank, on_fail: hold}\n" % names["why"]


def findings(m):
    """Ids of severity warn or error, in the order of the rules."""
    order = ("sxmc", "title", "name", "ztype", "id", "phone", "addr", "applied", "kind", "fee", "amount", "remark", "accepted", "lacking", "valid")
    hole = ["wire.soap_hole"] if m.structure == "multiref" else []
    return hole + [m.faults[name] for name in order if name in m.faults]


def record(m, copy):
    """The record of one copy of the message; None when all is refused."""
    if m.fatal:
        return None
    number = m.means["no"] + ("" if copy == 0 else "-%d" % (copy + 1))
    item = m.texts["item"]
    made = Record("case@1", m.kind, ("composer", "1"), "accept", {"organisation": OFFICE, "item": item, "case": number, "event": "E1", "revision": "1"})
    made.json["envelope"] = {"source_system": "composer", "pack": "composer@1", "event": "accept"}
    if m.kind == "void":
        made.json["reason"] = m.texts["why"]
    put = lambda path, name: made.put(path, m.means[name], mark=m.marks.get(name))
    made.put("case_no", number, mark=m.marks.get("no"), verdict="passed")
    made.put("task_code", TASK, verdict="passed")
    if m.long_item:
        made.put("task_handle_item", item, verdict="passed")
    put("task_name", "sxmc")
    put("title", "title")
    put("applicant.name", "name")
    kind = m.means["ztype"]
    if kind:
        made.put("applicant.id_type", code(kind, "composer.id", m.texts["ztype"], "居民身份证" if m.texts["ztype"] in ("1", "居民身份证") else None))
    made.put("applicant.id_no", m.means["id"], mark=m.marks.get("id"), verdict=of_kind(kind, m.means["id"]))
    put("applicant.mobile", "phone")
    put("applicant.address", "addr")
    made.put("applied_at", m.means["applied"], mark=m.marks.get("applied"))
    if m.texts["kind"] is None:
        made.put("project_type", code(m.means["kind"]), mark="derived")
    else:
        made.put("project_type", code(m.means["kind"], "composer.kind", m.texts["kind"]))
    made.put("fee.charged", m.means["fee"])
    made.put("fee.amount", m.means["amount"], mark=m.marks.get("amount"))
    if m.means["remark"] is NIL:
        made.clear("remark") if m.kind == "part" else None
    else:
        put("remark", "remark")
    made.put("acceptance.accepted_at", m.means["accepted"])
    made.put("result.missing_materials", m.means["lacking"])
    made.put("result.valid_to", m.means["valid"])
    for i, material in enumerate(m.materials):
        made.put("received_materials[%d].order" % i, int(material["xh"]))
        made.put("received_materials[%d].name" % i, material["mc"])
        made.put("received_materials[%d].count" % i, int(material["fen"]))
    return made.done()
