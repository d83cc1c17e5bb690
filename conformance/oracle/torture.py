"""Kills, faults and power cuts against a bridge under load, judged by the ledgers of both ends. Run by scripts/torture; see README.md.

  --kills N        so many SIGKILLs, in turn at every fault point and at random moments
  --seed S         drives messages, faults, points and moments; printed with every failure
  --minutes M      stop after about so long, whatever --kills says
  --per-run K      kills before one drain and one judgement (default 40)
  --worlds W       so many worlds beside each other, each with a share of the work and a seed of its own (default 1); a bridge mostly waits, so
                   that four to a core are busy
  --faults LIST    platform faults: all (default), none, or names with commas (see sandbox.py)
  --rate R         share of platform requests that meet a fault (default 0.08)
  --points LIST    fault points to kill at: all (default), none (random moments only), or names with commas
  --power-cuts N   so many power cuts of a loop image (root and loop devices; skipped loudly elsewhere)
  --postgres       the store is a PostgreSQL server of the run's own; power cuts are those of its machine (skipped loudly where there is none)
  --syscalls N     so many lives in which one file or socket call of the bridge fails, waits or kills (strace; skipped loudly where it is not there)
  --freezes N      so many times SIGSTOP for a while and SIGCONT
  --commit-ms T    the slowest commit of a platform under the fault slow_commit (default 120); query_after_ms is set to 200 ms more
  --clean          no kill at all: load and platform faults for --seconds
  --seconds T      how long a run without kills lasts (default 5)
  --bin DIR        folder with the program tongqu, built with fault points (preset dev)
  --keep           leave the folder of every run
  --record FILE    adds the result to FILE, from which scripts/guarantees-doc makes its table
  --json FILE      the result, for the scripts beside this one
"""
import argparse
import collections
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import chain  # noqa: E402
import checker  # noqa: E402
import ledger  # noqa: E402
import operator_desk  # noqa: E402
import power  # noqa: E402
import sandbox  # noqa: E402
import server  # noqa: E402
from canaries import Canaries  # noqa: E402
from sender import Senders  # noqa: E402
from world import World  # noqa: E402

NEVER_REACHED = ("s05_decoded", "s06_parsed", "s07_authenticated", "s27_notified", "s28_purged")  # Named in the list, not on a road of today.
CAN_FAIL = ("s09_transaction_open", "s10_dedup_row", "s11_message_row", "s12_audit_row", "s16_claimed", "s25_result_transaction_open")
# Calls of the store and of the wire. Errors that the kernel gives for these calls, a slow disk, and an end at the call.
BAD_CALLS = (("fdatasync", "error=EIO"), ("fdatasync", "signal=SIGKILL"), ("fdatasync", "delay_enter=200000"), ("pwrite64", "error=ENOSPC"), ("pwrite64", "error=EIO"), ("pwrite64", "signal=SIGKILL"),
             ("pread64", "error=EIO"), ("sendto", "error=ECONNRESET"), ("sendmsg", "error=ECONNRESET"), ("recvfrom", "error=ECONNRESET"), ("recvmsg", "error=ECONNRESET"), ("sendto", "signal=SIGKILL"),
             ("connect", "error=ECONNREFUSED"), ("accept4", "error=EMFILE"), ("fsync", "error=EIO"), ("rename", "error=EIO"))
POINT_WAIT_S = 4.0
START_S = 60  # Patience on a machine that does much else; how long it took is in the result.
BREATH_S = 0.05


def fault_points(bin_dir):
    done = subprocess.run([os.path.join(bin_dir, "tongqu"), "bridge", "fault-points"], stdout=subprocess.PIPE, text=True, check=True)
    if "TONGQU_WITH_FAULT_POINTS" in done.stdout:
        raise SystemExit("torture: this tongqu has no fault points; build the preset dev")
    return [line.split()[0] for line in done.stdout.splitlines() if line.strip()]


class Tally:
    def __init__(self):
        self.kills = self.random_kills = self.syscalls = self.cuts = self.faults = self.point_faults = self.freezes = self.acknowledged = self.effects = self.runs = self.resolved = 0
        self.laws = {law: 0 for law in checker.LAWS}
        self.points, self.missed, self.starts, self.examples, self.failed_seeds, self.skipped = {}, {}, [], [], [], []

    def clean(self):
        return not any(self.laws.values()) and not self.failed_seeds

    def add(self, other):
        """Adds the account of another world, as its --json has it."""
        for name in ("kills", "random_kills", "syscalls", "cuts", "faults", "point_faults", "freezes", "acknowledged", "effects", "runs", "resolved"):
            setattr(self, name, getattr(self, name) + other[name])
        for mine, theirs in ((self.laws, other["laws"]), (self.points, other["points"]), (self.missed, other["missed"])):
            for name, n in theirs.items():
                mine[name] = mine.get(name, 0) + n
        self.starts += other["starts"]
        self.examples += other["examples"]
        self.failed_seeds += other["failed_seeds"]

    def line(self):
        return "torture: %d kills, %d power cuts, %d faults, %d acknowledged, %d lost, %d doubled, %d reordered, %d leaked" % (
            self.kills, self.cuts, self.faults + self.point_faults + self.freezes + self.syscalls, self.acknowledged, self.laws["L1"], self.laws["L2"], self.laws["L4"], self.laws["L7"])


class Run:
    """One world from its start to its judgement."""

    def __init__(self, options, seed, tally, points):
        self.o, self.seed, self.tally, self.points = options, seed, tally, points
        self.rng = random.Random(seed)
        self.dir = os.path.abspath(tempfile.mkdtemp(prefix="tongqu-oracle-", dir=options.work))
        self.canaries = Canaries()
        os.chmod(self.dir, 0o711)  # A server that is another user has its folders in here.
        self.disk = power.Disk(os.path.join(self.dir, "disk")) if options.power_cuts else None
        place = self.disk.mount_point if self.disk else None
        self.server = server.Server(place or self.dir, os.path.join(self.dir, "server")) if options.postgres else None
        self.world = World(self.dir, options.bin, seed, self.canaries, state=None if self.server else place, timings=options.timings, server=self.server)
        self.failure = ""

    def fail(self, why):
        self.failure = self.failure or why

    # Ways to end a bridge.

    def next_faults(self):
        """(TONGQU_FAULTS, name of the point that kills or "")."""
        parts, point = [], ""
        if self.points and self.rng.random() < 0.75:
            point = self.points[self.tally.kills % len(self.points)]
            parts.append("%s:kill:nth=%d" % (point, self.rng.choice([1, 1, 2, 3, 5, 8, 13, 21, 34])))
        if self.points and self.rng.random() < 0.3:
            fails = self.rng.choice([p for p in CAN_FAIL if p != point])
            parts.append("%s:error:nth=%d" % (fails, self.rng.randrange(1, 10)))
            self.tally.point_faults += 1
        if self.points and self.rng.random() < 0.15:
            slow = self.rng.choice([p for p in self.points if p != point and not parts[-1:] == [p]])
            if not any(part.startswith(slow) for part in parts):
                parts.append("%s:delay=%d" % (slow, self.rng.randrange(1, 4)))
                self.tally.point_faults += 1
        return ",".join(parts), point

    def one_life(self):
        """Starts the bridge, lets it live for a while, ends it with SIGKILL."""
        faults, point = self.next_faults()
        self.world.start_bridge(faults)
        if not self.world.wait_ready(START_S):
            if point and self.world.wait_dead(0.5):  # Killed on the way up: that counts.
                return self.count_kill(point)
            return self.fail("the bridge did not start")
        if point and self.world.wait_dead(POINT_WAIT_S):
            if self.world.bridge.returncode != -9:
                self.fail("the bridge ended with %d at %s" % (self.world.bridge.returncode, point))
            return self.count_kill(point)
        if point:
            self.tally.missed[point] = self.tally.missed.get(point, 0) + 1
        elif self.world.wait_dead(self.rng.expovariate(1 / 0.2) + BREATH_S):
            return self.fail("the bridge ended by itself with %d" % self.world.bridge.returncode)
        self.count_kill("")

    def count_kill(self, point):
        self.world.kill_bridge()
        self.tally.kills += 1
        if point:
            self.tally.points[point] = self.tally.points.get(point, 0) + 1
        else:
            self.tally.random_kills += 1

    def cut_power(self):
        self.world.start_bridge()
        if not self.world.wait_ready(START_S):
            return self.fail("the bridge did not start")
        if self.world.wait_dead(self.rng.uniform(0.1, 0.8)):
            return self.fail("the bridge ended by itself")
        if self.server:
            return self.cut_server()
        self.disk.cut(lambda: power.hold(self.world.bridge.pid), self.world.kill_bridge)
        self.tally.cuts += 1

    def cut_server(self):
        """The machine of the server loses its power. The bridge, on another one, waits for it, or has been on the same socket outlet."""
        together = self.rng.random() < 0.5
        self.disk.cut(self.server.hold, self.server.bury)
        if together:
            self.world.kill_bridge()
        self.server.start()
        self.tally.cuts += 1
        if not together:
            if self.world.wait_dead(self.rng.uniform(0.3, 1.5)):
                return self.fail("the bridge did not outlive its server")
            self.world.kill_bridge()

    def freeze(self):
        self.world.start_bridge()
        if not self.world.wait_ready(START_S):
            return self.fail("the bridge did not start")
        time.sleep(self.rng.uniform(0.1, 0.4))
        power.freeze(self.world.bridge.pid, self.rng.uniform(0.5, 2.5))
        self.tally.freezes += 1
        time.sleep(0.3)
        self.world.kill_bridge()

    def bad_call(self):
        """One call of one thread fails, waits or kills. A bridge that loses its disk may end by itself; it may not go on as if nothing had been."""
        call, what = self.rng.choice(BAD_CALLS)
        when = self.rng.randrange(1, 60)
        self.world.start_bridge(wrapper=("strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + call, "-e", "inject=%s:%s:when=%d" % (call, what, when)))
        self.tally.syscalls += 1
        if self.world.wait_ready(START_S):
            self.world.wait_dead(self.rng.uniform(0.4, 1.2))
        elif self.world.bridge.poll() is None:
            return self.fail("the bridge hung on its way up under %s:%s:when=%d" % (call, what, when))
        ended = self.world.bridge.poll()
        if ended is not None and not (ended > 0 or ended == -9):
            self.fail("the bridge ended with %d under %s:%s:when=%d" % (ended, call, what, when))
        self.world.kill_bridge()

    # The run.

    def go(self, kills):
        began = time.monotonic()
        try:
            self.world.prepare()
            self.world.plan(self.o.rate if self.o.faults else 0.0, self.o.faults, 2 * self.world.timings["total_timeout_ms"], self.o.commit_ms)
            sent = ledger.Ledger(self.world.path("oracle", "sent.jsonl"))
            self.senders = senders = Senders(self.world, sent, self.seed, self.o.lanes, self.o.pace_ms / 1000)
            senders.start()
            self.suffer(kills)
            evidence = self.settle(senders) if not self.failure else None
            self.tally.acknowledged += senders.acknowledged()
            if evidence is not None:
                self.judge(evidence)
        finally:
            self.world.close()
            if self.server:
                self.server.stop()
            if self.disk:
                self.disk.close()
        self.report(time.monotonic() - began)

    def suffer(self, kills):
        if self.o.clean:
            self.world.start_bridge()
            if not self.world.wait_ready(START_S):
                return self.fail("the bridge did not start")
            if self.world.wait_dead(self.o.seconds):
                self.fail("the bridge ended by itself")
            return self.world.kill_bridge() if self.failure else None
        acts = [self.one_life] * kills + [self.cut_power] * min(self.o.power_cuts - self.tally.cuts, max(0, self.o.cuts_per_run)) \
            + [self.freeze] * max(0, min(self.o.freezes - self.tally.freezes, 2)) + [self.bad_call] * max(0, min(self.o.syscalls - self.tally.syscalls, 30))
        self.rng.shuffle(acts)
        for act in acts:
            if self.failure or time.monotonic() > self.o.deadline:
                break
            act()
        if not self.failure:
            self.world.start_bridge()
            if not self.world.wait_ready(START_S):
                self.fail("the bridge did not start for the last time")

    def settle(self, senders):
        """No more faults, everything said is done; then the bridge's own account is taken."""
        self.world.plan(0.0, [f for f in self.o.faults if f in sandbox.FINAL], 1000, 0)
        time.sleep(0.1)
        self.world.save_metrics()
        done = senders.finish(60)
        desk = operator_desk.Desk(self.world, self.rng)
        desk.drain(self.o.drain_s)
        self.tally.resolved += desk.resolved
        self.world.save_metrics()
        e = checker.Evidence()
        e.senders_done = done
        e.stopped = self.world.stop_bridge()
        e.sent = ledger.read(self.world.path("oracle", "sent.jsonl"))
        e.platforms = {c: ledger.read(self.world.path("oracle", c + ".jsonl")) for c in self.world.characters}
        self.account(e)
        return e

    def account(self, e):
        code, rows = self.world.tool("status")
        e.status = rows[0] if code == 0 and rows else {}
        e.deliveries = {state: self.world.deliveries(state) for state in checker.FINAL + checker.OPEN}
        e.verify_code, rows = self.world.tool("verify")
        e.verify = rows[0] if rows else {}
        with open(self.world.path("keys", "audit.key"), encoding="ascii") as f:
            key = bytes.fromhex(f.read().strip())
        e.chain = self.world.chain()
        e.chain_break = chain.first_break(e.chain, key)
        e.head_problem = chain.head_problem(os.path.join(self.world.state, "audit.head"), e.chain, self.world.path("keys", "audit-sm2.pub.pem"))
        e.leaks = self.canaries.search([self.world.state, self.world.path("run"), self.world.path("out"), *([self.server.data, self.server.beside] if self.server else [])])

    def judge(self, e):
        broken = checker.judge(e)
        for law, texts in broken.found.items():
            self.tally.laws[law] += len(texts)
            self.tally.examples += ["%s %s" % (law, text) for text in texts[:5]]
        for rows in e.platforms.values():
            self.tally.faults += sum(1 for row in rows if row["k"] == "fault")
            self.tally.effects += sum(1 for row in rows if row["k"] == "effect")
        if broken.any():
            self.fail("a law is broken")
        else:
            blind = checker.blind_spots(e)
            if blind:
                self.fail("the judge does not see: " + ", ".join(blind))

    def report(self, seconds):
        self.tally.runs += 1
        self.tally.starts += self.world.starts
        if self.failure:
            self.tally.failed_seeds.append(self.seed)
            self.tally.examples.append("seed %d: %s; see %s" % (self.seed, self.failure, self.dir))
        elif not self.o.keep:
            shutil.rmtree(self.dir)
        if not self.o.quiet:
            print("  run %d, seed %d: %d kills, %d acknowledged, %d effects so far, %.0f s%s" % (self.tally.runs, self.seed, self.tally.kills, self.tally.acknowledged, self.tally.effects, seconds,
                                                                                                "  FAILED: " + self.failure if self.failure else ""), flush=True)


def options_of(arguments):
    parser = argparse.ArgumentParser(prog="scripts/torture", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--per-run", type=int, default=40)
    parser.add_argument("--worlds", type=int, default=1)
    parser.add_argument("--faults", default="all")
    parser.add_argument("--rate", type=float, default=0.08)
    parser.add_argument("--points", default="all")
    parser.add_argument("--power-cuts", type=int, default=0)
    parser.add_argument("--cuts-per-run", type=int, default=20)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--syscalls", type=int, default=0)
    parser.add_argument("--freezes", type=int, default=0)
    parser.add_argument("--commit-ms", type=int, default=120)
    parser.add_argument("--clean", action="store_true")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--drain-s", type=float, default=60)
    parser.add_argument("--lanes", type=int, default=2)
    parser.add_argument("--pace-ms", type=float, default=10)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--work", default=None)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--json", default="")
    parser.add_argument("--record", default="")
    o = parser.parse_args(arguments)
    o.seed = int.from_bytes(os.urandom(4), "big") if o.seed is None else o.seed
    o.faults = sandbox.FAULTS if o.faults == "all" else tuple(f for f in o.faults.split(",") if f and f != "none")
    unknown = [f for f in o.faults if f not in sandbox.FAULTS]
    if unknown:
        parser.error("no such platform fault: %s; there are %s" % (", ".join(unknown), ", ".join(sandbox.FAULTS)))
    o.deadline = time.monotonic() + o.minutes * 60 if o.minutes else float("inf")
    o.timings = {"query_after_ms": o.commit_ms + 200, "total_timeout_ms": max(1200, 2 * o.commit_ms)}
    o.per_run = max(1, o.per_run)
    o.worlds = max(1, o.worlds)
    return o


def points_of(o):
    if o.points == "none":
        return []
    known = fault_points(o.bin)
    if o.points == "all":
        return [p for p in known if p not in NEVER_REACHED]
    wrong = [p for p in o.points.split(",") if p not in known]
    if wrong:
        raise SystemExit("torture: no such fault point: " + ", ".join(wrong))
    return o.points.split(",")


SHARED_OUT = ("kills", "power_cuts", "syscalls", "freezes")
WORLD_SEEDS_APART = 15485863


def shares(o):
    """Arguments of each world: what is counted is shared out, the rest is the same."""
    plain = ["--bin", o.bin, "--minutes", str(o.minutes), "--per-run", str(o.per_run), "--faults", ",".join(o.faults) or "none", "--rate", str(o.rate), "--points", o.points,
             "--cuts-per-run", str(o.cuts_per_run), "--commit-ms", str(o.commit_ms), "--seconds", str(o.seconds), "--drain-s", str(o.drain_s), "--lanes", str(o.lanes), "--pace-ms", str(o.pace_ms)]
    plain += ["--work", o.work] if o.work else []
    plain += ["--clean"] if o.clean else []
    plain += ["--postgres"] if o.postgres else []
    plain += ["--keep"] if o.keep else []
    plain += ["--quiet"] if o.quiet else []
    for world in range(o.worlds):
        counted = []
        for name in SHARED_OUT:
            whole = getattr(o, name)
            counted += ["--" + name.replace("_", "-"), str(whole // o.worlds + (1 if world < whole % o.worlds else 0))]
        yield plain + counted + ["--seed", str(o.seed + world * WORLD_SEEDS_APART)]


def tell(world, stream, last):
    """Passes on what a world says while it works; its sums are added up at the end."""
    for line in stream:
        if line.startswith("  run "):
            print("  world %d,%s" % (world, line[1:]), end="", flush=True)
        else:
            last.append(line.rstrip())


def side_by_side(o, tally):
    folder = tempfile.mkdtemp(prefix="tongqu-worlds-", dir=o.work)
    worlds = []
    for number, arguments in enumerate(shares(o)):
        result = os.path.join(folder, "%d.json" % number)
        process = subprocess.Popen([sys.executable, os.path.abspath(__file__), *arguments, "--json", result], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        last = collections.deque(maxlen=12)
        reader = threading.Thread(target=tell, args=(number, process.stdout, last))
        reader.start()
        worlds.append((process, reader, result, arguments, last))
    for process, reader, result, arguments, last in worlds:
        reader.join()
        code = process.wait()
        if not os.path.exists(result):
            tally.failed_seeds.append(int(arguments[-1]))
            tally.examples.append("world with seed %s ended with %d and no result: %s" % (arguments[-1], code, " | ".join(last)))
            continue
        with open(result, encoding="utf-8") as f:
            tally.add(json.load(f))
        if code and tally.clean():
            tally.failed_seeds.append(int(arguments[-1]))
    shutil.rmtree(folder)


def main(arguments=None):
    o = options_of(arguments)
    points = points_of(o)
    tally = Tally()
    if o.power_cuts:
        why = power.why_not()
        if why:
            print("torture: POWER CUTS SKIPPED: " + why, file=sys.stderr)
            tally.skipped.append("power cuts: " + why)
            o.power_cuts = 0
    if o.postgres and server.why_not():
        print("torture: POSTGRESQL SKIPPED: " + server.why_not(), file=sys.stderr)
        return 0
    if o.syscalls and shutil.which("strace") is None:
        print("torture: SYSCALL FAULTS SKIPPED: no strace", file=sys.stderr)
        tally.skipped.append("syscalls: no strace")
        o.syscalls = 0
    print("torture: seed %d" % o.seed, flush=True)
    if o.worlds > 1:
        side_by_side(o, tally)
    else:
        one_after_the_other(o, tally, points)
    return finish(o, tally)


def one_after_the_other(o, tally, points):
    number = 0
    while time.monotonic() < o.deadline and not tally.failed_seeds:
        left = 0 if o.clean else o.kills - tally.kills
        if (number or not (o.clean or o.kills or o.power_cuts or o.freezes or o.syscalls)) and left <= 0 and tally.cuts >= o.power_cuts and tally.freezes >= o.freezes \
                and tally.syscalls >= o.syscalls:
            break
        # The first run has the seed itself, so that a failing seed given again is that very run.
        Run(o, o.seed + number * 1000003, tally, points).go(min(o.per_run, max(0, left)))
        number += 1


def finish(o, tally):
    for example in tally.examples[:40]:
        print("  " + example)
    if tally.missed:
        print("  not reached in time (killed at that moment instead): " + ", ".join("%s %d" % pair for pair in sorted(tally.missed.items())))
    if tally.starts:
        ordered = sorted(tally.starts)
        print("  start to ready: median %.0f ms, longest %.0f ms; %d at points, %d at random moments; %d settled by the operator" % (
            1000 * ordered[len(ordered) // 2], 1000 * ordered[-1], tally.kills - tally.random_kills, tally.random_kills, tally.resolved))
    others = {law: n for law, n in tally.laws.items() if n and law not in ("L1", "L2", "L4", "L7")}
    if others:
        print("  also broken: " + ", ".join("%s %d times" % pair for pair in others.items()))
    for seed in tally.failed_seeds:
        print("  failing seed: %d" % seed)
    print(tally.line())
    if o.json:
        with open(o.json, "w", encoding="utf-8") as f:
            json.dump(dict(vars(tally), line=tally.line(), seed=o.seed), f, ensure_ascii=False, indent=1)
    if o.record:
        record(o, tally)
    return 0 if tally.clean() else 1


def record(o, tally):
    """Arguments as given, without those that only say where things are."""
    given, skip = [], False
    for word in sys.argv[1:]:
        if not skip and word not in ("--bin", "--record", "--work", "--json", "--keep", "--quiet"):
            given.append(word)
        skip = word in ("--bin", "--record", "--work", "--json")
    before = {"runs": []}
    if os.path.exists(o.record):
        with open(o.record, encoding="utf-8") as f:
            before = json.load(f)
    arguments = " ".join(given if "--seed" in given else given + ["--seed", str(o.seed)])
    runs = [run for run in before["runs"] if run["arguments"] != arguments]
    runs.append({"arguments": arguments, "line": tally.line(), "laws": tally.laws, "kills": tally.kills, "cuts": tally.cuts, "at_points": tally.points})
    with open(o.record, "w", encoding="utf-8") as f:
        json.dump({"date": time.strftime("%Y-%m-%d"), "runs": runs}, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    sys.exit(main())
