#!/usr/bin/env python3
"""Records what Supvisors 0.19.1 makes of formulas, patterns and rules files.

    PYTHON record.py        # the python of a virtual environment with supvisors and lxml

Writes formulas.txt, patterns.txt and rules.txt into this folder; the tests of cluster and config
replay them. The random cases are a function of the seed.
"""

import random
import re
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import MagicMock

from supvisors.application import ApplicationRules, ApplicationStatus
from supvisors.process import ProcessRules
from supvisors.sparser import Parser
from supvisors.ttypes import ApplicationStatusParseError, StartingStrategies

warnings.simplefilter("ignore")
FOLDER = Path(__file__).parent
RANDOM = random.Random(15)

# name: whether it is true
PROCESSES = {
    "f_1": True, "f_2": True, "f_3": False, "g": True, "h": False, "a b": True,
    "web-01": True, "web-02": True, "w.x": False, "é1": True, "a'b": True, "x": False, "xx": True,
}

FORMULAS = r'''
"g"
'g'
"h"
""
''
"""g"""
"g
"""g
g"""
'''.strip("\n").split("\n") + [
    '"""g\n"""', '"""f.*\n"""', 'u"g"', 'U"g"', 'r"g"', 'R"f_\\d"', 'b"g"', 'f"g"', 'rb"g"', 'ur"g"',
    'f"{', '"f_" "1"', '"f_""1"', '"f_" r"1"', '"f" b"1"', 'b"f" b"1"', '"f" f"1"', 'f"1" b"2"',
    '"f_\\d"', 'any("f_\\d")', 'all("f_\\d")', 'all("f_\\\\d")', '"\\x67"', '"\\x6"', '"\\147"',
    '"\\1473"', '"\\u0067"', '"\\U00000067"', '"\\u006"', '"\\U00110000"', '"\\N{LATIN SMALL LETTER G}"',
    '"\\g"', '"\\"', '"a\\\'b"', "'a\\'b'", '"a\'b"', '"g\\\n"', '"\\é"', '"é1"', '"\\xe91"', '"\\351" "1"',
    '"\\b"', 'r"\\b"', 'r"g\\b"', 'r"\\"', 'r"\\""', '"\\777"', '"\\ud800"',
    '"g" and "x"', '"g" or "x"', 'not "g"', 'not "x"', 'not not "g"', 'not not not "g"', '"g" and not "x"',
    '"g" or "x" and "h"', '("g" or "x") and "h"', '("g")', '(("g"))', '( "g" )', '("g"', '"g")', '()', '("g",)',
    '("g", "x")', '"g",', '"g", "x"', 'any("f_.")', 'all("f_.")', 'not any("f_.")', 'not all("f_.")',
    '"f_."', 'not "f_."', '"f_." and "g"', '"g" and "f_."', '"none" and "f_."', '"f_." and "none"',
    '"g" or "none"', '"x" and "none"', 'any("none")', 'all("none")', 'any("g")', 'all("x")', 'any(any("f_."))',
    'all(any("f_."))', 'any(not "g")', 'any("g" and "x")', 'any()', 'all()', 'any("g", "x")', 'any("x", "g")',
    'any("x", 1, None, [2])', 'any("g",)', 'any("g", key="x")', 'any(key="g")', 'any(*"g")', 'any(**"g")',
    'any(*["g"])', 'any("x", *a)', 'any(*a, "x")', 'any(**a, "x")', 'any(**a, *b)', 'any("x", **a)',
    'any("x" for x in y)', 'any("x" for x in y, "g")', 'any("g", "x" for x in y)', 'any(("x" for x in y))',
    'any(x="g", "x")', 'any(True=1)', 'any(x.y=1)', 'any(,)', 'any("g" "x")', 'any("g"', 'any "g"', 'any',
    'all', 'any("f_.").x', 'any["f_."]', 'a.any("g")', 'any("g")("g")', '"g"("x")', 'len("g")', 'sum(["g"])',
    'print("g")', 'xor("g", "x")', 'ANY("g")', 'a()()', 'a[0]()', '(any)("g")', '(lambda: 1)()',
    'True', 'False', 'None', '...', '1', '0', '00', '01', '0_0', '1_0', '1__0', '1_', '0x1f', '0x', '0xg', '0o17',
    '0o8', '0b1', '0b2', '1.5', '.5', '5.', '1e5', '1e+5', '1e-5', '1e', '1j', '1.5j', '0_1', '1.e1', '.', '..',
    '01.5', '1_.5', '1._5', '0b_1', '0x_1', '1_e5',
    'x', 'é', '_', 'not x', 'g and h', 'g', '"g" and x', '[]', '["g"]', '["g", "x"]', '["g",]', '[*a]', '[,]',
    '[x for x in y]', '[x for x in y if z]', '[x for x, z in y]', '[x for 1 in y]', '[*x for x in y]',
    '[x async for x in y]', '[x for x in y for z in x]', '[x for *a, b in c]', '{}', '{"g"}', '{"g": 1}',
    '{"g": 1, **a}', '{**a}', '{*a}', '{"g", 1}', '{"g": 1, 2}', '{1: 2 for x in y}', '{1 for x in y}',
    '{1: *a}', '{x := 1}', '"g" + "x"', '"g" - "x"', '"g" * 2', '"g" % 1', '"g" / 1', '"g" // 1', '"g" @ 1',
    '"g" | "x"', '"g" & "x"', '"g" ^ "x"', '"g" << 1', '"g" >> 1', '"g" ** 2', '2 ** -1', '-2 ** 2', '-"g"',
    '+"g"', '~"g"', '--"g"', '-+~"g"', 'not -"g"', '- not "g"', '"g" + not "x"', '"g" ** not "x"', '*a', '*a, b',
    '**a', '(*a)', '(*a,)', '(*a, b)', '"g" < "x"', '"g" <= "x"', '"g" == "x"', '"g" != "x"', '"g" <> "x"',
    '"g" is "x"', '"g" is not "x"', '"g" in "x"', '"g" not in "x"', '"g" not "x"', '"g" == not "x"',
    '1 < 2 < 3', '"g" if "x" else "h"', '"g" if "x"', '"g" if "x" else', 'if "g": "x"', '"g" else "x"',
    'lambda: 1', 'lambda x: x', 'lambda x, y=1: x', 'lambda *a, **k: 1', 'lambda *, a: 1', 'lambda *: 1',
    'lambda x=1, y: 1', 'lambda a, /, b: 1', 'lambda /: 1', 'lambda', 'lambda x', 'not lambda: 1',
    'x := 1', '(x := 1)', 'any(x := "g")', '[x := 1]', 'x.y', 'x.1', 'x.', 'x.if', 'x[1]', 'x[1:2]', 'x[1:2:3]',
    'x[:]', 'x[::]', 'x[:::]', 'x[]', 'x[1,]', 'x[1, 2:3]', 'x[*a]', 'await x', 'await "g"', 'await await x',
    'yield', 'yield x', 'yield from x', '(yield)', '(yield x)', 'any(yield)', 'any((yield))', 'f"{x}"',
    'x = "g"', 'x == "g"', '"g" = "x"', 'x += "g"', 'x: int', 'x: int = "g"', 'return "g"', 'pass', 'break',
    'import os', 'del x', 'assert "g"', 'raise "g"', 'global x', 'print "g"', 'exec "g"', 'match', 'case', 'type',
    '', ' ', '\n', '\n\n', ' \n', '# comment', '"g" # comment', '# a\n"g"', ' # a\n"g"', '"g"\n# a', '"g"\n  # a',
    ' "g"', '\t"g"', '\n"g"', '\n "g"', '\n\n"g"\n', '"g"\n', '"g"\n\n', '"g" \n ', '"g"\n "x"', '"g"\n"x"',
    '"g";', '"g";"x"', '"g"; "x"', ';', '"g";;', '"g";\n', '"g"; \n"x"', '"g" and\n"x"', '("g" and\n"x")',
    '("g"\n   and "x")', '("g" # a\n and "x")', '"g" and \\\n"x"', '"g" and \\\n  "x"', '"g" \\', '\\\n"g"',
    '"g" \\ \n', '\n  all("f_.")\n', 'all("f_.")\n  ', 'all(\n"f_."\n)', '\x0c"g"', '"g"\x0c', '$', '?', '!', '`g`',
    '"g" && "x"', '"g" || "x"', '! "g"', '"g" AND "x"', '"g" And "x"', 'Not "g"', '"g" and', 'and "g"', 'or',
    '"g" or or "x"', '"g" and and "x"', 'not', '"g" "x" and "h"', '"g"and"x"', '"g"or"x"', 'not"x"', 'not("x")',
    '"f_1" and "f_2" and "f_3"', '"f_1" and ("f_2" or "f_3")', 'all("f_.*") or any("web-0\\d")',
    'all("web-0.") and not any("f_3|h")', '"g|none"', 'any("none|g")', '"f_1|g"', 'any("f|g")', '"f|h"', '".*"',
    'any(".*")', 'all(".*")', 'any(".+_.+")', '"*"', 'any("*")', '"("', '"g("', '"["', '"(?i)G"', '"(?i:G)"',
    'any("(?i:F)_.")', '"^g$"', '"g$"', '"^g"', '"g\\Z"', 'any("f_(?!3).")', 'any("f_(?=1|2).")', '"(x)\\1"',
    '"(x)\\1+"', '"xx?"', '"x{2}"', '"x{,2}"', 'any("x{1,2}")', '"x{"', '"w.x"', '"w\\.x"', '"web.01"', '"f_1 "',
    '"\\w"', 'any("\\w")', 'any("\\w\\W\\w")', '"\\W"', '"[g-h]"', 'any("[g-h]")', '"[^a-z]"', '"[[g]"',
    '(' * 60 + '"g"' + ')' * 60, 'not ' * 50 + '"g"', 'any(' * 50 + '"g"' + ')' * 50, '"g"' + ' and "g"' * 300,
    '"g"' + ' + 1' * 300, 'x' + '.y' * 300, 'x' + '(1)' * 100, '-' * 300 + '1', '(1 + (2 * (3 - (4))))',
]


def term(depth):
    choice = RANDOM.randrange(10)
    if depth == 0 or choice < 4:
        leaf = RANDOM.choice(["g", "h", "x", "f_1", "f_3", "f_.", "web-.*", "none", "é1", "a b", ".*"])
        return RANDOM.choice(['"%s"', "'%s'"]) % leaf
    if choice == 4:
        return f"not {term(depth - 1)}"
    if choice == 5:
        return f"({term(depth - 1)})"
    if choice in (6, 7):
        return f"{RANDOM.choice(['any', 'all'])}({term(depth - 1)})"
    return f"{term(depth - 1)} {RANDOM.choice(['and', 'or'])} {term(depth - 1)}"


def mutated(text):
    pieces = ['"', "'", "(", ")", " ", "not ", "and", ",", "any", "1", "-", "[", "]", "=", ".", "\\", "\n", ":", "*"]
    for _ in range(RANDOM.randrange(1, 4)):
        at = RANDOM.randrange(len(text) + 1)
        text = text[:at] + RANDOM.choice(pieces) + text[at + RANDOM.randrange(3):]
    return text


def evaluated(formula):
    supvisors = MagicMock()
    rules = ApplicationRules(supvisors)
    try:
        rules.status_formula = formula
    except ApplicationStatusParseError as error:
        return f"refused: {error}"
    except Exception as error:
        return f"refused: {type(error).__name__}"
    application = ApplicationStatus("app", rules, supvisors)
    for name, truth in PROCESSES.items():
        process = MagicMock(displayed_state=20 if truth else 0, expected_exit=True)
        application.processes[name] = process
    try:
        result = application.evaluate(rules.status_tree)
    except ApplicationStatusParseError as error:
        return f"error: {error}"
    except Exception as error:
        return f"raises {type(error).__name__}"
    return str(result).lower() if type(result) is bool else "error: status formula cannot be resolved"


PATTERNS = [
    "", "a", "ab", "a*", "a+", "a?", "a|ab", "ab|a", "a*?", "a+?", "(a)(b)", "(?:ab)+", "(?P<n>a)(?P=n)", "(a)\\2",
    "(a)\\1", "\\1", "(a)\\3", "(a", "a)", "a)(b", "*", "a**", "a+*", "a*+", "a++", "a?+", "a??", "a???", "^", "$",
    "^a", "b$", "^*", "$*", "\\A", "\\Z", "\\z", "a\\Z", "\\b", "\\Bb", "\\d", "\\d+", "\\D+", "\\w+", "\\W+",
    "\\s", "\\S+", "[ab]+", "[^ab]+", "[]a]+", "[^]a]+", "[a-c]+", "[c-a]", "[a-]+", "[-a]+", "[a\\-c]+", "[\\w]+",
    "[\\w-]+", "[\\w-z]", "[a-\\w]", "[[a]+", "[a&&b]+", "[a--b]+", "[a~~b]+", "[a||b]+", "[", "[]", "[a", "[\\b]",
    "[\\x61]+", "[\\q]", "[\\8]", "[\\101]", "[.]", "[$^]", "a{2}", "a{2,}", "a{,2}", "a{1,2}", "a{2,1}", "a{",
    "a{}", "a{,}", "a{1", "a{1,", "{1}", "a{1}{2}", "a{2}?", "a{1,2}?", "a{1,2}+", "a{x}", "}", "a}", "(?=a)",
    "(?=ab)a", "(?!a).", "(?<=a)b", "(?<!a)b", "(?<=a*)b", "(?<=a|b)c", "(?>a+)b", "(?>a+)a", "(a)?(?(2)b|c)",
    "(?P<n>a)?(?(n)b|c)", "(?(9)a|b)", "(?#note)a", "(?#", "(?i)a", "(?i:A)", "(?i:[A-C]+)", "(?-i:a)", "(?s:.)",
    "(?m:^b)", "(?x)", "(?P<1>a)", "(?P<n>a)(?P<n>b)", "(?P>n)", "(?<n>a)", "(?", "(?q)", "\\q", "\\h", "\\K",
    "\\G", "\\p{L}", "\\x61", "\\x6", "\\u0061", "\\u006", "\\0", "\\01", "\\141", "\\777", "\\08", "\\a", "\\t",
    "\\.", "\\-", "\\_", "\\ ", "\\/", "\\<a", "\\>", "\\'", "\\é", "é", ".", "..", ".*", ".*_", "_.*", "_\\d+$",
    "[-_](\\d+)$", "a.c", "a\\.c", "web_\\d{2}", "prg_0[1-3]", "(?!prg_01)prg_", "^(?!.*_2$).*$", "(prg|web)_",
    "prg_0?1|prg_02", "#", "a#b", " ", "a b", "&", "a&&b", "~", "%d", "%s", "(a|b)*c", "(a*)*b", "(a*)+", "((a))",
    "()", "()*", "(|a)", "|", "a|", "|a", "(?:)", "(?:a", "(?=a)*b", "(?!)", "\\Aa|b\\Z", "(?i:é)", "[é-ü]", "\\D",
]
NAMES = ["", "a", "b", "ab", "aab", "aaa", "abc", "a.c", "prg_01", "prg_02", "prg_2", "web_10", "my-web_3", "é1",
         "É", "A", "aB", "a b", "c", "[a&]", "{", "a{", "a}", "-", "]", "a\\b", "%d", "aaaaaaab", "ab_cab"]


def piece(depth):
    atoms = ["a", "b", "_", "\\d", "\\w", ".", "[ab]", "[^a]", "1", "-", "prg", "\\.", "(?=a)", "(?!b)", "\\b", "^", "$"]
    choice = RANDOM.randrange(12)
    if depth == 0 or choice < 5:
        return RANDOM.choice(atoms)
    if choice < 8:
        return piece(depth - 1) + piece(depth - 1)
    if choice == 8:
        return f"({piece(depth - 1)})"
    if choice == 9:
        return f"(?:{piece(depth - 1)}|{piece(depth - 1)})"
    return piece(depth - 1) + RANDOM.choice(["*", "+", "?", "{2}", "{1,2}", "*?", "+?", "??"])


def searched(pattern, name):
    found = re.search(f"({pattern})", name)
    return "-" if found is None else str(len(found.group()))


def matched(pattern, name):
    return "1" if re.compile(r"^%s$" % pattern).match(name) else "0"


def attempt(function, pattern):
    try:
        return " ".join(function(pattern, name) for name in NAMES)
    except re.error:
        return "refused"


def escaped(text):
    text = re.sub("[\ud800-\udfff]", "\ufffd", text)
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\x0c", "\\f")


def write(name, lines):
    (FOLDER / name).write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def formulas():
    cases = FORMULAS + [term(RANDOM.randrange(1, 5)) for _ in range(200)]
    cases += [mutated(RANDOM.choice(cases[-200:])) for _ in range(200)]
    cases += [mutated(RANDOM.choice(FORMULAS)) for _ in range(300)]
    cases = list(dict.fromkeys(cases))
    write("formulas.txt", (f"{escaped(it)}\t{escaped(evaluated(it))}" for it in cases))


def patterns():
    cases = PATTERNS + [piece(4) for _ in range(300)]
    cases = list(dict.fromkeys(cases))
    lines = ["names\t" + "\t".join(escaped(name) for name in NAMES)]
    lines += [f"{escaped(it)}\t{attempt(searched, it)}\t{attempt(matched, it)}" for it in cases]
    write("patterns.txt", lines)



def document(body):
    return f"<?xml version='1.0' encoding='UTF-8'?>\n<root>\n{body}\n</root>\n"


def app(body, attributes='name="app"'):
    return document(f"<application {attributes}>{body}</application>")


def prog(body, attributes='name="p1"'):
    return app(f"<programs><program {attributes}>{body}</program></programs>")


DOCUMENTS = [
    "", " ", "<root/>", "<root></root>", "<root>text</root>", "<root> \n </root>", "<other/>", "<root", "<root>",
    "<root/><root/>", "<root/>x", "x<root/>", " <root/>", "<root/> <!-- a -->", "<?xml version='1.0'?><root/>",
    " <?xml version='1.0'?><root/>", "<!DOCTYPE root><root/>", "\ufeff<root/>", "<root><!-- a --></root>", "<?a b?><root/>",
    "<root a='1'/>", "<root xmlns='urn:a'/>", "<a:root xmlns:a='urn:a'/>", "<root xmlns:a='urn:a'/>",
    "<root xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:noNamespaceSchemaLocation='rules.xsd'/>",
    "<root xmlns:a='urn:a' a:b='1'/>", "<root xml:lang='en'/>", "<root><unknown/></root>", "<root>&undefined;</root>",
    "<!DOCTYPE root [<!ENTITY e 'sv1,sv2'>]>" + prog("<identifiers>&e;</identifiers>")[39:],
    document("<alias/>"), document("<alias name='a'/>"), document("<alias name='a' pattern='b'>x</alias>"),
    document("<alias name='a'><b/></alias>"), document("<alias name='a'>sv1</alias><alias name='a'>sv2</alias>"),
    document("<model/>"), document("<model name='m'/><model name='m'/>"), document("<model pattern='m'/>"),
    document("<application/>"), document("<programs/>"), document("<program/>"), app("text"), app(""), app(" \n"),
    app("<programs/>"), app("<programs></programs><programs/>"), app("<programs>x</programs>"), app("<program/>"),
    app("<programs><application/></programs>"), app("<programs name='a'/>"), app("", ""), app("", 'name=""'),
    app("", 'pattern=""'), app("", 'name="x" pattern="a"'), app("", 'name="app" name="b"'), app("", 'Name="app"'),
    app("<start_sequence>1</start_sequence>", 'name="x" pattern="pp"'), app("", 'pattern="("'), app("", 'pattern="(?i)A"'),
    prog(""), prog("text"), prog("", ""), prog("", 'pattern=""'), prog("", 'name="p1" pattern="p"'),
    prog("<reference>none</reference>"), prog("<reference/>"), prog("<x/>"), prog("<distribution>ALL_INSTANCES</distribution>"),
    prog("<required>true</required><required>true</required>"), prog("<required a='1'>true</required>"),
    prog("<required><b/></required>"), prog("<required>tr<!-- a -->ue</required>"), prog("<![CDATA[ ]]>"),
    prog("<identifiers><![CDATA[sv1]]></identifiers>"), prog("<identifiers>sv1<![CDATA[,sv2]]></identifiers>"),
    prog("<identifiers>sv1&#44;sv2</identifiers>"), prog("<identifiers>&lt;sv1&gt;</identifiers>"),
    prog("<identifiers>sv1\nsv2</identifiers>"), prog("<identifiers>\n sv1,\n sv2\n</identifiers>"),
    app("<operational_status>'p1' and 'p2'</operational_status>"), app("<operational_status/>"),
    app("<operational_status> </operational_status>"), app("<operational_status> 'p1'</operational_status>"),
    app("<operational_status>'p1'\n</operational_status>"), app("<operational_status>'p1'; 'p2'</operational_status>"),
    app("<operational_status>'p1' and</operational_status>"), app("<operational_status>all(&quot;p.&quot;)</operational_status>"),
    app("<operational_status><![CDATA['p1' and 'p2']]></operational_status>"), app("<identifiers>@</identifiers>"),
    app("<identifiers>#,@</identifiers>"), app("<identifiers>#</identifiers>", 'pattern="."'),
    document("<model name='m'><identifiers>#,sv2</identifiers></model><application name='app'><programs><program pattern='p'>"
             "<reference>m</reference><identifiers>sv1</identifiers></program></programs></application>"),
    document("<model name='m'><identifiers>#,sv2</identifiers></model><application name='app'><programs><program name='p1'>"
             "<reference>m</reference><identifiers>sv1</identifiers></program></programs></application>"),
    document("<model name='m'><identifiers>#,sv2</identifiers></model><application name='app'><programs><program pattern='p'>"
             "<reference>m</reference><identifiers>@</identifiers></program></programs></application>"),
    document("<model name='m'><reference>m</reference></model><application name='app'><programs><program name='p1'>"
             "<reference>m</reference></program></programs></application>"),
    document("<application name='app'><start_sequence>1</start_sequence></application><application name='app'/>"),
    document("<application pattern='a'><start_sequence>1</start_sequence></application><application pattern='p'/>"
             "<application pattern='a'><start_sequence>2</start_sequence></application>"),
]
VALUES = {
    "start_sequence": ["0", "1", "+1", "-1", "007", "127", "128", "-128", "-129", " 1 ", "\n1\n", "1.0", "0x1", "1_0", "a", "",
                       " ", "١", "- 1", "-0", "1 2"],
    "required": ["true", "false", "1", "0", "True", "TRUE", "yes", "on", "", " ", "2", "tr ue", " true "],
    "expected_loading": ["0", "100", "101", "-1", "+5", " 50 ", "-0", "", "a", "1e1", "00099", "2147483648"],
    "starting_failure_strategy": ["ABORT", "STOP", "CONTINUE", "abort", " STOP", "STOP ", "", "RESTART"],
    "running_failure_strategy": ["CONTINUE", "RESTART_PROCESS", "STOP_APPLICATION", "RESTART_APPLICATION", "SHUTDOWN",
                                 "RESTART", "0", "stop"],
}
for tag, texts in VALUES.items():
    DOCUMENTS += [prog(f"<{tag}>{text}</{tag}>") for text in texts]
for tag, texts in {
    "distribution": ["ALL_INSTANCES", "SINGLE_INSTANCE", "SINGLE_NODE", "single_node", ""],
    "starting_strategy": ["CONFIG", "LESS_LOADED", "MOST_LOADED", "LOCAL", "LESS_LOADED_NODE", "MOST_LOADED_NODE", "X"],
    "stop_sequence": ["0", "3", "-3"], "required": ["true"], "reference": ["m"],
}.items():
    DOCUMENTS += [app(f"<{tag}>{text}</{tag}>") for text in texts]
DOCUMENTS += [prog(f"<identifiers>{text}</identifiers>", attributes)
              for text in ["*", "sv1", " sv1 , sv2", "sv1,,sv1", ",", " ", "", "*,sv1", "#", "@", "#,@", "#,sv1", "sv2,@", "#,*",
                           "unknown", "*,#,sv2"]
              for attributes in ['name="p1"', 'pattern="p."']]

APPLICATIONS = ["app", "my-web_2", "db", "other"]
PROGRAMS = ["p1", "p2", "web_01", "web_02"]


def pick(*options):
    return RANDOM.choice(options)


def listed():
    names = ["sv1", "sv2", "sv3", "near", "far", "all", "", "*", "#", "@", " sv1 "]
    weights = [4, 4, 3, 3, 3, 2, 1, 1, 2, 1, 1]
    return ",".join(RANDOM.choices(names, weights, k=RANDOM.randrange(1, 4)))


def children(is_program):
    found = [f"<identifiers>{listed()}</identifiers>"]
    found += [f"<{tag}>{RANDOM.randrange(-1, 6)}</{tag}>" for tag in ("start_sequence", "stop_sequence")]
    found += [f"<{tag}>{pick(*VALUES[tag][:3])}</{tag}>" for tag in list(VALUES)[3:]]
    if is_program:
        found += [f"<reference>{pick('m1', 'm2', 'm3', 'm4', 'm5', 'none')}</reference>" for _ in range(1)]
        found += [f"<{tag}>{pick('true', 'false')}</{tag}>" for tag in ("required", "wait_exit")]
        found.append(f"<expected_loading>{RANDOM.randrange(101)}</expected_loading>")
    else:
        found.append(f"<distribution>{pick('ALL_INSTANCES', 'SINGLE_NODE')}</distribution>")
        found.append(f"<starting_strategy>{pick('LOCAL', 'MOST_LOADED')}</starting_strategy>")
        status = pick("all('p.')", "'p1' and", "not 'x'")
        found.append(f"<operational_status>{status}</operational_status>")
    found = RANDOM.sample(found, RANDOM.randrange(len(found)))
    return found


def attribute(names, searches):
    return pick(f'name="{RANDOM.choice(names)}"', f'pattern="{RANDOM.choice(searches)}"')


def program():
    attributes = attribute(PROGRAMS, ["p", "p.", "", r"web_\d+", "web_0(?!2)", "x|p1", "b"])
    return f"<program {attributes}>{''.join(children(True))}</program>"


def generated():
    parts = []
    for _ in range(RANDOM.randrange(1, 9)):
        kind = RANDOM.randrange(4)
        if kind == 0:
            parts.append(f"<alias name='{pick('near', 'far', 'all')}'>{listed()}</alias>")
        elif kind == 1:
            parts.append(f"<model name='{pick('m1', 'm2', 'm3', 'm4')}'>{''.join(children(True))}</model>")
        else:
            attributes = attribute(APPLICATIONS, ["a", "app", "", r"_\d$", "web|db", "^.b", "(p)(p)"])
            body = children(False)
            programs = "".join(program() for _ in range(RANDOM.randrange(4)))
            body.insert(RANDOM.randrange(len(body) + 1), f"<programs>{programs}</programs>")
            parts.append(f"<application {attributes}>{''.join(body)}</application>")
    return document("\n".join(parts))


def damaged(text):
    at = RANDOM.randrange(40, len(text) + 1)
    junk = pick("<", ">", "&", "</a>", "<a/>", "<required>1</required>", "x", '"', "<start_sequence>1</start_sequence>", "=", "/", "")
    return text[:at] + junk + text[at + pick(0, 0, 1, 3):]


def names(values):
    return escaped("|".join(values))


def shown(rules):
    lists = f"{names(rules.identifiers)}\t{names(rules.at_identifiers)}\t{names(rules.hash_identifiers)}"
    failures = f"{rules.starting_failure_strategy.name} {rules.running_failure_strategy.name}"
    text = f"{lists}\t{rules.start_sequence} {rules.stop_sequence} {failures}"
    if isinstance(rules, ApplicationRules):
        status = escaped(rules.status_formula or "")
        return f"{text} {rules.managed} {rules.distribution.name} {rules.starting_strategy.name} {status}"
    return f"{text} {rules.required} {rules.wait_exit} {rules.expected_load}"


def results(texts):
    supvisors = MagicMock()
    supvisors.supervisor_data.autorestart.return_value = False
    with TemporaryDirectory() as folder:
        files = []
        for number, text in enumerate(texts):
            file = Path(folder, f"{number}.xml")
            file.write_text(text, encoding="utf-8", newline="")
            files.append(str(file))
        supvisors.options.rules_files = files
        try:
            parser = Parser(supvisors)
        except Exception:
            return ["refused"]
    logger = supvisors.logger
    lines = []

    def look_up(kind, name, rules, load):
        logger.reset_mock()
        try:
            load(name, rules)
        except Exception as error:
            lines.append(f"{kind}\t{name}\traises {type(error).__name__}")
            return
        counts = f"{logger.error.call_count} {logger.warn.call_count}"
        lines.append(f"{kind}\t{name}\t{counts}\t{shown(rules)}")

    for group in APPLICATIONS:
        rules = ApplicationRules(supvisors)
        # what # means depends on the instances
        rules.check_hash_identifiers = lambda name: None
        rules.starting_strategy = StartingStrategies.LESS_LOADED
        look_up("application", group, rules, parser.load_application_rules)
        if not rules.managed:
            lines[-1] = f"unmanaged\t{group}"
            continue
        for name in PROGRAMS:
            process = ProcessRules(supvisors)
            process.starting_failure_strategy = rules.starting_failure_strategy
            process.running_failure_strategy = rules.running_failure_strategy
            look_up("process", f"{group}:{name}", process, parser.load_program_rules)
    return lines


def rules_files():
    cases = [[text] for text in DOCUMENTS]
    cases += [[generated() for _ in range(RANDOM.choice([1, 1, 2, 3]))] for _ in range(70)]
    cases += [[damaged(generated())] for _ in range(80)]
    lines = []
    for texts in cases:
        lines.append("case")
        lines += [f"file\t{escaped(text)}" for text in texts]
        lines += results(texts)
    write("rules.txt", lines)


if __name__ == "__main__":
    formulas()
    patterns()
    rules_files()
