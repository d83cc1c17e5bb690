#!/usr/bin/env python3
"""The whole road under load: a sender, `tongqu bridge run` and `tongqu-conform sandbox` as processes of their own on this machine.

Closed loop first, for the rate that is sustained; then an open loop at 70 % of it, for the time to the acknowledgement. Judged by the
sandbox's own ledger: each acknowledged message must have taken effect exactly once, and nothing else may have.
With --queued N instead: N messages are taken in while the platform is in a pause; memory, the time from start to ready with them, and the
intake meanwhile beside that of an empty store; at last the pause ends and all must arrive, once (--keep-queued stops before that and
counts them in the journal only). With --slow N: the open loop twice, alone and beside N callers that send a byte now and then.
With --sm2: a test profile (sm2_bridge) signs and verifies for each message; beside it what the signatures alone take.
With --soak MINUTES: half of the sustained rate for so long; it fails when the memory or the descriptors of the bridge grow meanwhile.
Prints one JSON object {"bridge": ..., "limits": {"append_fdatasync": ..., "memory": ...}}; progress goes to standard error."""
import argparse
import collections
import http.client
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
TICK = os.sysconf("SC_CLK_TCK")
CONNECTIONS = 64          # Of the sender.
CONCURRENCY = 128         # Messages in flight to the platform.
LOAD_OF_OPEN_LOOP = 0.7
DRAIN_S = 15              # The last receipt must come within it.
QUEUED_AT_ONCE = 20000    # Messages of one sender; it makes them all before it sends.
INTAKE_ROUNDS = 4         # Of the queued store and of the empty one, in turns.
SLOW_BYTE_S = 2.0         # Between two bytes of a slow caller: far enough within the server's 30 seconds for a body.
SLOW_AT_ONCE = 10
LOAD_OF_SOAK = 0.5
SOAK_SAMPLE_S = 10.0      # One sender for each: what it sends stands in its memory beforehand.
SOAK_GROWTH_MB = 2.0      # Of the median of the last third over that of the middle third. Less is what an allocator does.
PAUSE = "pauses: [{from: 2000-01-01T00:00:00Z, until: 2149-01-01T00:00:00Z}], "

CONFIG = """# Written by scripts/bench.
model: {{reference_date: 2150-01-01}}
journal: {{path: state/journal.db, seal_key: {{file: keys/seal.key}}}}
audit: {{key: {{file: keys/audit.key}}, sign_key: {{file: keys/audit-sm2.pem}}, head_file: state/audit.head, public_key_file: keys/audit-sm2.pub.pem}}
listen:
  - {{name: county, family: soap, port: 0, path: /case, pack: bench-county}}
packs:
  - {{path: "{pack}"}}
platforms:
  - {{name: province, profile: {profile}, url: "http://{sandbox}", pinned_host: 127.0.0.1, target: "{target}", concurrency: {concurrency},
     {pause}credentials: {{paas_token: {{file: keys/paas.token}}{signing}}}, settings: {{paas_id: bench}}}}
routes:
  - {{system: "*", targets: [province]}}
health: {{listen: "127.0.0.1:0"}}
control: {{socket: state/control.sock}}
"""


class Failed(Exception):
    """The benchmark did not hold what it promises; its text says what."""


def say(text):
    print("bench: " + text, file=sys.stderr, flush=True)


def cpu_s(pid):
    """User and system time of a process, all threads, in seconds."""
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def peak_mb(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"VmHWM:\s+(\d+) kB", f.read()).group(1)) / 1024


def machine_s():
    """Seconds of all processors since the start of the machine: idle, waiting for a disk, working (taken by a host included)."""
    with open("/proc/stat") as f:
        user, nice, system, idle, iowait, irq, softirq, steal = (int(x) / TICK for x in f.readline().split()[1:9])
    return {"idle": idle, "disk": iowait, "work": user + nice + system + irq + softirq + steal}


def held(pid):
    """What a process holds now: resident memory in MB, open descriptors."""
    with open("/proc/%d/status" % pid) as f:
        found = re.search(r"VmRSS:\s+(\d+) kB", f.read())
    if not found:
        raise Failed("the bridge ended")
    return int(found.group(1)) / 1024, len(os.listdir("/proc/%d/fd" % pid))


def growth(memory_mb, descriptors):
    """What grew, in words; empty when nothing did. The first third of the samples is the time to get warm. Memory grows when the median of
    the last third is more than SOAK_GROWTH_MB above that of the middle third; descriptors, when the fewest of the last third are more than the
    most of the middle third. A leak does both at any pace that would matter; a step once, or a sample between two senders, does not."""
    third = len(memory_mb) // 3
    if third == 0:
        raise Failed("%d samples are too few to see growth" % len(memory_mb))
    middle, last = slice(-2 * third, -third), slice(-third, None)
    out = []
    memory = statistics.median(memory_mb[middle]), statistics.median(memory_mb[last])
    if memory[1] - memory[0] > SOAK_GROWTH_MB:
        out.append("memory from %.1f to %.1f MB" % memory)
    if min(descriptors[last]) > max(descriptors[middle]):
        out.append("descriptors from %d to %d" % (max(descriptors[middle]), min(descriptors[last])))
    return out


class Road:
    """Sandbox and bridge, started and stopped; files in a folder of its own on the disk that is measured."""

    def __init__(self, bin_dir, folder, sm2=False):
        self.bin, self.dir, self.processes = bin_dir, folder, []
        self.address = None
        self.profile, self.signing = ("tif_rio_sm2", ", sm2_key: {file: keys/sign-sm2.pem}") if sm2 else ("tif_rio", "")
        self.command = ("sm2_bridge", "run") if sm2 else ("tongqu", "bridge", "run", "-c")

    def sm2_pair(self, name):
        pem, public = self.path("keys", name + ".pem"), self.path("keys", name + ".pub.pem")
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-out", pem], check=True, stderr=subprocess.DEVNULL)
        os.chmod(pem, 0o600)
        subprocess.run(["openssl", "pkey", "-in", pem, "-pubout", "-out", public], check=True)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def start(self, name, *args):
        log = open(self.path(name + ".log"), "ab")
        process = subprocess.Popen([os.path.join(self.bin, args[0]), *args[1:]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        log.close()
        self.processes.append(process)
        return process

    def stop(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
            process.wait(timeout=20)
            process.stdin.close()
            process.stdout.close()
        self.processes = []

    def secret(self, name, text):
        with open(os.open(self.path("keys", name), os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
            f.write(text + "\n")

    def begin(self, pause=""):
        for folder in ("keys", "state"):
            os.mkdir(self.path(folder), 0o700)
        self.secret("seal.key", os.urandom(32).hex())
        self.secret("audit.key", os.urandom(32).hex())
        self.secret("paas.token", os.urandom(16).hex())
        self.sm2_pair("audit-sm2")
        self.sm2_pair("sign-sm2")
        self.sandbox = self.start("sandbox", "tongqu-conform", "sandbox", "--profile", "tif_rio", "--listen", "127.0.0.1:0", "--ledger", self.path("state", "province.ledger"),
                                  "--paas-id", "bench", "--token-file", self.path("keys", "paas.token"))
        line = self.sandbox.stdout.readline().split()
        if line[:2] != ["listening", "on"]:
            raise Failed("the sandbox did not start")
        self.address = line[-1]
        self.start_bridge(pause)

    def start_bridge(self, pause=""):
        """Seconds until it is ready."""
        with open(self.path("bridge.yaml"), "w") as f:
            f.write(CONFIG.format(pack=os.path.join(HERE, "packs", "bench-county"), sandbox=self.address, concurrency=CONCURRENCY, pause=pause, profile=self.profile, signing=self.signing,
                                  target=os.path.join(ROOT, "connectors", "platforms", "tif_rio", "targets", "case.yaml")))
        began = time.monotonic()
        self.bridge = self.start("bridge", *self.command, self.path("bridge.yaml"))
        ports = {}
        for line in self.bridge.stdout:
            words = line.split()
            if words[:1] in (["listening"], ["health"]):
                ports[words[0]] = int(re.search(r":(\d+)/", words[-1]).group(1))
            if words == ["ready"]:
                break
        else:
            with open(self.path("bridge.log")) as log:
                raise Failed("the bridge did not start\n" + log.read()[-2000:])
        self.port, self.health = ports["listening"], ports["health"]
        return time.monotonic() - began

    def stop_bridge(self):
        self.bridge.terminate()
        self.bridge.wait(timeout=60)
        self.bridge.stdin.close()
        self.bridge.stdout.close()
        self.processes.remove(self.bridge)

    def metrics(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.health, timeout=5)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        return text

    def deliveries(self):
        """Deliveries by state, from the bridge's own counters."""
        return {state: int(count) for state, count in re.findall(r'tongqu_deliveries\{state="(\w+)"\} (\d+)', self.metrics())}

    def writer(self):
        """What the journal's one thread has done, and where its time went, in seconds."""
        text = self.metrics()
        out = {part: int(us) / 1e6 for part, us in re.findall(r'tongqu_journal_writer_us_total\{part="(\w+)"\} (\d+)', text)}
        for name in ("groups", "operations"):
            out[name] = int(re.search(r"tongqu_journal_%s_total (\d+)" % name, text).group(1))
        return out


def make_sender(road, first, count, connections, rate, seconds):
    """A sender that makes its messages and then waits for its sign. Not in road.processes: it ends by itself, or when its input does."""
    arguments = [str(road.port), "/case", str(first), str(count), str(connections), "%f" % rate, "%f" % seconds, road.path("told-%d.tsv" % first)]
    return subprocess.Popen([os.path.join(road.bin, "bridge_load"), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


class Run:
    """One run of the sender: what it measured, what it was told, and what the others spent meanwhile."""

    def __init__(self, road, first, count, connections, rate, seconds, drain=True, sender=None, meanwhile=None):
        told = road.path("told-%d.tsv" % first)
        sender = sender or make_sender(road, first, count, connections, rate, seconds)
        try:
            if sender.stdout.readline() != "ready\n":
                raise Failed("the sender did not start")
            before = road.deliveries()["delivered"]
            made = cpu_s(sender.pid)
            spent = {p: cpu_s(p.pid) for p in (road.bridge, road.sandbox)}
            self.writer, self.machine, began = road.writer(), machine_s(), time.monotonic()
            sender.stdin.write("go\n")
            sender.stdin.flush()
            if meanwhile:
                meanwhile()
            done = sender.stdout.readline().split()
            if done[:1] != ["sent"]:
                raise Failed("the sender ended early")
            own = cpu_s(sender.pid) - made
            backlog = road.deliveries()
            self.last_receipt_s = self.drain(road, before + int(done[1])) if drain else time.monotonic()
            spent = {p: cpu_s(p.pid) - spent[p] for p in spent}
            self.look_at_waiting(road, sum(spent.values()) + own, time.monotonic() - began)
            self.sent = json.loads(sender.stdout.readline())
            self.code = sender.wait()
        finally:
            if sender.poll() is None:
                sender.kill()
                sender.wait()
        self.backlog_at_end = sum(backlog[state] for state in ("ready", "waiting", "sending", "unknown"))
        each = 1e6 / max(1, self.sent["accepted"])
        self.cpu_us = {"bridge": spent[road.bridge] * each, "sandbox": spent[road.sandbox] * each, "sender": own * each}
        self.delivered_per_s = self.sent["accepted"] / (self.last_receipt_s - self.sent["began_s"])
        self.told = []
        with open(told) as f:
            for line in f:
                self.told.append(line.rstrip("\n").split("\t"))
        if self.code != 0 or self.sent["accepted"] != self.sent["sent"]:
            raise Failed("%d of %d messages were not accepted" % (self.sent["sent"] - self.sent["accepted"], self.sent["sent"]))

    def look_at_waiting(self, road, ours_s, took_s):
        """Shares of the machine's time, and of the time of the journal's thread."""
        machine = {part: at - self.machine[part] for part, at in machine_s().items()}
        whole = sum(machine.values())
        self.machine = {"idle": machine["idle"] / whole, "disk": machine["disk"] / whole, "ours": ours_s / whole, "others_and_kernel": (machine["work"] - ours_s) / whole}
        writer = {part: at - self.writer[part] for part, at in road.writer().items()}
        groups, operations = max(1, writer["groups"]), max(1, writer["operations"])
        shares = {part: writer[part] / took_s for part in ("applying", "committing", "completing", "tidying")}
        self.writer = {"groups_per_s": groups / took_s, "operations_per_group": operations / groups, "queued_us": 1e6 * writer["queued"] / operations,
                       "committing_us_per_group": 1e6 * writer["committing"] / groups, **shares}

    @staticmethod
    def drain(road, wanted):
        """When the journal held the last receipt."""
        until = time.monotonic() + DRAIN_S
        while True:
            counts = road.deliveries()
            now = time.monotonic()
            if counts["delivered"] >= wanted:
                return now
            if now > until:
                raise Failed("not all was delivered: %s" % {k: v for k, v in counts.items() if v})
            time.sleep(0.02)

    def ack(self):
        return {name: self.sent[name] for name in ("p50_ms", "p90_ms", "p99_ms", "p999_ms", "max_ms")}


def judge(road, told):
    """Against the ledger of the sandbox: lost, doubled, stray effects, acknowledgements given twice."""
    effects = collections.Counter()
    with open(road.path("state", "province.ledger")) as f:
        for row in map(json.loads, f):
            if row["kind"] == "taken" and not row["duplicate"]:
                effects[row["project_no"]] += 1
    cases = collections.Counter(case for case, _, _ in told)
    ids = {message for _, message, _ in told}
    verdict = {"acknowledged": len(told),
               "lost": sum(1 for case in cases if case not in effects),
               "doubled": sum(n - 1 for n in effects.values() if n > 1),
               "stray": sum(1 for case in effects if case not in cases)}
    if len(ids) != len(told) or max(cases.values()) != 1:
        raise Failed("two messages were given one acknowledgement")
    if verdict["lost"] or verdict["doubled"] or verdict["stray"]:
        raise Failed("of %(acknowledged)d acknowledged, %(lost)d lost, %(doubled)d doubled, %(stray)d stray" % verdict)
    return verdict


def verify(road):
    """The audit chain, offline, after the bridge has stopped."""
    done = subprocess.run([os.path.join(road.bin, "tongqu"), "bridge", "verify", "-c", road.path("bridge.yaml")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Failed("the audit chain does not verify: " + done.stdout.strip() + done.stderr.strip())


def measure(road, once, seconds):
    warm = Run(road, 0, 100 if once else 4000, 4 if once else CONNECTIONS, 0, 0)
    told = list(warm.told)
    count = 100 if once else int(min(200000, warm.sent["per_s"] * seconds * 1.5))
    first = len(told)
    say("closed loop, %d connections" % CONNECTIONS)
    closed = Run(road, first, count, 4 if once else CONNECTIONS, 0, seconds)
    told += closed.told
    first += count
    rate = closed.delivered_per_s * LOAD_OF_OPEN_LOOP
    say("open loop at %.0f/s" % rate)
    opened = Run(road, first, 100 if once else int(rate * seconds), CONNECTIONS * 2, rate, 0)
    told += opened.told
    peak = {"bridge": peak_mb(road.bridge.pid), "sandbox": peak_mb(road.sandbox.pid)}
    verdict = judge(road, told)
    bytes_each = os.path.getsize(road.path("state", "journal.db")) / len(told)
    return {
        "delivered": {"per_s": round(closed.delivered_per_s, 1), "messages": closed.sent["accepted"], "backlog_at_last_ack": closed.backlog_at_end},
        "accepted": {"per_s": closed.sent["per_s"]},
        "machine": {name: round(value, 3) for name, value in closed.machine.items()},
        "writer": {name: round(value, 3) for name, value in closed.writer.items()},
        "ack": closed.ack(),
        "at_70_percent": {"per_s": round(opened.sent["per_s"], 1), "delivered_per_s": round(opened.delivered_per_s, 1), "ack": opened.ack(),
                          "cpu_us_per_message": round(opened.cpu_us["bridge"], 1)},
        "cpu_us_per_message": round(closed.cpu_us["bridge"], 1),
        "sandbox_cpu_us_per_message": round(closed.cpu_us["sandbox"], 1),
        "sender_cpu_us_per_message": round(closed.cpu_us["sender"], 1),
        "peak_mb": round(peak["bridge"], 1),
        "sandbox_peak_mb": round(peak["sandbox"], 1),
        "connections": 4 if once else CONNECTIONS,
        "concurrency": CONCURRENCY,
        "sealed": True,
        "store_bytes_per_message": round(bytes_each),
        "judged": verdict,
    }


def take_in(road, told, first, count, say_all):
    """Intake alone, by senders one after the other; messages per second while they sent."""
    sent = seconds = 0
    for at in range(first, first + count, QUEUED_AT_ONCE):
        run = Run(road, at, min(QUEUED_AT_ONCE, first + count - at), CONNECTIONS, 0, 0, drain=False)
        told += run.told
        sent, seconds = sent + run.sent["accepted"], seconds + run.sent["seconds"]
        if say_all:
            say("%d queued, %.0f /s, %.0f MB" % (len(told), run.sent["per_s"], peak_mb(road.bridge.pid)))
    return sent / seconds


def count_queued(road, told):
    counts = road.deliveries()
    if counts["ready"] != len(told) or len({message for _, message, _ in told}) != len(told):
        raise Failed("%d acknowledged, but the journal holds %s" % (len(told), {k: v for k, v in counts.items() if v}))


def written(pid):
    """Bytes that a process has had written."""
    with open("/proc/%d/io" % pid) as f:
        return int(re.search(r"^write_bytes: (\d+)", f.read(), re.MULTILINE).group(1))


class Intake:
    """What taking in costs one bridge, over several rounds."""

    def __init__(self, road, first):
        self.road, self.first, self.sent, self.seconds, self.cpu, self.bytes, self.told = road, first, 0, 0.0, 0.0, 0, []

    def take(self, count):
        cpu, before = cpu_s(self.road.bridge.pid), written(self.road.bridge.pid)
        per_s = take_in(self.road, self.told, self.first, count, False)
        self.first, self.sent, self.seconds = self.first + count, self.sent + count, self.seconds + count / per_s
        self.cpu, self.bytes = self.cpu + cpu_s(self.road.bridge.pid) - cpu, self.bytes + written(self.road.bridge.pid) - before

    def figures(self):
        return {"per_s": round(self.sent / self.seconds, 1), "cpu_us": round(1e6 * self.cpu / self.sent, 1), "written_bytes": round(self.bytes / self.sent)}


def measure_queued(road, queued, keep):
    """With many messages that wait for a platform in a pause. Their intake beside that of a second bridge with an empty store, in turns, so
    that both find the same machine; each first takes in what makes its memory warm."""
    told = []
    take_in(road, told, 0, queued, True)
    count_queued(road, told)
    peak = peak_mb(road.bridge.pid)
    road.stop_bridge()
    restart_s = road.start_bridge(PAUSE)
    round_of = max(50, min(QUEUED_AT_ONCE // 2, queued // 20))
    os.mkdir(road.path("empty"))
    other = Road(road.bin, road.path("empty"))
    try:
        other.begin(PAUSE)
        beside = [Intake(road, queued), Intake(other, 0)]
        for one in beside:
            one.take(2 * round_of)
            one.sent, one.seconds, one.cpu, one.bytes = 0, 0.0, 0.0, 0
        for _ in range(INTAKE_ROUNDS):
            for one in beside:
                one.take(round_of)
    finally:
        other.stop()
    told += beside[0].told
    count_queued(road, told)
    full, empty = (one.figures() for one in beside)
    out = {"messages": queued, "peak_mb": round(peak, 1), "restart_s": round(restart_s, 3), "intake_empty": empty, "intake_queued": full,
           "intake_share": round(full["per_s"] / empty["per_s"], 3),
           "peak_mb_after_restart": round(peak_mb(road.bridge.pid), 1), "store_mb": round(os.path.getsize(road.path("state", "journal.db")) / 1e6)}
    if keep:
        return out
    road.stop_bridge()
    began = time.monotonic()
    road.start_bridge()
    last = 0
    quiet_until = began + DRAIN_S
    while road.deliveries()["delivered"] < len(told):
        now, delivered = time.monotonic(), road.deliveries()["delivered"]
        if delivered > last:
            last, quiet_until = delivered, now + DRAIN_S
        if now > quiet_until:
            raise Failed("%d of %d were delivered, and then no more" % (last, len(told)))
        time.sleep(0.2)
    out["drained_per_s"] = round(len(told) / (time.monotonic() - began), 1)
    out["peak_mb_drained"] = round(peak_mb(road.bridge.pid), 1)
    out["judged"] = judge(road, told)
    return out


class SlowCallers:
    """Callers that are never done: each sends its request a byte at a time, and calls again when it is turned away."""

    HEAD = b"POST /case HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: 4000\r\n\r\n<"

    def __init__(self, port, count):
        self.port, self.count, self.ended, self.turned_away, self.open = port, count, threading.Event(), 0, 0
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def call(self):
        caller = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        caller.settimeout(1)
        caller.sendall(self.HEAD)
        return caller

    def run(self):
        callers = []
        while not self.ended.is_set():
            began = time.monotonic()
            while len(callers) < self.count and not self.ended.is_set():
                callers.append(self.call())
                self.open = len(callers)
            for at, caller in enumerate(callers):
                # Spread over the time: callers who do not know each other do not send at one moment.
                if at % SLOW_AT_ONCE == 0 and self.ended.wait(max(0.0, SLOW_BYTE_S * at / len(callers) - (time.monotonic() - began))):
                    break
                try:
                    caller.sendall(b" ")
                except OSError:
                    self.turned_away += 1
                    caller.close()
                    callers[at] = self.call()
            self.ended.wait(max(0.0, SLOW_BYTE_S - (time.monotonic() - began)))
        for caller in callers:
            caller.close()

    def stop(self):
        self.ended.set()
        self.thread.join()


def measure_slow(road, count, seconds, once):
    warm = Run(road, 0, 100 if once else 4000, 4 if once else CONNECTIONS, 0, 0)
    told, first = list(warm.told), len(warm.told)
    rate = 50 if once else warm.delivered_per_s * LOAD_OF_OPEN_LOOP
    acks = []
    for slow in (0, count):
        say("open loop at %.0f/s beside %d slow callers" % (rate, slow))
        callers = SlowCallers(road.port, slow) if slow else None
        try:
            while callers and callers.open < slow:
                if not callers.thread.is_alive():
                    raise Failed("%d of %d slow callers came in" % (callers.open, slow))
                time.sleep(0.05)
            run = Run(road, first, 100 if once else int(rate * seconds), CONNECTIONS * 2, rate, 0)
            if callers and not callers.thread.is_alive():
                raise Failed("the slow callers ended before the measurement did")
        finally:
            if callers:
                callers.stop()
        told += run.told
        first += len(run.told)
        acks.append(run.ack())
    return {"callers": count, "turned_away": callers.turned_away, "per_s": round(rate, 1), "ack_alone": acks[0], "ack_beside_slow": acks[1],
            "p99_ratio": round(acks[1]["p99_ms"] / acks[0]["p99_ms"], 2), "peak_mb": round(peak_mb(road.bridge.pid), 1), "judged": judge(road, told)}


class Soak:
    """Senders one after the other, each made while the one before it sends, and a sample of the bridge in the middle of each."""

    def __init__(self, road, first, rate, pieces, seconds):
        self.road, self.rate, self.pieces, self.seconds = road, rate, pieces, seconds
        self.count = max(20, int(rate * seconds))
        self.first, self.next, self.told = first, None, []
        self.memory_mb, self.descriptors, self.p99_ms = [], [], []

    def meanwhile(self):
        began = time.monotonic()
        if len(self.memory_mb) + 1 < self.pieces:
            self.next = make_sender(self.road, self.first + self.count, self.count, CONNECTIONS, self.rate, 0)
        time.sleep(max(0.0, self.seconds / 2 - (time.monotonic() - began)))
        memory, descriptors = held(self.road.bridge.pid)
        self.memory_mb.append(round(memory, 2))
        self.descriptors.append(descriptors)

    def run(self):
        try:
            while len(self.memory_mb) < self.pieces:
                sender, self.next = self.next, None
                run = Run(self.road, self.first, self.count, CONNECTIONS, self.rate, 0, sender=sender, meanwhile=self.meanwhile)
                self.told += run.told
                self.first += self.count
                self.p99_ms.append(run.sent["p99_ms"])
                if len(self.memory_mb) % 6 == 0:
                    say("%d delivered, %.1f MB, %d descriptors" % (len(self.told), self.memory_mb[-1], self.descriptors[-1]))
        finally:
            if self.next:
                self.next.kill()
                self.next.wait()


def measure_soak(road, minutes, once):
    warm = Run(road, 0, 200 if once else 20000, 4 if once else CONNECTIONS, 0, 0)
    rate = 100 if once else warm.delivered_per_s * LOAD_OF_SOAK
    seconds = 0.3 if once else SOAK_SAMPLE_S
    say("%.1f minutes at %.0f/s" % (minutes, rate))
    soak = Soak(road, len(warm.told), rate, max(3, round(minutes * 60 / seconds)), seconds)
    soak.run()
    out = {"minutes": minutes, "per_s": round(rate, 1), "messages": len(soak.told), "memory_mb": soak.memory_mb, "descriptors": soak.descriptors,
           "p99_ms_median": round(statistics.median(soak.p99_ms), 1), "p99_ms_worst": round(max(soak.p99_ms), 1),
           "judged": judge(road, warm.told + soak.told)}
    grew = growth(soak.memory_mb, soak.descriptors)
    if grew and not once:  # So short a time is all warming up.
        raise Failed("the bridge grew: %s; %s" % (", ".join(grew), json.dumps(out)))
    return out


def measure_sm2(road, seconds, once):
    """Every message signed with SM2: beside what the signatures alone take on the same processors, before it and after it."""
    def ceiling():
        done = subprocess.run([os.path.join(road.bin, "sm2_bridge"), "ceiling", road.path("keys", "sign-sm2.pem"), "0.1" if once else "%f" % (seconds / 2)],
                              stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout)

    warm = Run(road, 0, 100 if once else 2000, 4 if once else CONNECTIONS, 0, 0)
    say("signatures alone, closed loop, signatures alone")
    before = ceiling()
    count = 100 if once else int(min(200000, warm.sent["per_s"] * seconds * 1.5))
    closed = Run(road, len(warm.told), count, 4 if once else CONNECTIONS, 0, seconds)
    after = ceiling()
    signatures, cpu_us = ((before[name] + after[name]) / 2 for name in ("per_s", "cpu_us"))
    return {"delivered_per_s": round(closed.delivered_per_s, 1), "messages": closed.sent["accepted"], "signatures_alone_per_s": round(signatures, 1),
            "share": round(closed.delivered_per_s / signatures, 3), "cpu_us_per_message": round(closed.cpu_us["bridge"], 1),
            "signatures_cpu_us": round(cpu_us, 1), "share_of_cpu": round(cpu_us / sum(closed.cpu_us.values()), 3),
            "machine": {name: round(value, 3) for name, value in closed.machine.items()}, "judged": judge(road, warm.told + closed.told)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True, help="folder with tongqu, tongqu-conform, bridge_load and disk_bench")
    parser.add_argument("--once", action="store_true", help="one short iteration, for the tests")
    parser.add_argument("--seconds", type=float, default=8, help="of each of the two runs")
    parser.add_argument("--queued", type=int, default=0, help="instead: so many messages wait in the journal")
    parser.add_argument("--keep-queued", action="store_true", help="with --queued: do not deliver them at the end")
    parser.add_argument("--slow", type=int, default=0, help="instead: so many slow callers beside the others")
    parser.add_argument("--soak", type=float, default=0, help="instead: so many minutes at half of the sustained rate, for memory and descriptors")
    parser.add_argument("--sm2", action="store_true", help="instead: every message signed with SM2, beside the signatures alone")
    parser.add_argument("--keep", action="store_true", help="leave the folder with logs and stores")
    options = parser.parse_args()
    bin_dir = os.path.abspath(options.bin)
    # Beside the binaries: /tmp may be memory, which syncs nothing.
    folder = tempfile.mkdtemp(prefix="bench-", dir=os.path.dirname(bin_dir))
    road = Road(bin_dir, folder, options.sm2)
    code = 1
    try:
        road.begin(PAUSE if options.queued else "")
        if options.queued:
            out = {"queued": measure_queued(road, options.queued, options.keep_queued)}
        elif options.slow:
            out = {"slow": measure_slow(road, options.slow, options.seconds, options.once)}
        elif options.sm2:
            out = {"sm2": measure_sm2(road, options.seconds, options.once)}
        elif options.soak:
            out = {"soak": measure_soak(road, options.soak, options.once)}
        else:
            out = {"bridge": measure(road, options.once, options.seconds)}
        road.stop()
        verify(road)
        disk = subprocess.run([os.path.join(bin_dir, "disk_bench"), folder, "4096", "64", "0.05" if options.once else "2"], stdout=subprocess.PIPE, text=True, check=True)
        out["limits"] = json.loads(disk.stdout)
        print(json.dumps(out))
        code = 0
    except Failed as failure:
        print("bridge_bench: %s" % failure, file=sys.stderr)
    finally:
        road.stop()
        if options.keep or code != 0:
            say("logs and stores are in " + folder)
        else:
            shutil.rmtree(folder)
    sys.exit(code)


if __name__ == "__main__":
    main()
