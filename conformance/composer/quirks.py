"""The quirks that can be put into a message one by one and two by two, each with its known effect; and why the others cannot.

A quirk claims aspects of a message (`doc`, `envelope`, `encoding`, a field). Two quirks whose claims differ contradict each other: the pair is listed with
the aspect, not left out in silence. `rank` is the order of writing: what a text says before how its characters look before how it is packed.
"""
from message import HALF, NIL

GATE_ENCODING, GATE_DOCUMENT = 1, 2      # Which gate refuses first.
NOT_COMPOSED = {
    6: "the header SOAPAction is the connector's; the mapping never sees it", 10: "one string of many meanings belongs to one field of one system; see baishi-axis",
    11: "the answers of others to our calls; ours are written by the pack's answer", 12: "a session of a client of ours", 13: "signatures are the connector's; members around the "
    "document are shown by xinghe-api", 14: "WS-Security is the connector's", 15: "HTTP is the connector's", 16: "what a WSDL says has no effect on a message",
    17: "pulling in windows is a client of ours; what comes twice is the journal's", 45: "tokens of a client of ours", 46: "paging of a client of ours", 47: "attachments: see the tests of parts and stages",
    50: "order between messages is the bridge's", }


def lq01(m, rng):
    m.envelope, m.cdata = "soap_string", True


def lq02(m, rng):
    m.envelope, m.layers = "soap_string", rng.choice((2, 3))


def lq03(m, rng):
    quote, label = rng.choice("'\""), rng.choice(("gb2312", "GBK", "utf-16"))
    m.envelope = "soap_string"
    m.inner_declaration = rng.choice(("", " ", "\n")) + "<?xml version=%s1.0%s encoding=%s%s%s?>" % (quote, quote, quote, label, quote) + rng.choice(("", "\n"))


def lq04(m, rng):
    m.copies, m.glue = rng.choice((2, 3)), rng.choice(("", "\r\n", " "))


def lq05(m, rng):
    m.namespace = "http://10.99.0.%d:8080/axis/services/Case" % rng.randrange(1, 250) + rng.choice(("", "/"))


def lq07(m, rng):
    m.envelope, m.structure = "soap_doc", "multiref"


def lq08(m, rng):
    for name, how in zip(rng.sample(("title", "remark", "phone"), 3), (NIL, "", None)):
        # In a table NULL is the missing cell; there is no third state.
        if how is NIL and (name != "remark" or m.structure == "dataset"):
            how = None if m.structure == "dataset" else NIL
        m.texts[name] = how
        m.means[name] = NIL if how is NIL and name == "remark" else None
        m.faults.pop(name, None)


def lq09(m, rng):
    m.structure = "dataset"


def lq18(m, rng):
    m.encoding, m.declared = "gb18030", "gb2312"
    m.texts["sxmc"] = m.means["sxmc"] = "临时用地审批（玥镕）"


def lq19(m, rng):
    m.bom, m.header, m.declared = True, "gb2312", rng.choice(("utf-8", "gbk"))
    m.fatal.append((GATE_ENCODING, "wire.xml_encoding"))


def lq20(m, rng):
    m.encoding, m.declared = "gb18030", ""


def lq21(m, rng):
    m.texts["sxmc"] = m.means["sxmc"] = rng.choice(("锟斤拷锟斤拷审批", "临时\ufffd地", "????审批"))
    m.judge_name, m.faults["sxmc"] = "via: [{mojibake: report}], ", "mapping.mojibake"


def lq22(m, rng):
    m.rare = rng.choice("𫘝𠮷𪚥䶮")
    m.reference = rng.random() < 0.4
    m.texts["name"] = m.means["name"] = "甄" + m.rare


def lq23(m, rng):
    m.base64_leaves = True


def lq24(m, rng):
    m.xml_fault, found = rng.choice((("&#x1B;", "wire.xml_character"), ("\x0b", "wire.xml_character"), ("A & B", "wire.xml_not_wf"), ("a&nbsp;b", "wire.xml_not_wf")))
    m.fatal.append((GATE_DOCUMENT, found))


def lq25(m, rng):
    wide = lambda text: "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in text)
    for name in ("id", "phone", "no"):
        if isinstance(m.texts[name], str) and m.texts[name]:
            m.texts[name], m.marks[name] = wide(m.texts[name]), "repaired"
    m.texts["name"], m.marks["name"] = rng.choice(("\u3000", "\u200b", "\u00a0")) + m.texts["name"] + "\u3000", "repaired"


def lq26(m, rng):
    m.packed = True


def lq27(m, rng):
    m.texts["applied"], m.means["applied"] = rng.choice((
        ("2149/3/5 7:8:9", "2149-03-05T07:08:09+08:00"), ("2149_03-05 07:08:09", "2149-03-05T07:08:09+08:00"), ("2149年3月5日 下午2时8分9秒", "2149-03-05T14:08:09+08:00"),
        ("21490305070809", "2149-03-05T07:08:09+08:00"), ("2149-03-04 24:00:00", "2149-03-05T00:00:00+08:00"), ("2149-02-29 07:08:09", None), ("2149.03.05", None)))
    if m.means["applied"] is None:
        m.faults["applied"] = "mapping.malformed"


def lq28(m, rng):
    import datetime
    when = datetime.datetime(*m.clock, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))
    thousandth = rng.randrange(0, 1000)
    m.epoch = True
    m.texts["accepted"] = "%d%03d" % (int(when.timestamp()), thousandth)
    m.means["accepted"] = when.strftime("%Y-%m-%dT%H:%M:%S") + ".%03d+08:00" % thousandth
    if rng.random() < 0.3:
        m.texts["accepted"] = m.texts["accepted"][:10]
        m.means["accepted"], m.faults["accepted"] = None, "mapping.malformed"


def lq29(m, rng):
    m.texts["valid"], m.means["valid"] = rng.choice((("9999-12-31", "unlimited"), ("长期", "unlimited"), ("1900-01-01", None), ("0001-01-01", None)))


def lq30(m, rng):
    name, word = rng.choice(("addr", "name")), rng.choice(("无", "/", "-", "null", " "))
    m.texts[name], m.means[name] = word, None
    if name == "name":
        m.faults["name"] = "mapping.placeholder"


def lq31(m, rng):
    m.texts["fee"], m.means["fee"] = rng.choice((("是", True), ("否", False), ("Y", True), ("×", False), ("无需", False), ("2", None)))
    if m.means["fee"] is None:
        m.faults["fee"] = "mapping.unknown_code"


def lq32(m, rng):
    m.texts["ztype"], m.means["ztype"] = rng.choice((("居民身份证", "resident_id"), ("14", None), ("身份证件", None)))
    if m.means["ztype"] is None:
        m.faults["ztype"] = "mapping.unknown_code"


def lq33(m, rng):
    m.texts["amount"], m.means["amount"] = rng.choice((("3,050.75万元", "30507500"), ("12.0万元", "120000"), ("0.0001万元", "1"), ("1.2E+3万元", None), ("3050.75", None)))
    if m.means["amount"] is None:
        m.faults["amount"] = "mapping.malformed"
    elif "," in m.texts["amount"]:
        m.marks["amount"] = "repaired"      # Signs were taken out of the number.


def lq34(m, rng):
    m.texts["lacking"], m.means["lacking"] = rng.choice((("甲^乙^丙", ["甲", "乙", "丙"]), ("甲^^乙^", ["甲", "乙"])))


def lq35(m, rng):
    m.long_item = True
    m.texts["item"] = m.means["item"] = m.texts["item"] + "01"


def lq36(m, rng):
    m.texts["id"] = m.means["id"] = "19900000000"


def lq37(m, rng):
    m.texts["kind"], m.means["kind"] = None, "promised"


def lq38(m, rng):
    m.texts["title"] = "关于临时用地的申" + HALF
    if m.base64_leaves:
        m.means["title"], m.faults["title"] = None, "mapping.half_character"
    else:
        m.fatal.append((GATE_ENCODING, "wire.encoding_invalid"))


def lq39(m, rng):
    m.texts["sxmc"] = m.means["sxmc"] = "临时用地审批（%s）" % rng.choice(("变更", "2149年版", "[乙级]"))


def lq40(m, rng):
    m.doc, m.nesting = "json", rng.choice((1, 2))


def lq41(m, rng):
    m.doc, m.leaves = "json", "converted"


def lq42(m, rng):
    m.doc = "json"
    m.json_fault, found = rng.choice((
        (lambda t: t.replace('"ev"', '"no": "X", "ev"', 1), "wire.json_duplicate_key"), (lambda t: "/* x */" + t, "wire.json_syntax"), (lambda t: t.replace('"ev"', "'ev'", 1), "wire.json_syntax"),
        (lambda t: t.replace('"ev"', '"n": NaN, "ev"', 1), "wire.json_syntax"), (lambda t: t[:-1] + ",}", "wire.json_syntax"), (lambda t: "cb(" + t + ")", "wire.json_syntax")))
    # Behind a cut there is nothing to cut: what stands outside every document refuses the whole.
    outside = m.copies > 1 and m.nesting == 0 and m.json_fault("{}")[:1] not in "{"
    m.fatal.append((GATE_DOCUMENT, "wire.documents_junk" if outside else found))


def lq43(m, rng):
    m.envelope, m.encoding, m.declared = "form", "gb18030", ""
    m.content_type = "application/x-www-form-urlencoded"


def lq44(m, rng):
    m.content_type = rng.choice(("text/html;charset=GBK", "application/octet-stream", "text/plain"))


def lq48(m, rng):
    m.rows = True


def lq49(m, rng):
    m.kind = "void"
    m.texts["zf"], m.texts["why"] = "1", "重复登记"


def lq51(m, rng):
    m.pad = " " * rng.randrange(1, 9)


def lq52(m, rng):
    m.envelope = "zip"


class Quirk:
    def __init__(self, number, apply, rank, **claims):
        self.number, self.apply, self.rank, self.claims = number, apply, rank, claims

    @property
    def name(self):
        return "LQ%02d" % self.number


# Ranks: 1 how it is carried, 2 how the document is built, 3 what a field says, 4 what becomes of its text, 5 faults of bytes.
QUIRKS = [
    Quirk(1, lq01, 1, envelope="soap_string", cdata=True), Quirk(2, lq02, 1, envelope="soap_string"), Quirk(3, lq03, 1, envelope="soap_string", doc="xml"),
    Quirk(4, lq04, 1, document="string", copies="many"), Quirk(5, lq05, 2, doc="xml", names="namespaces"), Quirk(7, lq07, 2, envelope="soap_doc", doc="xml", structure="multiref", copies="one",
                                                                                                          document="element", rows="none", packed=False),
    Quirk(8, lq08, 3, title="states", remark="states", phone="states"), Quirk(9, lq09, 2, doc="xml", structure="dataset", names="own"),
    Quirk(18, lq18, 1, encoding="gb18030", declared="gb2312", sxmc="rare"), Quirk(19, lq19, 1, encoding="utf-8", declared="three", doc="xml", bytes="declared", packed=False, document="element", frame="text"),
    Quirk(20, lq20, 1, encoding="gb18030", declared="none", bytes="undeclared"), Quirk(21, lq21, 3, sxmc="read wrong"), Quirk(22, lq22, 3, name="rare"), Quirk(23, lq23, 2, leaf="base64"), Quirk(24, lq24, 5, doc="xml", title="fault"),
    Quirk(25, lq25, 4), Quirk(26, lq26, 1, packed=True), Quirk(27, lq27, 3, applied="pattern"), Quirk(28, lq28, 3, accepted="epoch"), Quirk(29, lq29, 3, valid="sentinel"),
    Quirk(30, lq30, 3, name="placeholder"), Quirk(31, lq31, 3, fee="word"), Quirk(32, lq32, 3, ztype="label"), Quirk(33, lq33, 3, amount="number"), Quirk(34, lq34, 3, lacking="list"),
    Quirk(35, lq35, 3, item="33"), Quirk(36, lq36, 3, id="phone"), Quirk(37, lq37, 3, kind="missing"), Quirk(38, lq38, 5, title="fault", encoding="gb18030"),
    Quirk(39, lq39, 3, sxmc="variant"), Quirk(40, lq40, 2, doc="json"), Quirk(41, lq41, 2, doc="json"), Quirk(42, lq42, 2, doc="json"),
    Quirk(43, lq43, 1, envelope="form", encoding="gb18030", declared="form", bytes="form", content_type="form"), Quirk(44, lq44, 1, content_type="wrong"),
    Quirk(48, lq48, 2, rows="flags"), Quirk(49, lq49, 3), Quirk(51, lq51, 2), Quirk(52, lq52, 1, envelope="zip", frame="archive"),
]


def contradiction(one, other):
    """Why two quirks cannot stand in one message, or nothing."""
    for aspect in one.claims.keys() & other.claims.keys():
        if one.claims[aspect] != other.claims[aspect] or aspect in ("title", "sxmc", "name"):
            return "%s: %s against %s" % (aspect, one.claims[aspect], other.claims[aspect])
    return None
