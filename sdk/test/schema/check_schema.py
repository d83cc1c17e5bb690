"""Holds `tongqu model schema` against an independent validator (Debian's python3-jsonschema).

  check_schema.py TONGQU RANDOM_RECORDS ROOT

Every schema must be a right schema of draft 2020-12 with every member described in both languages. Every record that the packs of the
repository make of their samples, and random records of every entity, must pass; the same records with one fault each must not.
"""
import copy
import glob
import json
import os
import random
import re
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed (scripts/setup)")
    sys.exit(77)

TONGQU, RANDOM_RECORDS, ROOT = sys.argv[1:4]
HEADS = ("record", "kind", "identity", "envelope", "reason", "replaces", "deleted_version", "ext", "unknown", "meta")
failures = []
validators = {}


def expect(condition, what):
    if not condition:
        failures.append(what)


def output_of(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60).stdout.decode("utf-8")


def every_record(text):
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return
        record, at = decoder.raw_decode(text, at)
        yield record


def validator_of(record):
    entity = record["record"].split("@")[0]
    if entity not in validators:
        schema = json.loads(output_of(TONGQU, "model", "schema", entity, "--json"))
        jsonschema.Draft202012Validator.check_schema(schema)
        check_descriptions(entity, schema)
        validators[entity] = jsonschema.Draft202012Validator(schema)
    return validators[entity]


def check_descriptions(entity, schema):
    for name, definition in schema["$defs"].items():
        for member, described in definition.get("properties", {}).items():
            where = "%s: %s.%s" % (entity, name, member)
            expect(re.search("[\u4e00-\u9fff]", described.get("title", "")), where + " has no Chinese title")
            expect(re.search("[A-Za-z]{2}", described.get("description", "")), where + " has no English description")
        for word in definition.get("properties", {}).get("name", {}).get("oneOf", []):
            expect(word.get("title") and word.get("description"), "%s: %s has a code without labels" % (entity, name))


def places(value, path=()):
    """Every place of a record as a path of keys."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield path + (key,)
            yield from places(inner, path + (key,))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, path + (index,))


def at(record, path):
    for key in path:
        record = record[key]
    return record


def put(record, path, value):
    changed = copy.deepcopy(record)
    at(changed, path[:-1])[path[-1]] = value
    return changed


def wrong_type(value):
    return [1] if isinstance(value, (str, dict)) else "x" if isinstance(value, (bool, int, list)) else None


def faults(record, dice):
    """Pairs of a description and a record with one fault."""
    yield "another version", put(record, ("record",), "case@9")
    yield "another kind", put(record, ("kind",), "snap")
    for head in ("record", "kind"):
        yield "no " + head, {key: value for key, value in record.items() if key != head}
    yield "an unknown member", dict(record, colour="red")
    yield "a wrong mark", dict(record, meta={"x": {"mark": "guessed"}})
    yield "a path in meta that is none", dict(record, meta={"x[": {"mark": "derived"}})
    yield "an unknown envelope member", dict(record, envelope={"colour": "red"})
    yield "an unknown identity member", dict(record, identity={"colour": "red"})
    yield "a namespace of ext that is no object", dict(record, ext={"ningbo": "1"})
    fields = [path for path in places(record) if path[0] not in HEADS]
    for path in dice.sample(fields, min(12, len(fields))):
        value = at(record, path)
        if value is not None:
            yield "%s of another type" % (path,), put(record, path, wrong_type(value))
        if isinstance(value, dict):
            yield "%s with an unknown member" % (path,), put(record, path, dict(value, colour="red"))
        if record["kind"] != "part" and not isinstance(path[-1], int):
            yield "%s null outside a part" % (path,), put(record, path, None)
        if isinstance(value, dict) and set(value) <= {"name", "system", "code", "text"} and value.get("system") == "county.code@1":
            yield "%s with a name that the code system lacks" % (path,), put(record, path, dict(value, name="no_such_name"))
        if isinstance(value, dict) and set(value) <= {"value", "unit"} and re.match("^[0-9.]+$", str(value.get("value", "x"))):
            yield "%s with a unit that is none" % (path,), put(record, path, dict(value, unit="fortnight"))
        if isinstance(value, str) and re.match("^2099-", value):
            for wrong in ("2099-13-01", "2099-1-5", "2099-01-05T07:08:09", "05.01.2099", "2099"):
                yield "%s with the time %s" % (path, wrong), put(record, path, wrong)


def check_valid(record, where):
    error = jsonschema.exceptions.best_match(validator_of(record).iter_errors(record))
    expect(error is None, "%s: %s" % (where, error and (list(error.absolute_path), error.message[:200])))


def check_faults(record, where, dice):
    count = 0
    for what, changed in faults(record, dice):
        count += 1
        expect(not validator_of(record).is_valid(changed), "%s: accepted with %s" % (where, what))
    return count


def main():
    dice = random.Random(7)
    samples = 0
    for pack in sorted(glob.glob(os.path.join(ROOT, "connectors/packs/*"))):
        for sample in sorted(glob.glob(os.path.join(pack, "samples/*.in.*"))):
            for record in every_record(output_of(TONGQU, "map", "run", pack, "--in", sample)):
                samples += 1
                check_valid(record, sample)
                check_faults(record, sample, dice)
    expect(samples >= 9, "only %d records came from the samples of the packs" % samples)
    entities, records, faulty = set(), 0, 0
    for line in output_of(RANDOM_RECORDS).splitlines():
        record = json.loads(line)
        entities.add(record["record"])
        records += 1
        check_valid(record, "random %s %d" % (record["record"], records))
        if records % 4 == 1:
            faulty += check_faults(record, "random %s %d" % (record["record"], records), dice)
    expect(len(entities) >= 13, "random records of %d entities only" % len(entities))
    print("%d records of samples, %d random records of %d entities, %d faults" % (samples, records, len(entities), faulty))
    for failure in failures[:40]:
        print("FAILED", failure)
    return 1 if failures else 0


sys.exit(main())
