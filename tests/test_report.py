"""``symgrad report``: what the page says, what it never has in it, how it is written.

Plots of every example take minutes: ``symgrad report examples/*.yaml`` draws them.
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from generated_modules import EXAMPLES, GENERATED

from symgrad import cli, limits, spec, verify
from symgrad.report import page as gathering
from symgrad.verify.report import Finding, Report, RungResult

SPEC = """
symgrad: 1
ops:
  rectified:
    doc: |
      <script>alert(1)</script> ]]> --> &lt; <b onclick='x'>"quoted"</b> {{ 7*7 }}

      The second paragraph.
    inputs: {x: real}
    forward: {y: "where(x > 1, 2*x - 1, x) + 1/x"}
  gate:
    inputs: {a: real, b: real}
    forward: {y: a*sigmoid(b)}
  weights:
    inputs: {x: "real[..., n]"}
    forward: {"p[i]": "softmax(x[i], i)"}
  turned:
    inputs: {z: complex}
    forward: {y: z*exp(I)}
"""

NEGATED = "symgrad: 1\nops: {f: {inputs: {z: complex}, forward: {y: -z}}}"
"""What takes no time to plot."""


class Reader(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.style = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.text += data


def words(*more: str) -> list[str]:
    return ["report", "spec.yaml", "-o", "page.html", "--verify", "off", *more]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the spec and its page."""
    found = tmp_path_factory.mktemp("report")
    (found / "spec.yaml").write_text(SPEC)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(found)
        assert cli.run(words()) == 0
    return found


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "page.html").read_text()


@pytest.fixture(scope="module")
def read(page: str) -> Reader:
    return Reader(page)


def section(page: str, op: str) -> str:
    """The part of the page on an op."""
    [found] = re.findall(
        rf'<section class="op" id="spec\.{op}">.*?</section>', page, re.S
    )
    return str(found)


# What is in it


def test_it_has_no_scripts_and_loads_nothing(read: Reader) -> None:
    tags = {tag for tag, _ in read.elements}
    loading = {"script", "link", "img", "iframe", "object", "embed", "base", "image"}
    assert tags.isdisjoint({*loading, "use", "foreignObject", "form"})
    attributes = [pair for _, attrs in read.elements for pair in attrs.items()]
    assert not [n for n, _ in attributes if n.startswith("on") or n == "src"]
    links = [value for name, value in attributes if "href" in name]
    assert links and all(value and value.startswith("#") for value in links)
    assert "url(" not in read.style and "@import" not in read.style
    assert not [
        v for _, v in attributes if v and ("url(" in v or (":" in v and "//" in v))
    ]


def test_every_element_is_closed_and_every_link_leads_somewhere(read: Reader) -> None:
    assert not read.open
    ids = [attrs["id"] for _, attrs in read.elements if "id" in attrs]
    assert len(ids) == len(set(ids)) == 4
    links = {attrs["href"] for tag, attrs in read.elements if tag == "a"}
    assert links == {f"#{name}" for name in ids}


def test_text_of_a_user_stays_text(page: str, read: Reader) -> None:
    said = (
        "<script>alert(1)</script> ]]> --> &lt; <b onclick='x'>\"quoted\"</b> {{ 7*7 }}"
    )
    assert said in read.text
    assert "The second paragraph." in read.text
    assert "<script" not in page and "<b " not in page


def test_a_path_cannot_end_the_comment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("a --> <b> & c", "s.yaml")
    path.parent.mkdir()
    path.write_text(NEGATED)
    again = ["report", str(path), "-o", "p.html", "--verify", "off"]
    assert cli.run(again) == 0
    text = Path("p.html").read_text()
    assert "<b>" not in text
    assert text.index("-->") + 4 == text.index("<!DOCTYPE")
    assert cli.run(again) == 0  # its own header is known again


@pytest.mark.parametrize(
    ("op", "told"),
    [
        ("rectified", r"where|<mtext>otherwise</mtext>"),
        ("rectified", r"∂"),
        ("rectified", r'<path class="kink"'),
        ("rectified", r'<path class="line s0" d="M[^"]+M[^"]+"'),
        ("rectified", r'<path class="dots ours" d="M[^"]{500}'),
        ("rectified", r'<path class="crosses composed" d="M[^"]{500}'),
        ("gate", r"Over the plane of"),
        ("gate", r'<path class="v\d" d="M[^"]{20}'),
        ("gate", r'<path class="e0" d="M[^"]{20}'),
        ("weights", r"softmax"),
        ("weights", r"all else is held|, where"),
        ("turned", r"Its numbers are complex"),
        ("gate", r"<td>input</td><td class=\"figure\">4\*B</td>"),
        ("gate", r"torch, by the formula"),
        ("gate", r"class GateNo|def backward\("),
    ],
)
def test_what_is_said_of_an_op(page: str, op: str, told: str) -> None:
    assert re.search(told, section(page, op))


def test_how_many_pictures_there_are(page: str) -> None:
    counts = {"rectified": 4, "gate": 9, "weights": 4, "turned": 0}
    found = {op: section(page, op).count("<figure>") for op in counts}
    assert found == counts


# How it is written


def test_the_same_spec_gives_the_same_bytes(
    here: Path, page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(words("--json")) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["files"] == [{"path": "page.html", "was": "unchanged"}]
    assert (here / "page.html").read_text() == page


@pytest.mark.parametrize(
    ("text", "code"),
    [("<!DOCTYPE html>\n<p>mine</p>\n", "SG502"), (None, "SG503")],
)
def test_it_replaces_only_its_own(
    here: Path,
    page: str,
    text: str | None,
    code: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = here / "other.html"
    other.write_text(text or page.replace("rectified", "altered"))
    before = other.read_text()
    monkeypatch.setattr("symgrad.report.gathered", None)  # it is refused before that
    there = ["report", "spec.yaml", "-o", "other.html", "--verify", "off"]
    assert cli.run(there) == 2
    assert f"[{code}]" in capsys.readouterr().err
    assert other.read_text() == before


def test_force_replaces_what_is_not_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text(NEGATED)
    Path("p.html").write_text("mine")
    there = ["report", "s.yaml", "-o", "p.html", "--verify", "off"]
    assert cli.run([*there, "--force", "p.html"]) == 0
    assert "<!DOCTYPE html>" in Path("p.html").read_text()
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".tmp"] == []


def test_a_failed_rung_is_shown_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = Finding(2, "f", "x gets <no> gradient", "x=1", "2.0", "3.0", "try so")
    results = RungResult("f", 1, True, 1.5, "x=0.5", "ULP"), RungResult("f", 2, False)
    report = Report(results, (failure,), 3.25)
    monkeypatch.setattr(verify, "verify", lambda *args, **options: report)
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text(NEGATED)
    assert cli.run(["report", "s.yaml", "-o", "p.html"]) == 1
    read = Reader(Path("p.html").read_text())
    assert "f: rung 2: x gets <no> gradient" in read.text
    assert "expected:  2.0" in read.text and "try so" not in read.text
    badges = [a["class"] for t, a in read.elements if t == "span" and "class" in a]
    assert "badge failed" in badges
    assert "Not climbed at this level: 0 lint, 3 forward mode" in read.text
    assert "3.25" not in read.text  # times differ, and pages do not


def test_code_that_is_refused_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = Finding(0, "", "its text is wrong")
    report = Report((), (failure,), 0.0)
    monkeypatch.setattr(verify, "verify", lambda *args, **options: report)
    monkeypatch.setattr("symgrad.report.page.load_text", None)
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text(NEGATED)
    assert cli.run(["report", "s.yaml", "-o", "p.html"]) == 1
    assert "was refused, so it was not run" in Path("p.html").read_text()


@pytest.mark.parametrize(
    ("more", "code"), [(["nowhere.yaml"], "SG104"), (["-o", "spec.yaml"], "SG502")]
)
def test_bad_input(
    here: Path, more: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["report", "spec.yaml", "--verify", "off", *more]) == 2
    assert f"[{code}]" in capsys.readouterr().err


def test_what_is_derived_for_the_page_has_its_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside those of the code: it is derived once more, to be shown."""

    def endless(*_: object) -> None:
        while True:
            pass

    def hurried(*args: Any) -> gathering.SpecPage:
        monkeypatch.setattr(limits, "SECONDS", 0.01)
        return gathering.gathered(*args)

    monkeypatch.setattr(gathering, "steps", endless)
    monkeypatch.setattr("symgrad.report.gathered", hurried)
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text(NEGATED)
    assert cli.run(["report", "s.yaml", "--verify", "off"]) == 2
    assert "SG303" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["s.yaml"]


# Every example


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda p: p.stem)
def test_formulas_and_code_of_every_example(path: Path) -> None:
    """What is printed is XML, and the code beside the formulas is all of it."""
    from xml.etree import ElementTree

    from symgrad.report import code, formulas
    from symgrad.report.mathml import mathml

    loaded = spec.load(path)
    source = (GENERATED / f"{path.stem}.py").read_text()
    methods = code.methods(source, loaded)
    squeezed = re.sub(r"\s+", "", source)
    for op in loaded.ops:
        sides = [*formulas.forward(op), *formulas.gradients(op)]
        assert len(sides) >= len(op.outputs) + sum(i.differentiable for i in op.inputs)
        for left, right in sides:
            ElementTree.fromstring(mathml(left, *([right] if right else [])))
        for method in methods[op.name]:
            text = "".join(row.text for row in method.rows)
            assert re.sub(r"\s+", "", text) in squeezed
            for row in method.rows:
                for equation in row.equations:
                    ElementTree.fromstring(mathml(*equation))
