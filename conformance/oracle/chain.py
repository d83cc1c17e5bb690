"""The audit chain, computed anew from docs/reference/journal.md section 5: nothing here asks the product whether it is right."""
import base64
import contextlib
import hashlib
import hmac
import os
import sqlite3
import subprocess
import tempfile


def hmac_sm3(key, data):
    return hmac.new(key, data, lambda initial=b"": hashlib.new("sm3", initial)).digest()


def link(key, previous, entry):
    def text(value):
        value = value.encode() if isinstance(value, str) else bytes(value or b"")
        return len(value).to_bytes(8, "big") + value

    seq, at_ms, kind, subject, detail, digest = entry[:6]
    data = b"tongqu-audit-1" + text(previous) + seq.to_bytes(8, "big") + at_ms.to_bytes(8, "big") + text(kind) + text(subject) + text(detail) + text(digest)
    return hmac_sm3(key, data)


def entries(store):
    """All rows of the chain of a store that no bridge holds."""
    with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % store, uri=True)) as db:
        return db.execute("SELECT seq, at_ms, kind, subject, detail, digest, mac FROM audit ORDER BY seq").fetchall()


def first_break(rows, key):
    """0 when whole, else the number of the first entry that does not follow from the one before."""
    previous, expected = bytes(32), 1
    for entry in rows:
        if entry[0] != expected or link(key, previous, entry) != bytes(entry[6]):
            return expected
        previous, expected = bytes(entry[6]), expected + 1
    return 0


def head_problem(head_file, rows, public_key):
    """Why the signed head outside the store does not fit the chain; empty when it does."""
    if not os.path.exists(head_file):
        return "no head"
    with open(head_file, encoding="ascii") as f:
        lines = f.read().split("\n")
    values = dict(line.split(" ", 1) for line in lines if " " in line)
    body = "\n".join(line for line in lines if line and not line.startswith("signature ")) + "\n"
    sequence = int(values["sequence"])
    if sequence > len(rows) or (sequence and bytes(rows[sequence - 1][6]).hex() != values["mac"]):
        return "head of another chain"
    with tempfile.NamedTemporaryFile() as signature:
        signature.write(base64.b64decode(values["signature"]))
        signature.flush()
        done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public_key, "-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678", "-sigfile", signature.name,
                               "-in", "/dev/stdin"], input=body.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode == 0:
            return ""
        with tempfile.NamedTemporaryFile() as message:  # pkeyutl wants a file for one-shot digests.
            message.write(body.encode())
            message.flush()
            done = subprocess.run(["openssl", "dgst", "-sm3", "-verify", public_key, "-sigopt", "distid:1234567812345678", "-signature", signature.name, message.name],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return "" if done.returncode == 0 else "signature of the head does not verify"
