"""Disks that fail, fill up, lose the store, or are held by somebody else."""
import contextlib
import os
import shutil
import sqlite3
import time

from case import case, fill, small_disk

@case("sync_never_works", (13,), needs=("strace",))
def sync_never_works(run):
    """The disk confirms nothing any more: every start ends by itself with the reason, however often it is tried; then the disk is mended."""
    run.up()
    run.flow(3)
    run.world.kill_bridge()
    for _ in range(run.amount(20, 2)):
        before = len(run.log())
        run.strace("fdatasync,fsync", "error=EIO:when=1+")
        code = run.ends(40, "no sync works")
        said = run.log()[before:].decode(errors="replace")
        run.need("did not confirm" in said or "journal." in said, "no reason was given (%d)" % code)
    run.up()
    run.flow(3)


@case("log_disk_full", (16,), needs=("root",))
def log_disk_full(run):
    """Log and signed head live on a disk that is full: messages go on, and the head is written when there is room."""
    with small_disk(run.world.path("logdisk"), "128k") as folder:
        head = os.path.join(folder, "audit.head")
        with open(run.world.path("bridge.yaml"), encoding="utf-8") as f:
            text = f.read()
        with open(run.world.path("bridge.yaml"), "w", encoding="utf-8") as f:
            f.write(text.replace("head_file: %s/audit.head" % run.world.state, "head_file: " + head))
        run.world.log_to = open(os.path.join(folder, "bridge.log"), "ab", buffering=0)
        fill(os.path.join(folder, "filler"))
        run.up()
        run.flow(run.amount(300, 12), 120)
        for _ in range(3):
            run.arrive("dedup", 2)
        run.need(not os.path.exists(head), "a head was written without room")
        os.unlink(os.path.join(folder, "filler"))
        end = time.monotonic() + run.patience(30)
        while not os.path.exists(head) and time.monotonic() < end:
            time.sleep(0.1)
        run.need(os.path.exists(head), "no head was written when there was room again")
        run.need(run.world.stop_bridge() == 0, "SIGTERM was not followed")
        code, rows = run.world.tool("verify")
        run.need(code == 0 and rows and rows[0]["ok"], "verify after the disk was full: %s" % rows)
        run.world.log_to.close()
        run.world.log_to = None
        shutil.copy(head, os.path.join(run.world.state, "audit.head"))
    run.world.write_config()
    run.up()
    run.flow(2)


def away(run, name):
    """Takes a file of the running store out of its place, and waits for what the bridge does about it."""
    path, aside = os.path.join(run.world.state, name), run.world.path("run", "aside")
    run.flow(3)
    told = run.senders.acknowledged()
    os.rename(path, aside)
    run.need(run.world.wait_dead(run.patience(20)), "%s is gone, and %d messages were acknowledged since" % (name, run.senders.acknowledged() - told))
    code = run.world.bridge.returncode
    run.world.buried()
    run.need(code > 0, "the bridge ended with %d when %s was gone" % (code, name))
    return path, aside


@case("store_removed", (20,), sample=True)
def store_removed(run):
    """The store's file or its log is taken away under the running bridge: it must end, and a start without the store must not make an empty one."""
    for name in ("journal.db", "journal.db-wal"):
        run.up()
        path, aside = away(run, name)
        run.need(not os.path.exists(path), "another %s was made" % name)
        if name == "journal.db":
            for rest in (True, False):
                if not rest:
                    os.rename(path + "-wal", aside + "-wal")
                run.world.start_bridge()
                run.ends(20, "the store is missing")
                run.need(not os.path.exists(path), "an empty store was made where one was missing")
            os.rename(aside + "-wal", path + "-wal")
        os.rename(aside, path)
    run.up()
    run.flow(3)


@case("foreign_writer", (21,))
def foreign_writer(run):
    """Another program holds the store for half a minute: intake is told to come again, nothing piles up, all goes on by itself."""
    run.up()
    run.flow(5)
    threads, slowest = run.threads(), 0
    with contextlib.closing(sqlite3.connect(os.path.join(run.world.state, "journal.db"), isolation_level=None, timeout=10)) as other:
        other.execute("BEGIN IMMEDIATE")
        told, end = run.senders.acknowledged(), time.monotonic() + run.amount(30, 12)
        while time.monotonic() < end:
            began = time.monotonic()
            run.page("/healthz", 10)
            slowest = max(slowest, time.monotonic() - began)
            run.need(run.world.bridge.poll() is None, "the bridge ended by itself with %s" % run.world.bridge.poll())
            run.need(run.threads() <= threads + 4, "threads pile up: %d, then %d" % (threads, run.threads()))
            time.sleep(0.25)
        run.need(run.senders.acknowledged() <= told + 3, "%d were acknowledged without a store" % (run.senders.acknowledged() - told))
        other.execute("ROLLBACK")
    run.flow(5, 60)
    run.say("health answered within %.1f s meanwhile" % slowest)


@case("two_bridges", (64, 65), sample=True)
def two_bridges(run):
    """A second one for the same store is refused and harms nothing; a killed one leaves nothing in the way."""
    run.up()
    run.flow(3)
    first, reader = run.world.bridge, run.world.reader
    for _ in range(run.amount(20, 2)):
        before = len(run.log())
        run.world.start_bridge()
        second, second_reader = run.world.bridge, run.world.reader
        code = second.wait(timeout=run.patience(40))
        second_reader.join(10)
        run.need(code > 0, "the second bridge ended with %d" % code)
        run.need(b"journal.locked" in run.log()[before:] or b"holds this store" in run.log()[before:], "the second bridge did not say why")
        run.world.bridge, run.world.reader = first, reader
        run.flow(2)
        run.need(run.world.ask(cmd="status").get("deliveries") is not None, "the first bridge lost its control socket")
    for _ in range(run.amount(20, 2)):
        run.world.kill_bridge()
        run.up()
    run.flow(2)
