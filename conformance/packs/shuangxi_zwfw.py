"""Records that the samples of shuangxi-zwfw mean: those of yunxi-zwfw with the office, the cards and the fields of this county."""
import csv
import os
import re

from yunxi_zwfw import CERTIFICATES, NS, County, record_of, report_of, text

# Shuangxi takes permits of Hong Kong and Macao, and no passports.
CARDS = {**{card: kind for card, kind in CERTIFICATES.items() if card != "HZ"}, "TXZ": ("hk_mo_permit", None)}
SHUANGXI = County(("shuangxi-zwfw", "1"), ("双溪县政务服务中心", "12990000000099960A"), CARDS)


def items(sample):
    with open(os.path.join(os.path.dirname(sample.path), "lookup", "item.csv"), encoding="utf-8", newline="") as f:
        return {row["code"]: row["name"] for row in csv.DictReader(f)}


def records(sample):
    report = report_of(sample)
    record = record_of(report, SHUANGXI)
    # Sent, or from the item list of the site where the window leaves it out: either way the pack computes it.
    sent = text(report, "ItemName")
    # Two names are none: nobody can say which is meant, and a person looks at it.
    if len(report.findall(NS + "ItemName")) < 2:
        record.put("task_name", sent.text if sent is not None else items(sample)[text(report, "ItemCode").text], mark="derived")
    mobile = text(report, "Applicant/Phone")
    if mobile is not None and re.fullmatch("1.{10}", mobile.text):
        record.put("applicant.mobile", mobile)
    record.put("remark", text(report, "Memo"))
    return [record.done()]
