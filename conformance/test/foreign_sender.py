#!/usr/bin/python3
"""A sender that shares nothing with Tongqu: sends one whole case and reads the receipts.

    foreign_sender.py --profile tif_rio|gjgxjhpt --host H --port P --id ID --secret-file FILE [--case NO] [--count N] [--id-prefix TEXT]

Prints one JSON object: {"receipts": [...], "query": {...}, "digest_agrees": true}. Exit 1 when an answer is not as the reference says.
With --count it sends that many cases over --connections connections and prints the rate; for measuring.
"""
import argparse
import base64
import hashlib
import hmac
import http.client
import json
import secrets
import subprocess
import sys
import threading
import time

TASK = "11990000000000019A4000199001000"


def rows(case_no):
    accept = {
        "project_no": case_no, "task_code": TASK, "task_name": "林木采伐许可", "project_name": "采伐申请",
        "applyer_name": "张䶮", "applyer_type": "1", "applyer_page_type": "111", "applyer_page_code": "100000209901010013",
        "apply_date": "2100-03-05 07:08:00", "accept_date": "2100-03-05 07:08:09", "org_name": "合成县林业局",
        "org_code": "11990000000000019A", "handle_user_name": "李四", "project_type": "1", "catalog_code": "000199001000",
        "task_handle_item": TASK + "01", "apply_type": "1", "contact_name": "张䶮", "contact_type": "111",
        "contact_code": "10000020991231002X",
        "materials": [{"material_name": "申请表", "get_type": "1", "get_num": "1"}, {"material_name": "身份证明"}],
    }
    process = {
        "project_no": case_no, "order_num": "1", "process_name": "审查", "event_name": "1", "handle_user_name": "王五",
        "event_start_time": "2100-03-06 09:00:00", "event_end_time": "2100-03-06 10:00:00",
    }
    special = {"project_no": case_no, "special_type": "1", "special_name": "现场勘验", "special_time": "2100-03-07 09:00:00"}
    result = {
        "project_no": case_no, "result_date": "2100-03-09 16:00:00", "result_type": "0", "handle_user_name": "王五",
        "result_cetr_name": "林木采伐许可证", "result_cetr_no": "合林采2100-0001",
    }
    return [("accept", accept), ("process", process), ("special", special), ("result", result)]


def sm3(data):
    return hashlib.new("sm3", data).hexdigest()


class Sender:
    def __init__(self, options):
        self.options = options
        with open(options.secret_file, encoding="utf-8") as file:
            self.secret = file.read().rstrip("\n")
        self.business_secret = None
        self.connection = http.client.HTTPConnection(options.host, options.port, timeout=20)

    def call(self, method, path, headers, body=None):
        self.connection.request(method, path, body=body, headers=headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def tif_headers(self):
        stamp, nonce = str(int(time.time())), secrets.token_hex(9)
        text = stamp + self.secret + nonce + stamp
        return {"x-tif-paasid": self.options.id, "x-tif-timestamp": stamp, "x-tif-nonce": nonce,
                "x-tif-signature": hashlib.sha256(text.encode()).hexdigest()}

    def national_identity(self, sid, key):
        stamp = str(int(time.time() * 1000))
        text = sid + self.options.id + stamp
        sign = base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()
        return {"gjgxjhpt_rid": self.options.id, "gjgxjhpt_sid": sid, "gjgxjhpt_rtime": stamp, "gjgxjhpt_sign": sign}

    def refresh(self):
        body = json.dumps(self.national_identity("s_sys_service001", self.secret)).encode()
        status, text = self.call("POST", "/sysapi/auth/refreshappsecret", {"Content-Type": "application/json"}, body)
        answer = json.loads(text)
        if status != 200 or answer["code"] != "0":
            sys.exit("refresh refused")
        key = hashlib.sha1(hashlib.sha1(self.secret.encode()).digest()).digest()[:16].hex()
        plain = subprocess.run(["openssl", "enc", "-d", "-aes-128-ecb", "-K", key], input=base64.b64decode(answer["data"]["secret"]),
                               stdout=subprocess.PIPE, check=True)
        self.business_secret = plain.stdout.decode()

    def ask(self, method, operation, query="", body=None):
        if self.options.profile == "tif_rio":
            headers, path = self.tif_headers(), "/ebus/case-exchange/" + operation
        else:
            if self.business_secret is None:
                self.refresh()
            number = {"submit": 1, "query": 2, "digest": 3}[operation]
            headers, path = self.national_identity("s_990000000000_%d" % number, self.business_secret), "/httpproxy"
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self.call(method, path + query, headers, body)

    def submit(self, message_id, stage, row):
        data = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        digest = sm3(data.encode())
        envelope = {"messageId": message_id, "sourceSystem": "foreign-spxt", "stage": stage, "digest": digest, "data": data}
        status, text = self.ask("POST", "submit", body=json.dumps(envelope, ensure_ascii=False).encode())
        return status, json.loads(text), digest


def one_case(options):
    sender = Sender(options)
    receipts, lines = [], []
    for number, (stage, row) in enumerate(rows(options.case)):
        message_id = "%s%04d" % (options.id_prefix, number)
        status, answer, digest = sender.submit(message_id, stage, row)
        if status != 200 or answer["code"] != "0":
            print(json.dumps({"stage": stage, "status": status, "answer": answer}, ensure_ascii=False))
            return 1
        if answer["data"]["messageId"] != message_id or answer["data"]["digest"] != digest or answer["data"]["duplicate"]:
            return 1
        receipts.append(answer["data"]["receiptNo"])
        lines.append((message_id, digest))
    day = answer["data"]["receivedAt"][:10]
    _, text = sender.ask("GET", "query", "?messageId=" + lines[0][0])
    query = json.loads(text)
    _, text = sender.ask("GET", "digest", "?date=" + day)
    daily = json.loads(text)["data"]
    expected = sm3("".join("%s %s\n" % line for line in sorted(lines)).encode())
    agrees = daily["digest"] == expected and daily["count"] == len(lines)
    print(json.dumps({"receipts": receipts, "query": query["data"], "digest_agrees": agrees}))
    return 0 if agrees and query["data"]["receiptNo"] == receipts[0] else 1


def many_cases(options):
    failed = []

    def work(lane):
        sender = Sender(options)
        for number in range(lane, options.count, options.connections):
            for stage, row in rows("%s-%d" % (options.case, number)):
                status, answer, _ = sender.submit("%s%08d%s" % (options.id_prefix, number, stage), stage, row)
                if status != 200 or answer["code"] != "0":
                    failed.append(answer)

    began = time.monotonic()
    threads = [threading.Thread(target=work, args=(lane,)) for lane in range(options.connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"per_s": 4 * options.count / (time.monotonic() - began), "failed": len(failed)}))
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", choices=["tif_rio", "gjgxjhpt"], required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--id", required=True)
    parser.add_argument("--secret-file", required=True)
    parser.add_argument("--case", default="FOREIGN-0001")
    parser.add_argument("--id-prefix", default="foreign-00000000")
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--connections", type=int, default=8)
    options = parser.parse_args()
    return many_cases(options) if options.count else one_case(options)


if __name__ == "__main__":
    sys.exit(main())
