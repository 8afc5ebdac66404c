"""Delivered text, values and names of files, is text in the terminal, in Dagster and on the release's page.

Chat tools: `tests/unit/alerts`.
"""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from expectations.gate import CheckResult, GateResult
from expectations.report_page import render
from orchestration.defs.ingestion import as_markdown
from orchestration.harmless_text import as_description, for_terminal, on_terminal
from tests.unit.ingestion.record_workplace import Records, as_lines, good

ROOT = Path(__file__).parents[2]
ATTACKS = (ROOT / "tests/cases/attacks/markdown_and_chat.jsonl").read_bytes()
HOSTILE = (
    "![](/graphql?query=mutation{reloadWorkspace{__typename}})", "[run](http://evil.example)",
    "<img src=x onerror=alert(1)>",
    "<!channel>", "<https://evil.example|bank>", "[a][b]", "[a]: http://evil.example", "a\n```\n![](/x)", "`id`",
    "\x1b[2J\x1b[31mFAILED", "\x1b]8;;http://evil.example\x1b\\run\x1b]8;;\x1b\\", "\x9b2J", "good\rFAILED", "a\x00b",
    "a\x07\x08b",
    "gpj.\u202eexe.jsonl", "\u2066a\u2069\u200b", "a\u2028b\u0085c", "caf\udce9",
)  # fmt: skip
#: What Markdown fetches or leads to; escapes, marks of direction, and what ends a line or a text.
ACTED_ON = re.compile(
    r"!\[|]\(|]\[|]:|<[A-Za-z/!?]|://|[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
OF_TERMINAL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff]")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_description_does_nothing_and_can_be_read(text: str) -> None:
    shown = as_description(f"found {text}, expected a code")
    assert ACTED_ON.findall(shown) == []
    assert as_description(shown) == shown
    readable = re.sub(r"[^!-~]", "", text.replace("\x1b", ""))
    assert (
        re.sub(r"[^!-~]", "", shown.replace("\u2060", "")).replace("?", "").find(readable.replace("?", ""))
        > 0
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_a_terminal_shows_letters(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with on_terminal():
        print(f"{as_description(text)}\tĐồng Nai")
    shown = capsys.readouterr().out
    assert OF_TERMINAL.findall(shown) == []
    assert shown.endswith("Đồng Nai\n")
    assert for_terminal("Đồng Nai ▲ 9\n") == "Đồng Nai ▲ 9\n"


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)


@pytest.mark.parametrize("text", HOSTILE)
def test_the_page_of_a_release_shows_names_and_values_as_they_are(text: str) -> None:
    check = CheckResult(
        expectation=text, description=text, reason=text, success=False, observed=text, failing_rows=1,
        sample=({"source_file": text, text: text},), rows_file=text,
    )  # fmt: skip
    harmless = replace(
        check,
        description="a",
        reason="a",
        observed="a",
        sample=({"source_file": "a", "b": "a"},),
        rows_file="a",
    )
    pages = [
        render([GateResult("s", "t", False, (made,))], made.description, {"Inputs": made.description})
        for made in (check, harmless)
    ]
    seen = [Seen(), Seen()]
    for parser, page in zip(seen, pages, strict=True):
        parser.feed(page)
    assert seen[0].tags == seen[1].tags
    assert re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", pages[0]) == []
    pages[0].encode()


def test_every_description_of_a_check_goes_through_here() -> None:
    """Of those that are no constants: else the next check is the hole."""
    found = 0
    for path in sorted((ROOT / "orchestration").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or not ast.unparse(call.func).endswith(
                ("AssetCheckResult", "_replace")
            ):
                continue
            for made in (word.value for word in call.keywords if word.arg == "description"):
                found += 1
                assert "as_description(" in ast.unparse(made) or isinstance(made, ast.Constant), (
                    path,
                    call.lineno,
                )
    assert found >= 8


def test_values_and_names_of_files_are_text_in_a_run_s_summary(tmp_path: Path) -> None:
    workplace = Records(tmp_path)
    workplace.deliver(ATTACKS, "attacks.jsonl")
    names = [text.replace("/", "_").replace("\x00", "") for text in HOSTILE]
    for number, name in enumerate(names):
        bad = good("dossiers", number, TrangThaiHoSo=HOSTILE[number].encode(errors="replace").decode())
        workplace.deliver(as_lines([bad, good("dossiers", 1000 + number)]), f"{name}.jsonl")
    report = workplace.ingest()
    assert report.counts["rows_accepted"] >= len(names) - 2
    summary = as_markdown(report.summary())
    first, *lines, last = summary.split("\n")
    assert (first, last) == ("```", "```")
    assert len(lines) == len(report.summary())
    assert not any("`" in line for line in lines)
    assert OF_TERMINAL.findall(summary) == []
    assert OF_TERMINAL.findall("\n".join(report.summary())) == []
