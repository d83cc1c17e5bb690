#!/usr/bin/python3
"""Writes test_archives.hpp: small archives made by Python's zlib and zipfile, an implementation that is not ours.

usage: make_test_archives.py > test_archives.hpp
"""
import base64
import gzip
import io
import struct
import zipfile
import zlib

MADE = (2099, 1, 1, 0, 0, 0)


def archive(entries, method=zipfile.ZIP_DEFLATED, system=0, attributes=0):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name, content in entries:
            info = zipfile.ZipInfo(name, MADE)
            info.compress_type, info.create_system, info.external_attr = method, system, attributes
            made.writestr(info, content)
    return out.getvalue()


def case(number):
    return f"<bj><no>C{number}</no></bj>"


def overlapping():
    """A stored file that is the local record of a second one: two directory rows claim the same bytes."""
    def local(name, data):
        return struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 0, 0, 0, zlib.crc32(data), len(data), len(data), len(name), 0) + name + data

    def row(name, data, at):
        return struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 0, 0, 0, zlib.crc32(data), len(data), len(data), len(name), 0, 0, 0, 0, 0, at) + name
    inner = local(b"b.xml", b"kernel")
    outer = local(b"a.xml", inner)
    rows = row(b"a.xml", inner, 0) + row(b"b.xml", b"kernel", len(outer) - len(inner))
    return outer + rows + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 2, 2, len(rows), len(outer), 0)


gbk_name = "案件.xml".encode("gbk")
ROWS = {
    "kGzip": gzip.compress(case(1).encode(), mtime=0),
    "kGzipTwoMembers": gzip.compress(b"<bj><no>C1", mtime=0) + gzip.compress(b"</no></bj>", mtime=0),
    "kZip": archive([("a.xml", case(1)), ("b/c.xml", case(2)), ("readme.txt", "x")]),
    "kStoredZip": archive([("a.xml", case(1))], zipfile.ZIP_STORED),
    "kBrokenPieceZip": archive([("a.xml", case(1)), ("b.xml", "<bj>\n<no></bj>"), ("c.xml", case(3))]),
    "kUtf8Zip": archive([("案件.xml", case(3))]),
    "kGbkZip": archive([("N" * len(gbk_name), case(3))]).replace(b"N" * len(gbk_name), gbk_name),
    "kClimbingZip": archive([("xx/a.xml", "1")]).replace(b"xx/a.xml", b"../a.xml"),
    "kAbsoluteZip": archive([("x/a.xml", "1")]).replace(b"x/a.xml", b"//a.xml"),
    "kTwiceZip": archive([("a.xml", "1"), ("b.xml", "2")]).replace(b"b.xml", b"a.xml"),
    "kBackslashZip": archive([("d1/a.xml", "1")]).replace(b"d1/a.xml", b"d1\\a.xml"),
    "kLinkZip": archive([("a.xml", "/etc/hosts")], system=3, attributes=0o120777 << 16),
    "kOverlapZip": overlapping(),
    "kBombZip": archive([("a.xml", "0" * 1000000)]),
    "kBombGzip": gzip.compress(b"0" * 1000000, mtime=0),
}
print("#pragma once\n// Made by make_test_archives.py (Python's zlib and zipfile); Base64. Do not edit.\nnamespace tongqu::wire::test {\n")
for name, content in ROWS.items():
    text = base64.b64encode(content).decode()
    lines = [text[i:i + 120] for i in range(0, len(text), 120)]
    print(f"inline constexpr char {name}[] =")
    print("\n".join(f'    "{line}"' for line in lines) + ";")
print("\n} // namespace tongqu::wire::test")
