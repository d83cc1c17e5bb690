"""The process itself: stopped, ended, restarted, without descriptors, memory or threads."""
import contextlib
import os
import signal
import socket
import subprocess
import time

import power
from case import case

SHIM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "no_memory.c")


@case("stop_for_a_minute", (8,))
def stop_for_a_minute(run):
    """Longer than every claim lasts: what comes back afterwards is an old worker, whose fence no longer counts."""
    run.up()
    run.flow(5)
    for _ in range(run.amount(3, 1)):
        power.freeze(run.world.bridge.pid, run.amount(60, 2))
        run.flow(5)


@case("terminate_under_load", (9,))
def terminate_under_load(run):
    slowest = 0
    for number in range(run.amount(100, 4)):
        run.up()
        time.sleep(run.rng.uniform(0.02, 0.5))
        began = time.monotonic()
        code = run.world.stop_bridge()
        slowest = max(slowest, time.monotonic() - began)
        run.need(code == 0, "SIGTERM gave %s in round %d" % (code, number + 1))
        states = run.settled_states()
        run.need(states["sending"] == 0, "%d deliveries are left as being sent" % states["sending"])
        lost = [d for d in run.world.deliveries("unknown") if d["error_id"] == "journal.worker_lost"]
        run.need(not lost, "%d claims were dropped by a clean end" % len(lost))
    run.say("slowest end %.1f s" % slowest)
    run.up()


@case("hot_restart", (51,))
def hot_restart(run):
    """The next one takes the sockets over; nobody who sends may notice."""
    run.up()
    run.flow(5)
    world, rounds = run.world, run.amount(100, 4)
    for number in range(rounds):
        before, reader = world.bridge, world.reader
        ready_before = len(world.starts)
        world.start_bridge(arguments=("--take-over",))
        end = time.monotonic() + run.patience(40)
        while len(world.starts) == ready_before and time.monotonic() < end:
            run.need(world.bridge.poll() is None, "the one that takes over ended with %s in round %d" % (world.bridge.poll(), number + 1))
            time.sleep(0.01)
        run.need(len(world.starts) > ready_before, "the one that takes over was not ready in 40 s")
        try:
            code = before.wait(timeout=30)
        except subprocess.TimeoutExpired:
            before.kill()
            code = None
        reader.join(10)
        run.need(code == 0, "the one that gave its sockets away ended with %s in round %d" % (code, number + 1))
        run.flow(2)
    untold = sum(1 for line in open(world.path("oracle", "sent.jsonl"), "rb") if b'"state":"nothing"' in line)
    run.need(untold == 0, "%d requests were not answered" % untold)
    run.say("%d restarts, every request answered" % rounds)


@case("no_descriptors", (60,))
def no_descriptors(run):
    """More callers than descriptors: the bridge waits instead of spinning, and goes on when they have gone."""
    run.up(wrapper=("prlimit", "--nofile=80:80"))
    run.flow(3)
    host, port = run.world.urls["qinglan"].split(":")
    crowd = []
    for _ in range(200):
        one = socket.socket()
        one.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            one.connect((host, int(port)))
        crowd.append(one)
    time.sleep(1)
    used, began = run.cpu_seconds(), time.monotonic()
    time.sleep(run.amount(6, 3))
    share = (run.cpu_seconds() - used) / (time.monotonic() - began)
    run.need(run.world.bridge.poll() is None, "the bridge ended by itself with %s" % run.world.bridge.poll())
    run.need(share < 0.5, "without descriptors the bridge uses %.0f %% of a processor" % (100 * share))
    for one in crowd:
        one.close()
    run.flow(5)
    run.say("%.0f %% of a processor meanwhile" % (100 * share))


@case("memory_limit", (61,), needs=("cgroup",))
def memory_limit(run):
    """The kernel kills a process that outgrows its control group; that is a SIGKILL like any other."""
    run.up()
    run.flow(3)
    group = "/sys/fs/cgroup/memory/tongqu-fault-%d" % os.getpid()
    os.mkdir(group)
    try:
        for _ in range(run.amount(8, 2)):
            host, port = run.world.urls["linhu"].split(":")
            with open(os.path.join(group, "cgroup.procs"), "w", encoding="ascii") as f:
                f.write(str(run.world.bridge.pid))
            # What it had before is not counted here: so many bytes may still come.
            with open(os.path.join(group, "memory.limit_in_bytes"), "w", encoding="ascii") as f:
                f.write(str(24 << 20))
            crowd = []
            for _ in range(60):
                one = socket.create_connection((host, int(port)), timeout=2)
                one.setblocking(False)
                with contextlib.suppress(OSError):
                    one.send(b"POST /api/push HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 8000000\r\n\r\n")
                crowd.append(one)
            end = time.monotonic() + 30
            while run.world.bridge.poll() is None and time.monotonic() < end:
                for one in crowd:
                    with contextlib.suppress(OSError):
                        one.send(b"x" * 65536)
                time.sleep(0.005)
            for one in crowd:
                one.close()
            run.need(run.world.bridge.poll() == -signal.SIGKILL, "the bridge was not killed for its memory but %s" % run.world.bridge.poll())
            run.world.kill_bridge()
            run.up()
            run.flow(2)
    finally:
        run.world.kill_bridge()
        os.rmdir(group)
    run.up()


class NoMemory:
    """A library before the bridge whose n-th allocation fails once; it is armed from outside through a page that both have mapped."""

    def __init__(self, run):
        self.library, self.page = run.world.path("run", "no_memory.so"), run.world.path("run", "no_memory.page")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", self.library, SHIM, "-ldl"], check=True)
        with open(self.page, "wb") as f:
            f.write(b"\0" * 4096)
        run.world.env = {"LD_PRELOAD": self.library, "TONGQU_NO_MEMORY": self.page}

    def arm(self, nth):
        """The n-th from now on; 0 for none."""
        with open(self.page, "r+b", buffering=0) as f:
            f.seek(8)
            f.write(nth.to_bytes(8, "little"))
            f.seek(0)
            f.write((1 if nth else 0).to_bytes(8, "little"))

    def failed(self):
        with open(self.page, "rb") as f:
            f.seek(16)
            return int.from_bytes(f.read(8), "little")


@case("no_memory", (62,), needs=("cc",))
def no_memory(run):
    """One allocation of the running bridge fails, at every place in turn. Where it belonged to one request, somebody is told to come again; where it belonged to a thread
    that all depend on, the process may end, as by a kill: a thread that goes on with half of its work done would be worse. The laws say whether that is so."""
    shim = NoMemory(run)
    run.up()
    run.flow(3)
    ended = 0
    for _ in range(run.amount(300, 40)):
        before = shim.failed()
        shim.arm(run.rng.randrange(1, 4000))
        end = time.monotonic() + 2
        while shim.failed() == before and time.monotonic() < end:
            time.sleep(0.002)
        if run.world.wait_dead(0.02):
            code = run.world.bridge.returncode
            run.need(code in (-signal.SIGABRT,) or code > 0, "the process ended with %d for want of one allocation" % code)
            ended += 1
            run.world.buried()
            shim.arm(0)
            run.up()
    shim.arm(0)
    run.flow(5)
    run.need(shim.failed() > ended, "no failure of an allocation was contained")
    run.say("%d allocations failed, %d of them ended the process" % (shim.failed(), ended))


@case("thread_limit", (63,), needs=("strace",), sample=True)
def thread_limit(run):
    """The n-th thread cannot be made, for every n of a start: it says why and ends, or works with fewer; it is never ended by a signal."""
    refused = started = 0
    for number in range(1, run.amount(16, 9) + 1):
        before = len(run.log())
        run.strace("clone3,clone", "error=EAGAIN:when=%d" % number)
        if run.world.ready.is_set() and run.world.bridge.poll() is None:
            started += 1
            run.world.kill_bridge()
            continue
        code = run.ends(40, "thread %d could not be made" % number)
        refused += 1
        run.need(code < 100 and b"no thread can be started" in run.log()[before:], "no reason was given for thread %d (%s)" % (number, code))
    run.need(refused > 2, "no start was refused: the fault was not there")
    run.say("%d starts refused with a reason, %d went on" % (refused, started))
    run.up()
    run.flow(3)


@case("log_pipe_never_read", (71,), sample=True)
def log_pipe_never_read(run):
    """Who reads the log has gone to sleep: nothing may wait for him."""
    reader, writer = os.pipe()
    run.world.log_to = os.fdopen(writer, "wb", buffering=0)
    try:
        run.up()
        host, port = run.world.urls["qinglan"].split(":")
        end = time.monotonic() + run.patience(60)
        refused = 0
        while refused < run.amount(3000, 900):   # Each leaves a line: more than any pipe holds.
            run.need(time.monotonic() < end, "after %d refusals nobody is answered any more" % refused)
            with socket.create_connection((host, int(port)), timeout=run.patience(5)) as one:
                one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n")
                run.need(one.recv(100).startswith(b"HTTP/1.1 400"), "a request without meaning was not refused")
            refused += 1
        run.flow(5)
        dropped = run.metric("tongqu_log_dropped_total")
        run.need(dropped, "no counter tells of the lines that were dropped")
        run.say("%d refusals, %d lines dropped" % (refused, dropped))
    finally:
        os.set_blocking(reader, False)
        with contextlib.suppress(BlockingIOError):
            while os.read(reader, 1 << 16):
                pass
        os.close(reader)
        run.world.log_to.close()
        run.world.log_to = None
