"""Configurations that are wrong, given to a running bridge."""
import time

from case import case


def mutants(run, text):
    """(what, text, surely wrong) without end."""
    lines, rng = text.splitlines(), run.rng
    keys = ["journal", "audit", "listen", "packs", "platforms", "routes"]
    yield "ten megabytes", text + "# " + "x" * (10 << 20) + "\nnonsense: 1\n", True
    yield "a NUL", text.replace("workers", "wor\0kers"), True
    yield "not UTF-8", text.replace("workers", "work\udcffers"), True
    yield "nothing", "", True
    yield "a list", "- a\n- b\n", True
    yield "nested without end", text + "x: " + "[" * 100000, True
    yield "an alias bomb", text + "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join("%s: &%s [*%s,*%s,*%s,*%s,*%s,*%s]\n" % (n, n, p, p, p, p, p, p) for p, n in zip("abcdefgh", "bcdefghi")), True
    yield "a literal secret", text.replace("{file: keys/paas.token}", "0123456789"), True
    yield "a missing secret", text.replace("keys/paas.token", "keys/nowhere.token"), True
    yield "a missing pack", text.replace("packs/qinglan-spxt", "packs/nowhere"), True
    yield "a missing target", text.replace("targets/case.yaml", "targets/nowhere.yaml"), True
    yield "another host than pinned", text.replace("pinned_host: 127.0.0.1", "pinned_host: elsewhere.example.test", 1), True
    yield "a platform twice", text.replace("name: queryable", "name: dedup"), True
    yield "a listener twice", text.replace("name: yunxi", "name: qinglan"), True
    yield "a route to nowhere", text.replace("targets: [dedup", "targets: [nowhere, dedup"), True
    yield "a target behind itself", text.replace("targets: [dedup,", "targets: [{platform: dedup, after: dedup},"), True
    yield "weak durability", text.replace("journal: {", "journal: {synchronous: NORMAL, "), True
    yield "a new store", text.replace("journal.db", "other.db"), True
    yield "more workers", text.replace("workers: 2", "workers: 3"), True
    yield "an unknown profile", text.replace("profile: tif_rio", "profile: nowhere", 1), True
    yield "an unknown family", text.replace("family: soap", "family: smoke", 1), True
    while True:
        kind = rng.randrange(8)
        at = rng.randrange(len(lines))
        if kind == 0:
            yield "an unknown key in line %d" % (at + 1), text.replace("{", "{nonsense: 1, ", 1 + rng.randrange(3)) + "nonsense_%d: 1\n" % at, True
        elif kind == 1:
            key = rng.choice(keys)
            yield "without " + key, "\n".join(line for line in lines if not line.startswith(key)), False
        elif kind == 2:
            yield "without line %d" % (at + 1), "\n".join(lines[:at] + lines[at + 1:]), False
        elif kind == 3:
            yield "line %d twice" % (at + 1), "\n".join(lines[:at] + [lines[at]] + lines[at:]), False
        elif kind == 4:
            cut = rng.randrange(1, len(text))
            yield "cut after %d" % cut, text[:cut], False
        elif kind == 5:
            where = rng.randrange(len(text))
            yield "another character at %d" % where, text[:where] + rng.choice("{}[]:,#&*!|>'\"%@`\t\\0") + text[where + 1:], False
        elif kind == 6:
            number = rng.choice(["-1", "99999999999999999999", "1e9", "0x10", "nan", "''", "[]", "{}", "~"])
            yield "%s as a number" % number, text.replace(rng.choice(["concurrency: 8", "connect_timeout_ms: 1000", "total_timeout_ms: 1200", "breaker_failures: 20"]), "concurrency: " + number, 1), False
        else:
            yield "a tab in line %d" % (at + 1), "\n".join(lines[:at] + ["\t" + lines[at]] + lines[at + 1:]), False


@case("broken_configurations", (53,))
def broken_configurations(run):
    """Each is refused whole, with the place, and the one before goes on; the good one is then read again."""
    run.up()
    run.flow(3)
    path = run.world.path("bridge.yaml")
    with open(path, encoding="utf-8") as f:
        good = f.read()
    refused = taken = 0
    for number, (what, text, surely) in enumerate(mutants(run, good)):
        if number == run.amount(220, 30):
            break
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as f:
            f.write(text)
        began = time.monotonic()
        answer = run.world.ask(cmd="reload", reason="a fault")
        run.need(time.monotonic() - began < 15, "%s: the answer took %.0f s" % (what, time.monotonic() - began))
        run.need(run.world.bridge.poll() is None, "%s: the bridge ended with %s" % (what, run.world.bridge.poll()))
        if answer.get("ok"):
            run.need(not surely, "a configuration with %s was taken" % what)
            taken += 1
            continue
        refused += 1
        answer = answer.get("error", answer)
        run.need("." in str(answer.get("id", "")), "%s was refused without an id: %s" % (what, str(answer)[:200]))
        run.need(answer.get("where") or answer.get("findings"), "%s was refused without a place: %s" % (what, str(answer)[:200]))
        run.need(len(str(answer)) < 1 << 20, "%s: an answer of %d bytes" % (what, len(str(answer))))
        if number % 10 == 0:
            run.flow(1)
    with open(path, "w", encoding="utf-8") as f:
        f.write(good)
    answer = run.world.ask(cmd="reload", reason="mended")
    run.need(answer.get("ok"), "the good configuration was refused afterwards: %s" % str(answer)[:300])
    run.flow(3)
    run.say("%d refused, %d were good nevertheless" % (refused, taken))
