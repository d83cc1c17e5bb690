#!/usr/bin/python3
"""Writes patterns.tsv, numbers.tsv and dates.tsv beside this file: what Python's re, decimal and datetime say, for value_test.cpp and
text_pattern_test.cpp. Seeded, so that a second run writes the same bytes. Usage: make_vectors.py"""
import datetime
import decimal
import os
import random
import re

HERE = os.path.dirname(os.path.abspath(__file__))
D = decimal.Decimal


def write(name, rows):
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as out:
        for row in rows:
            assert all("\t" not in cell and "\n" not in cell for cell in row), row
            out.write("\t".join(row) + "\n")


# Patterns: random ones over a small alphabet, asked of re.
def atom(rng, depth):
    roll = rng.random()
    if roll < 0.45 or depth > 3:
        return rng.choice(["a", "b", "中", ".", "[ab]", "[^a]", "\\d", "[0-9中]"])
    inside = alternatives(rng, depth + 1)
    return rng.choice(["(%s)", "(?:%s)"]) % inside


def piece(rng, depth):
    made = atom(rng, depth)
    # Python and we differ in what a group holds after a loop over nothing, so that loops take what is never empty.
    if re.fullmatch(made, "") is None and rng.random() < 0.5:
        made += rng.choice(["*", "+", "?", "{2}", "{1,3}", "{2,}", "*?", "+?", "??"])
    return made


def alternatives(rng, depth=0):
    return "|".join("".join(piece(rng, depth) for _ in range(rng.randint(1, 3))) for _ in range(rng.choice([1, 1, 1, 2, 3])))


def shown(match):
    if match is None:
        return "no"
    return "yes" + "".join("<" + ("-" if group is None else group) + ">" for group in match.groups())


def patterns():
    rng = random.Random(20261129)
    rows = []
    while len(rows) < 400:
        pattern = alternatives(rng)
        if len(re.findall(r"\((?!\?)", pattern)) > 9:
            continue
        compiled = re.compile(pattern)
        for _ in range(3):
            text = "".join(rng.choice("aab中1") for _ in range(rng.randint(0, 7)))
            rows.append(("whole", pattern, text, shown(compiled.fullmatch(text))))
            found = compiled.search(text)
            rows.append(("search", pattern, text, shown(found) + ("" if found is None else "@%s" % found.group(0))))
    return rows


# Numbers: written in words by an own writer, read back by the tested reader.
EVERYDAY = "零一二三四五六七八九"
FINANCIAL = "零壹贰叁肆伍陆柒捌玖"


def section(value, digits, units):
    """1 to 9999 in words."""
    out, gap = "", False
    for place in (3, 2, 1, 0):
        digit = value // 10 ** place % 10
        if digit == 0:
            gap = out != ""
            continue
        out += ("零" if gap else "") + digits[digit] + units[place]
        gap = False
    return out


def words(value, digits=EVERYDAY, units=("", "十", "百", "千"), big=("", "万", "亿")):
    if value == 0:
        return digits[0]
    out = ""
    for group in (2, 1, 0):
        part = value // 10000 ** group % 10000
        if part == 0:
            continue
        gap = out != "" and (part < 1000 or value // 10000 ** (group + 1) % 10000 == 0)
        out += ("零" if gap else "") + section(part, digits, units) + big[group]
    return out


def plain(value):
    text = format(value.normalize(), "f")
    return "0" if text in ("-0", "0") else text


def numbers():
    rng = random.Random(7)
    rows = []
    for _ in range(150):
        value = rng.randrange(10 ** rng.randint(1, 12))
        spoken = words(value)
        if spoken.startswith("一十") and rng.random() < 0.5:
            spoken = spoken[1:]
        rows.append(("words", spoken, str(value)))
    for _ in range(150):
        value = rng.randrange(10 ** rng.randint(1, 9))
        jiao, fen = rng.randrange(10), rng.randrange(10)
        big = rng.random() < 0.5
        text = words(value, FINANCIAL, ("", "拾", "佰", "仟"), ("", "万", "亿")) + ("元" if big else "圆")
        if jiao == 0 and fen == 0:
            text += "整"
        else:
            text += FINANCIAL[jiao] + "角" if jiao else "零"
            text += FINANCIAL[fen] + "分" if fen else "整"
        rows.append(("amount", text, plain(D(value) + D(jiao) / 10 + D(fen) / 100)))
    for _ in range(150):
        value = D(rng.randrange(10 ** 9)) / 10 ** rng.randint(0, 4)
        unit, factor = rng.choice([("", 1), ("元", 1), ("万元", 10 ** 4), ("亿元", 10 ** 8), ("万", 10 ** 4), ("千元", 1000)])
        text = rng.choice(["{:,f}", "{:f}"]).format(value)
        sign = rng.choice(["", "", "-", "()", "tail"])
        text = {"": "%s%s", "-": "-%s%s", "()": "(%s%s)", "tail": "%s%s-"}[sign] % (text, unit)
        rows.append(("amount", rng.choice(["", "¥", "￥", "人民币"]) + text if sign == "" else text, plain((-value if sign else value) * factor)))
    for _ in range(100):
        text = "".join(rng.choice("0123456789,.-+零一十百千万亿元角分整") for _ in range(rng.randint(1, 6)))
        try:
            value = plain(D(text)) if re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?", text) else "no"
        except decimal.InvalidOperation:
            value = "no"
        rows.append(("plain", text, value))
    for _ in range(60):
        value, places = D(rng.randrange(10 ** 8)) / 10 ** rng.randint(0, 8), rng.randint(-12, 12)
        rows.append(("scale %d" % places, plain(value), plain(value.scaleb(places))))
    return rows


# Dates.
ZONE = datetime.timezone(datetime.timedelta(hours=8))


def numeral(value):
    if value < 10:
        return "〇一二三四五六七八九"[value]
    return ("" if value < 20 else "一二三四五六七八九"[value // 10 - 1]) + "十" + ("" if value % 10 == 0 else "一二三四五六七八九"[value % 10 - 1])


def forms(t):
    half = "上午" if t.hour < 12 else "下午"
    twelve = t.hour if t.hour == 0 else (t.hour - 1) % 12 + 1
    ampm, clock12 = ("AM" if t.hour < 12 else "PM"), (t.hour + 11) % 12 + 1
    year = "".join("〇一二三四五六七八九"[int(c)] for c in "%04d" % t.year)
    iso = t.isoformat(timespec="seconds")
    milli = t.isoformat(timespec="milliseconds") if t.microsecond else None
    minute = t.replace(second=0, microsecond=0).isoformat(timespec="seconds")
    return [
        ("yyyy-MM-dd HH:mm:ss", "%04d-%02d-%02d %02d:%02d:%02d" % (t.year, t.month, t.day, t.hour, t.minute, t.second), iso),
        ("yyyy/M/d H:m", "%04d/%d/%d %d:%d" % (t.year, t.month, t.day, t.hour, t.minute), minute),
        ("yyyyMMddHHmmssSSS", t.strftime("%04Y%m%d%H%M%S")[-14:] + "%03d" % (t.microsecond // 1000), t.isoformat(timespec="milliseconds")),
        ("yyyy年M月d日[ ]ah时m分", "%04d年%d月%d日 %s%d时%d分" % (t.year, t.month, t.day, half, twelve, t.minute), minute),
        ("M/d/yyyy h:mm:ss a", "%d/%d/%04d %d:%02d:%02d %s" % (t.month, t.day, t.year, clock12, t.minute, t.second, ampm), iso),
        ("cy年cM月cd日", "%s年%s月%s日" % (year, numeral(t.month), numeral(t.day)), t.date().isoformat()),
        ("EEE MMM dd HH:mm:ss 'CST' yyyy", t.strftime("%a %b %d %H:%M:%S CST ") + "%04d" % t.year, iso),
        ("yyyy-MM-dd EEEE", t.date().isoformat() + " 星期" + "一二三四五六日"[t.weekday()], t.date().isoformat()),
        ("yyyy-MM-ddTHH:mm:ss.fXX", t.strftime("%H:%M:%S").join([t.date().isoformat() + "T", ".%06d+0800" % (t.microsecond // 1000 * 1000)]), milli or t.isoformat(timespec="milliseconds")),
        ("serial 1900", str((t.date() - datetime.date(1899, 12, 30)).days), t.date().isoformat()),
        ("serial 1904", str((t.date() - datetime.date(1904, 1, 1)).days), t.date().isoformat()),
        ("serial 1900", "%.10f" % ((t.date() - datetime.date(1899, 12, 30)).days + (t.hour * 3600 + t.minute * 60 + t.second) / D(86400)),
         iso if (t.hour, t.minute, t.second) != (0, 0, 0) else t.date().isoformat()),
    ]


def dates():
    rng = random.Random(11)
    rows = []
    for _ in range(40):
        t = datetime.datetime(rng.randint(1905, 9998), rng.randint(1, 12), rng.randint(1, 28), rng.randrange(24), rng.randrange(60), rng.randrange(60),
                              rng.choice([0, 1000, 120000, 999000]), ZONE)
        rows += forms(t)
    for _ in range(120):
        year, month, day = rng.choice([1900, 2000, 2023, 2024, 2100]), rng.randint(0, 13), rng.randint(0, 32)
        try:
            expected = datetime.date(year, month, day).isoformat()
        except ValueError:
            expected = "no"
        rows.append(("yyyy-MM-dd", "%04d-%02d-%02d" % (year, month, day), expected))
    for _ in range(60):
        seconds = rng.randrange(10 ** 9, 10 ** 10)
        t = datetime.datetime.fromtimestamp(seconds, ZONE)
        rows.append(("epoch auto", str(seconds), t.isoformat()))
        ms = seconds * 1000 + rng.randrange(1000)
        rows.append(("epoch auto", str(ms), (t + datetime.timedelta(milliseconds=ms % 1000)).isoformat(timespec="milliseconds")))
        rows.append(("epoch json", "/Date(%d+0800)/" % ms, (t + datetime.timedelta(milliseconds=ms % 1000)).isoformat(timespec="milliseconds")))
    return rows


write("patterns.tsv", patterns())
write("numbers.tsv", numbers())
write("dates.tsv", dates())
