"""Commands around RESULTS.md: render it, check it, publish a file, run what is stale."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lasersampling.commands.exit_codes import exit_codes
from lasersampling.experiments.publishing import plain_command, publish, published_path
from lasersampling.results import read_results
from published import rendering, running
from published.archived import code_at
from published.sections import ROOT, sections

app = typer.Typer(add_completion=False, help=__doc__, pretty_exceptions_enable=False)


@app.command()
def render() -> None:
    """Write RESULTS.md and its figures from the files in data/results; say what is stale."""
    with exit_codes():
        rendered = list(sections())
        for path in rendering.draw([one for section in rendered for one in section.figures]):
            print(f"drawn: {path.relative_to(ROOT)}")
        rendering.PAGE.write_text(rendering.page(rendered), encoding="utf-8")
        stale = running.planned(rendered)
        missing = sum(len(section.missing) for section in rendered)
        files = {name for section in rendered for name in section.files}
        print(f"written: RESULTS.md, from {len(files)} files; {missing} are not there yet")
        if stale:
            print(f"code has changed since:\n{running.told(stale)}")


@app.command()
def check() -> None:
    """Fail if RESULTS.md is not what the files in data/results give."""
    with exit_codes():
        found = rendering.PAGE.read_text(encoding="utf-8")
        wrong = rendering.differences(found, rendering.page(list(sections())))
        print("\n".join(wrong) or "RESULTS.md is what the files give")
    raise typer.Exit(1 if wrong else 0)


@app.command("publish")
def publish_file(
    file: Annotated[Path, typer.Argument(help="Complete results file.")],
    name: Annotated[str, typer.Argument(help="Name of the published file, without ending.")],
    command: Annotated[
        str, typer.Option(help="Command that makes these results, if the file has another.")
    ] = "",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a published file.")
    ] = False,
) -> None:
    """Publish what is small of a results file, with the code of the commit that made it."""
    with exit_codes():
        attrs = read_results(file, groups=()).attrs
        made_by = plain_command(command or str(attrs["command"]))
        path = published_path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        code = code_at(str(attrs["git_commit"]), made_by)
        left_out = publish(file, path, code=code, command=made_by, overwrite=overwrite)
        print(f"published: {path}, without {', '.join(left_out) or 'leaving anything out'}")


@app.command("run")
def run_stale(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[SECTION]...", help="Sections; all by default.")
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only say what would run.")] = False,
) -> None:
    """Run what is stale, and in named sections what is missing; say first how long it takes."""
    with exit_codes():
        works = running.planned(list(sections()), names or [])
        print(running.told(works), flush=True)
        for work in [] if plan else works:
            running.run(work)


if __name__ == "__main__":
    app()
