#!/usr/bin/env python3
"""Runs the sections of scripts/bench and prints one table, or one JSON object with --json. The programs are built already."""
import argparse
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SECTIONS = ("translate", "bridge", "limits")


def merged(into, other):
    """Members of both; a member of objects on both sides is merged, anything else is replaced."""
    for key, value in other.items():
        into[key] = merged(into[key], value) if isinstance(value, dict) and isinstance(into.get(key), dict) else value
    return into


def run(*command):
    """The JSON object that a program prints; ends this one with the same code when it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit("bench: %s ended with %d" % (" ".join(map(os.path.basename, command[:2])), done.returncode))
    return json.loads(done.stdout)


def measure(section, bin_dir, more):
    pack = os.path.join(HERE, "packs", "bench-county")
    if section == "translate":
        batch = run(os.path.join(bin_dir, "batch_bench"), os.path.join(HERE, "packs", "bench-batch"))
        return merged(run(os.path.join(bin_dir, "translate_bench"), pack), {"translate": batch})
    if section == "bridge":
        return run("/usr/bin/python3", os.path.join(HERE, "bridge_bench.py"), "--bin", bin_dir, *more)
    disk = run(os.path.join(bin_dir, "disk_bench"), os.path.dirname(bin_dir), "4096", "64", "2")
    return merged({"limits": disk}, run(os.path.join(bin_dir, "translate_bench"), pack, "--limits"))


def row(out, name, value, note=""):
    out.append("  %-34s %14s  %s" % (name, value, note))


def translate_table(out, results):
    out.append("translate (one thread: gate, decode, map, validate, canonical JSON, HMAC-SHA-256)")
    for form in ("soap", "soap_string", "rest"):
        one = results[form]
        row(out, form, "%.0f /s" % one["per_s"], "%.1f us CPU, %.0f bytes a message" % (one["cpu_us"], one["bytes"]))
    if "batch" in results:
        one = results["batch"]
        row(out, "batch, %d records in one delivery" % one["records"], "%.0f /s" % one["per_s"],
            "%.1f us CPU a record; %.1f MB at most beyond the delivery of %.1f MB" % (one["cpu_us"], one["peak_mb_beyond_delivery"], one["bytes"] / 1048576))
    for name, value in results.get("soap_stages_cpu_us", {}).items():
        row(out, "  " + name, "%.1f us" % value)


def bridge_table(out, b):
    out.append("bridge (sender, bridge and sandbox on this machine; sealed, synchronous=FULL, one target)")
    row(out, "delivered, sustained", "%.0f /s" % b["delivered"]["per_s"], "%d messages, %d connections; %d still under way at the last acknowledgement"
        % (b["delivered"]["messages"], b["connections"], b["delivered"]["backlog_at_last_ack"]))
    row(out, "acknowledgement p50 / p99", "%.1f / %.1f ms" % (b["ack"]["p50_ms"], b["ack"]["p99_ms"]), "at that rate (closed loop)")
    part = b["at_70_percent"]
    row(out, "acknowledgement p50 / p99", "%.1f / %.1f ms" % (part["ack"]["p50_ms"], part["ack"]["p99_ms"]), "open loop at %.0f /s" % part["per_s"])
    row(out, "CPU of the bridge", "%.0f us" % b["cpu_us_per_message"], "a message; sandbox %.0f us, sender %.0f us" % (b["sandbox_cpu_us_per_message"], b["sender_cpu_us_per_message"]))
    m, w = b["machine"], b["writer"]
    row(out, "machine meanwhile", "%.0f %%" % (100 * m["ours"]), "in these processes, %.0f %% others and kernel threads, %.0f %% waiting for the disk, %.0f %% idle"
        % (100 * m["others_and_kernel"], 100 * m["disk"], 100 * m["idle"]))
    row(out, "the journal's thread", "%.0f %%" % (100 * (w["applying"] + w["committing"] + w["completing"] + w["tidying"])),
        "%.0f %% applying, %.0f %% committing, %.0f %% callbacks, %.0f %% checkpoints and heads" % tuple(100 * w[part] for part in ("applying", "committing", "completing", "tidying")))
    row(out, "  its groups", "%.0f /s" % w["groups_per_s"], "%.1f operations each; %.2f ms to a commit; an operation waits %.2f ms for its group"
        % (w["operations_per_group"], w["committing_us_per_group"] / 1000, w["queued_us"] / 1000))
    row(out, "peak memory of the bridge", "%.1f MB" % b["peak_mb"], "sandbox %.1f MB" % b["sandbox_peak_mb"])
    row(out, "judged by the sandbox's ledger", "%d" % b["judged"]["acknowledged"], "acknowledged, %(lost)d lost, %(doubled)d doubled, %(stray)d stray" % b["judged"])


def queued_table(out, q):
    out.append("bridge with %d messages queued (the platform in a pause)" % q["messages"])
    row(out, "peak memory of the bridge", "%.1f MB" % q["peak_mb"], "taking them in; %.1f MB after the restart; store %d MB" % (q["peak_mb_after_restart"], q["store_mb"]))
    row(out, "restart to ready", "%.2f s" % q["restart_s"])
    row(out, "intake", "%.0f /s" % q["intake_queued"]["per_s"], "%.0f %% of the %.0f /s of an empty store, in turns with it" % (100 * q["intake_share"], q["intake_empty"]["per_s"]))
    for name, title in (("intake_queued", "  a message"), ("intake_empty", "  a message, empty store")):
        row(out, title, "%.0f us" % q[name]["cpu_us"], "CPU of the bridge; %.1f KB written" % (q[name]["written_bytes"] / 1024))
    if "judged" in q:
        row(out, "delivered at last", "%.0f /s" % q["drained_per_s"], "peak %.1f MB" % q["peak_mb_drained"])
        row(out, "judged by the sandbox's ledger", "%d" % q["judged"]["acknowledged"], "acknowledged, %(lost)d lost, %(doubled)d doubled, %(stray)d stray" % q["judged"])


def slow_table(out, s):
    out.append("bridge beside %d slow callers (a byte every two seconds each)" % s["callers"])
    for name, title in (("ack_alone", "acknowledgement, without them"), ("ack_beside_slow", "acknowledgement, beside them")):
        row(out, title, "%.1f / %.1f ms" % (s[name]["p50_ms"], s[name]["p99_ms"]), "p50 / p99, open loop at %.0f /s" % s["per_s"])
    row(out, "p99 beside them", "x %.2f" % s["p99_ratio"], "%d turned away meanwhile, peak %.1f MB" % (s["turned_away"], s["peak_mb"]))
    row(out, "judged by the sandbox's ledger", "%d" % s["judged"]["acknowledged"], "acknowledged, %(lost)d lost, %(doubled)d doubled, %(stray)d stray" % s["judged"])


def soak_table(out, s):
    third = len(s["memory_mb"]) // 3
    out.append("bridge, %.1f minutes at half of the sustained rate (memory and descriptors did not grow)" % s["minutes"])
    row(out, "delivered", "%.0f /s" % s["per_s"], "%d messages" % s["messages"])
    row(out, "acknowledgement p99", "%.1f ms" % s["p99_ms_median"], "median of ten-second pieces; worst %.1f ms" % s["p99_ms_worst"])
    row(out, "memory of the bridge", "%.1f MB" % s["memory_mb"][-1], "at the end; %.1f MB after a third, at most %.1f MB" % (s["memory_mb"][third], max(s["memory_mb"])))
    row(out, "descriptors", "%d" % s["descriptors"][-1], "at the end; %d after a third" % s["descriptors"][third])
    row(out, "judged by the sandbox's ledger", "%d" % s["judged"]["acknowledged"], "acknowledged, %(lost)d lost, %(doubled)d doubled, %(stray)d stray" % s["judged"])


def sm2_table(out, s):
    out.append("bridge that signs every message with SM2 (raw r||s: one signature, verified by itself, and one more verified)")
    row(out, "delivered, sustained", "%.0f /s" % s["delivered_per_s"], "%d messages; %.0f us CPU of the bridge each" % (s["messages"], s["cpu_us_per_message"]))
    row(out, "the signatures alone", "%.0f /s" % s["signatures_alone_per_s"], "on the same processors, before and after")
    row(out, "share of it", "%.0f %%" % (100 * s["share"]), "%.0f %% of the machine were others and kernel threads" % (100 * s["machine"]["others_and_kernel"]))
    row(out, "share of the CPU time", "%.0f %%" % (100 * s["share_of_cpu"]), "%.0f us of signatures in all that a message costs the three processes" % s["signatures_cpu_us"])
    row(out, "judged by the sandbox's ledger", "%d" % s["judged"]["acknowledged"], "acknowledged, %(lost)d lost, %(doubled)d doubled, %(stray)d stray" % s["judged"])


def limits_table(out, limits):
    out.append("limits (bare engines, in the same run)")
    for name, one in limits.items():
        if name == "memory":
            row(out, "memory", "%.1f GB/s" % one["copy_gb_per_s"], "copied; %.0f ns for a read of 64 bytes that nothing foresees, in 64 MB" % one["read_ns"])
            continue
        note = "%.1f us CPU" % one["cpu_us"] if "cpu_us" in one else "%(record_bytes)d bytes, %(group)d to a sync; fdatasync p50 %(fdatasync_p50_us).0f us, p99 %(fdatasync_p99_us).0f us" % one
        row(out, name, "%.0f /s" % one["per_s"], note)


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Benchmarks: translation on one thread, the durable road end to end, and the limits beside them.")
    parser.add_argument("section", nargs="*", help="translate, bridge or limits; translate and bridge when none is named")
    parser.add_argument("--json", action="store_true", help="print one JSON object; the table goes to standard error")
    parser.add_argument("--queued", type=int, default=0, metavar="N", help="bridge: with N messages that wait (memory, restart, intake), then all delivered; a million takes 12 GB of disk and ten minutes")
    parser.add_argument("--keep-queued", action="store_true", help="bridge --queued: do not deliver them at the end")
    parser.add_argument("--slow", type=int, default=0, metavar="N", help="bridge: the acknowledgement beside N slow callers")
    parser.add_argument("--soak", type=float, default=0, metavar="MINUTES", help="bridge: half of the sustained rate for so long; fails when memory or descriptors grow")
    parser.add_argument("--sm2", action="store_true", help="bridge: every message signed with SM2 by a test profile, beside the signatures alone")
    parser.add_argument("--bin", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    for section in options.section:
        if section not in SECTIONS:
            parser.error("no such section: " + section)
    more = [word for word, on in (("--queued=%d" % options.queued, options.queued), ("--keep-queued", options.keep_queued), ("--slow=%d" % options.slow, options.slow),
                           ("--soak=%g" % options.soak, options.soak), ("--sm2", options.sm2)) if on]
    if more and options.section != ["bridge"]:
        parser.error("--queued, --slow, --soak and --sm2 are of the section bridge alone")
    results = {}
    for section in options.section or ("translate", "bridge"):
        print("bench: %s ..." % section, file=sys.stderr, flush=True)
        merged(results, measure(section, os.path.abspath(options.bin), more))
    out = []
    if "translate" in results:
        translate_table(out, results["translate"])
    if "bridge" in results:
        bridge_table(out, results["bridge"])
    if "queued" in results:
        queued_table(out, results["queued"])
    if "slow" in results:
        slow_table(out, results["slow"])
    if "soak" in results:
        soak_table(out, results["soak"])
    if "sm2" in results:
        sm2_table(out, results["sm2"])
    limits_table(out, results["limits"])
    print("\n".join(out), file=sys.stderr if options.json else sys.stdout)
    if options.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
