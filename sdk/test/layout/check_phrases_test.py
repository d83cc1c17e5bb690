"""Each detail of an error that is words and not a name has a Chinese row in sdk/src/base/phrases.inc. usage: check_phrases_test.py ROOT

Details are the literals given to Error::with, and those given to a function or lambda of the same file that hands its last text on to it.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
# `Error fault(… what) { return Error(…).with(what)` and `const auto wrong = [at](const char* what) { return ….with(what)`.
HELPER = re.compile(r'(?:\b(\w+)\(|\b(\w+) = \[[^\]]*\]\()[^(){};]*?\b(\w+)\) (?:const )?(?:noexcept )?\{[^{}]*?\.with\((?:std::move\()?(?:std::string\()?\3\b', re.S)
# Helpers that keep the text and build the error later.
KEEPERS = {"tape_builder.cpp": ("refuse",), "xml_scanner.cpp": ("refuse",), "json_reader.cpp": ("fail", "unexpected"), "document_builder.cpp": ("fail", "stop"), "yaml_reader.cpp": ("refuse",),
           "yaml_prescan.cpp": ("refuse",), "prolog.cpp": ("disagreement",), "settings.cpp": ("setting_error",), "canonical_json_reader.cpp": ("invalid",), "functions.cpp": ("refuse",)}
# Names, which are the same in both languages.
NAMES = re.compile(r"[A-Z0-9_.:/+-]+|UTF-8|zip64|[a-z]+:[A-Za-z]+|href|charset|take|multiRef|mustUnderstand|arrayType|utc_offset|base_uri|rowOrder|base64|quoted-printable|yyyy-MM-dd|4 MiB|--?[a-z-]+|sqlite .*|HTTP .*|excuses: .*|\{mutant: .*")


def phrases():
    text = (ROOT / "sdk/src/base/phrases.inc").read_text(encoding="utf-8")
    rows = re.findall(r'^TONGQU_PHRASE\("((?:[^"\\]|\\.)*)", "((?:[^"\\]|\\.)*)"\)$', text, re.M)
    whole = len(re.findall(r"^TONGQU_PHRASE", text, re.M))
    assert len(rows) == whole and whole > 100, (len(rows), whole)
    return rows


def pattern_of(en):
    return re.compile("".join(".{1,64}?" if part == "{}" else re.escape(part) for part in re.split(r"(\{\})", en)))


def calls(text, name):
    """Texts of the arguments of each call of `name`, by matching brackets."""
    for start in re.finditer(r"\b" + re.escape(name) + r"\(", text):
        depth, at, quoted = 1, start.end(), False
        while at < len(text) and depth:
            c = text[at]
            if quoted:
                at += c == "\\"
                quoted = c != '"'
            elif c == '"':
                quoted = True
            else:
                depth += (c == "(") - (c == ")")
            at += 1
        yield start.start(), text[start.end():at - 1]


def details(path, text):
    names = ["with"] + [m.group(1) or m.group(2) for m in HELPER.finditer(text)] + list(KEEPERS.get(path.name, ()))
    for name in dict.fromkeys(n for n in names if n not in ("if", "for", "while", "switch")):
        for at, arguments in calls(text, name):
            # The last argument; a literal that ends a sum or a choice stands for the whole.
            last = re.split(r",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", arguments)[-1].strip()
            found = LITERAL.findall(last)
            if not found or "(" in LITERAL.sub("", last).replace("std::string(", "").replace("std::to_string(", ""):
                continue
            yield text.count("\n", 0, at) + 1, found if "?" in LITERAL.sub("", last) else ["{}".join(found) if len(found) > 1 else found[0]], "+" in LITERAL.sub("", last)


def main():
    rows = phrases()
    mistakes = [f"phrases.inc: {en!r} stands twice" for en in {en for en, _ in rows} if sum(one == en for one, _ in rows) > 1]
    mistakes += [f"phrases.inc: {en!r} and its Chinese have different holes" for en, zh in rows if en.count("{}") != zh.count("{}")]
    mistakes += [f"phrases.inc: {en!r} has no Chinese" for en, zh in rows if en == zh and "message_id" not in en or not zh]
    exact = {en for en, _ in rows}
    patterns = [pattern_of(en) for en, _ in rows if "{}" in en]
    seen = 0
    for folder in ("sdk/src", "connectors"):
        for path in sorted((ROOT / folder).rglob("*.cpp")):
            if path.name.endswith(("_test.cpp", "_tests.cpp")):
                continue
            text = path.read_text(encoding="utf-8")
            for line, texts, sum_of in details(path, text):
                for one in texts:
                    seen += 1
                    if NAMES.fullmatch(one) or one in exact or any(p.fullmatch(one) for p in patterns):
                        continue
                    if sum_of and any(p.fullmatch(one + "N") or p.fullmatch("N" + one) or p.fullmatch(one) for p in patterns):
                        continue
                    if re.search(r"[a-z]{2}", one):
                        mistakes.append(f"{path.relative_to(ROOT)}:{line}: no Chinese row for {one!r}")
    assert seen > 150, seen
    print("\n".join(sorted(mistakes)) or f"{seen} details, {len(rows)} phrases")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
