#!/usr/bin/python3
"""A platform of the oracle: the case exchange service behind a TIF / RIO gateway, written from docs/reference/case-exchange.md alone.

    sandbox.py --character dedup|queryable|neither --ledger FILE --token-file FILE --paas-id ID --seed N

Prints `listening on 127.0.0.1:PORT`; ends when its standard input ends. Every effect is on disk before the answer leaves. It takes rows in any
order, so that a judge sees a sender that swaps them. `POST /_oracle/plan` with {"rate":0.1,"faults":["cut",…],"hang_ms":…} sets the faults.
"""
import argparse
import asyncio
import hashlib
import json
import os
import random
import re
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from ledger import Ledger  # noqa: E402

WINDOW_S = 180
NONCES_MAX = 500000
# Taken before the answer goes wrong, then nothing taken, then faults of the question.
AFTER = ("error_after_commit", "internal_after_commit", "hang_after_commit", "cut", "wrong_id", "wrong_digest", "stale", "slow", "drop_after_commit", "garbage", "no_length", "page_after_commit",
         "slow_commit", "slow_drip", "unavailable_after_commit", "incomplete")
BEFORE = ("error_before_commit", "too_many", "busy", "redirect", "login_page", "drop_before_commit", "no_api", "unauthorised", "retry_after_date", "refuse", "reset_before_commit")
QUERY = ("query_error", "query_hang", "query_cut", "query_stale", "query_page", "query_busy")
FAULTS = AFTER + BEFORE + QUERY
FINAL = ("refuse",)  # A platform's no is final: it is drawn by the message id, so that every try of one message hears the same.
MANDATORY = {
    "accept": "project_no task_code task_name project_name applyer_name applyer_type applyer_page_type applyer_page_code apply_date accept_date org_name org_code handle_user_name project_type".split(),
    "process": "project_no order_num process_name event_name handle_user_name event_start_time".split(),
    "special": "project_no special_type special_name special_time".split(),
    "result": "project_no result_date result_type handle_user_name".split(),
}
REASONS = {200: "OK", 302: "Found", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable"}


def sm3(data):
    return hashlib.new("sm3", data).hexdigest()


def beijing():
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + 8 * 3600))


class Reply(Exception):
    """An answer; raised from wherever it is decided."""

    def __init__(self, status, body, kind="application/json", headers=(), fault=""):
        super().__init__(status)
        self.status, self.kind, self.headers, self.fault = status, kind, list(headers), fault
        self.body = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()


class Service:
    def __init__(self, options):
        self.character, self.paas_id = options.character, options.paas_id
        with open(options.token_file, encoding="utf-8") as f:
            self.token = f.read().strip()
        self.ledger = Ledger(options.ledger)
        self.rng, self.seed = random.Random(options.seed), options.seed
        self.taken, self.nonces, self.count = {}, {}, 0
        self.rate, self.faults, self.hang_s, self.commit_s = 0.0, (), 3.0, 0.12
        self.stale = None

    def plan(self, body):
        self.rate, self.faults, self.hang_s = body.get("rate", 0.0), tuple(body.get("faults", ())), body.get("hang_ms", 3000) / 1000
        self.commit_s = body.get("commit_ms", 120) / 1000
        if body.get("forget"):  # A platform of another world, at the same address: its ledger begins at this mark.
            self.taken, self.nonces, self.stale = {}, {}, None
            self.ledger.write(k="begin")
        raise Reply(200, {"code": "0"})

    def draw(self, kinds, message_id):
        """The fault of this request, or nothing."""
        if "refuse" in kinds and "refuse" in self.faults and int(sm3(("%s %d" % (message_id, self.seed)).encode())[:4], 16) % 40 == 0:
            return "refuse"
        chosen = [k for k in kinds if k in self.faults and k not in FINAL]
        if not chosen or self.rng.random() >= self.rate:
            return ""
        fault = self.rng.choice(chosen)
        self.ledger.write(k="fault", name=fault, id=message_id)
        return fault

    def gate(self, headers):
        """Signature, clock window, nonce. A sender that fails here is at fault: the ledger says so."""
        def refuse(status, code, why):
            self.ledger.write(k="gate", why=why)
            raise Reply(status, {"errcode": code, "errmsg": why})

        values = {}
        for name in ("paasid", "timestamp", "nonce", "signature"):
            given = headers.get("x-tif-" + name, [])
            if len(given) != 1 or not given[0]:
                refuse(401, 400000400, "missing header " + name)
            values[name] = given[0]
        if not re.fullmatch(r"[0-9]{1,12}", values["timestamp"]) or abs(int(values["timestamp"]) - time.time()) > WINDOW_S:
            refuse(401, 400000400, "timestamp out of the window")
        if not 10 <= len(values["nonce"]) <= 36:
            refuse(401, 400000400, "nonce length")
        stamp, nonce = values["timestamp"], values["nonce"]
        if hashlib.sha256((stamp + self.token + nonce + stamp).encode()).hexdigest() != values["signature"]:
            refuse(401, 400000401, "bad signature")
        if values["paasid"] != self.paas_id:
            refuse(403, 400000403, "unknown requester")
        if nonce in self.nonces:
            refuse(401, 400000400, "nonce used twice")
        if len(self.nonces) > NONCES_MAX:
            self.nonces = {n: t for n, t in self.nonces.items() if t > time.time() - 2 * WINDOW_S}
        self.nonces[nonce] = time.time()

    def envelope(self, headers, body):
        def refuse(code, why, message_id=""):
            self.ledger.write(k="refused", code=code, why=why, id=message_id)
            raise Reply(200, {"code": code, "message": why, "data": {}})

        try:
            envelope = json.loads(body.decode("utf-8"), object_pairs_hook=self.unique)
        except ValueError:
            refuse("1001", "not JSON in UTF-8")
        if headers.get("content-type", [""])[0].split(";")[0].strip().lower() != "application/json":
            refuse("1001", "content type")
        names = {"messageId", "sourceSystem", "stage", "digest", "data"}
        if not isinstance(envelope, dict) or set(envelope) != names or not all(isinstance(v, str) for v in envelope.values()):
            refuse("1001", "members")
        message_id = envelope["messageId"]
        if not re.fullmatch(r"[0-9a-z-]{16,64}", message_id) or envelope["stage"] not in MANDATORY or not 1 <= len(envelope["sourceSystem"]) <= 64:
            refuse("1001", "form of a member")
        if sm3(envelope["data"].encode()) != envelope["digest"]:
            refuse("1002", "digest", message_id)
        try:
            row = json.loads(envelope["data"], object_pairs_hook=self.unique)
        except ValueError:
            refuse("1003", "data is not JSON", message_id)
        missing = [m for m in MANDATORY[envelope["stage"]] if not isinstance(row.get(m), str) or not row[m]]
        if missing:
            refuse("1003", "missing " + " ".join(missing), message_id)
        return envelope

    @staticmethod
    def unique(pairs):
        if len({k for k, _ in pairs}) != len(pairs):
            raise ValueError("a key twice")
        return dict(pairs)

    def take(self, envelope):
        """The effect, on disk before anything is answered."""
        message_id = envelope["messageId"]
        first = self.taken.get(message_id)
        if first and first["digest"] != envelope["digest"]:
            self.ledger.write(k="changed", id=message_id, digest=envelope["digest"])
            raise Reply(200, {"code": "1006", "message": "taken with another digest", "data": {"messageId": message_id}})
        if first and self.character == "dedup":
            self.ledger.write(k="repeat", id=message_id)
            return dict(first, duplicate=True)
        self.count += 1
        receipt = {"messageId": message_id, "receiptNo": "OR-%s-%06d" % (self.character, self.count), "receivedAt": beijing(), "digest": envelope["digest"], "duplicate": False}
        self.ledger.write(k="effect", n=self.count, id=message_id, system=envelope["sourceSystem"], stage=envelope["stage"], digest=envelope["digest"], data=envelope["data"], receipt=receipt["receiptNo"])
        self.taken.setdefault(message_id, receipt)
        return receipt

    async def submit(self, headers, body):
        envelope = self.envelope(headers, body)
        message_id = envelope["messageId"]
        fault = self.draw(AFTER + BEFORE, message_id)
        self.before_commit(fault, message_id)
        if fault == "slow_commit":
            await asyncio.sleep(self.rng.uniform(0.2, 1) * self.commit_s)
        receipt = self.take(envelope)
        good = {"code": "0", "message": "成功", "data": receipt}
        stale, self.stale = self.stale, good
        wrong = {
            "error_after_commit": Reply(500, {"error": "internal"}),
            "internal_after_commit": Reply(200, {"code": "9999", "message": "internal", "data": {}}),
            "wrong_id": Reply(200, dict(good, data=dict(receipt, messageId="0" * 24 + message_id[-8:]))),
            "wrong_digest": Reply(200, dict(good, data=dict(receipt, digest="0" * 64))),
            "stale": Reply(200, stale or {"code": "0"}),
            "garbage": Reply(200, b'{"code":"0","data":{"messageId":"' + message_id.encode()),
            "page_after_commit": Reply(200, b"<html><body>welcome</body></html>", "text/html"),
            "unavailable_after_commit": Reply(503, b"no healthy upstream", "text/plain"),
            "incomplete": Reply(200, dict(good, data={k: v for k, v in receipt.items() if k != self.rng.choice(["messageId", "receiptNo", "receivedAt", "digest"])})),
        }
        raise wrong.get(fault) or Reply(200, good, fault=fault)

    def before_commit(self, fault, message_id):
        now = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 1))
        if fault == "refuse":
            self.ledger.write(k="refused", code="1003", why="scripted", id=message_id)
        answers = {
            "error_before_commit": (500, {"error": "internal"}), "too_many": (429, {"errcode": 400000429, "errmsg": "slow down"}, "application/json", [("Retry-After", "1")]),
            "retry_after_date": (503, b"later", "text/plain", [("Retry-After", now)]), "busy": (200, {"code": "2001", "message": "busy", "data": {}}),
            "redirect": (302, b"", "text/html", [("Location", "http://127.0.0.1:1/elsewhere")]), "login_page": (200, b"<html><form action=/login></form></html>", "text/html"),
            "no_api": (404, {"errcode": 400000404, "errmsg": "API not found"}), "unauthorised": (403, {"errcode": 400000403, "errmsg": "not allowed"}),
            "refuse": (200, {"code": "1003", "message": "row", "data": {"messageId": message_id, "errors": [{"field": "task_name", "reason": {"en": "not known here", "zh": "本地未知"}}]}}),
        }
        if fault in answers:
            raise Reply(*answers[fault])
        if fault in ("drop_before_commit", "reset_before_commit"):
            raise Reply(0, b"", fault=fault)

    async def query(self, message_id):
        if self.character == "neither":
            raise Reply(404, {"errcode": 400000404, "errmsg": "API not found"})
        fault = self.draw(QUERY, message_id)
        if fault == "query_hang":
            await asyncio.sleep(self.hang_s)
            raise Reply(0, b"")
        first = self.taken.get(message_id)
        self.ledger.write(k="query", id=message_id, found=first is not None)
        data = {"messageId": message_id, "found": first is not None}
        if first:
            data.update({k: first[k] for k in ("receiptNo", "digest", "receivedAt")})
        good = {"code": "0", "data": data}
        answers = {"query_error": Reply(500, {"error": "internal"}), "query_stale": Reply(200, {"code": "0", "data": {"messageId": "0" * 32, "found": False}}),
                   "query_page": Reply(200, b"<html>login</html>", "text/html"), "query_busy": Reply(429, {"errcode": 400000429, "errmsg": "slow down"})}
        raise answers.get(fault) or Reply(200, good, fault="cut" if fault == "query_cut" else "")

    async def answer(self, method, target, headers, body):
        path, _, query = target.partition("?")
        try:
            if path == "/_oracle/plan":
                self.plan(json.loads(body))
            self.gate(headers)
            if method == "POST" and path == "/ebus/case-exchange/submit":
                await self.submit(headers, body)
            if method == "GET" and path == "/ebus/case-exchange/query":
                await self.query(urllib.parse.parse_qs(query).get("messageId", [""])[0])
            raise Reply(404, {"errcode": 400000404, "errmsg": "API not found"})
        except Reply as reply:
            return reply


class Server:
    """HTTP by hand: the faults need every byte."""

    def __init__(self, service):
        self.service, self.rng = service, service.rng

    async def serve(self, reader, writer):
        try:
            while await self.one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def one(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        headers = {}
        for line in filter(None, head[1:]):
            name, _, value = line.partition(":")
            headers.setdefault(name.strip().lower(), []).append(value.strip())
        body = await reader.readexactly(int(headers.get("content-length", ["0"])[0]))
        reply = await self.service.answer(method, target, headers, body)
        return await self.send(reply, writer)

    def bytes_of(self, reply):
        lines = ["HTTP/1.1 %d %s" % (reply.status, REASONS.get(reply.status, "X")), "Content-Type: " + reply.kind, "Date: " + time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())]
        lines += ["%s: %s" % header for header in reply.headers]
        body = reply.body
        if reply.fault == "no_length":
            lines.append("Connection: close")
            body = body[:self.rng.randrange(len(body))]  # A body that ends with the connection, and too early.
        elif self.rng.random() < 0.1:
            lines.append("Transfer-Encoding: chunked")
            cut = self.rng.randrange(1, len(body)) if len(body) > 1 else len(body)
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:cut], body[cut:]) if part) + b"0\r\n\r\n"
        else:
            lines.append("Content-Length: %d" % len(body))
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body

    async def send(self, reply, writer):
        if reply.fault == "hang_after_commit":
            await asyncio.sleep(self.service.hang_s)
            return False
        if reply.fault == "reset_before_commit":
            writer.transport.abort()
            return False
        if reply.status == 0 or reply.fault == "drop_after_commit":
            return False
        data = self.bytes_of(reply)
        if reply.fault == "slow":
            await asyncio.sleep(self.rng.uniform(0.05, 0.3))
        if reply.fault == "cut":
            data = data[:self.rng.randrange(len(data))]
        if reply.fault == "slow_drip":
            for at in range(0, len(data), 16):
                writer.write(data[at:at + 16])
                await writer.drain()
                await asyncio.sleep(0.004)
        else:
            writer.write(data)
            await writer.drain()
        return reply.fault not in ("cut", "no_length")


async def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--character", choices=["dedup", "queryable", "neither"], required=True)
    parser.add_argument("--ledger", required=True)
    parser.add_argument("--token-file", required=True)
    parser.add_argument("--paas-id", required=True)
    parser.add_argument("--seed", type=int, required=True)
    service = Service(parser.parse_args())
    server = await asyncio.start_server(Server(service).serve, "127.0.0.1", 0, limit=1 << 24, backlog=512)
    print("listening on 127.0.0.1:%d" % server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()
    os._exit(0)  # Whoever hangs on purpose is not waited for.


if __name__ == "__main__":
    asyncio.run(main())
