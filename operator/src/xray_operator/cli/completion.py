"""Completion in bash, zsh and fish, and for kubectl's plugins, from the argparse parsers themselves.

The scripts call the program with COMMAND and the words of the line. It answers as cobra's programs do, which kubectl
expects from a plugin: a line `TEXT<tab>HELP` for each candidate, then `:0` where a file may follow and `:4` otherwise.
argparse has no public list of a parser's options and subcommands; `_actions` and its like are used only here.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence

COMMAND = "__complete"
_FILES, _NO_FILES = ":0", ":4"
_PATHS = {"file", "kubeconfig"}  # the options whose values are paths

_BASH = """\
# bash completion of PROGRAM: source <(PROGRAM completion bash)
_FUNCTION() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :0) compopt -o default ;;
      :*) ;;
      "${COMP_WORDS[COMP_CWORD]}"*) COMPREPLY+=("${line%%$'\\t'*}") ;;
    esac
  done < <(PROGRAM __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _FUNCTION PROGRAM
"""
_ZSH = """\
#compdef PROGRAM
# zsh completion of PROGRAM: source <(PROGRAM completion zsh)
_FUNCTION() {
  local line
  local -a candidates
  for line in "${(@f)$(PROGRAM __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :0) _files ;;
      :*) ;;
      *) candidates+=("${line/$'\\t'/:}") ;;
    esac
  done
  _describe PROGRAM candidates
}
compdef _FUNCTION PROGRAM
"""
_FISH = """\
# fish completion of PROGRAM: PROGRAM completion fish | source
function _FUNCTION
    set -l lines (PROGRAM __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)
    string match -v -r '^:' -- $lines
    contains -- :0 $lines; and __fish_complete_path (commandline -ct)
end
complete -c PROGRAM -f -a '(_FUNCTION)'
"""
SCRIPTS: Mapping[str, str] = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def script(shell: str, program: str) -> str:
    """Return a shell's script for a program."""
    return SCRIPTS[shell].replace("FUNCTION", program.replace("-", "_")).replace("PROGRAM", program)


def lines(parser: argparse.ArgumentParser, words: Sequence[str]) -> list[str]:
    """Return the candidates for the last of a line's words, which may be empty."""
    parser, option, positionals = _walk(parser, words[:-1])
    last = words[-1] if words else ""
    action = option or next(iter(positionals), None)
    found = _options(parser) if option is None and last.startswith("-") else _values(action)
    files = option is not None and option.dest in _PATHS
    return [*(line for line in found if line.startswith(last)), _FILES if files else _NO_FILES]


def _walk(
    parser: argparse.ArgumentParser, words: Sequence[str]
) -> tuple[argparse.ArgumentParser, argparse.Action | None, list[argparse.Action]]:
    """Return the parser of the last subcommand, the option that expects a value, and the positionals that are left."""
    option: argparse.Action | None = None
    positionals = _positionals(parser)
    for word in words:
        if option is not None:
            option = None
        elif word.startswith("-"):
            named = parser._option_string_actions.get(word)
            option = named if named is not None and named.nargs != 0 else None
        elif positionals:
            choices = positionals.pop(0).choices
            if isinstance(choices, Mapping) and word in choices:
                parser = choices[word]
                positionals = _positionals(parser)
    return parser, option, positionals


def _positionals(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if not action.option_strings]


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        for text in action.option_strings[-1:]:
            yield _line(text, (action.help or "").replace("%%", "%"))


def _values(action: argparse.Action | None) -> Iterator[str]:
    """Yield the choices of an option or a positional: subcommands with their help, without aliases."""
    if isinstance(action, argparse._SubParsersAction):
        for choice in action._choices_actions:
            yield _line(choice.dest, choice.help or "")
    else:
        yield from action.choices or () if action else ()


def _line(text: str, help_text: str) -> str:
    return f"{text}\t{help_text}"
