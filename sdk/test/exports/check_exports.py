"""Holds the exports of `tongqu model export` against judges that are not ours: rdflib and rapper for RDF, shapes of CPSV-AP, jsonschema.

  check_exports.py TONGQU

The outputs of item.json and case.json must be those of expected/, read by people against the specifications, and pass the judge of their
form; the same outputs with one fault each must not pass. schemas/README.md says where each schema comes from.
"""
import copy
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
import xml.etree.ElementTree as ElementTree

try:
    import jsonschema
    import rdflib
except ImportError as missing:
    print("skipped: %s is not installed (scripts/setup)" % missing.name)
    sys.exit(77)

# What is judged is what was written: without this rdflib makes P14D of P2W.
rdflib.NORMALIZE_LITERALS = False

TONGQU = sys.argv[1]
HERE = os.path.dirname(os.path.abspath(__file__))
SH = rdflib.Namespace("http://www.w3.org/ns/shacl#")
CV = "http://data.europa.eu/m8g/"
DCT = "http://purl.org/dc/terms/"
BASES = ("urn:x-tongqu:", "https://data.example/catalogue/")
DURATION = re.compile(r"^-?P(?=.)(\d+Y)?(\d+M)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$")
FAULTS = []


def expect(condition, what):
    if not condition:
        FAULTS.append(what)


def export(form, name, *options):
    done = subprocess.run([TONGQU, "--lang", "en", "model", "export", "--as", form, *options, os.path.join(HERE, name)], capture_output=True, timeout=60)
    expect(done.returncode == 0, "%s ends with %d: %s" % (form, done.returncode, done.stderr.decode()[:300]))
    return done.stdout.decode("utf-8"), done.stderr.decode("utf-8")


def check_expected(form, name, text, findings):
    stem = os.path.join(HERE, "expected", "%s.%s" % (name.split(".")[0], form))
    with open(stem + ".json", encoding="utf-8") as file:
        expect(json.load(file) == json.loads(text), "%s differs from expected/" % form)
    with open(stem + ".findings.txt", encoding="utf-8") as file:
        got = [re.match(r"(\S+ \S+(?: \S+(?=: ))?)", line).group(1) for line in findings.splitlines()]
        expect(file.read().splitlines() == got, "findings of %s differ from expected/" % form)


# RDF


def graph_of(text):
    graph = rdflib.Graph()
    graph.parse(data=text, format="json-ld")
    return graph


def shapes():
    graph = rdflib.Graph()
    graph.parse(os.path.join(HERE, "schemas", "cpsv_ap_3.2.ttl"), format="turtle")
    official = os.environ.get("TONGQU_CPSV_AP_SHACL")
    if official:
        graph.parse(official, format="turtle")
    return graph


def value_fault(graph, shape, rule, value):
    datatype, wanted = shape.value(rule, SH.datatype), shape.value(rule, SH["class"])
    if datatype is not None:
        if not isinstance(value, rdflib.Literal):
            return "is no literal"
        if datatype == rdflib.RDF.langString:
            return None if value.language else "has no language"
        if value.datatype != datatype:
            return "is no %s" % datatype
        if datatype == rdflib.XSD.duration and not DURATION.match(str(value)):
            return "is no lexical duration"
        if datatype == rdflib.XSD.double and not re.match(r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$", str(value)):
            return "is no lexical double"
    if wanted is not None and (value, rdflib.RDF.type, wanted) not in graph:
        return "is no %s" % wanted
    return None


def shape_faults(graph, shape):
    """The part of SHACL that the shapes of CPSV-AP use: targetClass, path, minCount, maxCount, datatype, class."""
    faults = []
    for node in shape.subjects(rdflib.RDF.type, SH.NodeShape):
        for subject in graph.subjects(rdflib.RDF.type, shape.value(node, SH.targetClass)):
            for rule in shape.objects(node, SH.property):
                path = shape.value(rule, SH.path)
                values = list(graph.objects(subject, path))
                least, most = shape.value(rule, SH.minCount), shape.value(rule, SH.maxCount)
                if least is not None and len(values) < int(least) or most is not None and len(values) > int(most):
                    faults.append("%s has %d %s" % (subject, len(values), path))
                for value in values:
                    fault = value_fault(graph, shape, rule, value)
                    if fault:
                        faults.append("%s of %s %s" % (path, subject, fault))
    return faults


def cpsv_faults(document):
    """Pairs of a description and a document with one fault."""
    def changed(*path, value):
        twin = copy.deepcopy(document)
        inner = twin
        for key in path[:-1]:
            inner = inner[key]
        if value is None:
            del inner[path[-1]]
        else:
            inner[path[-1]] = value
        return twin

    for term in ("dct:identifier", "dct:title", "dct:description", "cv:hasCompetentAuthority"):
        yield "no " + term, changed(term, value=None)
    yield "a title without language", changed("dct:title", value="x")
    yield "two identifiers", changed("dct:identifier", value=["1", "2"])
    yield "working days as a duration", changed("cv:processingTime", "@value", value="10 working days")
    yield "weeks in a duration", changed("cv:processingTime", "@value", value="P2W")
    yield "a duration of another type", changed("cv:processingTime", "@type", value="xsd:string")
    yield "a body without a name", changed("cv:hasCompetentAuthority", "skos:prefLabel", value=None)
    yield "a body without a region", changed("cv:hasCompetentAuthority", "dct:spatial", value=None)
    yield "a body of no class", changed("cv:hasCompetentAuthority", "@type", value="foaf:Agent")
    yield "a state that is no concept", changed("adms:status", value="in_force")
    yield "a cost in words", changed("cv:hasCost", 0, "cv:hasValue", "@value", value="fifty")
    yield "a cost of another type", changed("cv:hasCost", 0, "cv:hasValue", "@type", value="xsd:decimal")
    yield "a channel without identifier", changed("cv:hasChannel", 0, "dct:identifier", value=None)
    yield "evidence without a name", changed("cpsv:hasInput", 0, "dct:title", value=None)
    yield "evidence types that are not there", changed("cv:hasInputType", value=None)
    yield "a rule without description", changed("cpsv:follows", 0, "dct:description", value=None)
    yield "an output without a name", changed("cpsv:produces", 0, "dct:title", value=None)


def check_cpsv():
    shape = shapes()
    for base in BASES:
        text, findings = export("cpsv-ap", "item.json", "--base", base)
        if base == BASES[0]:
            check_expected("cpsv-ap", "item.json", text, findings)
        graph = graph_of(text)
        service = graph.value(predicate=rdflib.RDF.type, object=rdflib.URIRef("http://purl.org/vocab/cpsv#PublicService"))
        expect(str(service).startswith(base + "item"), "the service is called %s" % service)
        expect(str(graph.value(service, rdflib.URIRef(CV + "processingTime"))) == "P25D", "ten working days are not 25 days at most")
        expect(str(graph.value(service, rdflib.URIRef(DCT + "title"))) == "北境食品小作坊登记", "the title is another one")
        for fault in shape_faults(graph, shape):
            FAULTS.append("cpsv-ap: " + fault)
        for what, twin in cpsv_faults(json.loads(text)):
            expect(shape_faults(graph_of(json.dumps(twin)), shape), "cpsv-ap: accepted with " + what)
        check_rapper(graph)


def check_rapper(graph):
    """A second reader of RDF counts the same triples."""
    if shutil.which("rapper") is None:
        return
    with tempfile.NamedTemporaryFile(suffix=".nt") as file:
        file.write(graph.serialize(format="nt", encoding="utf-8"))
        file.flush()
        done = subprocess.run(["rapper", "-c", "-i", "ntriples", file.name], capture_output=True, text=True, timeout=60)
        counted = re.search(r"returned (\d+) triples", done.stderr)
        expect(done.returncode == 0 and counted and int(counted.group(1)) == len(graph), "rapper: " + done.stderr[:300])


# JSON


def schema(name):
    with open(os.path.join(HERE, "schemas", name + ".json"), encoding="utf-8") as file:
        content = json.load(file)
    jsonschema.Draft202012Validator.check_schema(content)
    return jsonschema.Draft202012Validator(content)


def objects(value, path=()):
    """Every object inside a value with its path."""
    if isinstance(value, dict):
        yield path, value
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from objects(inner, path + (key,))


def check_json(form, name, schema_name, required, *options, expected=False):
    """`required`: members of the outermost object (of the first element of a list) without which the schema must refuse."""
    text, findings = export(form, name, *options)
    if expected:
        check_expected(form, name, text, findings)
    validator, document = schema(schema_name), json.loads(text)
    error = jsonschema.exceptions.best_match(validator.iter_errors(document))
    expect(error is None, "%s: %s" % (form, error and (list(error.absolute_path), error.message[:200])))
    for path, _ in list(objects(document)):
        twin = copy.deepcopy(document)
        inner = twin
        for key in path:
            inner = inner[key]
        inner["colour"] = "red"
        expect(not validator.is_valid(twin), "%s: accepted with an unknown member at %s" % (form, path))
    for member in required:
        twin = copy.deepcopy(document)
        del (twin[0] if isinstance(twin, list) else twin)[member]
        expect(not validator.is_valid(twin), "%s: accepted without %s" % (form, member))
    return document, text


def check_open311():
    services, _ = check_json("open311-service", "item.json", "open311_services", ("service_code", "service_name", "metadata", "type"), expected=True)
    requests, text = check_json("open311-request", "case.json", "open311_requests", ("service_request_id", "status", "service_code", "requested_datetime"), expected=True)
    with open(os.path.join(HERE, "case.json"), encoding="utf-8") as file:
        case = json.load(file)
    for secret in (case["applicant"]["name"], case["applicant"]["id_no"], case["applicant"]["mobile"], case["applicant"]["address"], case["title"],
                   case["acceptance"]["handler"]["name"], case["process_steps"][0]["opinion"], case["received_materials"][0]["files"][0]["uri"]):
        expect(secret not in text, "open311-request holds what it must not")
    for form, name, entries, list_name, entry_name in (("open311-service", "item.json", services, "services", "service"),
                                                       ("open311-request", "case.json", requests, "service_requests", "request")):
        root = ElementTree.fromstring(export(form, name, "--xml")[0])
        expect(root.tag == list_name, "%s: XML root %s" % (form, root.tag))
        as_text = [{key: str(value).lower() if isinstance(value, bool) else value for key, value in entry.items()} for entry in entries]
        expect([{child.tag: child.text for child in entry} for entry in root.findall(entry_name)] == as_text, "%s: XML says something else than JSON" % form)
    expect(json.loads(export("open311-service", "item.json", "--realtime")[0])[0]["type"] == "realtime", "open311-service: type with a case feed")


def check_hsds():
    for base in BASES:
        document, _ = check_json("hsds", "item.json", "hsds_service", ("id", "name", "status"), "--base", base, "--offset", "+08:00", expected=base == BASES[0])
        delimiter = ":" if base.endswith(":") else "/"
        url = base + "item" + delimiter + "11990000000000019A400019900100001"
        expect(document["id"] == str(uuid.uuid5(uuid.NAMESPACE_URL, url)), "hsds: the id is no UUID of %s" % url)
        ids = [value["id"] for path, value in objects(document) if "id" in value and "taxonomy_term" not in path]
        expect(len(ids) == len(set(ids)), "hsds: two parts have one id")
        for link in document["service_at_locations"]:
            expect(link["location_id"] == link["location"]["id"], "hsds: a location is linked by another id")


def check_schema_org():
    for base in BASES:
        document, text = check_json("schema-org", "item.json", "schema_org", ("@context", "@type", "name", "serviceOperator"), "--base", base, expected=base == BASES[0])
        # The public context is not fetched; every term of the document is of the vocabulary.
        document["@context"] = {"@vocab": "https://schema.org/"}
        graph = graph_of(json.dumps(document))
        expect(graph.value(predicate=rdflib.RDF.type, object=rdflib.URIRef("https://schema.org/GovernmentService")), "schema-org: no GovernmentService in the graph")
        check_rapper(graph)


check_cpsv()
check_open311()
check_hsds()
check_schema_org()
for one in FAULTS[:40]:
    print("FAILED", one)
sys.exit(1 if FAULTS else 0)
