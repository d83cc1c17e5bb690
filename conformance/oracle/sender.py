"""The legacy systems: send, write down what they were told, and repeat whatever they were not told about, through a bridge that dies under them."""
import base64
import hashlib
import http.client
import json
import random
import socket
import threading
import time
import xml.etree.ElementTree as ET

from messages import Generator, SYSTEMS
from world import LISTENERS

TYPES = {"qinglan-spxt": "text/xml; charset=utf-8", "yunxi-zwfw": "application/soap+xml; charset=gb2312", "linhu-onewin": "application/json"}
NOT_TOLD, BUSY = "nothing", "busy"


class Told:
    def __init__(self, state, ack="", raw=b"", text=""):
        self.state, self.ack, self.raw, self.text = state, ack, raw, text


def local(element, name):
    """The text of the first descendant of that local name, whatever its namespace."""
    for one in element.iter():
        if isinstance(one.tag, str) and one.tag.rsplit("}", 1)[-1] == name:
            return one.text or ""
    return None


def read_soap(system, raw):
    text = raw.decode("gb18030" if b'encoding="gb' in raw[:80] else "utf-8")
    root = ET.fromstring(text.split("?>", 1)[-1] if text.startswith("<?xml") else text)
    fault = local(root, "Fault")
    if fault is not None:
        error, action = local(root, "id") or "", local(root, "action") or ""
        return Told("conflict" if error == "journal.conflict" else BUSY if action == "retry_later" else "refused", raw=raw, text=error)
    if system == "qinglan-spxt":
        answer = ET.fromstring(local(root, "return").split("?>", 1)[-1])
        code, ack, held = answer.findtext("code"), answer.findtext("lsh"), "待人工核对" in (answer.findtext("msg") or "")
    else:
        code, ack, held = local(root, "Code"), local(root, "Id"), "待核对" in (local(root, "Message") or "")
    if code != "0":
        return Told("refused", raw=raw, text=code or "")
    return Told("held" if held else "stored", ack, raw)


def read_json(raw):
    answer = json.loads(raw)
    if answer.get("code") in ("200", "202"):
        return Told("stored" if answer["code"] == "200" else "held", answer["data"]["receiptId"], raw)
    error = answer.get("id", "")
    return Told("conflict" if error == "journal.conflict" else BUSY if answer.get("action") == "retry_later" else "refused", raw=raw, text=error)


class Lane(threading.Thread):
    """One sending program of one system: cases one after the other, events in order, now and then a repeat, a change or something broken."""

    def __init__(self, world, ledger, system, number, seed, pace_s, watch):
        super().__init__(daemon=True)
        self.world, self.ledger, self.system, self.pace_s, self.watch = world, ledger, system, pace_s, watch
        self.rng = random.Random("%d %s %d" % (seed, system, number))
        self.generator = Generator(system, self.rng, world.canaries, number)
        self.stopping, self.connection, self.address = threading.Event(), None, None
        self.acknowledged, self.failure = 0, None
        with open(world.path("keys", "linhu.token"), encoding="ascii") as f:
            self.token = f.read().strip()

    def run(self):
        try:
            while not self.stopping.is_set():
                self.one_case(self.generator.next_case())
        except Exception as failure:  # The judge must hear of a judge that broke.
            self.failure = failure
            raise

    def one_case(self, case):
        if self.rng.random() < 0.12:
            return self.deliver(case.bad(), "bad")
        told = []
        for event in case.events():
            message = case.message(event)
            first = self.deliver(message, "first", twice=self.rng.random() < 0.05)
            if first.state != "stored":
                return  # The checker reads in the ledger that a good message was not taken.
            told.append(message)
            if self.rng.random() < 0.10:
                self.deliver(case.repeat_of(self.rng.choice(told)), "again")
            if self.rng.random() < 0.06:
                self.change(case, event)
            if self.stopping.is_set():
                return
            time.sleep(self.pace_s * self.rng.random() * 2)

    def change(self, case, event):
        """The same event with another content: something that is in the row, so that it cannot be the same message."""
        if self.system == "qinglan-spxt":
            change = {"accept": {"slsj": "2149-03-28 08:00:00"}, "result": {"bjsj": "2149-03-29 08:00:00"}}.get(event, {"yj": "改后的意见"})
        elif self.system == "yunxi-zwfw":
            change = {"accept": {"when": "21490428080000"}, "result": {"when": "21490429080000"}}.get(event, {"step": "改后的环节"})
        else:
            change = {"accept": {"when": "2149-05-28 08:00:00"}, "result": {"when": "2149-05-29 08:00:00"}}.get(event, {"opinion": "改后的意见"})
        message = case.message(event, **change)
        message.expect = "conflict"
        self.deliver(message, "changed")

    def deliver(self, message, kind, twice=False):
        """Until the sender is told something final. A repeat is the same bytes."""
        digest = hashlib.sha256(message.body).hexdigest()
        self.ledger.write(k="send", key=message.key, kind=kind, expect=message.expect, why=message.why, sha=digest, body=base64.b64encode(message.body).decode())
        other = None
        if twice:
            other = threading.Thread(target=self.beside, args=(message, digest), daemon=True)
            other.start()
        told = self.until_told(message, digest, self.exchange)
        if other is not None:
            other.join()
        return told

    def beside(self, message, digest):
        """The same bytes at the same time on a connection of their own."""
        def fresh(body):
            connection = self.open()
            try:
                return self.exchange_on(connection, body)
            finally:
                connection.close()
        self.until_told(message, digest, fresh)

    def until_told(self, message, digest, exchange):
        while True:
            while not self.world.ready.wait(0.5):
                if self.watch.is_set():
                    return Told(NOT_TOLD)
            try:
                told = exchange(message.body)
            except (OSError, http.client.HTTPException, ValueError, ET.ParseError):
                told = Told(NOT_TOLD)
                self.connection = None
            self.ledger.write(k="told", key=message.key, sha=digest, state=told.state, ack=told.ack, raw=hashlib.sha256(told.raw).hexdigest(), text=told.text)
            if told.state not in (NOT_TOLD, BUSY):
                self.acknowledged += told.state in ("stored", "held")
                return told
            if self.watch.is_set():
                return told
            time.sleep(0.02 if told.state == NOT_TOLD else 0.2)

    def open(self):
        name = LISTENERS[self.system][0]
        return http.client.HTTPConnection(self.world.urls[name], timeout=10)

    def exchange(self, body):
        if self.connection is None or self.address != self.world.urls[LISTENERS[self.system][0]]:
            self.address = self.world.urls[LISTENERS[self.system][0]]
            self.connection = self.open()
        return self.exchange_on(self.connection, body)

    def exchange_on(self, connection, body):
        if connection.sock is None:
            connection.connect()
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        headers = {"Content-Type": TYPES[self.system]}
        if self.system == "linhu-onewin":
            headers["Authorization"] = "Bearer " + self.token
        connection.request("POST", LISTENERS[self.system][2], body, headers)
        answer = connection.getresponse()
        raw = answer.read()
        if self.system == "linhu-onewin":
            return read_json(raw)
        return read_soap(self.system, raw)


class Senders:
    def __init__(self, world, ledger, seed, lanes_each, pace_s):
        self.watch = threading.Event()
        self.lanes = [Lane(world, ledger, system, 1 + n * len(SYSTEMS) + i, seed, pace_s, self.watch) for n in range(lanes_each) for i, system in enumerate(SYSTEMS)]

    def start(self):
        for lane in self.lanes:
            lane.start()

    def acknowledged(self):
        return sum(lane.acknowledged for lane in self.lanes)

    def finish(self, seconds):
        """Each lane ends its event (never its case); True when all did."""
        for lane in self.lanes:
            lane.stopping.set()
        end = time.monotonic() + seconds
        for lane in self.lanes:
            lane.join(max(0.1, end - time.monotonic()))
        alive = [lane for lane in self.lanes if lane.is_alive()]
        self.watch.set()
        for lane in alive:
            lane.join(15)
        return not alive and not any(lane.failure for lane in self.lanes)
