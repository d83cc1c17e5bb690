"""A store that was changed behind the bridge's back: flipped bits, a cut chain, a missing head."""
import contextlib
import glob
import http.client
import json
import os
import shutil
import sqlite3
import struct
import time

import ledger
from case import case

PAGE = 8192


def few_platforms(world):
    world.characters = ("dedup",)


def backlog(run, messages):
    """A stopped store with so many messages under way and some delivered."""
    run.up()
    run.flow(messages // 3, 120)
    run.arrive("dedup", 2)
    run.world.sandboxes["dedup"].send_signal(19)   # The platform stands still: what comes now waits.
    run.flow(messages - messages // 3, 240)
    run.world.kill_bridge()
    run.world.sandboxes["dedup"].send_signal(18)
    for lane in run.senders.lanes:
        lane.stopping.set()
    run.senders.watch.set()


class Copies:
    """Copies of a store, each damaged in one place and given to a bridge."""

    def __init__(self, run):
        self.run, self.whole = run, run.world.path("whole")
        with contextlib.closing(sqlite3.connect(os.path.join(run.world.state, "journal.db"))) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copytree(run.world.state, self.whole)
        self.contents, self.expected, self.last, self.since = {}, set(), None, 0.0
        self.refused = self.isolated = self.unseen = 0

    def fresh(self):
        shutil.rmtree(self.run.world.state)
        shutil.copytree(self.whole, self.run.world.state)

    def forget(self):
        """The platform of each copy is one that has taken nothing yet."""
        connection = http.client.HTTPConnection(self.run.world.addresses["dedup"], timeout=20)
        connection.request("POST", "/_oracle/plan", json.dumps({"rate": 0, "faults": [], "forget": True}))
        connection.getresponse().read()
        connection.close()

    def effects(self):
        rows, begin = ledger.read(self.run.world.path("oracle", "dedup.jsonl")), 0
        for number, row in enumerate(rows):
            if row["k"] == "begin":
                begin = number
        return [row for row in rows[begin:] if row["k"] == "effect"], [row for row in rows[begin:] if row["k"] in ("gate", "changed", "refused")]

    def try_one(self, what, damage):
        """Damages a copy and starts: a refusal with a reason, or every message is delivered right, set apart by name, or where it was."""
        run = self.run
        self.fresh()
        damage(os.path.join(run.world.state, "journal.db"))
        self.forget()
        before = len(run.log())
        run.world.start_bridge()
        if run.world.wait_ready(run.patience(40)) and self.drained():
            code = run.world.stop_bridge()
            run.need(code is not None and code >= 0, "%s: SIGTERM gave %s" % (what, code))
        else:
            run.ends(20, what)
            run.need(b"journal." in run.log()[before:] or b"crypto." in run.log()[before:] or b"The store" in run.log()[before:], "refused without a reason: " + what)
            self.refused += 1
            return
        effects, wrong = self.effects()
        run.need(not wrong, "%s: the platform refused %s" % (what, wrong[:1]))
        for row in effects:
            known = self.contents.setdefault((row["id"], row["stage"]), row["data"])
            run.need(known == row["data"], what + ": another content was delivered under a known id")
        self.account(what, effects)

    def drained(self):
        """True when nothing moves any more; False when the bridge ended by itself."""
        end = time.monotonic() + self.run.patience(40)
        self.last = None
        while time.monotonic() < end:
            if self.run.world.wait_dead(0):
                return False
            try:
                counts = self.run.world.ask(cmd="status").get("deliveries")
            except OSError:
                continue
            if counts is not None and (not any(counts[state] for state in ("ready", "sending", "unknown", "waiting")) or self.still(counts)):
                return True
            time.sleep(0.05)
        return True

    def still(self, counts):
        """Nothing moves any more: what stands behind a damaged row stays there."""
        if counts != self.last:
            self.last, self.since = counts, time.monotonic()
        return time.monotonic() - self.since > self.run.patience(2.5)

    def account(self, what, effects):
        """Every acknowledged message is an effect of this or of an earlier time, or is listed in a state that a person sees."""
        code, rows = self.run.world.tool("status")
        self.run.need(code in (0, 1, 3, 4) or rows, "%s: bridge status gave %d" % (what, code))
        damaged = rows[0].get("damaged", 0) if rows else 0
        code, verified = self.run.world.tool("verify")
        seen = damaged or code != 0
        delivered = {row["id"] for row in effects}
        missing = self.expected - delivered
        if missing and not seen:
            listed = sum(rows[0]["deliveries"][state] for state in ("parked", "held", "waiting", "ready", "unknown", "sending")) if rows else 0
            self.run.need(listed >= len(missing), "%s: %d messages are gone and nothing tells of them" % (what, len(missing)))
        if missing:
            self.isolated += 1
        elif not seen:
            self.unseen += 1


def learn(copies):
    """What an undamaged copy delivers is what every damaged one must deliver or name."""
    run = copies.run
    copies.try_one("undamaged", lambda path: None)
    effects, _ = copies.effects()
    copies.expected = {row["id"] for row in effects}
    run.need(len(copies.expected) >= 5, "the undamaged store delivered %d messages only" % len(copies.expected))


def flip(offset, bit):
    def damage(path):
        with open(path, "r+b") as f:
            f.seek(offset)
            byte = f.read(1)[0]
            f.seek(offset)
            f.write(bytes([byte ^ (1 << bit)]))
    return damage


@case("bit_flips", (18, 19), before=few_platforms)
def bit_flips(run):
    """One bit of a copy of the store is turned, in rows, indexes and headers alike."""
    backlog(run, run.amount(120, 18))
    copies = Copies(run)
    learn(copies)
    size = os.path.getsize(os.path.join(copies.whole, "journal.db"))
    for number in range(run.amount(1000, 12)):
        offset = run.rng.randrange(100) if number % 20 == 0 else run.rng.randrange(size)
        copies.try_one("bit %d of byte %d (page %d)" % (number % 8, offset, offset // PAGE + 1), flip(offset, number % 8))
    run.say("%d starts refused, %d with messages set apart, %d without an effect" % (copies.refused, copies.isolated, copies.unseen))
    run.judged_by_itself()


@case("chain_cut", (66, 67), before=few_platforms, sample=True)
def chain_cut(run):
    """Entries at the end of the chain are removed, or the head is gone: verify tells, and the next start writes it into the chain."""
    run.up()
    run.flow(run.amount(60, 12), 120)
    run.need(run.world.stop_bridge() == 0, "SIGTERM was not followed")
    state, head = run.world.state, os.path.join(run.world.state, "audit.head")
    shutil.copytree(state, run.world.path("whole"))
    with contextlib.closing(sqlite3.connect(os.path.join(state, "journal.db"), isolation_level=None)) as db:
        count = db.execute("SELECT max(seq) FROM audit").fetchone()[0]
        db.execute("DELETE FROM audit WHERE seq > ?", (count - min(100, count // 2),))
    code, rows = run.world.tool("verify")
    run.need(code != 0 and rows and rows[0]["problem"] == "journal.audit_cut", "a cut chain was called %s" % rows)
    run.up()
    run.world.kill_bridge()
    run.need("head_foreign" in run.kinds(), "a bridge went on with a cut chain and wrote nothing about it")
    run.need(glob.glob(head + ".foreign-*"), "the head that proves the cut was not kept")
    restore(run)
    os.unlink(head)
    code, rows = run.world.tool("verify")
    run.need(code != 0 and rows and rows[0]["problem"] == "journal.audit_head", "a missing head was called %s" % rows)
    run.up()
    run.world.kill_bridge()
    run.need("head_missing" in run.kinds(), "a bridge went on without its head and wrote nothing about it")
    run.up()
    run.flow(1)


def restore(run):
    shutil.rmtree(run.world.state)
    shutil.copytree(run.world.path("whole"), run.world.state)
