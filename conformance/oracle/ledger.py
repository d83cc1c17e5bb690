"""A ledger: JSON lines, each on disk before the call returns. One writer, any number of threads of it."""
import json
import os
import threading


class Ledger:
    def __init__(self, path):
        self.fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        self.lock = threading.Lock()

    def write(self, **row):
        line = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
        with self.lock:
            if os.write(self.fd, line) != len(line):
                raise OSError("short write to a ledger")
        os.fdatasync(self.fd)

    def close(self):
        os.close(self.fd)


def read(path):
    with open(path, "rb") as f:
        return [json.loads(line) for line in f.read().splitlines()]
