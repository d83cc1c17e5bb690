"""Records that the samples of shuangxi-zwfw mean: those of yunxi-zwfw with the office, the cards and the fields of this county."""
import re

from yunxi_zwfw import CERTIFICATES, County, record_of, report_of, text

# Shuangxi takes permits of Hong Kong and Macao, and no passports.
CARDS = {**{card: kind for card, kind in CERTIFICATES.items() if card != "HZ"}, "TXZ": ("hk_mo_permit", None)}
SHUANGXI = County(("shuangxi-zwfw", "1"), ("双溪县政务服务中心", "12990000000099960A"), CARDS)


def records(sample):
    report = report_of(sample)
    record = record_of(report, SHUANGXI)
    mobile = text(report, "Applicant/Phone")
    if mobile is not None and re.fullmatch("1.{10}", mobile.text):
        record.put("applicant.mobile", mobile)
    record.put("remark", text(report, "Memo"))
    return [record.done()]
