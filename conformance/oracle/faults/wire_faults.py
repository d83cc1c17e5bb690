"""Networks, names and certificates that fail."""
import contextlib
import os
import resource
import socket
import ssl
import subprocess
import time

from case import case
from peers import Authority, Front, NameServer, SlowCallers

NAME = "platform.example.test"


def more_descriptors():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def answer_times(run, count):
    """Seconds that a small question of our own takes, sorted."""
    times = []
    for _ in range(count):
        began = time.monotonic()
        host, port = run.world.urls["qinglan"].split(":")
        with socket.create_connection((host, int(port)), timeout=run.patience(20)) as one:
            one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            run.need(one.recv(100).startswith(b"HTTP/1.1 "), "a caller among slow ones was not answered")
        times.append(time.monotonic() - began)
    return sorted(times)


@case("slow_clients", (40,))
def slow_clients(run):
    """Thousands that send a byte now and then, or do not read: the others are served as before."""
    more_descriptors()
    run.up()
    run.flow(5)
    for kind in ("heads", "bodies", "reads"):
        idle = answer_times(run, 40)
        callers = SlowCallers(run.world.urls["qinglan"], "/services/spxt", kind, run.amount(2000, 150))
        began, told = time.monotonic(), run.senders.acknowledged()
        while time.monotonic() - began < run.amount(45, 3):
            run.need(run.world.bridge.poll() is None, "the bridge ended by itself with %s" % run.world.bridge.poll())
            time.sleep(0.2)
        busy = answer_times(run, 40)
        run.flow(5)
        made, ended = callers.end()
        # The machine may be busy with anything: the bound is far above what slow callers alone may do.
        run.need(busy[36] < run.patience(max(0.5, 20 * idle[36])), "9 of 10 others waited %.0f ms instead of %.0f" % (1000 * busy[36], 1000 * idle[36]))
        run.need(run.small or kind != "heads" or ended >= made // 2, "slow heads were never ended: %d of %d" % (ended, made))
        run.say("%s: %d made, %d ended, p90 of the others %.1f to %.1f ms, %d taken in" % (kind, made, ended, 1000 * idle[36], 1000 * busy[36], run.senders.acknowledged() - told))
    with open("/proc/%d/status" % run.world.bridge.pid, encoding="ascii") as f:
        resident = next(int(line.split()[1]) // 1024 for line in f if line.startswith("VmRSS"))
    run.need(resident < 200, "%d MB are used after the slow callers" % resident)


def nft(*rules):
    subprocess.run(["nft", "-f", "-"], input="\n".join(rules) + "\n", text=True, check=True)


@contextlib.contextmanager
def rules(*lines):
    nft("table inet fault {", " chain input { type filter hook input priority 0;", *lines, " }", "}")
    try:
        yield
    finally:
        nft("delete table inet fault")


def port_of(address):
    return address.split(":")[-1]


@case("half_open", (41,), needs=("namespace",))
def half_open(run):
    """Callers and platforms vanish without a word: neither may hold a place for ever."""
    run.up()
    run.flow(5)
    listen = port_of(run.world.urls["yunxi"])
    host, port = run.world.urls["yunxi"].split(":")
    crowd = [socket.create_connection((host, int(port)), timeout=5) for _ in range(200)]
    for one in crowd[:100]:
        one.sendall(b"POST /report HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
    before = established(listen)
    ports = ", ".join(str(one.getsockname()[1]) for one in crowd)
    with rules("  tcp sport { %s } drop" % ports, "  tcp dport { %s } drop" % ports):
        end = time.monotonic() + 100
        while established(listen) > before - 195 and time.monotonic() < end:
            time.sleep(0.5)
        lasted = 100 - (end - time.monotonic())
        run.need(established(listen) <= before - 195, "%d of 200 vanished callers hold their places after 100 s" % established(listen))
    for one in crowd:
        one.close()
    run.say("vanished callers were let go within %.0f s" % lasted)
    for died in (False, True):  # What was on its way into the lost network must not arrive when it is back: by then it was asked about and sent again.
        with rules("  tcp dport %s drop" % port_of(run.world.addresses["queryable"])):
            run.arrive("dedup", 5)
            time.sleep(3)
            if died:
                run.world.kill_bridge()
                run.up()
                run.arrive("dedup", 2)
        run.arrive("queryable", 5, 60)


def established(port):
    """Connections that the server's side of a port still has open, as the kernel counts them."""
    count = 0
    with open("/proc/net/tcp", encoding="ascii") as f:
        for line in f.readlines()[1:]:
            fields = line.split()
            count += fields[1].endswith(":%04X" % int(port)) and fields[3] in ("01", "08")
    return count


@case("connections_reset", (42,), needs=("namespace",))
def connections_reset(run):
    """One packet in twelve is answered with a reset, on both sides of the bridge."""
    run.up()
    run.flow(5)
    both = ", ".join([port_of(a) for a in run.world.addresses.values()] + [port_of(u) for u in run.world.urls.values()])
    with rules("  tcp dport { %s } tcp flags & (syn | rst) == 0 numgen random mod 12 == 0 reject with tcp reset" % both,
               "  tcp sport { %s } tcp flags & (syn | rst) == 0 numgen random mod 24 == 0 reject with tcp reset" % both):
        run.flow(run.amount(120, 10), 300)
    run.flow(3)


@case("loss_and_low_rate", (43,), needs=("namespace",))
def loss_and_low_rate(run):
    """Every third packet is lost, and no more than 64 kbit a second pass to a platform: slow, and nothing twice."""
    run.up()
    run.flow(5)
    both = ", ".join([port_of(a) for a in run.world.addresses.values()] + [port_of(u) for u in run.world.urls.values()])
    slow = port_of(run.world.addresses["neither"])
    with rules("  tcp dport { %s } numgen random mod 100 < 30 drop" % both, "  tcp dport %s limit rate over 8 kbytes/second drop" % slow):
        run.flow(run.amount(40, 4), 600)
        run.arrive("dedup", run.amount(10, 2), 300)
    run.flow(3)


def seen_in_log(run, since, words):
    log = run.log()[since:]
    return any(word in log for word in words)


@case("names_that_fail", (44,), needs=("namespace",))
def names_that_fail(run):
    """The name of one platform is unknown, fails, is answered late or wrongly: only that platform waits, and by itself no longer than needed."""
    resolv = run.world.path("run", "resolv.conf")
    with open(resolv, "w", encoding="ascii") as f:
        f.write("nameserver 127.0.0.1\noptions timeout:5 attempts:3\n")
    subprocess.run(["mount", "--bind", resolv, "/etc/resolv.conf"], check=True)
    names, front = NameServer(NAME), Front(run.world.addresses["dedup"])
    run.world.peers["dedup"] = ("http://%s:%d" % (NAME, front.port), NAME, "")
    run.world.write_config()
    for mode in ("nxdomain", "servfail", "silent", "moved", "v6only"):
        names.mode, names.address = mode, "127.0.0.9" if mode == "moved" else "127.0.0.1"
        since = len(run.log())
        run.up()
        threads = run.threads()
        arrived = run.effects("dedup")
        run.arrive("neither", 4, 60)
        run.need(run.effects("dedup") == arrived, "something arrived at a platform without an address (%s)" % mode)
        end = time.monotonic() + run.patience(30)
        while not seen_in_log(run, since, (b"net.connect", b"net.timeout")) and time.monotonic() < end:
            time.sleep(0.1)
        run.need(seen_in_log(run, since, (b"net.connect", b"net.timeout")), "nothing tells that the platform cannot be reached (%s)" % mode)
        time.sleep(run.amount(10, 4))
        run.need(run.threads() <= threads + 48, "threads pile up while names are slow: %d, then %d" % (threads, run.threads()))
        began = time.monotonic()
        code = run.world.stop_bridge()
        run.need(code == 0, "SIGTERM gave %s while the name server is %s" % (code, mode))
        run.need(time.monotonic() - began < run.patience(14), "the end took %.0f s while the name server is %s" % (time.monotonic() - began, mode))
    names.mode, names.address = "nxdomain", "127.0.0.1"
    run.up()
    run.flow(3)
    names.mode = "ok"
    run.arrive("dedup", 5, 60)
    front.become("pass")      # All connections end, and the name is asked for again.
    names.mode = "nxdomain"
    run.arrive("neither", 5, 60)
    names.mode = "ok"
    run.arrive("dedup", 3, 60)


@case("certificates", (45,), needs=("faketime",))
def certificates(run):
    """A platform shows certificates that must not be believed, old protocols, or nothing at all: nothing is sent to it, the others go on."""
    a = Authority(run.world.path("tls"))
    host = "localhost"
    old = a.server("old", host)
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1
    bad = [("expired", "pass", a.server("expired", host, when="-20d", days=5)), ("not valid yet", "pass", a.server("early", host, when="+5d")),
           ("another name", "pass", a.server("name", "elsewhere.example.test")), ("self-signed", "pass", a.server("self", host, self_signed=True)),
           ("another authority", "pass", a.server("foreign", host, authority="other")), ("TLS 1.0 only", "pass", old), ("stalled", "silent", None), ("reset", "reset", None),
           ("closed", "close", None), ("no TLS at all", "pass", None)]
    good = a.server("good", host)
    front = Front(run.world.addresses["dedup"])
    run.world.peers["dedup"] = ("https://localhost:%d" % front.port, "localhost", " ca_file: %s," % a.ca)
    run.world.write_config()
    front.become("pass", good)
    run.up()
    run.arrive("dedup", 3, 60)
    for what, mode, context in run.rng.sample(bad, 4) if run.small else bad:
        front.become(mode, context)
        time.sleep(0.5)       # What was on its way has ended.
        arrived, since, seen = run.effects("dedup"), len(run.log()), front.seen
        run.arrive("neither", 3, 60)
        end = time.monotonic() + run.patience(30)
        while not (front.seen > seen and seen_in_log(run, since, (b"net.tls", b"net.timeout", b"net.connect"))) and time.monotonic() < end:
            time.sleep(0.1)
        run.need(front.seen > seen and seen_in_log(run, since, (b"net.tls", b"net.timeout", b"net.connect")), "nothing tells that the certificate is bad: " + what)
        if mode == "pass" and context:
            run.need(seen_in_log(run, since, (b"net.tls",)), "not named as a fault of TLS: " + what)
        run.need(run.effects("dedup") == arrived, "something was sent to a platform whose certificate is " + what)
    for name in ("good", "renewed"):  # The same authority, another key: not pinned to a key, so it goes on.
        front.become("pass", a.server(name, host))
        run.arrive("dedup", 3, 60)
    run.say("%d kinds refused" % (4 if run.small else len(bad)))
