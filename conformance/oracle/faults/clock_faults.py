"""The wall clock jumps under a running bridge. The monotonic clock does not: that is what a machine does."""
import time

from case import FAKETIME, case

DAY = 86400


class Wall:
    def __init__(self, run):
        self.file = run.world.path("run", "wall")
        self.set(0)
        run.world.env = {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": self.file, "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}

    def set(self, seconds):
        with open(self.file, "w", encoding="ascii") as f:
            f.write("%+d" % seconds)


def jump(run, wall, seconds, stays):
    """The clock stands off for a while; platforms refuse the time stamp, so nothing can be delivered, and nothing may be given up either."""
    gates = {name: len(run.rows(name, "gate")) for name in run.world.characters}
    wall.set(seconds)
    began = time.monotonic()
    run.flow(5)
    while time.monotonic() - began < stays:
        run.need(run.world.bridge.poll() is None, "the bridge ended by itself with %s" % run.world.bridge.poll())
        time.sleep(0.2)
    counts = run.world.ask(cmd="status")["deliveries"]
    run.need(counts["parked"] == 0 and counts["refused"] == 0 and counts["discarded"] == 0, "a wrong clock made deliveries final: %s" % counts)
    lasted = time.monotonic() - began
    for name in run.world.characters:
        tries = len(run.rows(name, "gate")) - gates[name]
        # Twenty failures open the breaker, then one tries in 100 ms; every one in flight may have been on its way.
        run.need(tries <= 60 + 12 * lasted, "%d requests to %s in %.0f s: a storm" % (tries, name, lasted))
    refused = sum(len(run.rows(name, "gate")) - gates[name] for name in run.world.characters)
    run.need(refused > 0, "no platform refused a time stamp: the clock did not jump")
    run.allow("L3", "timestamp out of the window")
    return refused


@case("clock_a_day_ahead", (25,), needs=("faketime",))
def clock_a_day_ahead(run):
    wall = Wall(run)
    run.up()
    run.flow(5)
    run.arrive("dedup", 3)
    tries = jump(run, wall, DAY, run.amount(20, 3))
    wall.set(0)
    run.arrive("dedup", 5, 60)
    run.arrive("neither", 3, 60)
    run.say("%d refused by the platforms meanwhile, none given up" % tries)


@case("clock_a_day_back", (26,), needs=("faketime",))
def clock_a_day_back(run):
    wall = Wall(run)
    run.up()
    run.flow(5)
    run.arrive("dedup", 3)
    jump(run, wall, -DAY, run.amount(20, 3))
    run.need(run.world.stop_bridge() == 0, "SIGTERM was not followed")
    code, rows = run.world.tool("verify")
    run.need(code == 0 and rows and rows[0]["ok"], "verify after the clock went back: %s" % rows)
    run.up()
    wall.set(0)
    run.arrive("dedup", 5, 60)
    run.need("clock_back" in run.kinds(), "the chain does not say that the clock went back")


@case("clock_ten_minutes_off", (27,), needs=("faketime",))
def clock_ten_minutes_off(run):
    """The platform refuses the signature for its time: that is told by its own name, and nobody's message is put aside for it."""
    wall = Wall(run)
    wall.set(-600)
    run.up()
    began = len(run.log())
    jump(run, wall, -600, run.amount(15, 3))
    run.need(b"platform.clock_refused" in run.log()[began:], "the log does not put it down to the clocks")
    wall.set(0)
    run.arrive("dedup", 5, 60)
