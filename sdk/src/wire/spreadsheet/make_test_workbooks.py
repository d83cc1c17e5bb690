#!/usr/bin/python3
"""Writes test_workbooks.hpp: small .xlsx files put together by hand and packed by Python's zipfile, an implementation that is not ours.

usage: make_test_workbooks.py > test_workbooks.hpp
"""
import base64
import io
import zipfile

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
STYLES = f"""<styleSheet xmlns="{MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;"/>
<numFmt numFmtId="165" formatCode="0.00_);[Red](0.00)"/></numFmts>
<cellXfs count="5"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>"""


def rels(rows):
    items = "".join(f'<Relationship Id="{i}" Type="{REL}/{kind}" Target="{target}"/>' for i, kind, target in rows)
    return f'<Relationships xmlns="{PACKAGE}">{items}</Relationships>'


def workbook(sheet, strings=(), date1904="", hidden=False):
    shared = "".join(f"<si>{one}</si>" for one in strings)
    state = ' state="hidden"' if hidden else ""
    parts = {
        "_rels/.rels": rels([("rId1", "officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{REL}"><workbookPr{date1904}/><sheets><sheet name="隐藏" sheetId="1"{state} r:id="rId{9 if hidden else 1}"/>'
                           f'<sheet name="事项" sheetId="2" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": rels([("rId1", "worksheet", "worksheets/sheet1.xml"), ("rId2", "sharedStrings", "sharedStrings.xml"), ("rId3", "styles", "/xl/styles.xml")]),
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{shared}</sst>',
        "xl/styles.xml": STYLES,
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{sheet[0]}</sheetData>{sheet[1]}</worksheet>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            info = zipfile.ZipInfo(name, (2099, 1, 1, 0, 0, 0))
            info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 0
            made.writestr(info, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + content)
    return out.getvalue()


def cell(ref, value, kind="", style=""):
    t = f' t="{kind}"' if kind else ""
    s = f' s="{style}"' if style else ""
    return f'<c r="{ref}"{s}{t}>{value}</c>'


def v(ref, value, kind="", style=""):
    return cell(ref, f"<v>{value}</v>", kind, style)


# A merged header over two columns, a cell of rich text, an inline string, a cell merged over two rows, a total.
ITEMS = ('<row r="1">' + v("A1", 0, "s") + v("B1", 1, "s") + '</row><row r="2">' + v("B2", 2, "s") + v("C2", 3, "s") + "</row>"
         '<row r="3">' + v("A3", 4, "s") + v("B3", 5, "s") + cell("C3", "<is><t>纸质</t></is>", "inlineStr") + "</row>"
         '<row r="4">' + v("B4", "A&amp;B_x000D__x000A_C", "str") + v("C4", 2) + "</row>"
         '<row r="6">' + v("A6", 6, "s") + v("C6", 3) + "</row>",
         '<mergeCells count="3"><mergeCell ref="A1:A2"/><mergeCell ref="B1:C1"/><mergeCell ref="A3:A4"/></mergeCells>')
STRINGS = ["<t>编码</t>", "<t>材料</t>", "<t>名称</t>", "<t>形式</t>", "<t>C1</t>", "<r><t>申请</t></r><r><t>书</t></r><rPh sb='0' eb='1'><t>shenqing</t></rPh>", "<t>合计</t>"]
DATES = ('<row r="1">' + "".join(cell(f"{c}1", f"<is><t>{c.lower()}</t></is>", "inlineStr") for c in "ABCDEFGH") + "</row>"
         '<row r="2">' + v("A2", 45296, "", 1) + v("B2", "45296.5", "", 2) + v("C2", 60, "", 1) + v("D2", 59, "", 3) + v("E2", "0.30000000000000004") + v("F2", "9007199254740992")
         + v("G2", "4.40112E+17") + v("H2", 61, "", 1) + "</row>"
         '<row r="3">' + v("A3", "#N/A", "e") + v("B3", 1, "b") + v("C3", "45296", "", 4) + v("D3", "-1", "", 1) + v("E3", "1E-3") + "</row>", "")
ROWS = {
    "kItems": workbook(ITEMS, STRINGS, hidden=True),
    "kDates": workbook(DATES),
    "kDates1904": workbook(DATES, date1904=' date1904="1"'),
    "kBadShared": workbook(('<row r="1">' + v("A1", 9, "s") + "</row>", "")),
    "kBadReference": workbook(('<row r="1">' + v("A2", 1) + "</row>", "")),
}
print("#pragma once\n// Made by make_test_workbooks.py (Python's zipfile); Base64. Do not edit.\nnamespace tongqu::wire::test {\n")
for name, content in ROWS.items():
    text = base64.b64encode(content).decode()
    lines = [text[i:i + 120] for i in range(0, len(text), 120)]
    print(f"inline constexpr char {name}[] =")
    print("\n".join(f'    "{line}"' for line in lines) + ";")
print("\n} // namespace tongqu::wire::test")
