"""Senders that say the same again: a thousand at once, or the whole of a day."""
import base64
import collections
import hashlib
import threading
import time

import ledger
from case import case


def ask_once(lane, body):
    """(state, acknowledgement, digest of the whole answer) of one message on a connection of its own."""
    connection = lane.open()
    try:
        told = lane.exchange_on(connection, body)
        return told.state, told.ack, hashlib.sha256(told.raw).hexdigest()
    finally:
        connection.close()


@case("same_bytes_at_once", (29,))
def same_bytes_at_once(run):
    """One message of each system from many callers in the same moment: one row, one effect at each platform, and everybody hears the same bytes."""
    run.up()
    run.flow(2)
    for lane in run.senders.lanes:
        message = lane.generator.next_case().message("accept")
        lane.ledger.write(k="send", key=message.key, kind="first", expect=message.expect, why="", sha=hashlib.sha256(message.body).hexdigest(), body=base64.b64encode(message.body).decode())
        answers, broken, start = collections.Counter(), [], threading.Event()

        def many(count, lane=lane, message=message, answers=answers, broken=broken, start=start):
            start.wait()
            for _ in range(count):
                try:
                    told = ask_once(lane, message.body)
                except (OSError, ValueError) as failure:
                    broken.append(failure)
                    continue
                if told[0] != "busy":
                    answers[told] += 1

        callers = [threading.Thread(target=many, args=(run.amount(16, 3),), daemon=True) for _ in range(64)]
        for one in callers:
            one.start()
        start.set()
        for one in callers:
            one.join(120)
        run.need(len(answers) == 1 and sum(answers.values()) > len(callers), "%s: %d different answers, %d without one" % (lane.system, len(answers), len(broken)))
        (state, ack, raw), count = answers.popitem()
        run.need(state == "stored", "%s: told %s" % (lane.system, state))
        lane.ledger.write(k="told", key=message.key, sha=hashlib.sha256(message.body).hexdigest(), state=state, ack=ack, raw=raw, text="")
        run.say("%s: %d answers alike" % (lane.system, count))


@case("whole_day_again", (31,))
def whole_day_again(run):
    """Everything that was ever acknowledged is sent once more, in another order: the first acknowledgement for each, and no effect."""
    run.up()
    run.flow(run.amount(1500, 60), 600)
    for lane in run.senders.lanes:
        lane.stopping.set()
    for lane in run.senders.lanes:
        lane.join(60)
    for _ in range(200):
        counts = run.world.ask(cmd="status")
        if not any(counts["deliveries"][state] for state in ("ready", "sending", "unknown", "waiting")):
            break
        time.sleep(0.1)
    before = {name: run.effects(name) for name in run.world.characters}
    rows = ledger.read(run.world.path("oracle", "sent.jsonl"))
    bodies = {row["sha"]: base64.b64decode(row["body"]) for row in rows if row["k"] == "send"}
    first = {}
    for row in rows:
        if row["k"] == "told" and row["state"] in ("stored", "held"):
            first.setdefault(row["sha"], row)
    day = sorted(first)
    run.rng.shuffle(day)
    by_system = {lane.system: lane for lane in run.senders.lanes}
    for sha in day:
        told = first[sha]
        state, ack, raw = ask_once(by_system[told["key"][0]], bodies[sha])
        run.need((state, ack, raw) == (told["state"], told["ack"], told["raw"]), "%s was told %s the second time" % ("/".join(map(str, told["key"])), state))
    after = run.world.ask(cmd="status")
    run.need(after["messages"] == counts["messages"], "%d messages became %d" % (counts["messages"], after["messages"]))
    time.sleep(1)
    run.need(before == {name: run.effects(name) for name in run.world.characters}, "the day had effects once more")
    run.say("%d sent again, no effect" % len(day))
