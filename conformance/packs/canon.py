"""What the expected records of packs are written with: canonical JSON by hand from docs/reference/model.md, check characters from the standards.

Shares nothing with the program under test: no table, no mapping file of a pack is read here.
"""
import datetime
import re
from decimal import Decimal

BLANKS = " \t\r\n\u3000\u00a0\u200b\u200c\u200d\ufeff\u2060"
ASCII_BLANKS = " \t\r\n"
MARKS = ("sent", "repaired", "derived", "constant")


class Refused(Exception):
    """The whole delivery is refused."""


class Value:
    """A text on its way into a record: whether something was repaired on the way decides its mark. Looks itself up in tables of texts."""

    def __init__(self, text, repaired=False):
        self.text, self.repaired = text, repaired

    def __eq__(self, other):
        return self.text == (other.text if isinstance(other, Value) else other)

    def __hash__(self):
        return hash(self.text)

    def trim(self):
        """Blanks of every width at both ends; only what is not an ASCII blank counts as a repair."""
        text = self.text.strip(BLANKS)
        self.repaired = self.repaired or self.text.strip(ASCII_BLANKS) != text
        self.text = text
        return self

    def narrow(self, signs="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"):
        wide = {ord(sign) + 0xFEE0: sign for sign in signs}
        return self.change(self.text.translate(wide))

    def upper(self):
        return self.change("".join(c.upper() if "a" <= c <= "z" else c for c in self.text))

    def change(self, text):
        self.repaired = self.repaired or text != self.text
        self.text = text
        return self


class Made:
    """What was made of a value, which remembers whether that was repaired."""

    def __init__(self, value, like):
        self.value, self.repaired = value, isinstance(like, Value) and like.repaired


def code(name, system=None, sent=None, text=None):
    """`sent` is the text that was sent, or the Value."""
    texts = (("name", name), ("system", system), ("code", sent.text if isinstance(sent, Value) else sent), ("text", text))
    return Made({key: value for key, value in texts if value}, sent)


def integer(value):
    return None if value is None else Made(int(value.text), value)


def flag(names, value):
    """A boolean by a table of texts."""
    return None if value is None else Made(names[value.text], value)


class Record:
    def __init__(self, entity, kind, pack, event, identity):
        name, version = pack
        self.json = {"record": entity, "kind": kind, "identity": identity, "envelope": {"source_system": name, "pack": name + "@" + version, "event": event}}
        self.meta = {}

    def put(self, path, value, mark=None, verdict=None, precision=None):
        """Sets a member, `a.b[2].c`; None and placeholders leave it out."""
        if isinstance(value, Value):
            value = Made(value.text, value)
        if isinstance(value, Made):
            mark = mark or ("repaired" if value.repaired else None)
            value = value.value
        if isinstance(value, list):
            value = [one.value if isinstance(one, Made) else one for one in value]
        if value is None:
            return
        at = self.json
        steps = re.findall(r"([^.\[\]]+)|\[(\d+)\]", path)
        for i, (name, index) in enumerate(steps):
            last = i + 1 == len(steps)
            following_list = not last and steps[i + 1][1] != ""
            if name and last:
                at[name] = value
            elif name:
                at = at.setdefault(name, [] if following_list else {})
            else:
                while len(at) <= int(index):
                    at.append({})
                at = at[int(index)]
        self.note(path, mark, verdict, precision)

    def money(self, path, value):
        """An amount in yuan: its digits without those that say nothing."""
        if value is not None:
            self.put(path, format(Decimal(value.text).normalize(), "f"), mark="repaired" if value.repaired else None)

    def note(self, path, mark=None, verdict=None, precision=None):
        entry = {key: value for key, value in (("mark", mark), ("verdict", verdict), ("precision", precision)) if value is not None}
        if entry:
            self.meta.setdefault(path, {}).update(entry)

    def time(self, path, value):
        """`value` is what `moment` or `stamped` gives."""
        if value is not None:
            text, precision, *like = value
            self.put(path, Made(text, like[0] if like else None), precision=precision)

    def clear(self, path):
        parts = path.split(".")
        at = self.json
        for name in parts[:-1]:
            at = at.setdefault(name, {})
        at[parts[-1]] = None

    def done(self):
        if self.meta:
            self.json["meta"] = self.meta
        return self.json


def moment(year, month, day, hour=None, minute=None, second=None, zone="+08:00", millisecond=None):
    """(text, precision note) of a clock time, or of a date when there is no hour."""
    numbers = [int(x) for x in (year, month, day, hour or 0, minute or 0, second or 0)]
    midnight_after = hour is not None and numbers[3] == 24
    if midnight_after:
        numbers[3] = 0
    when = datetime.datetime(*numbers)
    if midnight_after:
        when += datetime.timedelta(days=1)
    if hour is None:
        return when.strftime("%Y-%m-%d"), None
    text = when.strftime("%Y-%m-%dT%H:%M:%S") + ("" if millisecond is None else ".%03d" % millisecond) + zone
    return text, "minute" if second is None else None


def stamped(value, stamp):
    """A time that remembers the value that it was read from."""
    return (*stamp, value)


def verdict(passed):
    return "passed" if passed else "failed"


def resident_id(text):
    if not re.fullmatch(r"[0-9]{17}[0-9X]", text):
        return False
    try:
        datetime.date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(c) * w for c, w in zip(text, weights)) % 11] == text[17]


def uscc(text):
    signs = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    if len(text) != 18 or any(c not in signs for c in text):
        return False
    return signs[-sum(signs.index(c) * pow(3, i, 31) for i, c in enumerate(text[:17])) % 31] == text[17]


def task_code(text):
    """31 characters: credit code of the body, level, catalogue code of 12."""
    return re.fullmatch(r"[0-9A-Z]{31}", text) is not None and uscc(text[:18]) and text[18] in "1234567" and text[19:].isdigit()


def task_handle_item(text):
    return len(text) == 33 and task_code(text[:31]) and text[31:].isdigit() and text[31:] != "00"


def of_kind(kind, number):
    """Verdict of a number by the kind of its certificate; None where there is no check."""
    if kind == "resident_id":
        return verdict(resident_id(number))
    if kind == "passport":
        return verdict(re.fullmatch("[EG][0-9]{8}", number) is not None)
    if kind == "hk_mo_permit":
        return verdict(re.fullmatch("[HM]([0-9]{8}|[0-9]{10})", number) is not None)
    return verdict(uscc(number)) if kind == "uscc" else None


def right_number(kind, number):
    """Not known to be wrong: kinds without a check pass."""
    return of_kind(kind, number) != "failed"
