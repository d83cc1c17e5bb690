"""Synthetic people, items and cases for the demo, made from a seed. Nobody here can exist: births after 2099, division 100000,
departments of division 990000."""
import random

ITEMS = {
    "qinglan-spxt": ("11990000000000019A4000199001000", "食品经营许可"),
    "yunxi-zwfw": ("12990000000099995W4000199002000", "公共场所卫生许可"),
    "linhu-onewin": ("11990000000000000D4000199003000", "餐饮服务许可"),
}
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"
GIVEN = ["静怡", "建国", "秀英", "晓明", "玥", "文博", "雨桐", "志强"]
RARE = ["𠮷", "𫘝"]  # Four bytes in GB18030.


def resident_id(rng):
    body = "100000%04d%02d%02d%03d" % (rng.randrange(2100, 2130), rng.randrange(1, 13), rng.randrange(1, 29), rng.randrange(1, 990))
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, weights)) % 11]


class Case:
    """One case of one legacy system with its three events."""

    def __init__(self, system, number, rng):
        self.system, self.number = system, number
        self.item, self.item_name = ITEMS[system]
        self.day = 1 + number % 28
        self.name = rng.choice(SURNAMES) + rng.choice(GIVEN)
        if system == "yunxi-zwfw" and number % 3 == 0:
            self.name = rng.choice(SURNAMES) + rng.choice(RARE) + rng.choice(GIVEN)
        self.id_no = resident_id(rng)
        self.case_no = {
            "qinglan-spxt": "QL21490300%05d" % number,
            "yunxi-zwfw": "YX-%06d" % number,
            "linhu-onewin": "%s214905%02d%04d" % (self.item, self.day, number),
        }[system]


def cases(count_each, seed=20490101):
    rng = random.Random(seed)
    return [Case(system, n, rng) for n in range(1, count_each + 1) for system in ITEMS]


def mask_name(name):
    return name[:1] + "*" * (len(name) - 1)


def mask_id(id_no):
    return id_no[:4] + "*" * (len(id_no) - 8) + id_no[-4:]
