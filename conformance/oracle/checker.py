"""The eight laws over the ledgers of both ends, the bridge's own account and what was found on its disk.

    L1 acknowledged: takes effect at every target (or is refused by the platform), and a good message is acknowledged
    L2 at most one effect per key and target; a repeat hears the first acknowledgement, byte for byte
    L3 what arrives is what our own mapper expects, well signed
    L4 in order per case
    L5 what was refused, held or changed afterwards has no effect
    L6 the audit chain is whole and its counts agree with both ledgers
    L7 no planted person, number or key in logs, temporary files, cores, metrics or the store at rest
    L8 everything ends in a final state or with a person
"""
import base64
import collections
import copy
import json

import mapper

LAWS = ("L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8")
FINAL = ("delivered", "refused", "discarded")
OPEN = ("waiting", "ready", "sending", "unknown", "held", "parked")


class Evidence:
    """Everything the laws look at, as plain data."""

    def __init__(self):
        self.sent, self.platforms = [], {}
        self.deliveries = {}       # state -> rows of `bridge hold list`
        self.status, self.verify_code, self.verify = {}, 0, {}
        self.chain, self.chain_break, self.head_problem = [], 0, ""
        self.leaks, self.stopped, self.senders_done = [], 0, True


class Broken:
    """Broken laws with examples: law -> list of texts. No example shows what a person could be known by."""

    def __init__(self):
        self.found = collections.defaultdict(list)

    def add(self, law, text):
        self.found[law].append(text)

    def count(self, law):
        return len(self.found[law])

    def any(self):
        return any(self.found.values())


class Sent:
    """The sender's ledger, by key."""

    def __init__(self, rows):
        self.bodies, self.kinds, self.told = {}, {}, collections.defaultdict(list)
        self.stored, self.held = {}, {}   # key -> what it was told first; in the order of the acknowledgements.
        for row in rows:
            key = tuple(row["key"])
            if row["k"] == "send":
                self.bodies[row["sha"]] = base64.b64decode(row["body"])
                self.kinds.setdefault((key, row["sha"]), (row["kind"], row["expect"], row["why"]))
            else:
                self.told[key].append(row)
                if row["state"] in ("stored", "held"):
                    getattr(self, row["state"]).setdefault(key, row)


def short(key):
    return "/".join(str(part) for part in key if part != "")


def effect_key(row):
    data = json.loads(row["data"])
    return (row["system"], data.get("project_no"), row["stage"], data.get("order_num", "") if row["stage"] == "process" else "")


class Judge:
    def __init__(self, evidence):
        self.e, self.broken = evidence, Broken()
        self.sent = Sent(evidence.sent)
        self.expected = {}   # effect key -> (sender key, row)
        for key, told in self.sent.stored.items():
            try:
                at, row = mapper.expected(key[0], self.sent.bodies[told["sha"]])
            except Exception:  # A message that cannot be mapped by hand must not have been taken in.
                self.broken.add("L5", "%s was acknowledged and cannot be read" % short(key))
                continue
            self.expected[at] = (key, row)
        self.effects = {name: collections.defaultdict(list) for name in evidence.platforms}
        self.refused_ids = {name: set() for name in evidence.platforms}
        for name, rows in evidence.platforms.items():
            for row in rows:
                if row["k"] == "effect":
                    self.effects[name][effect_key(row)].append(row)
                elif row["k"] == "refused" and row["why"] == "scripted":
                    self.refused_ids[name].add(row["id"])

    def judge(self):
        for law in (self.taken_in, self.arrived, self.once, self.same_acknowledgement, self.content, self.order, self.no_stray, self.audit, self.counts, self.leaks, self.ended):
            law()
        return self.broken

    def taken_in(self):
        for (key, sha), (kind, expect, why) in self.sent.kinds.items():
            states = {t["state"] for t in self.sent.told[key] if t["sha"] == sha} - {"nothing", "busy"}
            if not states:
                if self.e.senders_done:
                    self.broken.add("L8", "%s: the sender was never told" % short(key))
            elif kind in ("first", "again") and states != {"stored"}:
                self.broken.add("L1", "%s is good and was told %s" % (short(key), sorted(states)))
            elif kind in ("bad", "changed") and states != {expect}:
                self.broken.add("L5", "%s (%s) was told %s instead of %s" % (short(key), why or kind, sorted(states), expect))

    def refused_by_platform(self, name):
        return {(d["system"], d["case_no"], d["message_id"]) for d in self.e.deliveries.get("refused", []) if d["target"] == name}

    def arrived(self):
        for name in self.effects:
            refused = {message for _, _, message in self.refused_by_platform(name)}
            for at, (key, _) in self.expected.items():
                if not self.effects[name].get(at) and self.sent.stored[key]["ack"] not in refused:
                    self.broken.add("L1", "%s: %s was acknowledged and is not there" % (name, short(at)))
            if len(refused) > len(self.refused_ids[name]):
                self.broken.add("L1", "%s: %d refused, the platform refused %d" % (name, len(refused), len(self.refused_ids[name])))

    def once(self):
        for name, effects in self.effects.items():
            for at, rows in effects.items():
                if len(rows) > 1:
                    self.broken.add("L2", "%s: %s took effect %d times" % (name, short(at), len(rows)))

    def same_acknowledgement(self):
        for key, rows in self.sent.told.items():
            answers = {(t["ack"], t["raw"]) for t in rows if t["state"] in ("stored", "held")}
            if len(answers) > 1:
                self.broken.add("L2", "%s heard %d different acknowledgements" % (short(key), len(answers)))

    def content(self):
        for name, effects in self.effects.items():
            for at, rows in effects.items():
                if at not in self.expected:
                    continue
                for row in rows:
                    got, want = json.loads(row["data"]), self.expected[at][1]
                    wrong = sorted(m for m in set(got) | set(want) if got.get(m) != want.get(m))
                    if wrong:
                        self.broken.add("L3", "%s: %s differs in %s" % (name, short(at), ", ".join(wrong)))
            for row in self.e.platforms[name]:
                if row["k"] == "gate" or row["k"] == "changed" or (row["k"] == "refused" and row["why"] != "scripted"):
                    self.broken.add("L3", "%s: %s %s" % (name, row["k"], row.get("why", "same id, another digest")))

    def order(self):
        place = {key: n for n, key in enumerate(self.sent.stored)}
        rank = {at: place[key] for at, (key, _) in self.expected.items()}
        for name, rows in self.e.platforms.items():
            last = {}
            for row in rows:
                if row["k"] != "effect":
                    continue
                at = effect_key(row)
                if at not in rank:
                    continue
                case = at[:2]
                if rank[at] < last.get(case, -1):
                    self.broken.add("L4", "%s: %s came after a later event of its case" % (name, short(at)))
                last[case] = max(last.get(case, -1), rank[at])

    def no_stray(self):
        known = set(self.expected)
        untold = self.untold_keys()
        for name, effects in self.effects.items():
            for at in effects:
                if at not in known and at not in untold:
                    self.broken.add("L5", "%s: %s took effect and was never acknowledged" % (name, short(at)))

    def untold_keys(self):
        """Effect keys of messages of which the sender could not be told (only when a run was broken off)."""
        keys = set()
        for (key, sha), _ in self.sent.kinds.items():
            if not [t for t in self.sent.told[key] if t["sha"] == sha and t["state"] not in ("nothing", "busy")]:
                try:
                    keys.add(mapper.expected(key[0], self.sent.bodies[sha])[0])
                except Exception:
                    pass
        return keys

    def audit(self):
        if self.e.verify_code != 0 or not self.e.verify.get("ok"):
            self.broken.add("L6", "bridge verify: %s at %s" % (self.e.verify.get("problem", "gave %s" % self.e.verify_code), self.e.verify.get("first_broken")))
        if self.e.chain_break:
            self.broken.add("L6", "the chain computed anew breaks at %d" % self.e.chain_break)
        if self.e.head_problem:
            self.broken.add("L6", self.e.head_problem)
        taken = collections.Counter(row[3] for row in self.e.chain if row[2] == "intake")
        acks = {t["ack"] for rows in self.sent.told.values() for t in rows if t["state"] in ("stored", "held")}
        for ack in acks:
            if taken.get(ack, 0) != 1:
                self.broken.add("L6", "%s has %d intake entries" % (ack, taken.get(ack, 0)))
        for subject in set(taken) - acks:
            if self.e.senders_done:
                self.broken.add("L6", "%s stands in the chain and nobody was told of it" % subject)
        if self.e.verify.get("entries") != len(self.e.chain):
            self.broken.add("L6", "verify counts %s entries, the store has %d" % (self.e.verify.get("entries"), len(self.e.chain)))

    def counts(self):
        acks = {t["ack"] for rows in self.sent.told.values() for t in rows if t["state"] in ("stored", "held")}
        if self.e.senders_done and self.e.status.get("messages") != len(acks):
            self.broken.add("L6", "the bridge counts %s messages, %d were acknowledged" % (self.e.status.get("messages"), len(acks)))
        for state, rows in self.e.deliveries.items():
            if self.e.status.get("deliveries", {}).get(state) != len(rows):
                self.broken.add("L6", "counter of %s says %s, %d are listed" % (state, self.e.status.get("deliveries", {}).get(state), len(rows)))
        receipts = {name: {row["receipt"]: row["id"] for row in rows if row["k"] == "effect"} for name, rows in self.e.platforms.items()}
        by_receipt = collections.Counter()
        for d in self.e.deliveries.get("delivered", []):
            if d["receipt_no"]:
                by_receipt[(d["target"], d["receipt_no"])] += 1
                if d["receipt_no"] not in receipts[d["target"]]:
                    self.broken.add("L6", "%s: a receipt that the platform never gave" % d["target"])
        settled_by_hand = sum(1 for row in self.e.chain if row[2] == "resolve")
        unproved = sum(1 for d in self.e.deliveries.get("delivered", []) if not d["receipt_no"])
        if unproved > settled_by_hand:
            self.broken.add("L6", "%d delivered without a receipt, the operator settled %d" % (unproved, settled_by_hand))
        for (target, _), times in by_receipt.items():
            if times > 1:
                self.broken.add("L6", "%s: one receipt stands for %d deliveries" % (target, times))
        for name in self.effects:
            delivered = sum(1 for d in self.e.deliveries.get("delivered", []) if d["target"] == name)
            if delivered != len(self.effects[name]):
                self.broken.add("L6", "%s: %d delivered, %d keys took effect" % (name, delivered, len(self.effects[name])))

    def leaks(self):
        for path, kind, count in self.e.leaks:
            self.broken.add("L7", "%s: %s, %d times" % (path, kind, count))

    def ended(self):
        held = {t["ack"] for t in self.sent.held.values()}
        for state in OPEN:
            for d in self.e.deliveries.get(state, []):
                if state != "held" or d["message_id"] not in held:
                    self.broken.add("L8", "%s: %s of case %s is %s (%s)" % (d["target"], d["event"], d["case_no"], state, d["error_id"]))
        if self.e.stopped != 0:
            self.broken.add("L8", "SIGTERM gave %s" % self.e.stopped)
        if not self.e.senders_done:
            self.broken.add("L8", "a sender could not end")


def judge(evidence):
    return Judge(evidence).judge()


# A judge that cannot see a fault is worth nothing: each of these changes one thing in a copy of good evidence, and the law must break.

def first_effect(evidence):
    return next((name, n) for name, rows in evidence.platforms.items() for n, row in enumerate(rows) if row["k"] == "effect")


def drop_one(e):
    name, n = first_effect(e)
    del e.platforms[name][n]


def double_one(e):
    name, n = first_effect(e)
    e.platforms[name].append(dict(e.platforms[name][n]))


def alter_one_byte(e):
    name, n = first_effect(e)
    row = e.platforms[name][n]
    data = json.loads(row["data"])
    data["handle_user_name"] += "X"
    row["data"] = json.dumps(data, ensure_ascii=False)


def swap_two(e):
    for rows in e.platforms.values():
        seen = {}
        for n, row in enumerate(rows):
            if row["k"] == "effect":
                case = effect_key(row)[:2]
                if case in seen:
                    rows[seen[case]], rows[n] = rows[n], rows[seen[case]]
                    return
                seen[case] = n


def effect_of_a_refused_one(e):
    name, n = first_effect(e)
    row = dict(e.platforms[name][n])
    data = json.loads(row["data"])
    data["project_no"] = "REFUSED-0001"
    row["data"], row["id"], row["receipt"] = json.dumps(data), "f" * 32, "OR-0"
    e.platforms[name].append(row)


def another_acknowledgement(e):
    told = next(row for row in e.sent if row["k"] == "told" and row["state"] == "stored")
    e.sent.append(dict(told, raw="0" * 64))


def cut_the_chain(e):
    e.chain = [row for row in e.chain if row[2] != "intake"][:-1]


def leave_one_open(e):
    e.deliveries.setdefault("ready", []).append(dict(e.deliveries["delivered"][0], error_id=""))


def leak_one(e):
    e.leaks = e.leaks + [("out/bridge.log", "name", 1)]


PLANTED = {drop_one: "L1", double_one: "L2", another_acknowledgement: "L2", alter_one_byte: "L3", swap_two: "L4", effect_of_a_refused_one: "L5", cut_the_chain: "L6", leak_one: "L7", leave_one_open: "L8"}


def blind_spots(evidence):
    """Names of planted changes that the laws do not see. Empty when the judge can be believed."""
    blind, before = [], judge(evidence)
    for change, law in PLANTED.items():
        other = copy.copy(evidence)
        other.sent, other.chain, other.leaks = list(evidence.sent), list(evidence.chain), list(evidence.leaks)
        other.platforms = {name: [dict(row) for row in rows] for name, rows in evidence.platforms.items()}
        other.deliveries = {state: list(rows) for state, rows in evidence.deliveries.items()}
        change(other)
        if judge(other).count(law) <= before.count(law):
            blind.append(change.__name__)
    return blind
