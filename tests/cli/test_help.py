"""Help of commands: no option without words, in groups, and examples that are understood."""

import shlex

import pytest
from typer.main import get_command

from lasersampling.cli.examples import EXAMPLES
from lasersampling.cli.main import app
from lasersampling.cli.preparing import with_rounds

GROUP = get_command(app)


def commands(group, name=""):
    for key, command in group.commands.items():
        path = f"{name} {key}".strip()
        if hasattr(command, "commands"):
            yield from commands(command, path)
        else:
            yield path, command


COMMANDS = dict(commands(GROUP))


def context_of(arguments):
    """Parse a command line down to its last command, without running anything."""
    command, words, context = GROUP, list(arguments), None
    while True:
        name = command.name if context is None else words.pop(0)
        context = command.make_context(name, words, parent=context)
        if not hasattr(command, "commands"):
            return context
        words = [*context._protected_args, *context.args]
        command = command.commands[words[0]]


def test_every_command_has_examples():
    assert set(EXAMPLES) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_words_and_a_group(name):
    for parameter in COMMANDS[name].params:
        if parameter.name == "help":
            continue
        assert parameter.help, parameter.name
        if parameter.param_type_name == "option":
            panel = parameter.rich_help_panel
            assert panel in {"Input", "Settings", "Output", "Connection"}, parameter.name


@pytest.mark.parametrize("name", COMMANDS)
def test_paragraphs_are_not_broken_where_the_source_is(name):
    paragraphs = COMMANDS[name].help.split("\n\n")
    assert paragraphs[0] and not [text for text in paragraphs if "\n" in text]


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_are_understood_and_stand_in_the_help_on_a_line_each(name, run):
    shown = [line.strip() for line in run(*name.split(), "--help").out.splitlines()]
    for example in EXAMPLES[name]:
        assert example in shown
        program, *arguments = shlex.split(example)
        assert program == "lasersampling"
        parsed = context_of(with_rounds(arguments))
        assert parsed.command is COMMANDS[name]
