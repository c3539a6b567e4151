"""The line of each key, in files with everything that TOML allows around it."""

from __future__ import annotations

import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from session.config.toml_lines import Path, key_lines, line_of

TEXT = '''# [not.a.table]
top = 1 # key = 2

[ "quoted [name]" . 'x' ]
a.b = """one = 1
[two]
\\""" three = 3 """"
c = [ # ]
  "]", {d = 1, e = [
  2]},
]
"f = g" = \'\'\'
[h]
i = 1\'\'\'

[[sites]]
id = 'x' # "

[[sites]]
  id = "y\\"]"
[sites.more]
k = 1
[[sites.deep]]
l = 1979-05-27 07:32:00
[[sites.deep]]
[last]'''


def test_every_kind_of_line() -> None:
    tomllib.loads(TEXT)
    table = ("quoted [name]", "x")
    assert key_lines(TEXT) == {
        ("top",): 2,
        table: 4,
        (*table, "a", "b"): 5,
        (*table, "c"): 8,
        (*table, "f = g"): 12,
        ("sites", 0): 16,
        ("sites", 0, "id"): 17,
        ("sites", 1): 19,
        ("sites", 1, "id"): 20,
        ("sites", 1, "more"): 21,
        ("sites", 1, "more", "k"): 22,
        ("sites", 1, "deep", 0): 23,
        ("sites", 1, "deep", 0, "l"): 24,
        ("sites", 1, "deep", 1): 25,
        ("last",): 26,
    }


def test_a_key_that_is_not_there_has_the_line_of_what_is_around_it() -> None:
    lines = key_lines(TEXT)
    assert line_of(("sites", 1, "title"), lines) == 19
    assert line_of(("nowhere",), lines) is None


VALUES = st.sampled_from(
    [
        "1",
        "true",
        "'#'",
        '"\\"["',
        '"""\na = 1\n[x]\n"""',
        "'''\n'' = [\n'''",
        "[\n1, # ]\n2\n]",
        "{a = [1], b = ']'}",
        '""',
    ]
)
NAMES = st.sampled_from(["a", "b-1", "c_2", "'d.e'", '"f\\"g"', '"h = i"', '" # "'])


@settings(max_examples=100, deadline=None, database=None)
@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.lists(
                st.tuples(NAMES, VALUES, st.sampled_from(["", " # x = [", "\n", "\n# [y]\n"])),
                unique_by=lambda row: row[0],
            ),
        ),
        max_size=4,
    )
)
def test_lines_are_those_on_which_the_keys_were_written(
    sections: list[tuple[bool, list[tuple[str, str, str]]]],
) -> None:
    text = ""
    expected: dict[Path, int] = {}
    repeated = 0
    for number, (in_array, rows) in enumerate(sections):
        table: Path = ("many", repeated) if in_array else (f"section{number}",)
        repeated += in_array
        expected[table] = text.count("\n") + 1
        text += "[[many]]\n" if in_array else f"[section{number}]\n"
        for name, value, after in rows:
            plain = str(tomllib.loads(f"k = {name}")["k"]) if name[0] in "'\"" else name
            expected[(*table, plain)] = text.count("\n") + 1
            text += f"{name} = {value}{after}\n"
    tomllib.loads(text)
    assert key_lines(text) == expected
