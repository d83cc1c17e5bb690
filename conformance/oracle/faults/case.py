"""One fault, one world: the senders work, the fault happens, the laws of the oracle are held against the ledgers, and the case adds what it expects itself."""
import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

ORACLE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ORACLE)
import checker  # noqa: E402
import ledger  # noqa: E402
import torture  # noqa: E402

CASES = {}
FAKETIME = next((p for p in ("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1") if os.path.exists(p)), "")


class Unmet(Exception):
    """What a case expects did not come about."""


class Case:
    def __init__(self, name, faults, needs, sample, before, fault):
        self.name, self.faults, self.needs, self.sample, self.before, self.fault = name, faults, needs, sample, before, fault

    def missing(self):
        """Why this case cannot run here; empty when it can."""
        checks = {"root": lambda: os.geteuid() == 0, "strace": lambda: shutil.which("strace"), "faketime": lambda: FAKETIME, "cc": lambda: shutil.which("cc"),
                  "namespace": lambda: os.geteuid() == 0 and shutil.which("unshare") and shutil.which("ip") and shutil.which("nft"),
                  "cgroup": lambda: os.geteuid() == 0 and os.path.isdir("/sys/fs/cgroup/memory")}
        absent = [need for need in self.needs if not checks[need]()]
        return "not here: " + ", ".join(absent) if absent else ""


def case(name, faults, needs=(), sample=False, before=None):
    """Names a fault run; `before` may change the world ahead of its platforms and its configuration."""
    def keep(fault):
        CASES[name] = Case(name, faults, needs, sample, before, fault)
        return fault
    return keep


class FaultRun(torture.Run):
    def __init__(self, which, options, small):
        arguments = ["--bin", options.bin, "--seed", str(options.seed), "--kills", "0", "--faults", "none", "--lanes", "1", "--pace-ms", "20", "--drain-s", "90", "--quiet"]
        super().__init__(torture.options_of(arguments + (["--work", options.work] if options.work else [])), options.seed, torture.Tally(), [])
        self.case, self.small, self.allowed, self.said, self.by_itself = which, small, [], [], False
        self.rng = random.Random("%d %s" % (options.seed, which.name))
        if which.before:
            which.before(self.world)

    @staticmethod
    def patience(seconds):
        """Time on a machine that is idle, as time on this one now: a wait that ends early would blame the bridge for its neighbours."""
        return seconds * max(1.0, os.getloadavg()[0] / (4 * (os.cpu_count() or 1)))

    def amount(self, whole, small):
        return small if self.small else whole

    # What a case says and asks for.

    def say(self, text):
        self.said.append(text)

    def need(self, true, text):
        if not true:
            raise Unmet(text)

    def allow(self, law, text):
        """A broken law that the fault itself makes, and nothing of ours can avoid: examples that contain the text."""
        self.allowed.append((law, text))

    def judged_by_itself(self):
        """Many worlds were made of one: the case has judged each, and the ledgers of all of them together say nothing."""
        self.by_itself = True

    def up(self, seconds=40, **how):
        self.world.start_bridge(**how)
        if self.world.wait_ready(self.patience(seconds)):
            return
        dead = self.world.bridge.poll()
        raise Unmet("the bridge did not start (%s)" % ("it ended with %d" % dead if dead is not None else "it hangs"))

    def strace(self, calls, what):
        """Starts the bridge under strace, which must get hold of it within three seconds and on a busy machine may not: then once more."""
        for _ in range(20):
            self.world.start_bridge(wrapper=("strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + calls, "-e", "inject=%s:%s" % (calls, what)))
            if self.world.wait_ready(self.patience(40)) or self.world.bridge.poll() != -signal.SIGALRM:
                return
            self.world.buried()

    def ends(self, seconds, what):
        """Waits until the bridge ends by itself, and says how; a signal that nobody sent is never right."""
        self.need(self.world.wait_dead(self.patience(seconds)), "the bridge went on: " + what)
        code = self.world.bridge.returncode
        self.world.buried()
        self.need(code > 0, "the bridge ended with %d: %s" % (code, what))
        return code

    def flow(self, count=3, seconds=40):
        """So many more acknowledgements."""
        seconds = self.patience(seconds)
        goal, end = self.senders.acknowledged() + count, time.monotonic() + seconds
        while self.senders.acknowledged() < goal:
            self.need(self.world.bridge.poll() is None, "the bridge ended by itself with %s" % self.world.bridge.poll())
            self.need(time.monotonic() < end, "no message was taken in for %d s" % seconds)
            time.sleep(0.02)

    def arrive(self, platform, count=3, seconds=40):
        """So many more effects at a platform."""
        seconds = self.patience(seconds)
        goal, end = self.effects(platform) + count, time.monotonic() + seconds
        while self.effects(platform) < goal:
            self.need(self.world.bridge.poll() is None, "the bridge ended by itself with %s" % self.world.bridge.poll())
            self.need(time.monotonic() < end, "nothing arrived at %s for %d s" % (platform, seconds))
            time.sleep(0.05)

    def effects(self, platform):
        with open(self.world.path("oracle", platform + ".jsonl"), "rb") as f:
            return sum(1 for line in f if line.startswith(b'{"k":"effect"'))

    def rows(self, platform, kind):
        return [row for row in ledger.read(self.world.path("oracle", platform + ".jsonl")) if row["k"] == kind]

    def kinds(self):
        """Kinds of entry in the audit chain."""
        return {row[2] for row in self.world.chain()}

    def log(self):
        path = self.world.path("out", "bridge.log")
        if not os.path.exists(path):
            return b""
        with open(path, "rb") as f:
            return f.read()

    def page(self, path="/metrics", seconds=5):
        connection = http.client.HTTPConnection(self.world.health, timeout=self.patience(seconds))
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def metric(self, name):
        return next((int(float(line.rsplit(" ", 1)[1])) for line in self.page().splitlines() if line.startswith(name + " ") or line.startswith(name + "{")), None)

    def threads(self):
        return len(os.listdir("/proc/%d/task" % self.world.bridge.pid))

    def cpu_seconds(self):
        with open("/proc/%d/stat" % self.world.bridge.pid, encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def settled_states(self):
        """Counts of the store of a bridge that does not run."""
        code, rows = self.world.tool("status")
        self.need(code == 0 and rows, "bridge status gave %d" % code)
        return rows[0]["deliveries"]

    # What torture.Run asks for.

    def suffer(self, _):
        try:
            self.case.fault(self)
            self.need(self.by_itself or (self.world.bridge is not None and self.world.bridge.poll() is None), "the bridge does not run at the end of the fault")
        except (Unmet, OSError, http.client.HTTPException, subprocess.SubprocessError, RuntimeError, KeyError) as why:
            self.fail("%s%s" % ("" if isinstance(why, Unmet) else type(why).__name__ + ": ", why))
            self.world.kill_bridge()

    def settle(self, senders):
        if not self.by_itself:
            return super().settle(senders)
        senders.finish(1)
        return None

    def judge(self, e):
        for law, texts in checker.judge(e).found.items():
            kept = [t for t in texts if not any(law == allowed and part in t for allowed, part in self.allowed)]
            self.tally.laws[law] += len(kept)
            if kept:
                self.fail("%s: %s%s" % (law, kept[0], " (and %d more)" % (len(kept) - 1) if len(kept) > 1 else ""))
        self.tally.effects = sum(1 for rows in e.platforms.values() for row in rows if row["k"] == "effect")

    def report(self, seconds):
        self.seconds = seconds
        if not self.failure and not self.o.keep:
            shutil.rmtree(self.dir, ignore_errors=True)


@contextlib.contextmanager
def small_disk(folder, size):
    """A file system of its own, in memory."""
    os.makedirs(folder, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + size, "tongqu-fault", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=False)


def fill(path):
    """Takes what room there is; to be removed to give it back."""
    with open(path, "ab", buffering=0) as f:
        with contextlib.suppress(OSError):
            while True:
                f.write(b"\0" * 4096)
