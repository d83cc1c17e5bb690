"""One small world: a folder with keys, three platforms, a bridge that may be ended at any moment, and the operator's desk."""
import ctypes
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import chain

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CHARACTERS = ("dedup", "queryable", "neither")
LISTENERS = {"qinglan-spxt": ("qinglan", "soap", "/services/spxt"), "yunxi-zwfw": ("yunxi", "soap", "/report"), "linhu-onewin": ("linhu", "rest", "/api/push")}
PAAS_ID = "oracle"
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def die_with_parent():
    """A bridge must not outlive its judge, however that one ends."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class World:
    """Folders: `oracle` holds our own ledgers, `keys` the secrets, `state` the bridge's store, `run` its working and temporary folder."""

    def __init__(self, folder, bin_dir, seed, canaries, state=None, timings=None, server=None):
        self.dir, self.bin, self.seed, self.canaries = folder, os.path.abspath(bin_dir), seed, canaries
        self.characters, self.peers, self.journal_more, self.env, self.log_to = CHARACTERS, {}, "", {}, None  # What a fault may change before prepare().
        self.state, self.server = state or self.path("state"), server  # The store is a file in `state`, or in the server.
        self.timings = dict({"total_timeout_ms": 1200, "retry_min_ms": 20, "retry_max_ms": 400, "query_after_ms": 200, "concurrency": 8, "workers": 2}, **(timings or {}))
        self.bridge, self.ready, self.urls, self.health, self.control = None, threading.Event(), {}, "", ""
        self.sandboxes, self.addresses, self.starts, self.reader = {}, {}, [], None
        for name in ("oracle", "keys", "run", "run/tmp", "out"):
            os.makedirs(self.path(name), mode=0o700, exist_ok=True)
        os.makedirs(self.state, mode=0o700, exist_ok=True)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def secret(self, name, text):
        with open(os.open(self.path("keys", name), os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
            f.write(text + "\n")
        self.canaries.secret(name, text)

    def prepare(self):
        for name in ("seal.key", "audit.key"):
            self.secret(name, os.urandom(32).hex())
        for name in ("paas.token", "linhu.token"):
            self.secret(name, os.urandom(16).hex())
        pem = self.path("keys", "audit-sm2.pem")
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-out", pem], check=True, stderr=subprocess.DEVNULL)
        os.chmod(pem, 0o600)
        subprocess.run(["openssl", "pkey", "-in", pem, "-pubout", "-out", self.path("keys", "audit-sm2.pub.pem")], check=True)
        with open(pem, encoding="ascii") as f:
            self.canaries.secret("audit-sm2.pem", "".join(f.read().split("\n")[1:-2])[:60])
        shutil.copytree(os.path.join(ROOT, "connectors", "packs"), self.path("packs"))
        for number, character in enumerate(self.characters):
            self.start_sandbox(character, self.seed * 8 + number)
        self.write_config()

    def start_sandbox(self, character, seed):
        process = subprocess.Popen([sys.executable, os.path.join(HERE, "sandbox.py"), "--character", character, "--ledger", self.path("oracle", character + ".jsonl"),
                                    "--token-file", self.path("keys", "paas.token"), "--paas-id", PAAS_ID, "--seed", str(seed)],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(self.path("oracle", character + ".log"), "ab"), text=True, preexec_fn=die_with_parent)
        line = process.stdout.readline().split()
        if line[:2] != ["listening", "on"]:
            raise RuntimeError("the platform %s did not start" % character)
        self.sandboxes[character], self.addresses[character] = process, line[2]

    def plan(self, rate, faults, hang_ms, commit_ms):
        for character in self.characters:
            connection = http.client.HTTPConnection(self.addresses[character], timeout=120)
            connection.request("POST", "/_oracle/plan", json.dumps({"rate": rate, "faults": list(faults), "hang_ms": hang_ms, "commit_ms": commit_ms}))
            connection.getresponse().read()
            connection.close()

    def write_config(self):
        t = self.timings
        target = os.path.join(ROOT, "connectors", "platforms", "tif_rio", "targets", "case.yaml")
        store = "path: %s/journal.db" % self.state
        if self.server:
            with open(os.open(self.path("keys", "pg.conn"), os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as f:
                f.write(self.server.connection() + "\n")
            store = "path: %s/bridge, postgres: {connection: {file: keys/pg.conn}}" % self.state
        lines = ["model: {reference_date: 2150-01-01}", "journal: {%s, seal_key: {file: keys/seal.key}, crash_guard: off%s}" % (store, self.journal_more),
                 "audit: {key: {file: keys/audit.key}, sign_key: {file: keys/audit-sm2.pem}, head_file: %s/audit.head, public_key_file: keys/audit-sm2.pub.pem}" % self.state, "listen:"]
        for system, (name, family, path) in LISTENERS.items():
            token = ", token: {file: keys/linhu.token}" if family == "rest" else ""
            lines.append("  - {name: %s, family: %s, port: 0, path: %s, pack: %s%s}" % (name, family, path, system, token))
        lines += ["packs:"] + ["  - {path: packs/%s}" % system for system in LISTENERS] + ["platforms:"]
        for character in self.characters:
            url, host, more = self.peers.get(character, ("http://" + self.addresses[character], "127.0.0.1", ""))
            settings = {"dedup": ("yes", "yes"), "queryable": ("no", "yes"), "neither": ("no", "no")}[character]
            lines.append('  - {name: %s, profile: tif_rio, url: "%s", pinned_host: %s,%s target: "%s", concurrency: %d, connect_timeout_ms: 1000, total_timeout_ms: %d,\n'
                         '     credentials: {paas_token: {file: keys/paas.token}}, settings: {paas_id: %s, deduplicates: "%s", queryable: "%s"}}'
                         % (character, url, host, more, target, t["concurrency"], t["total_timeout_ms"], PAAS_ID, *settings))
        lines += ["routes:", '  - {system: "*", targets: [%s]}' % ", ".join(self.characters),
                  "delivery: {retry_min_ms: %(retry_min_ms)d, retry_max_ms: %(retry_max_ms)d, query_after_ms: %(query_after_ms)d, breaker_failures: 20, breaker_open_ms: 100}" % t,
                  'health: {listen: "127.0.0.1:0"}', "control: {socket: %s}" % self.path("run", "control.sock"), "workers: %d" % t["workers"]]
        with open(self.path("bridge.yaml"), "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")

    def start_bridge(self, faults="", wrapper=(), arguments=()):
        """Starts the bridge and returns at once; `ready` is set when it says so. Only to be called from the main thread."""
        env = dict(os.environ, TMPDIR=self.path("run", "tmp"), TONGQU_FAULTS=faults, LANG="C.UTF-8", **self.env)
        began = time.monotonic()
        log = self.log_to or open(self.path("out", "bridge.log"), "ab")
        self.bridge = subprocess.Popen([*wrapper, os.path.join(self.bin, "tongqu"), "bridge", "run", "-c", self.path("bridge.yaml"), *arguments], cwd=self.path("run"), env=env,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, preexec_fn=die_with_parent)
        if log is not self.log_to:
            log.close()
        self.reader = threading.Thread(target=self.read_lines, args=(self.bridge, began), daemon=True)
        self.reader.start()

    def read_lines(self, process, began):
        with open(self.path("out", "bridge.out"), "a", encoding="utf-8") as out:
            for line in process.stdout:
                out.write(line)
                words = line.split()
                if words[:1] == ["listening"]:
                    self.urls[words[1]] = words[3].split("/")[2]
                elif words[:1] == ["health"]:
                    self.health = words[1].split("/")[2]
                elif words == ["ready"]:
                    self.starts.append(time.monotonic() - began)
                    self.ready.set()
        process.stdout.close()

    def wait_ready(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.ready.wait(0.02):
                return True
            if self.bridge.poll() is not None:
                return False
        return False

    def wait_dead(self, seconds):
        """True when the bridge ended by itself within the time."""
        try:
            self.bridge.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def buried(self):
        """After the bridge is dead: nobody is told to send to it, its last lines are read."""
        self.ready.clear()
        self.reader.join(timeout=10)

    def kill_bridge(self):
        if self.bridge is not None and self.bridge.poll() is None:
            os.kill(self.bridge.pid, signal.SIGKILL)
        if self.bridge is not None:
            self.bridge.wait()
            self.buried()

    def stop_bridge(self):
        """SIGTERM; the exit code, or None when it had to be killed."""
        self.bridge.send_signal(signal.SIGTERM)
        if self.wait_dead(20):
            self.buried()
            return self.bridge.returncode
        self.kill_bridge()
        return None

    def ask(self, **request):
        """One request to the control socket of the running bridge."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect(self.path("run", "control.sock"))
            s.sendall((json.dumps(request, ensure_ascii=False) + "\n").encode())
            answer = b""
            while not answer.endswith(b"\n"):
                part = s.recv(1 << 16)
                if not part:
                    break
                answer += part
        return json.loads(answer)

    def tool(self, *args):
        done = subprocess.run([os.path.join(self.bin, "tongqu"), "bridge", *args, "-c", self.path("bridge.yaml"), "--json"], cwd=self.path("run"), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False, timeout=120)
        with open(self.path("out", "tool.out"), "a", encoding="utf-8") as out:
            out.write(done.stdout + done.stderr)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def deliveries(self, state):
        code, rows = self.tool("hold", "list", "--state", state, "--max", "10000000")
        if code != 0:
            raise RuntimeError("hold list gave %d" % code)
        return rows

    def chain(self):
        return self.server.chain() if self.server else chain.entries(os.path.join(self.state, "journal.db"))

    def save_metrics(self):
        """Metrics are a place where a person's data could turn up."""
        try:
            connection = http.client.HTTPConnection(self.health, timeout=5)
            for page in ("/metrics", "/health", "/ready"):
                connection.request("GET", page)
                with open(self.path("out", "metrics.txt"), "ab") as f:
                    f.write(connection.getresponse().read())
            connection.close()
        except (OSError, http.client.HTTPException):
            pass

    def close(self):
        self.kill_bridge()
        for process in self.sandboxes.values():
            process.stdin.close()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
