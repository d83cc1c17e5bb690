"""The three county systems of the demo, each spoken with software that is not Tongqu's: zeep, http.client, curl."""
import http.client
import json
import subprocess
import tempfile
import time
import urllib.parse
import warnings
from xml.sax.saxutils import escape

EVENTS = ("accept", "process", "result")  # Stages as the platforms name them.


class Told:
    """What a sender was told: state is stored, held, refused, conflict or nothing."""

    def __init__(self, state, message_id="", text="", raw=b""):
        self.state, self.message_id, self.text, self.raw = state, message_id, text, raw


def between(text, open_, close):
    start = text.find(open_)
    end = text.find(close, start)
    return text[start + len(open_):end] if start >= 0 and end > start else ""


class Qinglan:
    """SOAP 1.1 by zeep from the bridge's own WSDL: an XML document in a string, declared gb2312 inside a UTF-8 envelope."""

    system = "qinglan-spxt"

    def __init__(self, url):
        self.url = url
        self.client = None

    def connect(self):
        warnings.simplefilter("ignore")
        import zeep
        import zeep.transports
        self.zeep = zeep
        self.client = zeep.Client(self.url + "?wsdl", transport=zeep.transports.Transport(timeout=10, operation_timeout=10))

    def document(self, case, stage, **change):
        d = case.day
        v = dict(lx="SL", hjbh="SL", phone="无", id_no=case.id_no, zjlx="01", name=case.name, slsj="2149/3/%d 7:8" % d)
        v.update(change)
        head = ("<?xml version='1.0' encoding=\"gb2312\"?>\n<root><bj><lx>%s</lx><hjbh>%s</hjbh><bjbh>%s</bjbh><sxbm>%s</sxbm><sxmc>%s</sxmc>"
                % ({"accept": "SL", "process": "HJ", "result": "BJ"}[stage], {"accept": "SL", "process": "HJ1", "result": "BJ"}[stage], case.case_no, case.item, case.item_name))
        if stage == "accept":
            body = ("<sqrlx>1</sqrlx><sqrmc>　%s </sqrmc><zjlx>%s</zjlx><zjhm>%s</zjhm><lxdh>%s</lxdh><ly>0</ly><sqsj>2149/3/%d 6:5</sqsj><bjlx>2</bjlx>"
                    "<slr>王受理</slr><slsj>%s</slsj><bz>/</bz><cllist><cl><xh>1</xh><mc>身份证明</mc><fs>1</fs><fen>１</fen></cl></cllist>"
                    % (escape(v["name"]), v["zjlx"], v["id_no"], v["phone"], d, v["slsj"]))
        elif stage == "process":
            body = "<hj><xh>1</xh><mc>审查</mc><dz>同意</dz><clr>李审查</clr><kssj>2149-03-%02d 09:00:00</kssj></hj>" % d
        else:
            body = "<bjsj>2149年3月%d日 17时20分</bjsj><jg>0</jg><zzmc>许可证</zzmc><zzbh>QLSP-%05d</zzbh><bjr>赵办结</bjr>" % (d, case.number)
        return head + body + "</bj></root>"

    def send_document(self, document):
        try:
            answer = self.client.service.sendBj(xmlStr=document)
        except self.zeep.exceptions.Fault as fault:
            detail = self.zeep.wsdl.utils.etree_to_string(fault.detail).decode() if fault.detail is not None else ""
            state = "conflict" if "journal.conflict" in detail else "refused"
            return Told(state, text=fault.message or "", raw=detail.encode())
        code = between(answer, "<code>", "</code>")
        held = "待人工核对" in answer
        return Told("held" if held else "stored" if code == "0" else "refused", between(answer, "<lsh>", "</lsh>"), answer, answer.encode())

    def send(self, case, stage, **change):
        return self.send_document(self.document(case, stage, **change))


class Yunxi:
    """SOAP 1.2 as raw bytes: GB18030 declared gb2312, four-byte characters in names."""

    system = "yunxi-zwfw"

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.host, self.path = parts.netloc, parts.path

    def connect(self):
        self.connection = http.client.HTTPConnection(self.host, timeout=10)

    def message(self, case, stage):
        base = "<CaseNo>%s</CaseNo><ItemCode>%s</ItemCode><ItemName>%s</ItemName>" % (case.case_no, case.item, case.item_name)
        if stage == "accept":
            inner = ("<Type>10</Type><Seq>10</Seq>" + base + "<Applicant><Name>%s</Name><Kind>G</Kind><CardType>SFZ</CardType><CardNo>%s</CardNo></Applicant>"
                     "<ApplyTime>214904%02d060000</ApplyTime><Bjlx>C</Bjlx><Officer>周经办</Officer><AcceptTime>214904%02d080000</AcceptTime>" % (escape(case.name), case.id_no, case.day, case.day))
        elif stage == "process":
            inner = "<Type>20</Type><Seq>20-1</Seq>" + base + "<Step no=\"1\"><Name>审核</Name><Action>Y</Action><Officer>周经办</Officer><Time>2149-04-%02d 09:30:00</Time></Step>" % case.day
        else:
            inner = "<Type>30</Type><Seq>30</Seq>" + base + "<CloseTime>214904%02d163000</CloseTime><Result>1</Result><Officer>周经办</Officer>" % case.day
        return ('<?xml version="1.0" encoding="gb2312"?>\n<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><ReportCase xmlns="http://yunxi.example.test/">'
                + inner + "</ReportCase></e:Body></e:Envelope>").encode("gb18030")

    def send(self, case, stage):
        self.connection.request("POST", self.path, self.message(case, stage), {"Content-Type": "application/soap+xml; charset=gb2312"})
        answer = self.connection.getresponse()
        raw = answer.read()
        text = raw.decode("gb18030" if "gb" in (answer.headers.get("Content-Type") or "") else "utf-8")
        if between(text, "<Code>", "</Code>") != "0":
            return Told("conflict" if "journal.conflict" in text else "refused", text=text, raw=raw)
        return Told("held" if "待核对" in text else "stored", between(text, "<Id>", "</Id>"), text, raw)


class Linhu:
    """REST by curl: JSON in JSON with a bearer token."""

    system = "linhu-onewin"

    def __init__(self, url, token_file):
        self.url, self.token_file = url, token_file

    def connect(self):
        # The token goes to curl in a file, so that it does not stand in the process list.
        with open(self.token_file) as f:
            token = f.read().strip()
        self.config = tempfile.NamedTemporaryFile("w", suffix=".curlrc")
        self.config.write('header = "Authorization: Bearer %s"\n' % token)
        self.config.flush()

    def message(self, case, stage):
        head = {"caseNo": case.case_no, "itemCode": case.item, "itemName": case.item_name}
        day = "2149-05-%02d" % case.day
        if stage == "accept":
            doc = {"bizType": "ACCEPT", "eventId": "A-1", "case": dict(head, channel="WEB", applyTime=day + " 06:00:00", acceptTime=day + "T07:30:00+08:00", accepter="陈窗口", projectType="2",
                   applicant={"name": case.name, "type": "PERSON", "certType": "ID", "certNo": case.id_no, "phone": "无"}, materials=[{"code": "M01", "name": "身份证明", "copies": 1}])}
        elif stage == "process":
            doc = {"bizType": "NODE", "eventId": "N-1", "case": head, "nodes": [{"sn": 1, "nodeName": "现场核查", "action": "PASS", "user": "许核查", "startTime": day + " 09:00:00"}]}
        else:
            doc = {"bizType": "FINISH", "eventId": "F-1", "case": head, "result": {"time": day + " 16:00:00", "type": "ISSUED", "licenceName": "餐饮服务许可证", "licenceNo": "LH-%04d" % case.number, "user": "许核查"}}
        return json.dumps({"appId": "linhu-01", "data": json.dumps(doc, ensure_ascii=False)}, ensure_ascii=False)

    def send(self, case, stage):
        done = subprocess.run(["curl", "-sS", "--max-time", "10", "-K", self.config.name, "-H", "Content-Type: application/json", "--data-binary", "@-", self.url],
                              input=self.message(case, stage).encode(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            return Told("nothing", raw=done.stdout)
        if answer.get("code") in ("200", "202"):
            return Told("stored" if answer["code"] == "200" else "held", answer["data"]["receiptId"], done.stdout.decode(), done.stdout)
        return Told("conflict" if answer.get("id") == "journal.conflict" else "refused", text=done.stdout.decode(), raw=done.stdout)


def wait_until(what, seconds, step=0.05):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(step)
    return what()
