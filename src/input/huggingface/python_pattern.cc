#include "python_pattern.h"

#include <algorithm>
#include "core/character.h"

namespace ctxcost::huggingface {
namespace {

/// Groups inside groups; deeper ones would exhaust the stack.
constexpr int kDepth = 100;
/// Characters of a pattern, and instructions once repetitions are written out; real ones have less than a hundred.
constexpr std::size_t kLongest = 4096;
constexpr std::size_t kMostInstructions = 4096;
constexpr std::uint32_t kUnlimited = 0xffffffff;
/// What a state that is kept counts in `work`: some 300 bytes.
constexpr std::uint64_t kStateWork = 256;

using Set = std::bitset<256>;

bool is_octal(char c) { return c >= '0' && c <= '7'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '_'; }
int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// The set of \d, \s or \w; in capitals, of everything else.
Set category(char letter) {
  Set set;
  const char lower = static_cast<char>(letter | 0x20);
  for (int i = 0; i < 128; ++i) {
    const char c = static_cast<char>(i);
    const bool space = c == ' ' || (i >= 9 && i <= 13) || (i >= 28 && i <= 31);  // as str.isspace
    if (lower == 'd' ? is_digit(c) : lower == 's' ? space : is_word(c)) set.set(static_cast<std::size_t>(i));
  }
  return letter == lower ? set : ~set;
}

}  // namespace

/// From the text to instructions: a tree first, since `{m,n}` writes a part out several times.
class PatternCompiler {
 public:
  PatternCompiler(std::string_view text, PythonPattern& out) : text_(text), out_(out) {}

  void compile() {
    if (text_.size() > kLongest) fail("longer than " + std::to_string(kLongest) + " characters");
    const Node root = alternatives(Flags{}, 0);
    if (at_ < text_.size()) fail("unbalanced )");
    out_.start_ = emit(root, add({}), 0);
    finish();
  }

 private:
  using Operation = PythonPattern::Operation;
  using Place = PythonPattern::Place;
  using Instruction = PythonPattern::Instruction;

  struct Flags {
    bool ignore_case = false, multiline = false, dot_all = false;
  };
  struct Node {
    enum class Kind { sequence, alternatives, set, repeat, place, look } kind = Kind::sequence;
    std::vector<Node> children;
    Set set;
    std::uint32_t least = 0, most = 0;
    Place place = Place::text_start;
    bool negated = false;
  };

  [[noreturn]] static void fail(std::string message) { throw PatternFault{std::move(message)}; }
  [[noreturn]] static void unsupported(const std::string& what) { fail(what + " is not supported"); }

  bool more() const { return at_ < text_.size(); }
  bool accept(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  /// One character; beyond ASCII a whole one, which no text here holds: its number is 256.
  int character() {
    const auto byte = static_cast<unsigned char>(text_[at_++]);
    if (byte < 0x80) return byte;
    while (more() && (static_cast<unsigned char>(text_[at_]) & 0xc0) == 0x80) ++at_;
    return 256;
  }

  static Node of_set(Set set) {
    Node node;
    node.kind = Node::Kind::set;
    node.set = set;
    return node;
  }
  static Node of_place(Place place) {
    Node node;
    node.kind = Node::Kind::place;
    node.place = place;
    return node;
  }
  static void insert(Set& set, int c) {
    if (c < 128) set.set(static_cast<std::size_t>(c));
  }
  static Set both_cases(Set set, Flags flags) {
    for (std::size_t c = 'a'; flags.ignore_case && c <= 'z'; ++c) {
      if (set[c] || set[c - 32]) set.set(c).set(c - 32);
    }
    return set;
  }
  static Node literal(int c, Flags flags) {
    Set set;
    insert(set, c);
    return of_set(both_cases(set, flags));
  }

  Node alternatives(Flags flags, int depth) {
    if (depth > kDepth) fail("more than " + std::to_string(kDepth) + " groups inside each other");
    Node node;
    node.kind = Node::Kind::alternatives;
    const bool whole = depth == 0;
    do {
      node.children.push_back(sequence(flags, depth, whole && node.children.empty()));
    } while (accept("|"));
    return node;
  }

  /// `flags` is changed by global flags, which stand in front of everything else.
  Node sequence(Flags& flags, int depth, bool first) {
    Node node;
    while (more() && text_[at_] != '|' && text_[at_] != ')') {
      if (text_[at_] == '(') {
        if (std::optional<Node> part = group(flags, depth, first && node.children.empty())) {
          node.children.push_back(std::move(*part));
        }
      } else if (std::uint32_t least = 0, most = 0; quantifier(least, most)) {
        repeat(node, least, most);
      } else {
        node.children.push_back(atom(flags));
      }
    }
    return node;
  }

  /// Reads `*`, `+`, `?` or `{m,n}`; a brace that is none of these is a literal.
  bool quantifier(std::uint32_t& least, std::uint32_t& most) {
    least = text_[at_] == '+' ? 1 : 0;
    most = text_[at_] == '?' ? 1 : kUnlimited;
    if (accept("*") || accept("+") || accept("?")) return true;
    if (text_[at_] != '{') return false;
    const std::size_t before = at_++;
    if (more() && text_[at_] == '}') {
      at_ = before;
      return false;
    }
    const std::optional<std::uint32_t> low = number();
    std::optional<std::uint32_t> high = low;
    const bool comma = accept(",");
    if (comma) high = number();
    if (!accept("}")) {
      at_ = before;
      return false;
    }
    least = low.value_or(0);
    most = high.value_or(kUnlimited);
    if (least > most) fail("min repeat greater than max repeat");
    return true;
  }
  std::optional<std::uint32_t> number() {
    std::optional<std::uint32_t> value;
    for (; more() && is_digit(text_[at_]); ++at_) {
      value = std::min<std::uint32_t>(1'000'000, value.value_or(0) * 10 + static_cast<std::uint32_t>(text_[at_] - '0'));
    }
    return value;
  }

  void repeat(Node& sequence, std::uint32_t least, std::uint32_t most) {
    if (sequence.children.empty() || sequence.children.back().kind == Node::Kind::place) fail("nothing to repeat");
    Node& last = sequence.children.back();
    if (last.kind == Node::Kind::repeat) fail("multiple repeat");
    // Whether as few or as many as possible are taken changes what is matched, not whether.
    if (!accept("?") && accept("+")) unsupported("a possessive quantifier");
    Node node;
    node.kind = Node::Kind::repeat;
    node.least = least;
    node.most = most;
    node.children.push_back(std::move(last));
    last = std::move(node);
  }

  /// The part in brackets; nothing for comments and global flags.
  std::optional<Node> group(Flags& flags, int depth, bool first) {
    ++at_;
    Node node;
    Flags inner = flags;
    if (accept("?")) {
      if (accept("#")) {
        at_ = text_.find(')', at_);
        if (at_ == std::string_view::npos) {
          at_ = text_.size();
          fail("missing ), unterminated comment");
        }
        ++at_;
        return std::nullopt;
      }
      if (accept("=") || accept("!")) {
        node.kind = Node::Kind::look;
        node.negated = text_[at_ - 1] == '!';
      } else if (accept("<=") || accept("<!")) {
        unsupported("a lookbehind (?<" + std::string(1, text_[at_ - 1]));
      } else if (accept("P<")) {
        const std::size_t end = text_.find('>', at_);
        if (end == std::string_view::npos || end == at_) fail("missing group name");
        const std::string_view name = text_.substr(at_, end - at_);
        if (is_digit(name.front()) || !std::all_of(name.begin(), name.end(), is_word)) {
          fail("bad character in group name \"" + std::string(name) + "\"");
        }
        if (std::find(names_.begin(), names_.end(), name) != names_.end()) {
          fail("redefinition of group name \"" + std::string(name) + "\"");
        }
        names_.push_back(name);
        at_ = end + 1;
      } else if (accept("P=")) {
        unsupported("a backreference (?P=");
      } else if (accept("(")) {
        unsupported("a conditional (?(");
      } else if (accept(">")) {
        unsupported("an atomic group (?>");
      } else if (!accept(":") && !flag_letters(inner)) {
        if (!first) fail("global flags not at the start of the expression");
        flags = inner;
        return std::nullopt;
      }
    }
    Node content = alternatives(inner, depth + 1);
    if (!accept(")")) fail("missing ), unterminated subpattern");
    node.children.push_back(std::move(content));
    return node;
  }

  /// The letters of (?i) or (?i-m:; true where a colon ends them.
  bool flag_letters(Flags& flags) {
    bool on = true;
    for (bool any = false; more(); any = true) {
      const char c = text_[at_++];
      if (c == ':' && any) return true;
      if (c == ')' && any && on) return false;
      if (c == 'i') {
        flags.ignore_case = on;
      } else if (c == 'm') {
        flags.multiline = on;
      } else if (c == 's') {
        flags.dot_all = on;
      } else if (c == '-' && on) {
        on = false;
      } else if (c == 'x') {
        unsupported("the flag x");
      } else if (c != 'a' && c != 'u') {
        fail("unknown extension ?" + std::string(1, c));
      }
    }
    fail("missing ), unterminated subpattern");
  }

  Node atom(Flags flags) {
    switch (text_[at_]) {
      case '.': {
        ++at_;
        Set set;
        set.set();
        if (!flags.dot_all) set.reset('\n');
        return of_set(set);
      }
      case '^': ++at_; return of_place(flags.multiline ? Place::line_start : Place::text_start);
      case '$': ++at_; return of_place(flags.multiline ? Place::line_end : Place::last_line_end);
      case '[': ++at_; return of_set(character_class(flags));
      case '\\': break;
      default: return literal(character(), flags);
    }
    if (++at_ >= text_.size()) fail("bad escape (end of pattern)");
    const char c = text_[at_];
    if (c == 'A' || c == 'Z' || c == 'b' || c == 'B') {
      ++at_;
      return of_place(c == 'A'   ? Place::text_start
                      : c == 'Z' ? Place::text_end
                      : c == 'b' ? Place::word_edge
                                 : Place::no_word_edge);
    }
    Set set;
    if (escaped_category(set)) return of_set(set);
    if (c >= '1' && c <= '9') {
      const std::string_view three = text_.substr(at_, 3);
      if (three.size() < 3 || !std::all_of(three.begin(), three.end(), is_octal)) {
        unsupported("a backreference \\" + std::string(1, c));
      }
    }
    return literal(escaped_character(), flags);
  }

  bool escaped_category(Set& set) {
    const char c = text_[at_];
    if (std::string_view("dDsSwW").find(c) == std::string_view::npos) return false;
    ++at_;
    set = category(c);
    return true;
  }

  /// Behind a backslash, where it stands for one character.
  int escaped_character() {
    const char c = text_[at_];
    constexpr std::string_view kLetters = "abfnrtv";
    constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v";
    if (const std::size_t i = kLetters.find(c); i != std::string_view::npos) {
      ++at_;
      return kMeanings[i];
    }
    if (c == 'x' || c == 'u' || c == 'U') {
      ++at_;
      const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
      std::uint64_t value = 0;
      for (std::size_t i = 0; i < digits; ++i, ++at_) {
        if (!more() || hex_value(text_[at_]) < 0) fail("incomplete escape \\" + std::string(1, c));
        value = value * 16 + static_cast<std::uint64_t>(hex_value(text_[at_]));
      }
      return value < 128 ? static_cast<int>(value) : 256;
    }
    if (is_octal(c)) {
      int value = 0;
      for (int i = 0; i < 3 && more() && is_octal(text_[at_]); ++i, ++at_) value = value * 8 + (text_[at_] - '0');
      if (value > 0377) fail("octal escape value outside of range 0-0o377");
      return value < 128 ? value : 256;
    }
    if (c == 'N') unsupported("the escape \\N");
    if (is_letter(c) || is_digit(c)) fail("bad escape \\" + std::string(1, c));
    return character();
  }

  Set character_class(Flags flags) {
    const bool negated = accept("^");
    Set set;
    for (bool first = true; first || !more() || text_[at_] != ']'; first = false) {
      if (!more()) fail("unterminated character set");
      Set part;
      const int low = class_member(part);
      if (at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
        ++at_;
        Set end;
        const int high = class_member(end);
        if (low < 0 || high < 0 || low > high) fail("bad character range");
        for (int c = low; c <= high && c < 128; ++c) insert(set, c);
      } else if (low >= 0) {
        insert(set, low);
      } else {
        set |= part;
      }
    }
    ++at_;
    set = both_cases(set, flags);
    return negated ? ~set : set;
  }

  /// A character of a class, or -1 and a set of them.
  int class_member(Set& set) {
    if (text_[at_] != '\\') return character();
    if (++at_ >= text_.size()) fail("bad escape (end of pattern)");
    return escaped_category(set) ? -1 : escaped_character();
  }

  // Instructions are written from the end of the text to its start: each knows what follows it.

  std::uint32_t add(Instruction instruction) {
    if (out_.code_.size() >= kMostInstructions) {
      fail("more than " + std::to_string(kMostInstructions) + " steps once repetitions are written out");
    }
    out_.code_.push_back(instruction);
    return static_cast<std::uint32_t>(out_.code_.size() - 1);
  }

  /// The part's first instruction, where `next` comes after it. `level` counts from the outermost pattern, 0.
  std::uint32_t emit(const Node& node, std::uint32_t next, std::uint32_t level) {
    // Repeated nothing adds no instruction.
    if (++visits_ > 16 * kMostInstructions) fail("too many steps once repetitions are written out");
    deepest_ = std::max(deepest_, level);
    Instruction instruction;
    instruction.next = next;
    instruction.level = level;
    switch (node.kind) {
      case Node::Kind::sequence:
        for (auto child = node.children.rbegin(); child != node.children.rend(); ++child) {
          next = emit(*child, next, level);
        }
        return next;
      case Node::Kind::alternatives: {
        std::uint32_t first = emit(node.children.back(), next, level);
        for (std::size_t i = node.children.size() - 1; i-- > 0;) {
          instruction.operation = Operation::split;
          instruction.next = emit(node.children[i], next, level);
          instruction.other = first;
          first = add(instruction);
        }
        return first;
      }
      case Node::Kind::set:
        instruction.operation = Operation::consume;
        instruction.set = static_cast<std::uint32_t>(out_.sets_.size());
        out_.sets_.push_back(node.set);
        return add(instruction);
      case Node::Kind::place:
        instruction.operation = Operation::assert_here;
        instruction.place = node.place;
        return add(instruction);
      case Node::Kind::look: {
        Instruction end;
        end.level = level + 1;
        instruction.operation = Operation::look;
        instruction.negated = node.negated;
        instruction.other = emit(node.children.front(), add(end), level + 1);
        return add(instruction);
      }
      case Node::Kind::repeat: break;
    }
    const Node& body = node.children.front();
    instruction.operation = Operation::split;
    if (node.most == kUnlimited) {
      const std::uint32_t loop = add(instruction);
      const std::uint32_t again = emit(body, loop, level);
      out_.code_[loop].other = again;
      next = loop;
    } else {
      const std::uint32_t end = next;
      for (std::uint32_t i = node.least; i < node.most; ++i) {
        instruction.next = emit(body, next, level);
        instruction.other = end;
        next = add(instruction);
      }
    }
    for (std::uint32_t i = 0; i < node.least; ++i) next = emit(body, next, level);
    return next;
  }

  /// Inner patterns first, and the ways that lead to each instruction.
  void finish() {
    std::vector<Instruction>& code = out_.code_;
    out_.levels_.resize(deepest_ + 1);
    out_.predecessors_.resize(code.size());
    for (std::uint32_t i = 0; i < code.size(); ++i) {
      code[i].level = deepest_ - code[i].level;
      out_.levels_[code[i].level].push_back(i);
      if (code[i].operation == Operation::accept || code[i].operation == Operation::consume) continue;
      out_.predecessors_[code[i].next].push_back(i);
      if (code[i].operation == Operation::split) out_.predecessors_[code[i].other].push_back(i);
    }
  }

  std::string_view text_;
  PythonPattern& out_;
  std::size_t at_ = 0;
  std::vector<std::string_view> names_;  // of groups
  std::uint32_t deepest_ = 0;
  std::size_t visits_ = 0;
};

PythonPattern::PythonPattern(std::string_view text) { PatternCompiler(text, *this).compile(); }

bool PythonPattern::matches(std::string_view text) {
  const State end = at_end(text.empty() ? std::nullopt : std::optional<char>(text.back()));
  return accepts(over(end, text, std::nullopt));
}

PythonPattern::State PythonPattern::at_end(std::optional<char> before) {
  return close(Bits(code_.size()), std::nullopt, false, kind_of(before));
}

PythonPattern::State PythonPattern::over(State rest, std::string_view piece, std::optional<char> before) {
  work_ += piece.size();
  for (std::size_t i = piece.size(); i-- > 0;) {
    rest = step(rest, piece[i], kind_of(i == 0 ? before : std::optional<char>(piece[i - 1])));
  }
  return rest;
}

bool PythonPattern::accepts(State whole) const { return known_[whole].alive[start_]; }

PythonPattern::Before PythonPattern::kind_of(std::optional<char> before) {
  if (!before) return Before::nothing;
  if (*before == '\n') return Before::line_end;
  return is_word(*before) ? Before::word : Before::other;
}

PythonPattern::State PythonPattern::step(State rest, char c, Before before) {
  const auto key = static_cast<std::uint16_t>(static_cast<unsigned char>(c) * 4 + static_cast<unsigned>(before));
  for (const auto& [known, state] : known_[rest].steps) {
    if (known == key) return state;
  }
  work_ += code_.size();
  const Bits& after = known_[rest].alive;
  Bits alive(code_.size());
  for (std::uint32_t i = 0; i < code_.size(); ++i) {
    const Instruction& instruction = code_[i];
    if (instruction.operation != Operation::consume || !after[instruction.next]) continue;
    alive[i] = sets_[instruction.set][static_cast<unsigned char>(c)];
  }
  const State state = close(std::move(alive), c, known_[rest].is_end, before);
  known_[rest].steps.emplace_back(key, state);
  return state;
}

PythonPattern::State PythonPattern::close(Bits alive, std::optional<char> c, bool last, Before before) {
  work_ += code_.size();
  std::vector<std::uint32_t> open;
  for (const std::vector<std::uint32_t>& level : levels_) {
    for (const std::uint32_t i : level) {
      if (code_[i].operation == Operation::accept) alive[i] = true;
      if (alive[i]) open.push_back(i);
    }
    while (!open.empty()) {
      const std::uint32_t i = open.back();
      open.pop_back();
      for (const std::uint32_t from : predecessors_[i]) {
        if (alive[from] || !holds(code_[from], alive, c, last, before)) continue;
        alive[from] = true;
        open.push_back(from);
      }
    }
  }
  const auto [place, is_new] =
      states_.try_emplace({std::move(alive), !c.has_value()}, static_cast<State>(known_.size()));
  if (is_new) {
    known_.push_back({place->first.first, place->first.second, {}});
    work_ += kStateWork;
  }
  return place->second;
}

bool PythonPattern::holds(const Instruction& instruction, const Bits& alive, std::optional<char> c, bool last,
                          Before before) const {
  if (instruction.operation == Operation::split) return true;
  if (instruction.operation == Operation::look) return alive[instruction.other] != instruction.negated;
  const bool word_edge = (before == Before::word) != (c && is_word(*c));
  switch (instruction.place) {
    case Place::text_start: return before == Before::nothing;
    case Place::line_start: return before == Before::nothing || before == Before::line_end;
    case Place::text_end: return !c;
    case Place::last_line_end: return !c || (*c == '\n' && last);
    case Place::line_end: return !c || *c == '\n';
    case Place::word_edge: return word_edge;
    // Not in an empty text, until Python 3.14.
    case Place::no_word_edge: return !word_edge && (c || before != Before::nothing);
  }
  return false;
}

}  // namespace ctxcost::huggingface
