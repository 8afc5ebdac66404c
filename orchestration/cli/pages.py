"""What is written for others to read: pages of contracts, charts, dbt's documentation, completion for shells.

Belongs here: arguments, and the answer of each command. What the commands do is in the modules called; long answers are
in `answers`.
"""

from __future__ import annotations

from orchestration.answers.answer import Answer
from orchestration.cli.app import COMPLETE, command
from orchestration.settings import Settings


@command(then="check-mapping MAPPING FILE")
def contracts() -> Answer:
    """Write what follows from the contracts.

    dbt's sources, the list of metrics, the datasets of docs/lake.md, the schemas for editors.
    """
    from orchestration.ingestion.contract_pages import pages

    written = pages()
    for path, text in written.items():
        path.write_text(text, encoding="utf-8")
    return Answer({"written": [*written]}, [f"written: {path}" for path in written])


@command(then="report")
def charts() -> Answer:
    """Write the charts of the scoreboard, and the script that draws them."""
    from orchestration.publishing.scoreboard.charts import files

    written = files()
    for path, content in written.items():
        path.write_bytes(content)
    return Answer({"written": [*written]}, [f"written: {path}" for path in written])


@command(then="report")
def dbt_docs() -> Answer:
    """Write dbt's own documentation as one page: models down to the sources, SQL, tests, lineage."""
    from orchestration.dbt_docs import write_dbt_docs

    written = write_dbt_docs(Settings.from_environment())
    return Answer({"written": written}, [f"written: {written}"])


@command(then="releases", answers=False)
def completion() -> Answer:
    """Print what makes bash complete commands, options, datasets and releases.

    To be read by the shell: source <(bin/service-index completion). zsh reads it too, after bashcompinit.
    """
    return Answer({}, [_COMPLETION.replace("VARIABLE", COMPLETE)])


# `$1` is the command as it was typed, from whatever folder.
_COMPLETION = """\
_service_index() {
    local IFS=$'\\n'
    COMPREPLY=( $(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD VARIABLE=complete_bash "$1" 2>/dev/null) )
}
complete -o default -F _service_index service-index"""
