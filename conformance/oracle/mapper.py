"""What must arrive: from the bytes of a legacy message to the row of the case exchange service, by hand from the packs' READMEs and samples and from
docs/reference/case-exchange.md. Nothing here is read from the packs' mappings or tables.

expected(system, body) gives (effect key, row); the effect key is (system, case number, stage, number of the step or "").
"""
import datetime
import json
import re
import xml.etree.ElementTree as ET

SPACE = " \t\n\r\u3000\u00a0"
NOTHING = {
    "qinglan-spxt": {"", "无", "暂无", "/", "-", "—", "null", "NULL", "\\"},
    "yunxi-zwfw": {"", "无", "-"},
    "linhu-onewin": {"", "无", "null", "N/A"},
}
OFFICE = {
    "qinglan-spxt": ("青岚县行政审批局", "11990000000000019A"),
    "yunxi-zwfw": ("云溪县政务服务中心", "12990000000099995W"),
    "linhu-onewin": ("临湖区政务服务数据管理局", "11990000000000000D"),
}
DATES = (r"(\d{4})/(\d{1,2})/(\d{1,2}) (\d{1,2}):(\d{1,2})(?::(\d{1,2}))?", r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::(\d\d))?(?:([+-])(\d\d):(\d\d))?",
         r"(\d{4})年(\d{1,2})月(\d{1,2})日 (\d{1,2})时(\d{1,2})分", r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)")
BEIJING_MINUTES = 8 * 60


def moment(text):
    """Any of the dates these systems write, as the service wants it: seconds, Beijing time."""
    for form in DATES:
        found = re.fullmatch(form, text)
        if found:
            parts = found.groups()
            when = datetime.datetime(*(int(p or 0) for p in (list(parts) + [None])[:6]))
            if len(parts) > 6 and parts[6]:
                offset = int(parts[7]) * 60 + int(parts[8])
                when += datetime.timedelta(minutes=BEIJING_MINUTES - (offset if parts[6] == "+" else -offset))
            return when.strftime("%Y-%m-%d %H:%M:%S")
    raise ValueError("a date of no known form")


class Fields:
    """The texts of one legacy record: trimmed, with the system's words for nothing taken as absent."""

    def __init__(self, system, get):
        self.system, self.get = system, get

    def text(self, name):
        value = self.get(name)
        if value is None:
            return None
        value = str(value).strip(SPACE)
        return None if value in NOTHING[self.system] else value

    def time(self, name):
        value = self.text(name)
        return None if value is None else moment(value)


def narrow(text):
    """Full-width digits and letters as plain ones, upper case."""
    return "".join(chr(ord(c) - 0xFEE0) if "\uff01" <= c <= "\uff5e" else c for c in text).upper()


def row(**members):
    return {name: value for name, value in members.items() if value is not None and value != []}


def office(system):
    return dict(org_name=OFFICE[system][0], org_code=OFFICE[system][1])


def qinglan(body):
    ns = {"q": "http://qinglan.example.test/spxt"}
    inner = ET.fromstring(body.decode("utf-8")).find(".//q:xmlStr", ns).text
    bj = ET.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", inner)).find("bj")
    f = Fields("qinglan-spxt", lambda name: bj.findtext(name))
    case_no, kind = f.text("bjbh"), bj.findtext("lx")
    if kind == "SL":
        materials = [row(material_name=m.findtext("mc"), get_num=narrow(m.findtext("fen").strip(SPACE))) for m in bj.findall("cllist/cl")]
        return ("qinglan-spxt", case_no, "accept", ""), row(
            project_no=case_no, task_code=f.text("sxbm"), task_name=f.text("sxmc"), project_name=f.text("bjmc") or f.text("sxmc"), applyer_name=f.text("sqrmc"),
            applyer_type=f.text("sqrlx"), applyer_page_type={"01": "111", "02": "414", "03": "114", "04": "uscc"}[f.text("zjlx")], applyer_page_code=narrow(f.text("zjhm")),
            address=f.text("dz"), apply_date=f.time("sqsj"), apply_type={"0": "1", "1": "2", "2": "3"}[f.text("ly")], accept_date=f.time("slsj"), accept_doc_no=f.text("slwh"),
            handle_user_name=f.text("slr"), project_type=f.text("bjlx"), materials=materials, **office("qinglan-spxt"))
    if kind == "HJ":
        h = Fields("qinglan-spxt", lambda name: bj.findtext("hj/" + name))
        return ("qinglan-spxt", case_no, "process", h.text("xh")), row(
            project_no=case_no, order_num=h.text("xh"), process_name=h.text("mc"), event_name={"同意": "1", "通过": "1", "不同意": "2", "退回": "2"}[h.text("dz")],
            handle_user_name=h.text("clr"), event_start_time=h.time("kssj"), event_end_time=h.time("jssj"), handle_explain=h.text("yj"))
    return ("qinglan-spxt", case_no, "result", ""), row(
        project_no=case_no, result_date=f.time("bjsj"), result_type=f.text("jg"), result_explain=f.text("jgsm"), result_cetr_name=f.text("zzmc"), result_cetr_no=f.text("zzbh"),
        handle_user_name=f.text("bjr"))


def yunxi(body):
    text = body.decode("gb18030")  # The label says gb2312; the bytes are GB18030.
    report = ET.fromstring(re.sub(r"^<\?xml[^>]*\?>", "", text)).find(".//{http://yunxi.example.test/}ReportCase")
    path = lambda name: "/".join("{http://yunxi.example.test/}" + part for part in name.split("/"))
    f = Fields("yunxi-zwfw", lambda name: report.findtext(path(name)))
    case_no, kind = f.text("CaseNo"), f.text("Type")
    if kind == "10":
        return ("yunxi-zwfw", case_no, "accept", ""), row(
            project_no=case_no, task_code=f.text("ItemCode"), task_name=f.text("ItemName"), project_name=f.text("ItemName"), applyer_name=f.text("Applicant/Name"),
            applyer_type={"G": "1", "Q": "2"}[f.text("Applicant/Kind")], applyer_page_type={"SFZ": "111", "HZ": "414", "XYDM": "uscc"}[f.text("Applicant/CardType")],
            applyer_page_code=f.text("Applicant/CardNo"), apply_date=f.time("ApplyTime"), accept_date=f.time("AcceptTime"), handle_user_name=f.text("Officer"),
            project_type={"J": "1", "C": "2"}[f.text("Bjlx")], **office("yunxi-zwfw"))
    if kind == "20":
        number = report.find(path("Step")).get("no")
        return ("yunxi-zwfw", case_no, "process", number), row(
            project_no=case_no, order_num=number, process_name=f.text("Step/Name"), event_name={"Y": "1", "N": "2"}[f.text("Step/Action")],
            handle_user_name=f.text("Step/Officer"), event_start_time=f.time("Step/Time"))
    return ("yunxi-zwfw", case_no, "result", ""), row(
        project_no=case_no, result_date=f.time("CloseTime"), result_type={"1": "6", "2": "1"}[f.text("Result")], result_explain=f.text("Note"), handle_user_name=f.text("Officer"))


def linhu(body):
    document = json.loads(json.loads(body)["data"])

    def get(name):
        at = document
        for part in name.split("/"):
            if part not in at:
                return None
            at = at[part]
        return at

    f = Fields("linhu-onewin", get)
    case_no, kind = f.text("case/caseNo"), document["bizType"]
    if kind == "ACCEPT":
        who = {"ID": "111", "居民身份证": "111", "PP": "414", "护照": "414", "USCC": "uscc", "统一社会信用代码": "uscc"}[f.text("case/applicant/certType")]
        return ("linhu-onewin", case_no, "accept", ""), row(
            project_no=case_no, task_code=f.text("case/itemCode"), task_name=f.text("case/itemName"), project_name=f.text("case/title") or f.text("case/itemName"),
            applyer_name=f.text("case/applicant/name"), applyer_type={"PERSON": "1", "CORP": "2"}[f.text("case/applicant/type")], applyer_page_type=who,
            applyer_page_code=f.text("case/applicant/certNo"), legal=f.text("case/applicant/legalPerson"), apply_date=f.time("case/applyTime"), accept_date=f.time("case/acceptTime"),
            apply_type={"WEB": "2", "APP": "3", "WINDOW": "1"}[f.text("case/channel")], promise_date=f.time("case/promiseTime"), handle_user_name=f.text("case/accepter"),
            project_type=f.text("case/projectType"), materials=[row(material_name=m["name"], get_num=str(m["copies"])) for m in document["case"]["materials"]], **office("linhu-onewin"))
    if kind == "NODE":
        node = document["nodes"][0]
        n = Fields("linhu-onewin", node.get)
        return ("linhu-onewin", case_no, "process", str(node["sn"])), row(
            project_no=case_no, order_num=str(node["sn"]), process_name=n.text("nodeName"), event_name={"PASS": "1", "BACK": "2"}[n.text("action")], handle_user_name=n.text("user"),
            event_start_time=n.time("startTime"), event_end_time=n.time("endTime"), handle_explain=n.text("opinion"))
    return ("linhu-onewin", case_no, "result", ""), row(
        project_no=case_no, result_date=f.time("result/time"), result_type={"ISSUED": "0", "DONE": "6", "REJECTED": "1"}[f.text("result/type")], result_explain=f.text("result/note"),
        result_cetr_name=f.text("result/licenceName"), result_cetr_no=f.text("result/licenceNo"), handle_user_name=f.text("result/user"))


def expected(system, body):
    return {"qinglan-spxt": qinglan, "yunxi-zwfw": yunxi, "linhu-onewin": linhu}[system](body)
