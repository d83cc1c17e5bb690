"""Ugly messages of the three invented county systems, from a seed: what the packs' READMEs say that these systems send, in every variation of it.

A Message carries the bytes of a request and what a correct bridge has to tell the sender: `stored`, `held` or `refused`.
"""
import json
from xml.sax.saxutils import escape

ITEMS = {
    "qinglan-spxt": ("11990000000000019A4000199001000", "食品经营许可"),
    "yunxi-zwfw": ("12990000000099995W4000199002000", "公共场所卫生许可"),
    "linhu-onewin": ("11990000000000000D4000199003000", "餐饮服务许可"),
}
SYSTEMS = tuple(ITEMS)

UGLY = ["材料齐全", "符合 GB 31654-2021 的要求", "<script>alert(1)</script>", "'; DROP TABLE messages; --", "%s%n%x ${jndi:ldap://x} {{7*7}}", "=1+1", "A & B 联合体 <新办>",
        "]]> 之后", "quote \" and ' and \\ back", "第一行\n2026-01-01T00:00:00Z ERROR forged line", "a\tb", "右至左 \u202eABC", "零宽\u200b字符", "合成 e\u0301 与 \u00e9", "表情😀与𠮷字",
        "#{1*1} `id` $(id)", "0", "null值", "﹏〖〗", "·—…《》", "x" * 900, "长" * 300]
NOTHING_XML = ["无", "暂无", "/", "-", "—", "null", "NULL", "\\", "", "　"]
WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


class Message:
    def __init__(self, system, case_no, event, body, expect, why=""):
        self.system, self.case_no, self.event, self.body, self.expect, self.why = system, case_no, event, body, expect, why

    @property
    def key(self):
        return [self.system, self.case_no, self.event]


class Person:
    def __init__(self, rng, canaries):
        self.name = canaries.person(rng)
        self.company = rng.random() < 0.25
        self.id_no = canaries.credit_code(rng) if self.company else canaries.id_number(rng)
        self.phone = canaries.phone(rng)
        self.address = "合成县" + canaries.person(rng) + "路%d号" % rng.randrange(1, 999)


class Generator:
    """Makes cases of one system. `serial` must differ between generators of one run."""

    def __init__(self, system, rng, canaries, serial):
        self.system, self.rng, self.canaries, self.serial, self.count = system, rng, canaries, serial, 0

    def next_case(self):
        self.count += 1
        number = self.serial * 10000 + self.count
        make = {"qinglan-spxt": Qinglan, "yunxi-zwfw": Yunxi, "linhu-onewin": Linhu}[self.system]
        return make(self.rng, Person(self.rng, self.canaries), number)


class Case:
    system = ""

    def __init__(self, rng, person, number):
        self.rng, self.person, self.number = rng, person, number
        self.day = rng.randrange(1, 20)
        self.item, self.item_name = ITEMS[self.system]
        self.steps = rng.randrange(0, 3)
        self.case_no = self.make_case_no()

    def text(self):
        return self.rng.choice(UGLY)

    def pad(self, value):
        return self.rng.choice(["", "", "　", " ", "\n"]) + value + self.rng.choice(["", "", "　", "  "])

    def events(self):
        """The event names of a whole case in their order."""
        return ["accept"] + ["step%d" % n for n in range(1, self.steps + 1)] + ["result"]

    def message(self, event, **change):
        return Message(self.system, self.case_no, event, self.build(event, change), "stored")

    def repeat_of(self, message):
        return Message(message.system, message.case_no, message.event, message.body, message.expect)


def element(name, value):
    return "<%s>%s</%s>" % (name, escape(value).replace("\r", "&#13;"), name)


class Qinglan(Case):
    system = "qinglan-spxt"

    def make_case_no(self):
        return "QL2149%09d" % self.number

    def date(self, hour, minute, second=0, day=None):
        d = self.day if day is None else day
        form = self.rng.randrange(4)
        if form == 0:
            return "2149/3/%d %d:%d" % (d, hour, minute)
        if form == 1:
            return "2149年3月%d日 %d时%d分" % (d, hour, minute)
        if form == 2:
            return "2149-03-%02d %02d:%02d:%02d" % (d, hour, minute, second)
        return "2149/3/%d %d:%d:%d" % (d, hour, minute, second)

    def nothing(self):
        return self.rng.choice(NOTHING_XML)

    def build(self, event, change):
        rng = self.rng
        kind = "SL" if event == "accept" else "BJ" if event == "result" else "HJ"
        fields = [element("lx", kind), element("hjbh", kind if kind != "HJ" else "HJ" + event[4:]), element("bjbh", self.pad(self.case_no)), element("sxbm", self.item),
                  element("sxmc", self.pad(self.item_name))]
        if kind == "SL":
            fields += self.acceptance(change)
        elif kind == "HJ":
            inner = [element("xh", event[4:]), element("mc", "审查"), element("dz", rng.choice(["同意", "不同意", "退回", "通过"])), element("clr", "李审查"),
                     element("kssj", self.date(9, 1 + int(event[4:]), day=self.day + 1)), element("yj", change.get("yj", self.text()))]
            if rng.random() < 0.5:
                inner.append(element("jssj", self.date(17, 5, day=self.day + 1)))
            rng.shuffle(inner)
            fields.append("<hj>" + "".join(inner) + "</hj>")
        else:
            fields += [element("bjsj", change.get("bjsj", self.date(10, 20, day=self.day + 3))), element("jg", "0"), element("zzmc", "食品经营许可证"), element("zzbh", "QLSP-%d" % self.number), element("bjr", "赵办结")]
            if rng.random() < 0.5:
                fields.append(element("jgsm", self.text()))
        if rng.random() < 0.5:
            fields += [element("xgr", "管理员"), element("xgsj", "2149/3/9")]
        rng.shuffle(fields)
        return self.envelope("<root><bj>" + rng.choice(["", "\n", "\n  "]).join(fields) + "</bj></root>")

    def acceptance(self, change):
        rng, p = self.rng, self.person
        id_no = change.get("id_no", p.id_no)
        kind = change.get("zjlx", "04" if p.company else "01")
        fields = [element("bjmc", self.text() if rng.random() < 0.7 else self.nothing()), element("sqrlx", "2" if p.company else "1"), element("sqrmc", self.pad(p.name)), element("zjlx", kind),
                  element("zjhm", id_no.translate(WIDE) if rng.random() < 0.3 and not p.company else self.pad(id_no)), element("lxdh", rng.choice([p.phone, self.nothing()])),
                  element("dz", rng.choice([p.address, self.nothing()])), element("ly", rng.choice("012")), element("sqsj", self.date(6, 5)), element("bjlx", rng.choice("12")),
                  element("slr", "王受理"), element("slsj", change.get("slsj", self.date(7, 8, 9))), element("slwh", rng.choice(["QLSL-%d" % self.number, self.nothing()])),
                  element("bz", rng.choice([self.text(), self.nothing()]))]
        rows = "".join("<cl>%s%s%s%s</cl>" % (element("xh", str(n)), element("mc", self.rng.choice(["身份证明", "经营场所平面图", "申请表"])), element("fs", rng.choice("12")),
                                              element("fen", rng.choice(["1", "２", " 3 "]))) for n in range(1, rng.randrange(1, 5)))
        return fields + ["<cllist>" + rows + "</cllist>"]

    def envelope(self, document):
        rng = self.rng
        declared = rng.choice(["<?xml version='1.0' encoding=\"gb2312\"?>", '<?xml version="1.0" encoding="gb2312"?>', '<?xml version="1.0" encoding="UTF-8"?>', ""]) + rng.choice(["", "\n"])
        inner = declared + document
        if rng.random() < 0.6:
            text = "<![CDATA[" + inner.replace("]]>", "]]]]><![CDATA[>") + "]]>"
        else:
            text = escape(inner)
        s, q = rng.choice(["soapenv", "soap", "SOAP-ENV", "s"]), rng.choice(["q", "ns1", "web"])
        head = rng.choice(['<?xml version="1.0" encoding="UTF-8"?>\n', "<?xml version='1.0' encoding='utf-8'?>", ""])
        header = rng.choice(["", "<%s:Header/>" % s])
        return (head + '<%s:Envelope xmlns:%s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:%s="http://qinglan.example.test/spxt">%s<%s:Body><%s:sendBj><%s:xmlStr>%s</%s:xmlStr></%s:sendBj></%s:Body></%s:Envelope>'
                % (s, s, q, header, s, q, q, text, q, q, s, s)).encode()

    def bad(self):
        """A message that must not take effect."""
        choice = self.rng.randrange(7)
        wrong_id = self.person.id_no[:-1] + ("0" if self.person.id_no[-1] != "0" else "1")
        if choice == 0:
            return Message(self.system, self.case_no, "accept", self.build("accept", {"id_no": wrong_id}), "refused", "check character")
        if choice == 1:
            return Message(self.system, self.case_no, "accept", self.build("accept", {"zjlx": "77"}), "held", "unknown kind of document")
        good = self.build("accept", {})
        if choice == 2:
            return Message(self.system, self.case_no, "accept", b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + good[good.find(b"<", good.find(b"?>") + 1):], "refused", "DOCTYPE")
        if choice == 3:
            return Message(self.system, self.case_no, "accept", good[:self.rng.randrange(40, len(good) - 5)], "refused", "cut in the middle")
        if choice == 4:
            return Message(self.system, self.case_no, "accept", good.replace("李".encode(), b"\xff\xfe").replace("王".encode(), b"\xc3\x28"), "refused", "not UTF-8")
        if choice == 5:
            return Message(self.system, self.case_no, "accept", good.replace(self.case_no.encode(), b""), "refused", "no case number")
        return Message(self.system, self.case_no, "accept", good.replace(b"sendBj", b"sendXx"), "refused", "unknown operation")


class Yunxi(Case):
    system = "yunxi-zwfw"

    def make_case_no(self):
        return "YX-%09d" % self.number

    def date(self, hour, minute, day):
        if self.rng.random() < 0.5:
            return "214904%02d%02d%02d00" % (day, hour, minute)
        return "2149-04-%02d %02d:%02d:00" % (day, hour, minute)

    def build(self, event, change):
        rng, p = self.rng, self.person
        kind = {"accept": "10", "result": "30"}.get(event, "20")
        fields = [element("Type", kind), element("Seq", kind if kind != "20" else "20-" + event[4:]), element("CaseNo", self.pad(self.case_no)), element("ItemCode", self.item), element("ItemName", self.item_name)]
        if kind == "10":
            who = [element("Name", self.pad(change.get("name", p.name))), element("Kind", "Q" if p.company else "G"), element("CardType", change.get("card", "XYDM" if p.company else "SFZ")),
                   element("CardNo", change.get("id_no", p.id_no))]
            rng.shuffle(who)
            fields += ["<Applicant>" + "".join(who) + "</Applicant>", element("ApplyTime", self.date(6, 0, self.day)), element("Bjlx", rng.choice("JC")), element("Officer", "周经办"),
                       element("AcceptTime", change.get("when", self.date(8, 0, self.day)))]
        elif kind == "20":
            fields.append('<Step no="%s">%s%s%s%s</Step>' % (event[4:], element("Name", change.get("step", "审核")), element("Action", rng.choice("YN")), element("Officer", "周经办"), element("Time", self.date(9, 30, self.day + 1))))
        else:
            fields += [element("CloseTime", change.get("when", self.date(16, 30, self.day + 2))), element("Result", "1"), element("Officer", "周经办")]
            if rng.random() < 0.5:
                fields.append(element("Note", self.text()))
        rng.shuffle(fields)
        return self.envelope(rng.choice(["", "\n"]).join(fields))

    def envelope(self, inner):
        e = self.rng.choice(["e", "soap12", "env"])
        return ('<?xml version="1.0" encoding="gb2312"?>\n<%s:Envelope xmlns:%s="http://www.w3.org/2003/05/soap-envelope"><%s:Body><ReportCase xmlns="http://yunxi.example.test/">%s</ReportCase></%s:Body></%s:Envelope>'
                % (e, e, e, inner, e, e)).encode("gb18030")

    def bad(self):
        choice = self.rng.randrange(5)
        good = self.build("accept", {})
        if choice == 0:
            return Message(self.system, self.case_no, "accept", self.build("accept", {"name": "无"}), "held", "no name")
        if choice == 1:
            wrong = self.person.id_no[:-1] + ("0" if self.person.id_no[-1] != "0" else "1")
            return Message(self.system, self.case_no, "accept", self.build("accept", {"id_no": wrong}), "refused", "check character")
        if choice == 2:
            return Message(self.system, self.case_no, "accept", good.replace("周经办".encode("gb18030"), b"\xff\xff"), "refused", "not GB18030")
        if choice == 3:
            return Message(self.system, self.case_no, "accept", good.replace(b"</Type>", b"</type>"), "refused", "not well-formed")
        return Message(self.system, self.case_no, "accept", self.build("accept", {"when": "21490432080000"}), "held", "a day that is not")


class Linhu(Case):
    system = "linhu-onewin"

    def make_case_no(self):
        return "%s2149%02d%02d%04d" % (self.item, 1 + self.number // 280000 % 12, 1 + self.number // 10000 % 28, self.number % 10000)

    def date(self, hour, minute, day):
        form = self.rng.randrange(4)
        if form == 0:
            return "2149-05-%02dT%02d:%02d:00+08:00" % (day, hour, minute)
        if form == 1:
            return "2149-05-%02dT%02d:%02d:00+09:00" % (day, hour + 1, minute)
        return "2149-05-%02d %02d:%02d:00" % (day, hour, minute)

    def shuffled(self, pairs):
        pairs = list(pairs.items())
        self.rng.shuffle(pairs)
        return dict(pairs)

    def build(self, event, change):
        rng, p = self.rng, self.person
        case = {"caseNo": self.pad(self.case_no), "itemCode": self.item, "itemName": self.item_name}
        if event == "accept":
            who = {"name": self.pad(p.name), "type": "CORP" if p.company else "PERSON", "certType": change.get("cert", rng.choice(["USCC", "统一社会信用代码"] if p.company else ["ID", "居民身份证"])),
                   "certNo": change.get("id_no", p.id_no), "legalPerson": rng.choice(["无", "N/A", p.name]), "phone": rng.choice(["无", "null", "", p.phone])}
            case.update(title=rng.choice([self.text(), "N/A"]), channel=rng.choice(["WEB", "APP", "WINDOW"]), applyTime=self.date(6, 0, self.day), acceptTime=change.get("when", self.date(7, 30, self.day)),
                        accepter="陈窗口", projectType=rng.choice("12"), applicant=self.shuffled(who), ext={"x": "1", "y": [1, {"z": None}]},
                        materials=[{"code": "M%02d" % n, "name": rng.choice(["营业执照", "平面图", "身份证明"]), "copies": n} for n in range(1, rng.randrange(2, 5))])
            if rng.random() < 0.5:
                case["promiseTime"] = self.date(17, 0, self.day + 7)
            document = {"bizType": "ACCEPT", "eventId": "A-1", "case": self.shuffled(case)}
        elif event == "result":
            result = {"time": change.get("when", self.date(16, 0, self.day + 3)), "type": "ISSUED", "licenceName": "餐饮服务许可证", "licenceNo": "LH-%d" % self.number, "user": "许核查"}
            if rng.random() < 0.5:
                result["note"] = self.text()
            document = {"bizType": "FINISH", "eventId": "F-1", "case": case, "result": self.shuffled(result)}
        else:
            node = {"sn": int(event[4:]), "nodeName": "现场核查", "action": rng.choice(["PASS", "BACK"]), "user": "许核查", "startTime": self.date(9, 0, self.day + 1), "opinion": change.get("opinion", self.text())}
            document = {"bizType": "NODE", "eventId": "N-" + event[4:], "case": case, "nodes": [self.shuffled(node)]}
        return self.wrap(json.dumps(self.shuffled(document), ensure_ascii=rng.random() < 0.3, indent=rng.choice([None, None, 1])))

    def wrap(self, inner):
        return json.dumps(self.shuffled({"appId": "linhu-01", "data": inner}), ensure_ascii=self.rng.random() < 0.3).encode()

    def bad(self):
        choice = self.rng.randrange(5)
        if choice == 0:
            wrong = self.person.id_no[:-1] + ("0" if self.person.id_no[-1] != "0" else "1")
            return Message(self.system, self.case_no, "accept", self.build("accept", {"id_no": wrong}), "refused", "check character")
        if choice == 1:
            return Message(self.system, self.case_no, "accept", self.build("accept", {"cert": "军人证"}), "held", "unknown kind of document")
        if choice == 2:
            return Message(self.system, self.case_no, "accept", self.wrap('{"bizType":"ACCEPT","bizType":"NODE","eventId":"A-1","case":{}}'), "refused", "the same key twice")
        if choice == 3:
            return Message(self.system, self.case_no, "accept", self.build("accept", {})[:-4], "refused", "cut in the middle")
        return Message(self.system, self.case_no, "accept", self.wrap('{"bizType":"ACCEPT","case":{}}'), "refused", "no identity")
