"""Planted people and secrets: made so that any of them can be found again in logs, temporary files, cores, metrics and the store at rest."""
import base64
import os
import re

SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"
FIRST_RARE, LAST_RARE = 0x3400, 0x4DB5   # Extension A: no text of the product holds two of these side by side.
BEYOND = "𠮷𫘝𪚥𫍯"                        # Four bytes in UTF-8 and in GB18030.

RARE_PAIR_UTF8 = re.compile(rb"(?=((?:\xe3[\x90-\xbf][\x80-\xbf]|\xe4[\x80-\xb6][\x80-\xbf]){2}))")
RARE_PAIR_GB18030 = re.compile(rb"(?=((?:[\x81-\x83][\x30-\x39][\x81-\xfe][\x30-\x39]){2}))")
RARE_PAIR_ESCAPED = re.compile(rb"(?=((?:\\u(?:3[4-9a-fA-F]|4[0-9a-dA-D])[0-9a-fA-F]{2}){2}))")
RARE_PAIR_REFERENCE = re.compile(rb"(?=((?:&#(?:x[0-9a-fA-F]{4}|[0-9]{5});){2}))")
ID_NUMBER = re.compile(rb"(?=([0-9]{17}[0-9Xx]))")
CREDIT_CODE = re.compile(rb"(?=([0-9A-HJ-NP-RTUW-Y]{18}))")
PHONE = re.compile(rb"(?=(1[0-9]{10}))")


def resident_id(rng):
    body = "100000%04d%02d%02d%03d" % (rng.randrange(2100, 2130), rng.randrange(1, 13), rng.randrange(1, 29), rng.randrange(1, 990))
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, weights)) % 11]


def credit_code(rng):
    """A unified credit code with the check character of its organisation part and its own (GB 11714, GB 32100)."""
    signs = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    part = "MA" + "".join(rng.choice("0123456789ABCDEFGH") for _ in range(6))
    value = {c: i for i, c in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
    inner = 11 - sum(value[c] * w for c, w in zip(part, [3, 7, 9, 10, 5, 8, 4, 2])) % 11
    body = "91990000" + part + {10: "X", 11: "0"}.get(inner, str(inner))
    rest = sum(signs.index(c) * pow(3, i, 31) for i, c in enumerate(body)) % 31
    return body + signs[(31 - rest) % 31]


class Canaries:
    """Everything planted in one run, and the search for it."""

    def __init__(self):
        self.people, self.numbers, self.phones, self.secrets = set(), set(), set(), {}

    def person(self, rng):
        rare = "".join(chr(rng.randrange(FIRST_RARE, LAST_RARE)) for _ in range(2))
        self.people.add(rare)
        return rng.choice(SURNAMES) + rare + (rng.choice(BEYOND) if rng.random() < 0.3 else "")

    def id_number(self, rng):
        number = resident_id(rng)
        self.numbers.add(number)
        return number

    def credit_code(self, rng):
        code = credit_code(rng)
        self.numbers.add(code)
        return code

    def phone(self, rng):
        number = "199%08d" % rng.randrange(10**8)
        self.phones.add(number)
        return number

    def secret(self, name, value):
        """A key or token: as it stands, and for hexadecimal texts the bytes they mean and the Base64 of these."""
        forms = [value.encode()]
        if len(value) >= 32 and re.fullmatch(r"[0-9a-f]+", value):
            raw = bytes.fromhex(value)
            forms += [raw, base64.b64encode(raw).rstrip(b"=")[:-1], value.upper().encode()]
        self.secrets[name] = forms

    def known(self):
        """Every planted text in the forms in which it could turn up, with the name of its kind."""
        found = {}
        for pair in self.people:
            found[pair.encode()] = "name"
            found[pair.encode("gb18030")] = "name"
            found["".join("\\u%04x" % ord(c) for c in pair).encode()] = "name"
            found["".join("&#x%x;" % ord(c) for c in pair).encode()] = "name"
            found["".join("&#%d;" % ord(c) for c in pair).encode()] = "name"
        for number in self.numbers:
            found[number.encode()] = "id"
        for number in self.phones:
            found[number.encode()] = "phone"
        return found

    def search_bytes(self, data, known):
        hits = {}
        for pattern in (RARE_PAIR_UTF8, RARE_PAIR_GB18030, RARE_PAIR_ESCAPED, RARE_PAIR_REFERENCE, ID_NUMBER, CREDIT_CODE, PHONE):
            for match in pattern.finditer(data):
                kind = known.get(match.group(1).lower()) or known.get(match.group(1)) or known.get(match.group(1).upper())
                if kind:
                    hits[kind] = hits.get(kind, 0) + 1
        for name, forms in self.secrets.items():
            if any(form in data for form in forms):
                hits["secret " + name] = hits.get("secret " + name, 0) + 1
        return hits

    def search(self, paths):
        """[(path, kind, count)] over every regular file below the paths."""
        known, found = self.known(), []
        for top in paths:
            files = [top] if os.path.isfile(top) else [os.path.join(d, f) for d, _, names in os.walk(top) for f in names]
            for path in files:
                if not os.path.isfile(path):
                    continue
                with open(path, "rb") as f:
                    found += [(path, kind, count) for kind, count in self.search_bytes(f.read(), known).items()]
        return found
