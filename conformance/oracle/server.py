"""A PostgreSQL server of our own in a folder, whose machine may lose its power."""
import glob
import os
import pwd
import signal
import subprocess
import time

from power import hold
from world import die_with_parent

SETTINGS = {"listen_addresses": "", "max_connections": "60", "shared_buffers": "32MB", "max_wal_size": "64MB", "checkpoint_timeout": "30s", "fsync": "on", "full_page_writes": "on",
            "synchronous_commit": "on"}


def programs():
    """Folder of the newest server's programs; empty when there is none."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: [int(part) for part in path.split("/")[4].split(".")])
    return os.path.dirname(found[-1]) if found else ""


def user():
    """Whom the server runs as: it refuses root. (None, None): as we are."""
    if os.geteuid() != 0:
        return None, None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
        except KeyError:
            continue
    raise KeyError("root, and no other user")


def why_not():
    if not programs():
        return "no /usr/lib/postgresql/*/bin/initdb"
    return ""


class Server:
    """`place` holds the data, `beside` the socket and the server's log."""

    def __init__(self, place, beside):
        self.data, self.beside, self.bin = os.path.join(place, "pg"), beside, programs()
        uid, gid = user()
        self.as_user = {} if uid is None else {"user": uid, "group": gid, "extra_groups": []}
        os.makedirs(beside, exist_ok=True)
        os.mkdir(self.data)
        if uid is not None:
            for folder in (self.data, beside):
                os.chown(folder, uid, gid)
        os.chmod(self.data, 0o700)
        self.run("initdb", "-D", self.data, "-U", "tongqu", "-A", "trust", "-E", "UTF8", "--locale=C")
        self.start()

    def run(self, program, *arguments):
        done = subprocess.run([os.path.join(self.bin, program), *arguments], cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=120, **self.as_user)
        if done.returncode != 0:
            raise RuntimeError("%s gave %d: %s" % (program, done.returncode, done.stdout.strip()))
        return done.stdout

    def start(self):
        """Returns when it answers: after a power cut it has read its log by then."""
        settings = [word for pair in dict(SETTINGS, unix_socket_directories=self.beside).items() for word in ("-c", "%s=%s" % pair)]  # In a file they would have to be synced.
        with open(os.path.join(self.beside, "server.txt"), "ab") as log:
            self.process = subprocess.Popen([os.path.join(self.bin, "postgres"), "-D", self.data, *settings], cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent,
                                            **self.as_user)
        end = time.monotonic() + 60
        while subprocess.run([os.path.join(self.bin, "pg_isready"), "-q", "-h", self.beside, "-t", "1"], check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the server did not start, see %s/server.txt" % self.beside)
            time.sleep(0.02)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.bury()

    def connection(self):
        return "host=%s dbname=postgres user=tongqu" % self.beside

    def children(self):
        found = []
        for status in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(status, encoding="ascii", errors="replace") as f:
                    words = f.read()
            except OSError:
                continue
            if int(words.rsplit(")", 1)[1].split()[1]) == self.process.pid:
                found.append(int(words.split()[0]))
        return found

    def hold(self):
        """Stops all of it, the server first, so that it starts nobody else."""
        hold(self.process.pid)
        for pid in self.children():
            hold(pid)

    def bury(self):
        pids = self.children()
        for pid in [self.process.pid, *pids]:
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
        end = time.monotonic() + 20
        while any(self.lives(pid) for pid in pids) and time.monotonic() < end:
            time.sleep(0.002)

    @staticmethod
    def lives(pid):
        try:
            with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as f:
                return f.read().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            return False

    def chain(self):
        """All entries of the audit chain, in the form of chain.entries."""
        sql = "COPY (SELECT seq, at_ms, kind, encode(subject, 'hex'), encode(detail, 'hex'), encode(digest, 'hex'), encode(mac, 'hex') FROM tongqu.audit ORDER BY seq) TO STDOUT;"
        rows = []
        for line in self.run("psql", "-X", "-q", "-h", self.beside, "-U", "tongqu", "-d", "postgres", "-c", sql).splitlines():
            seq, at_ms, kind, subject, detail, digest, mac = line.split("\t")
            rows.append((int(seq), int(at_ms), kind, bytes.fromhex(subject).decode(), bytes.fromhex(detail).decode(), None if digest == "\\N" else bytes.fromhex(digest), bytes.fromhex(mac)))
        return rows
