"""One clean message, what it means, and how it is written: quirks change the writing, and the meaning only where they say so.

Nothing here is read from the program or from its packs. The mapping that the program is given is made in `mapping.py`.
"""
import base64
import gzip
import io
import json
import random
import zipfile
from decimal import Decimal
from urllib.parse import quote_from_bytes
from xml.sax.saxutils import escape

HALF = "{half a character}"      # In a text: becomes the first byte of a character of two.
LEAD_BYTE = b"\xab"
XSI = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
TASK = "11990000000001089Q4000199021000"
SURNAMES, GIVEN = "甄霍宫柴瞿阎慕连", "安宁思远若水明德"
NIL = object()


def resident_id(rng):
    body = "100000%04d%02d%02d%03d" % (rng.randrange(2100, 2130), rng.randrange(1, 13), rng.randrange(1, 29), rng.randrange(1, 990))
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, weights)) % 11]


class Message:
    """`texts` is what stands on the wire, field by field; `means` what the record holds, `marks` how the value got there."""

    def __init__(self, seed, number=1):
        self.rng = rng = random.Random(seed)
        self.number = number
        day = rng.randrange(1, 28)
        self.clock = (2149, rng.randrange(4, 13), day, rng.randrange(0, 24), rng.randrange(0, 60), rng.randrange(0, 60))
        self.texts = {
            "no": "CP%d-%06d" % (seed % 1000, rng.randrange(10**6)), "ev": "E1", "item": TASK, "sxmc": "临时用地审批", "title": "关于临时用地的申请 & <附图>",
            "name": rng.choice(SURNAMES) + rng.choice(GIVEN) + rng.choice(GIVEN), "ztype": "1", "id": resident_id(rng), "phone": "199%08d" % rng.randrange(10**8),
            "addr": "合成县和平路%d号" % rng.randrange(1, 99), "applied": "2149-03-04 09:10:11", "accepted": "%04d-%02d-%02d %02d:%02d:%02d" % self.clock, "kind": "1", "fee": "1",
            "amount": "%d.5万元" % rng.randrange(1, 99), "lacking": "场地照片", "valid": "2159-01-31", "remark": "无障碍通道一处",
        }
        self.materials = [{"xh": str(i + 1), "mc": name, "fen": str(rng.randrange(1, 5))} for i, name in enumerate(rng.sample(["申请书", "宗地图", "承诺书", "授权书"], 2))]
        self.extra = {}                # Members that no rule reads.
        self.means = {name: text for name, text in self.texts.items()}
        self.means.update(applied="2149-03-04T09:10:11+08:00", accepted="%04d-%02d-%02dT%02d:%02d:%02d+08:00" % self.clock, fee=True, kind="immediate", ztype="resident_id",
                          amount=str(int(Decimal(self.texts["amount"][:-2]) * 10000)), lacking=["场地照片"])
        self.marks, self.precision = {}, {}
        self.kind, self.fatal, self.faults = "part", [], {}
        self.doc, self.envelope, self.encoding, self.declared = "xml", "body", "utf-8", "utf-8"
        self.bom, self.header = False, None
        self.content_type = None
        self.cdata, self.layers, self.inner_declaration, self.namespace = False, 1, "", ""
        self.copies, self.glue = 1, ""
        self.structure, self.nesting, self.leaves, self.rows = None, 0, "plain", False
        self.packed, self.base64_leaves, self.pad, self.reference = False, False, "", False
        self.base64_keys, self.epoch, self.json_fault, self.xml_fault = "", False, None, None
        self.long_item, self.rare, self.judge_name = False, None, ""

    # --- leaves -----------------------------------------------------------------------------------------------------------------------------------

    def leaf(self, text):
        text = text + self.pad if text and HALF not in text else text
        if not self.base64_leaves:
            return text
        head, half, tail = text.partition(HALF)
        return base64.b64encode(head.encode("gb18030") + (LEAD_BYTE if half else b"") + tail.encode("gb18030")).decode()

    def xml_leaf(self, name, text):
        if text is None:
            return ""
        if text is NIL:
            return '<%s xsi:nil="true"/>' % name
        if text == "":
            return "<%s/>" % name
        content = escape(self.leaf(text))
        if self.reference and self.rare and not self.base64_leaves:
            content = content.replace(self.rare, "&#x%X;" % ord(self.rare))
        if self.xml_fault and name == "title":
            content = self.xml_fault
        return "<%s>%s</%s>" % (name, content, name)

    def json_leaf(self, text):
        if text is NIL:
            return None
        value = self.leaf(text)
        if self.leaves == "plain" or text == "":
            return value
        return [value] if self.rng.random() < 0.5 else [{"@type": "s", "#text": value}]

    # --- one document ---------------------------------------------------------------------------------------------------------------------------------

    def members(self, texts):
        return {**texts, **self.extra}

    def xml_body(self, texts):
        inner = "".join(self.xml_leaf(name, text) for name, text in self.members(texts).items())
        if self.structure == "multiref":
            return inner
        return inner + "".join("<cl>%s</cl>" % "".join(self.xml_leaf(n, t) for n, t in m.items()) for m in self.materials)

    def xml_text(self, texts):
        body = self.xml_body(texts)
        if self.structure == "dataset":
            rows = [body] + (["<flag>9</flag>" + body] if self.rows else [])
            # The rows stand in the other order than they have.
            inner = "".join('<BJ diffgr:id="BJ%d" msdata:rowOrder="%d">%s</BJ>' % (i + 1, i, row) for i, row in reversed(list(enumerate(rows))))
            return ('<ds><xs:schema id="N" xmlns:xs="http://www.w3.org/2001/XMLSchema"/><diffgr:diffgram xmlns:msdata="urn:schemas-microsoft-com:xml-msdata" '
                    'xmlns:diffgr="urn:schemas-microsoft-com:xml-diffgram-v1"%s><N xmlns="">%s</N></diffgr:diffgram></ds>' % (XSI, inner))
        if self.rows:
            body = "<bj>%s</bj><bj><flag>9</flag>%s</bj>" % (body, body)
        name = "rows" if self.rows else "bj"
        if self.namespace:
            return '<n:%s xmlns:n="%s"%s>%s</n:%s>' % (name, self.namespace, XSI, body, name)
        return "<%s%s>%s</%s>" % (name, XSI, body, name)

    def json_text(self, texts):
        made = {name: self.json_leaf(text) for name, text in self.members(texts).items() if text is not None}
        made["cl"] = [{n: self.json_leaf(t) for n, t in m.items()} for m in self.materials]
        if self.leaves != "plain" and len(made["cl"]) == 1:
            made["cl"] = made["cl"][0]
        if self.rows:
            made = {"bj": [made, {**made, "flag": "9"}]}
        text = json.dumps(made, ensure_ascii=False)
        if self.json_fault:
            text = self.json_fault(text)
        for _ in range(self.nesting):
            text = json.dumps({"data": text}, ensure_ascii=False)
        return text

    def document(self):
        write = self.xml_text if self.doc == "xml" else self.json_text
        parts = []
        for copy in range(self.copies):
            texts = dict(self.texts, no=self.texts["no"] + ("" if copy == 0 else "-%d" % (copy + 1)))
            parts.append(self.inner_declaration + write(texts))
        return self.glue.join(parts)

    # --- around it ------------------------------------------------------------------------------------------------------------------------------------

    def bytes_of(self, text):
        return text.encode(self.encoding).replace(HALF.encode(self.encoding), LEAD_BYTE)

    def declaration(self):
        return '<?xml version="1.0" encoding="%s"?>\n' % self.declared if self.declared else ""

    def soap(self, content):
        return ('%s<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"%s><e:Body>%s</e:Body></e:Envelope>' % (self.declaration(), XSI, content))

    def soap_object(self):
        """One argument beside the operation, and its materials beside it."""
        refs = "".join('<item href="#m%d"/>' % i for i, _ in enumerate(self.materials))
        size = len(self.materials) + 1
        objects = ('<multiRef id="o">%s<cl xmlns:c="http://schemas.xmlsoap.org/soap/encoding/" c:arrayType="c:M[%d]"><item xsi:nil="true"/>%s</cl></multiRef>'
                   % (self.xml_body(self.texts), size, refs))
        objects += "".join('<multiRef id="m%d">%s</multiRef>' % (i, "".join(self.xml_leaf(n, t) for n, t in m.items())) for i, m in enumerate(self.materials))
        return self.soap('<q:send xmlns:q="%s"><in0 href="#o"/></q:send>%s' % (self.namespace or "urn:composer", objects))

    def pack(self, text):
        if not self.packed:
            return text
        # The stream inside is of the bytes that the profile names.
        return base64.b64encode(gzip.compress(self.bytes_of(text), mtime=0)).decode()

    def body(self):
        if self.envelope == "soap_doc":
            data = self.bytes_of(self.soap_object())
        elif self.envelope == "soap_string":
            text = self.pack(self.document())
            for _ in range(self.layers - 1):
                text = escape(text)
            text = "<![CDATA[%s]]>" % text.replace("]]>", "]]]]><![CDATA[>") if self.cdata else escape(text)
            data = self.bytes_of(self.soap('<q:send xmlns:q="%s"><xmlStr>%s</xmlStr></q:send>' % (self.namespace or "urn:composer", text)))
        elif self.envelope == "form":
            escaped = quote_from_bytes(self.bytes_of(self.pack(self.document())), safe="-._*").replace("%20", "+")
            data = ("user=x&data=" + (escaped.replace("%3C", "%3c") if self.rng.random() < 0.5 else escaped)).encode("ascii")
        elif self.envelope == "zip":
            data = self.archive()
        else:
            declare = self.doc == "xml" and not self.packed and self.copies == 1
            data = self.bytes_of((self.declaration() if declare else "") + self.pack(self.document()))
        return (b"\xef\xbb\xbf" if self.bom else b"") + data

    def archive(self):
        class Gbk(zipfile.ZipInfo):
            def _encodeFilenameFlags(self):
                return self.filename.encode("gbk"), self.flag_bits & ~0x800
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            declare = self.doc == "xml" and not self.packed and self.copies == 1
            archive.writestr(Gbk("说明.txt", (2099, 1, 1, 0, 0, 0)), "x")
            archive.writestr(Gbk("数据/受理.dat", (2099, 1, 1, 0, 0, 0)), self.bytes_of((self.declaration() if declare else "") + self.pack(self.document())))
        return out.getvalue()

    def facts(self):
        facts = {}
        if self.content_type:
            facts["content_type"] = self.content_type
        if self.header:
            facts["charset"] = self.header
        return facts
