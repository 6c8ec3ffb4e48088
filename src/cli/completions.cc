// `ctxcost completions SHELL`: the script that a shell reads, and, for the scripts, what may stand next.
#include "candidates.h"
#include "command.h"
#include "complaints.h"
#include "core/format.h"
#include "ctxcost/core/diagnostic.h"
#include "shells.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

// Each script splits the line itself, passes the words up to the cursor, and gets a candidate a line, with a tab and
// its meaning; the line "files" has no tab. What ends with ':', '=' or ',' goes on.

// bash takes ':' and '=' for the end of a word, so what stands before the last of them is cut from each candidate.
// [Bash Reference Manual, "Programmable Completion"; COMP_WORDBREAKS]
constexpr std::string_view kBash = R"(# bash completion for ctxcost: source this, or install it as completions/ctxcost
_ctxcost() {
  local line=${COMP_LINE:0:COMP_POINT} words candidate files=no
  read -r -a words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  local word=${words[${#words[@]} - 1]}
  local kept=${word%"${word##*[:=]}"}
  COMPREPLY=()
  while IFS= read -r candidate; do
    if [[ $candidate == files ]]; then
      files=yes
      continue
    fi
    candidate=${candidate%%$'\t'*}
    [[ $candidate == *[:=,] ]] && compopt -o nospace
    COMPREPLY+=("${candidate#"$kept"}")
  done < <("${words[0]}" completions words -- "${words[@]:1}" 2>/dev/null)
  if [[ $files == yes ]]; then
    compopt -o filenames
    while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen -f -- "${word#"$kept"}")
  fi
}
complete -F _ctxcost ctxcost
)";

// [zsh manual, "Completion Widgets", compadd]
constexpr std::string_view kZsh = R"(#compdef ctxcost
# zsh completion for ctxcost: install it as _ctxcost in a directory of $fpath
_ctxcost() {
  local line files=no
  local -a open open_lines whole whole_lines
  for line in "${(@f)$("${words[1]}" completions words -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
    if [[ $line == files ]]; then
      files=yes
    elif [[ ${line%%$'\t'*} == *[:=,] ]]; then
      open+=("${line%%$'\t'*}")
      open_lines+=("${line/$'\t'/  }")
    elif [[ -n $line ]]; then
      whole+=("${line%%$'\t'*}")
      whole_lines+=("${line/$'\t'/  }")
    fi
  done
  (( $#whole )) && compadd -l -d whole_lines -a -- whole
  (( $#open )) && compadd -l -S '' -d open_lines -a -- open
  if [[ $files == yes ]]; then
    compset -P '*='
    _files
  fi
}
if [[ $funcstack[1] == _ctxcost ]]; then
  _ctxcost "$@"
else
  compdef _ctxcost ctxcost
fi
)";

// [fish documentation, "Writing your own completions"]
constexpr std::string_view kFish = R"(# fish completion for ctxcost: install it as completions/ctxcost.fish
function __ctxcost_candidates
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l word (commandline --cut-at-cursor --current-token)
    for line in ($words[1] completions words -- $words[2..-1] "$word" 2>/dev/null)
        if test "$line" = files
            __fish_complete_path (string replace --regex '^-.*=' '' -- "$word")
        else
            echo $line
        end
    end
end
complete --command ctxcost --no-files --arguments '(__ctxcost_candidates)'
)";

constexpr Shell kShells[] = {{"bash", kBash}, {"zsh", kZsh}, {"fish", kFish}};

constexpr OptionId kCompletionsOptions[] = {OptionId::output};

constexpr std::string_view kCompletionsExamples =
    "  source <(ctxcost completions bash)\n"
    "  ctxcost completions fish -o ~/.config/fish/completions/ctxcost.fish\n";

constexpr std::string_view kWords = "words";

/// "h100-pcie-80gb\t..." a line.
std::string text_of(const Candidates& found) {
  std::string text;
  for (const Candidate& candidate : found.all) text += format("{}\t{}\n", candidate.text, candidate.meaning);
  if (found.files) text += "files\n";
  return text;
}

Status run_completions(const Arguments& arguments) {
  const std::vector<std::string>& words = arguments.words();
  const Target target{"", std::string(arguments.value(OptionId::output))};
  if (!words.empty() && words.front() == kWords) {
    deliver(target, text_of(candidates(std::span(words).subspan(1))));
    return Status::answered;
  }
  std::vector<std::string_view> names;
  for (const Shell& shell : shells()) names.push_back(shell.name);
  if (words.size() != 1) throw InputError(Diagnostic{"completions", "", "expected one SHELL", "bash, zsh or fish"});
  const std::string_view name = choose("completions", words.front(), names);
  for (const Shell& shell : shells()) {
    if (shell.name == name) deliver(target, shell.script);
  }
  return Status::answered;
}

}  // namespace

std::span<const Shell> shells() { return kShells; }

extern const Command kCompletions;
const Command kCompletions = {"completions",
                              "SHELL",
                              "completions for bash, zsh or fish",
                              kCompletionsOptions,
                              kCompletionsExamples,
                              run_completions,
                              nullptr,
                              Completion::none,
                              "The scripts ask `ctxcost completions words -- WORD...` what may stand for the\n"
                              "last of the words behind `ctxcost`: a candidate a line, a tab, its meaning.\n",
                              Completion::shell};

}  // namespace ctxcost::cli
