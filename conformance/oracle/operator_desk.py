"""The person at the desk: settles what only a person can, by asking the platform that can neither recognise nor be asked, that is by reading its ledger."""
import json
import time

import ledger


class Desk:
    def __init__(self, world, rng):
        self.world, self.rng, self.resolved = world, rng, 0

    def drain(self, seconds):
        """True when nothing is on its way any more."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            counts = self.world.ask(cmd="status")["deliveries"]
            if not any(counts[state] for state in ("waiting", "ready", "sending", "unknown")):
                return True
            if counts["unknown"] and not self.settle_unknown() and not counts["sending"]:
                time.sleep(0.1)
            time.sleep(0.05)
        return False

    def settle_unknown(self):
        """Resolves every delivery that says it needs a person. How many there were."""
        rows = [d for d in self.world.deliveries("unknown") if d["error_id"] == "bridge.outcome_needs_person"]
        taken = {name: set() for name in self.world.addresses}
        for name in {d["target"] for d in rows}:
            for row in ledger.read(self.world.path("oracle", name + ".jsonl")):
                if row["k"] == "effect":
                    data = json.loads(row["data"])
                    taken[name].add((row["system"], data["project_no"], row["stage"], data.get("order_num", "") if row["stage"] == "process" else ""))
        for d in rows:
            as_ = "delivered" if self.effect_key(d) in taken[d["target"]] else "absent"
            answer = self.world.ask(cmd="resolve", delivery=d["delivery"], **{"as": as_}, reason="asked the platform by telephone")
            self.resolved += bool(answer.get("ok"))
        return len(rows)

    def effect_key(self, delivery):
        key = self.keys().get(delivery["message_id"])
        if key is None:
            return None
        stage = {"accept": "accept", "result": "result"}.get(key[2], "process")
        return (key[0], key[1], stage, key[2][4:] if stage == "process" else "")

    def keys(self):
        """What was told under which acknowledgement."""
        if not hasattr(self, "known"):
            self.known = {}
        if not self.known or time.monotonic() - self.read_at > 1:
            self.read_at = time.monotonic()
            self.known = {row["ack"]: row["key"] for row in ledger.read(self.world.path("oracle", "sent.jsonl")) if row["k"] == "told" and row["ack"]}
        return self.known
