#!/usr/bin/python3
"""Checks an evidence file of docs/reference/journal.md section 8 with a public key: nothing here asks the product, only openssl and hashlib.

  conformance/oracle/evidence.py FILE PUBLIC_KEY

Prints what is proven and exits 0, or names the first fault and exits 1.
"""
import base64
import hashlib
import json
import re
import subprocess
import sys
import tempfile


class Broken(Exception):
    pass


def sm3(data):
    return hashlib.new("sm3", data).digest()


def need(condition, what):
    if not condition:
        raise Broken(what)


def plain(text):
    """Base64 in the one way it is written, so that no other text says the same."""
    data = b"" if text == "-" else base64.b64decode(text, validate=True)
    need(text == (base64.b64encode(data).decode() or "-"), "base64")
    return data


def plain_hex(text):
    need(text == text.lower(), "hexadecimal")
    return b"" if text == "-" else bytes.fromhex(text)


def entry_digest(entry):
    def text(value):
        return len(value).to_bytes(8, "big") + value

    seq, at_ms, kind, subject, detail, digest = entry
    return sm3(b"tongqu-entry-1" + seq.to_bytes(8, "big") + at_ms.to_bytes(8, "big") + text(kind) + text(subject) + text(detail) + text(digest))


def signed(body, signature, public_key):
    with tempfile.NamedTemporaryFile() as sig, tempfile.NamedTemporaryFile() as message:
        sig.write(signature)
        sig.flush()
        message.write(body)
        message.flush()
        done = subprocess.run(["openssl", "dgst", "-sm3", "-verify", public_key, "-sigopt", "distid:1234567812345678", "-signature", sig.name, message.name],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode == 0


def pairs(detail):
    return dict(one.split("=", 1) for one in detail.decode().split(" ") if "=" in one)


def named(node, path=""):
    """The files that a record says it has with the bridge, each before what stands inside it."""
    if isinstance(node, list):
        for index, one in enumerate(node):
            yield from named(one, "%s[%d]" % (path, index))
    if not isinstance(node, dict):
        return
    digest = node.get("digest")
    inside = path + "." if path else ""
    if isinstance(digest, str) and re.fullmatch("sm3:[0-9a-fA-F]{64}", digest) and "uri" not in node:
        text = lambda *names: next((node[n] for n in names if isinstance(node.get(n), str) and node[n]), "").encode()
        size = node.get("size")
        size = str(size) if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else "-"
        yield (inside + "digest", digest[4:].lower(), size, text("attachment", "name"), text("sniffed_type", "declared_type"))
    for name, one in node.items():
        if name not in ("meta", "unknown", "ext"):
            yield from named(one, inside + name)


def named_in(record):
    try:
        return list(named(json.loads(record)))
    except ValueError:
        return []


def read(path):
    with open(path, "rb") as f:
        data = f.read()
    lines = data.decode("ascii").split("\n")
    need(lines[0] in ("tongqu-evidence 1", "tongqu-evidence 2") and lines[-1] == "" and lines[-2].startswith("end "), "form")
    need(sm3(data[:data.rindex(b"end ")]).hex() == lines[-2][4:], "end")
    return lines[0], [line.split(" ") for line in lines[1:-2]]


def check(path, public_key):
    form, lines = read(path)
    message = [v[1] for v in lines if v[0] == "message"]
    need(len(message) == 1, "message")
    segments, body = [], None
    for values in lines:
        if values[0] == "head":
            body = plain(values[1])
            need(signed(body, plain(values[2]), public_key), "signature of a head")
        elif values[0] == "segment":
            head = dict(line.split(" ", 1) for line in body.decode().split("\n") if line)
            digests = plain(values[2])
            first, last = int(values[1]), int(head["sequence"])
            need(head["tongqu-audit-head"] == "2" and int(head["from"]) == first and len(digests) == 32 * (last - first + 1), "segment")
            need(sm3(b"tongqu-segment-1" + digests).hex() == head["root"], "root of a segment")
            segments.append((first, last, digests))
    entries = []
    for values in lines:
        if values[0] != "entry":
            continue
        entry = (int(values[1]), int(values[2]), values[3].encode(), plain(values[4]), plain(values[5]), plain_hex(values[6]))
        need(entry[3].decode() == message[0], "entry of another message")
        home = [s for s in segments if s[0] <= entry[0] <= s[1]]
        need(len(home) == 1, "entry without a head")
        first, _, digests = home[0]
        need(digests[32 * (entry[0] - first):][:32] == entry_digest(entry), "entry %d" % entry[0])
        entries.append(entry)
    intake = [e for e in entries if e[2] == b"intake"]
    need(len(intake) == 1, "intake")
    raw = plain([v[1] for v in lines if v[0] == "raw"][0])
    need(pairs(intake[0][4])["raw_sm3"] == sm3(raw).hex(), "raw bytes")
    digest = intake[0][5]
    for e in entries:
        if e[2] in (b"release", b"redeliver") and e[5]:
            digest = e[5]
    claim, record = [(v[1], plain(v[2])) for v in lines if v[0] == "record"][0]
    need(claim == "unproven" or (claim == "proven" and sm3(record) == digest), "record")
    listed = [(v[1], v[2], v[3], plain(v[4]), plain(v[5])) for v in lines if v[0] == "attachment"]
    wanted = named_in(record)
    need(listed == (wanted if form.endswith("2") else []) and (wanted or form.endswith("1")), "attachments")
    receipts = [(v[1], plain(v[2]), plain(v[3])) for v in lines if v[0] == "receipt"]
    for delivery, number, text in receipts:
        need(any(e[2] == b"settle" and e[5] == sm3(text) and pairs(e[4])["delivery"] == delivery and e[4].endswith(b" receipt_no=" + number) for e in entries), "receipt")
    said = "message %s: %d entries, %d heads, %d receipts, record %s" % (message[0], len(entries), len(segments), len(receipts), claim)
    return said + "".join("\nattachment %s sm3:%s %s bytes, %s" % (at, digest, size, name.decode()) for at, digest, size, name, _ in wanted)


def main():
    if len(sys.argv) != 3:
        print(__doc__)
        return 2
    try:
        print(check(sys.argv[1], sys.argv[2]))
    except (Broken, ValueError, KeyError, IndexError, UnicodeDecodeError) as fault:
        print("broken: %s" % fault)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
