#include "module_pattern.h"

#include <functional>

namespace ctxcost::huggingface {
namespace {

/// Groups inside groups; more is not found in real files.
constexpr int kDepth = 4;
/// Steps of one match: hostile patterns end here, as no match.
constexpr int kSteps = 20000;

/// The parts of a dotted path. Text models nested in others have extra parts in front, which say nothing.
std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    const std::string_view part = path.substr(0, dot);
    if (!part.empty() && part != "model" && part != "language_model") parts.emplace_back(part);
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
  }
  return parts;
}

}  // namespace

ModulePattern::ModulePattern(std::string_view text) {
  constexpr std::string_view kRegex = "re:";
  if (!text.starts_with(kRegex)) {
    parts_ = parts_of(text);
    return;
  }
  is_regex_ = true;
  text.remove_prefix(kRegex.size());
  std::size_t at = 0;
  understood_ = parse(text, at, branches_, kDepth) && at == text.size();
}

bool ModulePattern::parse(std::string_view text, std::size_t& at, std::vector<Sequence>& branches, int depth) const {
  if (depth == 0) return false;
  branches.emplace_back();
  for (; at < text.size() && text[at] != ')'; ++at) {
    Sequence& sequence = branches.back();
    Atom atom;
    switch (text[at]) {
      case '|': branches.emplace_back(); continue;
      case '^':
        if (!sequence.empty()) return false;
        continue;
      case '$': atom.kind = Atom::Kind::end; break;
      case '.': break;
      case '*':
      case '+':
      case '?':
        // A lazy or possessive mark after a quantifier changes nothing here.
        if (sequence.empty()) return false;
        if (text[at] != '+') sequence.back().optional = true;
        if (text[at] != '?') sequence.back().repeated = true;
        continue;
      case '(':
        atom.kind = Atom::Kind::group;
        ++at;
        if (text.substr(at, 2) == "?:") at += 2;
        if (at < text.size() && text[at] == '?') return false;
        if (!parse(text, at, atom.branches, depth - 1) || at >= text.size()) return false;
        break;
      case '[': {
        ++at;
        if (at < text.size() && text[at] == '^') {
          atom.negated = true;
          ++at;
        }
        for (; at < text.size() && text[at] != ']'; ++at) {
          if (at + 2 < text.size() && text[at + 1] == '-' && text[at + 2] != ']') {
            for (int c = text[at]; c <= text[at + 2]; ++c) atom.characters += static_cast<char>(c);
            at += 2;
          } else {
            atom.characters += text[at];
          }
        }
        if (at >= text.size() || atom.characters.empty()) return false;
        break;
      }
      case '\\':
        if (++at >= text.size()) return false;
        if (text[at] == 'd') {
          atom.characters = "0123456789";
        } else if ((text[at] >= 'a' && text[at] <= 'z') || (text[at] >= 'A' && text[at] <= 'Z')) {
          return false;
        } else {
          atom.characters = text[at];
        }
        break;
      case '{':
      case '}': return false;
      default: atom.characters = text[at];
    }
    sequence.push_back(std::move(atom));
  }
  return true;
}

/// Matches from the start of a text, as Python's re.match does; the rest of the text may be anything.
struct ModulePattern::Matcher {
  std::string_view text;
  int steps = kSteps;
  using Next = std::function<bool(std::size_t)>;

  bool any(const std::vector<Sequence>& branches, std::size_t at, const Next& next) {
    for (const Sequence& sequence : branches) {
      if (all(sequence, 0, at, next)) return true;
    }
    return false;
  }
  bool all(const Sequence& sequence, std::size_t index, std::size_t at, const Next& next) {
    if (--steps < 0) return false;
    if (index == sequence.size()) return next(at);
    const Atom& atom = sequence[index];
    const Next rest = [&](std::size_t after) { return all(sequence, index + 1, after, next); };
    if (atom.repeated) return repeat(atom, at, !atom.optional, rest);
    return one(atom, at, rest) || (atom.optional && rest(at));
  }
  bool repeat(const Atom& atom, std::size_t at, bool needed, const Next& rest) {
    if (--steps < 0) return false;
    const auto more = [&](std::size_t after) { return after > at && repeat(atom, after, false, rest); };
    return one(atom, at, more) || (!needed && rest(at));
  }
  bool one(const Atom& atom, std::size_t at, const Next& next) {
    switch (atom.kind) {
      case Atom::Kind::end: return at == text.size() && next(at);
      case Atom::Kind::group: return any(atom.branches, at, next);
      case Atom::Kind::set: break;
    }
    if (at >= text.size()) return false;
    const bool in = atom.characters.empty() || (atom.characters.find(text[at]) != std::string::npos) != atom.negated;
    return in && next(at + 1);
  }
};

bool ModulePattern::matches(std::string_view module) const {
  if (!understood_) return false;
  if (is_regex_) {
    Matcher matcher{module};
    return matcher.any(branches_, 0, [](std::size_t) { return true; });
  }
  const std::vector<std::string> path = parts_of(module);
  if (parts_.empty() || parts_.size() > path.size()) return false;
  for (std::size_t start = 0; start + parts_.size() <= path.size(); ++start) {
    bool same = true;
    for (std::size_t i = 0; i < parts_.size() && same; ++i) same = parts_[i] == "*" || parts_[i] == path[start + i];
    if (same) return true;
  }
  return false;
}

}  // namespace ctxcost::huggingface
