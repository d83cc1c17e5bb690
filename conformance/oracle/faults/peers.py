"""Peers that misbehave: a front before a platform (plain or TLS), a name server, callers that take their time. All on the loopback."""
import asyncio
import contextlib
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

from case import FAKETIME


class Front:
    """Passes connections on to a platform, in the way of its mode. A new mode closes what is open."""

    def __init__(self, to, host="127.0.0.1"):
        self.to, self.context, self.mode, self.open, self.seen, self.turn = to, None, "pass", set(), 0, 0
        self.lock = threading.Lock()
        self.listener = socket.create_server((host, 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def become(self, mode, context=None):
        with self.lock:
            self.mode, self.context, self.turn = mode, context, self.turn + 1
            for one in self.open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        with self.lock:
            mode, context, turn = self.mode, self.context, self.turn
            self.open.add(connection)
            self.seen += 1
        with contextlib.suppress(OSError, ssl.SSLError):
            if mode == "silent":
                while connection.recv(4096):
                    pass
            elif mode == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif mode == "close":
                pass
            else:
                if context:
                    wrapped = context.wrap_socket(connection, server_side=True)
                    with self.lock:
                        self.open = (self.open - {connection}) | {wrapped}
                    connection = wrapped
                if turn == self.turn:
                    self.carry(connection)
        with self.lock:
            self.open.discard(connection)
        with contextlib.suppress(OSError):
            connection.close()

    def carry(self, connection):
        host, port = self.to.split(":")
        with socket.create_connection((host, int(port))) as platform:
            back = threading.Thread(target=self.copy, args=(platform, connection), daemon=True)
            back.start()
            self.copy(connection, platform)
            back.join(30)
        with contextlib.suppress(OSError):
            connection.close()

    @staticmethod
    def copy(a, b):
        with contextlib.suppress(OSError, ssl.SSLError):
            while True:
                part = a.recv(1 << 16)
                if not part:
                    break
                b.sendall(part)
        for one in (a, b):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.close()
        self.become("close")


class Authority:
    """Certificates of an authority of our own, good and bad."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        self.ca = self.authority("ca")
        self.other = self.authority("other")

    def openssl(self, *arguments, when=""):
        env = dict(os.environ, LD_PRELOAD=FAKETIME, FAKETIME=when) if when else None
        subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder, env=env)

    def authority(self, name):
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".pem", "-days", "30", "-subj", "/CN=Fault authority " + name)
        return os.path.join(self.folder, name + ".pem")

    def server(self, name, host, authority="ca", when="", days=10, self_signed=False):
        with open(os.path.join(self.folder, name + ".ext"), "w", encoding="ascii") as f:
            f.write("subjectAltName=DNS:%s\n" % host)
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + host)
        sign = ["-signkey", name + ".key"] if self_signed else ["-CA", authority + ".pem", "-CAkey", authority + ".key", "-set_serial", str(time.monotonic_ns())]
        self.openssl("x509", "-req", "-in", name + ".csr", "-days", str(days), "-extfile", name + ".ext", "-out", name + ".pem", *sign, when=when)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(self.folder, name + ".pem"), os.path.join(self.folder, name + ".key"))
        return context


class NameServer:
    """Answers one name by its mode; on port 53 of a network of our own."""

    def __init__(self, name):
        self.name, self.mode, self.address, self.asked = name, "ok", "127.0.0.1", 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            question, peer = self.socket.recvfrom(1500)
            self.asked += 1
            answer = self.answer(question)
            if answer:
                self.socket.sendto(answer, peer)

    def answer(self, question):
        at, labels = 12, []
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode("ascii", "replace"))
            at += 1 + question[at]
        kind = struct.unpack(">H", question[at + 1:at + 3])[0]
        asked = question[12:at + 5]
        if self.mode == "silent":
            return b""
        code = {"nxdomain": 3, "servfail": 2}.get(self.mode, 0 if ".".join(labels) == self.name else 3)
        records = []
        if code == 0 and kind == 1 and self.mode in ("ok", "moved"):
            records.append(struct.pack(">HHHIH", 0xC00C, 1, 1, 1, 4) + socket.inet_aton(self.address))
        if code == 0 and kind == 28 and self.mode == "v6only":
            records.append(struct.pack(">HHHIH", 0xC00C, 28, 1, 1, 16) + socket.inet_pton(socket.AF_INET6, "::1"))
        return question[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(records), 0, 0) + asked + b"".join(records)


class SlowCallers:
    """So many callers that take their time, in a process of their own: `heads`, `bodies` or `reads`."""

    def __init__(self, address, path, kind, count):
        self.process = subprocess.Popen([sys.executable, os.path.abspath(__file__), address, path, kind, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.begun = self.process.stdout.readline().strip()

    def end(self):
        """How many connections were made, and how many the server ended."""
        self.process.stdin.close()
        said = self.process.stdout.read().split()
        self.process.wait()
        return [int(word) for word in said]


async def slow_caller(host, port, path, kind, counts):
    while True:
        try:
            reader, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(0.5)
            continue
        counts[0] += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if kind == "heads":
                await drip(reader, writer, ("POST %s HTTP/1.1\r\nHost: x\r\nX-Slow: " % path).encode())
            elif kind == "bodies":
                await drip(reader, writer, ("POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 5000\r\n\r\n" % path).encode())
            else:
                for _ in range(400):   # Answers that nobody reads.
                    writer.write(("GET %s?wsdl HTTP/1.1\r\nHost: x\r\n\r\n" % path).encode())
                await asyncio.sleep(120)
        counts[1] += 1
        writer.close()


async def drip(reader, writer, first):
    writer.write(first)
    ended = asyncio.ensure_future(reader.read(4096))
    while not ended.done():
        await asyncio.wait([ended], timeout=2)
        writer.write(b"a")
    await asyncio.sleep(0.2)


async def slow_callers(address, path, kind, count):
    host, port = address.split(":")
    counts = [0, 0]
    tasks = [asyncio.ensure_future(slow_caller(host, int(port), path, kind, counts)) for _ in range(int(count))]
    while counts[0] < 0.9 * len(tasks):
        await asyncio.sleep(0.1)
    print("begun", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    print(*counts, flush=True)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(slow_callers(*sys.argv[1:]))
