#!/usr/bin/env python3
"""The main job of Tongqu on real input, judged by the ledgers of both ends. See README.md beside this file; run by scripts/demo."""
import argparse
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import legacy  # noqa: E402
import people  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EARLY, LATE = 16, 4  # Cases of each system before and after the kill is prepared: 3 systems, 60 cases, 180 events.


class Demo:
    def __init__(self, bin_dir, keep):
        self.bin, self.keep = os.path.abspath(bin_dir), keep
        self.dir = tempfile.mkdtemp(prefix="tongqu-demo-")
        self.processes = []
        self.told = {}        # (system, case_no, stage) -> Told, for everything acknowledged
        self.refused = 0
        self.sandboxes = {}

    # Programs.

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def start(self, name, *args):
        """Starts a program and reads its first lines until it says where it listens (and, for the bridge, that it is ready)."""
        log = open(self.path(name + ".log"), "ab")
        process = subprocess.Popen([os.path.join(self.bin, args[0]), *args[1:]], stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)
        self.processes.append(process)
        return process

    def stop(self, process, how=signal.SIGTERM):
        if process.poll() is None:
            process.send_signal(how)
        process.wait(timeout=15)
        process.stdout.close()
        self.processes.remove(process)

    def secret(self, name, text):
        path = self.path("keys", name)
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
            f.write(text + "\n")
        return path

    def tool(self, *args, check=True):
        done = subprocess.run([os.path.join(self.bin, "tongqu"), *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if check and done.returncode != 0:
            raise SystemExit("demo: tongqu %s gave %d\n%s%s" % (" ".join(args[:3]), done.returncode, done.stdout, done.stderr))
        return done

    # Set-up.

    def prepare(self):
        for folder in ("keys", "state"):
            os.mkdir(self.path(folder), 0o700)
        shutil.copytree(os.path.join(ROOT, "connectors", "packs"), self.path("packs"))
        self.secret("seal.key", os.urandom(32).hex())
        self.secret("audit.key", os.urandom(32).hex())
        self.secret("paas.token", os.urandom(16).hex())
        self.secret("app.key", os.urandom(16).hex())
        self.secret("linhu.token", os.urandom(16).hex())
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-out", self.path("keys", "audit-sm2.pem")], check=True, stderr=subprocess.DEVNULL)
        os.chmod(self.path("keys", "audit-sm2.pem"), 0o600)
        subprocess.run(["openssl", "pkey", "-in", self.path("keys", "audit-sm2.pem"), "-pubout", "-out", self.path("keys", "audit-sm2.pub.pem")], check=True)
        self.start_sandbox("province", "tif_rio", "--paas-id", "demo", "--token-file", self.path("keys", "paas.token"))
        self.start_sandbox("nation", "gjgxjhpt", "--rid", "demo-rid", "--app-key-file", self.path("keys", "app.key"))
        self.write_config()
        self.start_bridge()

    def start_sandbox(self, name, profile, *credentials):
        process = self.start(name, "tongqu-conform", "sandbox", "--profile", profile, "--listen", "127.0.0.1:0", "--ledger", self.path("state", name + ".ledger"), *credentials)
        line = process.stdout.readline().strip()
        if not line.startswith("listening on "):
            raise SystemExit("demo: the sandbox %s did not start; see %s" % (name, self.path(name + ".log")))
        self.sandboxes[name] = line.split()[-1]

    def faults(self, name, *lines):
        """Replaces the faults of a running sandbox."""
        connection = http.client.HTTPConnection(self.sandboxes[name], timeout=5)
        connection.request("POST", "/_sandbox/faults", "\n".join(lines))
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit("demo: the sandbox did not take the faults")

    def write_config(self):
        platforms = os.path.join(ROOT, "connectors", "platforms")
        with open(self.path("bridge.yaml"), "w") as f:
            f.write("""# Written by scripts/demo. Every secret is a reference to a file of mode 0600.
model: {reference_date: 2150-01-01}      # synthetic people are born after 2099
journal: {path: state/journal.db, seal_key: {file: keys/seal.key}}
audit: {key: {file: keys/audit.key}, sign_key: {file: keys/audit-sm2.pem}, head_file: state/audit.head, public_key_file: keys/audit-sm2.pub.pem}
listen:
  - {name: qinglan, family: soap, port: 0, path: /services/spxt, pack: qinglan-spxt}
  - {name: yunxi, family: soap, port: 0, path: /report, pack: yunxi-zwfw}
  - {name: linhu, family: rest, port: 0, path: /api/push, pack: linhu-onewin, token: {file: keys/linhu.token}}
packs:
  - {path: packs/qinglan-spxt}
  - {path: packs/yunxi-zwfw}
  - {path: packs/linhu-onewin}
platforms:
  - {name: province, profile: tif_rio, url: "http://%s", pinned_host: 127.0.0.1, target: "%s/tif_rio/targets/case.yaml", concurrency: 8,
     credentials: {paas_token: {file: keys/paas.token}}, settings: {paas_id: demo}}
  - {name: nation, profile: gjgxjhpt, url: "http://%s", pinned_host: 127.0.0.1, target: "%s/gjgxjhpt/targets/case.yaml", concurrency: 8,
     credentials: {app_key: {file: keys/app.key}}, settings: {rid: demo-rid}}
routes:
  - {system: "*", targets: [province, nation]}
delivery: {retry_min_ms: 100, retry_max_ms: 2000, query_after_ms: 200}
health: {listen: "127.0.0.1:0"}
control: {socket: state/control.sock}
""" % (self.sandboxes["province"], platforms, self.sandboxes["nation"], platforms))

    def start_bridge(self):
        self.bridge = self.start("bridge", "tongqu", "bridge", "run", "-c", self.path("bridge.yaml"))
        self.urls = {}
        for line in self.bridge.stdout:
            words = line.split()
            if words[:1] == ["listening"]:
                self.urls[words[1]] = words[3]
            if words == ["ready"]:
                break
        else:
            with open(self.path("bridge.log")) as log:
                raise SystemExit("demo: the bridge did not start\n" + log.read()[-2000:])

    def connect(self):
        self.senders = {s.system: s for s in (legacy.Qinglan(self.urls["qinglan"]), legacy.Yunxi(self.urls["yunxi"]), legacy.Linhu(self.urls["linhu"], self.path("keys", "linhu.token")))}
        for sender in self.senders.values():
            sender.connect()

    # Sending.

    def send(self, case, stage):
        told = self.senders[case.system].send(case, stage)
        if told.state in ("stored", "held"):
            self.told[(case.system, case.case_no, stage)] = told
        else:
            print("  %s %s %s: %s %s" % (case.system, case.case_no, stage, told.state, told.text[:300]))
        return told

    def send_all(self, cases):
        """The three systems send at the same time, each case's events in order."""
        def of(system):
            for case in cases:
                if case.system == system:
                    for stage in legacy.EVENTS:
                        self.send(case, stage)
        threads = [threading.Thread(target=of, args=(system,)) for system in people.ITEMS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def counts(self):
        return json.loads(self.tool("bridge", "status", "-c", self.path("bridge.yaml"), "--json").stdout)["deliveries"]

    def drained(self):
        c = self.counts()
        return c["ready"] + c["sending"] + c["waiting"] + c["unknown"] == 0

    def deliveries(self, state):
        lines = self.tool("bridge", "hold", "list", "-c", self.path("bridge.yaml"), "--state", state, "--max", "100000", "--json").stdout
        return [json.loads(line) for line in lines.splitlines()]

    def ledger(self, name):
        """What a sandbox took, from its own file: one entry per effect."""
        with open(self.path("state", name + ".ledger")) as f:
            return [row for row in map(json.loads, f) if row["kind"] == "taken"]


STAGE_OF_EVENT = {"accept": "accept", "step": "process", "result": "result"}


def head(number, text):
    print("\n== %d. %s" % (number, text))


def side_by_side(demo, case):
    """One case as the county sent it, as Tongqu understands it, and as the province got it; people masked."""
    source = demo.senders["qinglan-spxt"].document(case, "accept")
    message = demo.path("one.in.xml")
    with open(message, "w") as f:
        f.write('<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><sendBj><xmlStr><![CDATA[%s]]></xmlStr></sendBj></soapenv:Body></soapenv:Envelope>' % source)
    canonical = json.loads(demo.tool("map", "run", demo.path("packs", "qinglan-spxt"), "--in", message, "--json").stdout.splitlines()[0])["record"]
    row = next(json.loads(r["data"]) if isinstance(r["data"], str) else r["data"] for r in demo.ledger("province") if r["project_no"] == case.case_no and r["stage"] == "accept")
    between = legacy.between
    applicant = canonical["applicant"]
    rows = [
        ("case number 办件编号", between(source, "<bjbh>", "</bjbh>"), canonical["case_no"], row["project_no"]),
        ("applicant 申请人", people.mask_name(between(source, "<sqrmc>", "</sqrmc>").strip(" 　")), people.mask_name(applicant["name"]), people.mask_name(row["applyer_name"])),
        ("kind of id 证件类型", "zjlx=" + between(source, "<zjlx>", "</zjlx>"), applicant["id_type"]["name"], row["applyer_page_type"]),
        ("id number 证件号码", people.mask_id(between(source, "<zjhm>", "</zjhm>")), people.mask_id(applicant["id_no"]), people.mask_id(row["applyer_page_code"])),
        ("telephone 电话", between(source, "<lxdh>", "</lxdh>"), applicant.get("mobile", "(absent)"), row.get("contact_mobile", "(absent)")),
        ("accepted 受理时间", between(source, "<slsj>", "</slsj>"), canonical["acceptance"]["accepted_at"], row["accept_date"]),
        ("kind of case 办件类型", "bjlx=" + between(source, "<bjlx>", "</bjlx>"), canonical["project_type"]["name"], row["project_type"]),
    ]
    print("  %-24s | %-22s | %-28s | %s" % ("", "the county sent", "canonical", "the province got"))
    for name, sent, mid, got in rows:
        print("  %-24s | %-22s | %-28s | %s" % (name, sent, mid, got))


def refusals(demo, case, spare):
    sender = demo.senders["qinglan-spxt"]
    first = demo.told[(case.system, case.case_no, "accept")]
    again = sender.send(case, "accept")
    same = again.raw == first.raw
    print("  sent again, unchanged   -> %s" % ("the first acknowledgement, byte for byte" if same else "ANOTHER ANSWER"))
    changed = sender.send(case, "accept", slsj="2149/3/%d 9:9" % case.day)
    print("  same event, changed     -> %s: %s" % (changed.state, changed.text))
    broken = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    connection = http.client.HTTPConnection(sender.url.split("/")[2], timeout=5)
    connection.request("POST", "/services/spxt", broken, {"Content-Type": "text/xml"})
    answer = connection.getresponse()
    fault = answer.read().decode()
    print("  a DOCTYPE               -> HTTP %d %s at %s" % (answer.status, legacy.between(fault, "<tq:id>", "</tq:id>"), legacy.between(fault, "<tq:where>", "</tq:where>")))
    bad = sender.send(spare, "accept", id_no=spare.id_no[:17] + ("0" if spare.id_no[17] != "0" else "1"))
    print("  a bad check digit       -> %s at %s" % (legacy.between(bad.text, "<err>", "</err>"), legacy.between(bad.text, "<wz>", "</wz>")))
    print("                             %s" % legacy.between(bad.text, "<msg>", "</msg>"))
    print("                             %s" % legacy.between(bad.text, "<msgEn>", "</msgEn>"))
    demo.refused += (changed.state == "conflict") + (answer.status == 500) + (bad.state == "refused")
    return same and changed.state == "conflict" and answer.status == 500 and bad.state == "refused"


def hold_and_release(demo, case):
    """An unknown code waits for a person; a row in the table releases it."""
    sender = demo.senders["qinglan-spxt"]
    told = sender.send(case, "accept", zjlx="09")
    print("  an unknown code         -> %s as %s: %s" % (told.state, told.message_id, legacy.between(told.text, "<msg>", "</msg>")))
    with open(demo.path("packs", "qinglan-spxt", "tables", "zjlx.csv"), "a") as f:
        f.write("09,resident_id,居民身份证（新）\n")
    released = demo.tool("bridge", "hold", "release", "-c", demo.path("bridge.yaml"), told.message_id, "--reason", "code 09 confirmed with the county", check=False)
    print("  a row for 09, release   -> %s" % released.stdout.strip().splitlines()[-1])
    if told.state == "held" and released.returncode == 0:
        demo.told[(case.system, case.case_no, "accept")] = told
        return True
    return False


def kill_in_the_middle(demo, cases):
    """Slows both platforms, sends, and ends the bridge with SIGKILL while messages are under way."""
    for name in demo.sandboxes:
        demo.faults(name, "slow:every=1:ms=400")
    sender = threading.Thread(target=demo.send_all, args=(cases,))
    sender.start()
    sender.join()
    legacy.wait_until(lambda: (lambda c: c["sending"] > 0 and c["ready"] > 0)(demo.counts()), 10)
    demo.stop(demo.bridge, signal.SIGKILL)
    c = demo.counts()
    sending = demo.deliveries("sending")
    print("  at the kill: %d delivered, %d sending, %d ready" % (c["delivered"], c["sending"], c["ready"]))
    time.sleep(0.6)  # What was on the wire at the kill takes effect at the platforms meanwhile.
    there = {(name, row["sourceSystem"], row["project_no"], row["stage"]) for name in demo.sandboxes for row in demo.ledger(name)}
    for name in demo.sandboxes:
        demo.faults(name)
    demo.start_bridge()
    for sender_ in demo.senders.values():
        sender_.url = demo.urls[{"qinglan-spxt": "qinglan", "yunxi-zwfw": "yunxi", "linhu-onewin": "linhu"}[sender_.system]] if hasattr(sender_, "url") else None
    ok = legacy.wait_until(demo.drained, 20, 0.2)
    after = {d["delivery"]: d for d in demo.deliveries("delivered")}
    found = absent = 0
    for d in sending:
        taken = (d["target"], d["system"], d["case_no"], STAGE_OF_EVENT[d["event"]]) in there
        found, absent = found + taken, absent + (not taken)
        if d["delivery"] not in after:
            print("  delivery %d of case %s is not settled" % (d["delivery"], d["case_no"]))
            ok = False
    print("  after the restart: of %d unknown, %d were there when asked (not sent again), %d were absent (sent again)" % (len(sending), found, absent))
    return ok and c["sending"] > 0 and c["ready"] > 0


def judge(demo, cases):
    """The table and the line, from the sandboxes' own ledgers against what the senders were told."""
    effects = {name: {} for name in demo.sandboxes}
    receipts = {name: {} for name in demo.sandboxes}
    for name in demo.sandboxes:
        for row in demo.ledger(name):
            key = (row["sourceSystem"], row["project_no"], row["stage"])
            effects[name].setdefault(key, set()).add(row["receiptNo"])
            receipts[name][key] = row["receiptNo"]
    lost = sum(1 for name in effects for key in demo.told if key not in effects[name])
    doubled = sum(len(e) - 1 for name in effects for e in effects[name].values() if len(e) > 1)
    stray = sum(1 for name in effects for key in effects[name] if key not in demo.told)
    times = {}
    for d in demo.deliveries("delivered"):
        key = (d["system"], d["case_no"], STAGE_OF_EVENT[d["event"]])
        times[key] = max(times.get(key, 0), d["changed_ms"] - d["created_ms"])
    print("  %-44s %-8s %-13s %-12s %-12s %s" % ("case 办件", "applicant", "system", "province", "nation", "intake to receipt, result"))
    for case in cases:
        key = (case.system, case.case_no, "result")
        if key not in demo.told:
            key = (case.system, case.case_no, "accept")
        print("  %-44s %-8s %-13s %-12s %-12s %6d ms" % (case.case_no, people.mask_name(case.name), case.system, receipts["province"].get(key, "-"), receipts["nation"].get(key, "-"), times.get(key, -1)))
    delivered = {name: sum(1 for key in demo.told if key in effects[name]) for name in effects}
    print("\ndemo: %d cases taken in, %d delivered to province, %d delivered to nation, %d refused with findings, %d lost, %d doubled"
          % (len({key[:2] for key in demo.told}), len({k[:2] for k in demo.told if k in effects["province"]}), len({k[:2] for k in demo.told if k in effects["nation"]}), demo.refused, lost, doubled))
    print("      %d events acknowledged; %d and %d of them receipted; %d effects nobody asked for" % (len(demo.told), delivered["province"], delivered["nation"], stray))
    return lost == 0 and doubled == 0 and stray == 0


def explain_keep(demo):
    print("\nEverything is still running. Send a message of your own, for example a copy of a sample with another case number:")
    print("  sed s/QL2149030500017/QL2149030599999/ connectors/packs/qinglan-spxt/samples/01-accept.in.xml | curl -s -H 'Content-Type: text/xml' --data-binary @- %s" % demo.urls["qinglan"])
    print("  %s/tongqu bridge status -c %s --system qinglan-spxt --case QL2149030599999" % (demo.bin, demo.path("bridge.yaml")))
    print("  %s/tongqu-conform sandbox report --ledger %s" % (demo.bin, demo.path("state", "province.ledger")))
    print("Stop with Ctrl-C.")
    sys.stdout.flush()
    try:
        signal.pause()
    except KeyboardInterrupt:
        pass


def run(demo):
    began = time.monotonic()
    print("Three invented county systems, one bridge, a sandbox province (TIF/RIO) and a sandbox nation (gjgxjhpt). All people are synthetic.")
    demo.prepare()
    demo.connect()
    cases = people.cases(EARLY + LATE + 2)
    early = [c for c in cases if c.number <= EARLY]
    late = [c for c in cases if EARLY < c.number <= EARLY + LATE]
    spare, held = [c for c in cases if c.system == "qinglan-spxt" and c.number > EARLY + LATE]
    ok = True

    head(1, "%d cases of three events each: zeep (XML in CDATA, gb2312 in UTF-8), raw SOAP 1.2 (GB18030 called gb2312), curl (JSON in JSON)" % len(early))
    demo.send_all(early)
    print("  %d of %d events acknowledged after their commit" % (len(demo.told), 3 * len(early)))
    ok = legacy.wait_until(demo.drained, 15, 0.2) and ok

    head(2, "One case side by side, masked")
    side_by_side(demo, next(c for c in early if c.system == "qinglan-spxt"))

    head(3, "The same again, a change, a broken one, a bad number, an unknown code")
    ok = refusals(demo, next(c for c in early if c.system == "qinglan-spxt"), spare) and ok
    ok = hold_and_release(demo, held) and ok
    ok = legacy.wait_until(demo.drained, 10, 0.2) and ok

    head(4, "%d more cases; both platforms are slowed and the bridge is killed with SIGKILL" % len(late))
    ok = kill_in_the_middle(demo, late) and ok

    verify = demo.tool("bridge", "verify", "-c", demo.path("bridge.yaml"), check=False)
    print("  " + verify.stdout.strip())
    ok = ok and verify.returncode == 0

    head(5, "What both ends hold, from their own ledgers")
    ok = judge(demo, early + late + [held]) and ok
    print("      %.1f seconds" % (time.monotonic() - began))
    if demo.keep:
        explain_keep(demo)
    return ok


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True, help="folder with tongqu and tongqu-conform")
    parser.add_argument("--keep", action="store_true", help="leave everything running and say how to send a message")
    options = parser.parse_args()
    demo = Demo(options.bin, options.keep)
    ok = False
    try:
        ok = run(demo)
    finally:
        for process in list(demo.processes):
            demo.stop(process)
        if ok:
            shutil.rmtree(demo.dir)
        else:
            print("demo: not everything held; logs and stores are in " + demo.dir, file=sys.stderr)
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
