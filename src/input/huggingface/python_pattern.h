// Regular expressions as Python's `re` reads them, matched in time linear in the text: a set of states, no
// backtracking. [Python Lib/re/_parser.py; Thompson, "Regular expression search algorithm", CACM 11(6), 1968]
#pragma once

#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ctxcost::huggingface {

/// Why a pattern cannot be used: what Python would not read either, or the piece that is not supported here.
struct PatternFault {
  std::string message;  ///< "missing )", "a backreference is not supported"
};

/// A pattern, ready to be matched against ASCII texts. Supported: literals, `.`, classes, escapes, groups,
/// alternatives, every quantifier but the possessive ones, anchors, `\b`, lookaheads, and the flags a, i, m, s, u. Not
/// supported: backreferences, lookbehinds, conditionals, atomic groups, verbose patterns.
///
/// A text is read from its end: what is known at a place is from which instructions the rest can be matched, which
/// makes lookaheads as cheap as everything else. The sets of instructions met so far are kept as the states of an
/// automaton.
class PythonPattern {
 public:
  /// Throws PatternFault; also for patterns of more instructions than any real one has once `{m,n}` is written out.
  explicit PythonPattern(std::string_view text);

  /// `re.match(pattern, text) is not None`: anchored at the start, not at the end.
  bool matches(std::string_view text);

  /// Texts that share their end share the work on it. A state is what the pattern knows of such an end; `before` is the
  /// character in front of it, or nothing at the start of the text.
  using State = std::uint32_t;
  /// Of the empty text behind `before`.
  State at_end(std::optional<char> before);
  /// Of `piece` followed by what `rest` stands for.
  State over(State rest, std::string_view piece, std::optional<char> before);
  /// Of a whole text: whether it matches.
  bool accepts(State whole) const;

  /// What this pattern has cost so far: characters read, instructions looked at, and the memory of states.
  std::uint64_t work() const { return work_; }
  /// Instructions, repetitions written out.
  std::size_t size() const { return code_.size(); }

 private:
  friend class PatternCompiler;
  using Set = std::bitset<256>;
  enum class Operation { accept, consume, split, assert_here, look };
  enum class Place { text_start, line_start, text_end, last_line_end, line_end, word_edge, no_word_edge };
  struct Instruction {
    Operation operation = Operation::accept;
    std::uint32_t next = 0;   ///< all but accept
    std::uint32_t other = 0;  ///< of a split, the second way; of a look, where its own pattern starts
    std::uint32_t set = 0;    ///< of a consume, index into sets_
    Place place = Place::text_start;
    bool negated = false;     ///< of a look
    std::uint32_t level = 0;  ///< instructions of a look come before those of what surrounds it
  };
  /// What stands in front of a place.
  enum class Before : std::uint8_t { nothing, line_end, word, other };
  using Bits = std::vector<bool>;
  struct Known {
    Bits alive;                                          ///< instructions from which the rest can be matched
    bool is_end;                                         ///< nothing follows
    std::vector<std::pair<std::uint16_t, State>> steps;  ///< by character and what is before it
  };

  static Before kind_of(std::optional<char> before);
  State step(State rest, char c, Before before);
  /// Completes `alive` by what needs no character. `c` is the character that follows, if any.
  State close(Bits alive, std::optional<char> c, bool last, Before before);
  bool holds(const Instruction& instruction, const Bits& alive, std::optional<char> c, bool last, Before before) const;

  std::vector<Instruction> code_;
  std::vector<Set> sets_;
  std::vector<std::vector<std::uint32_t>> levels_;        ///< instructions by level
  std::vector<std::vector<std::uint32_t>> predecessors_;  ///< which need no character to get there
  std::uint32_t start_ = 0;
  std::vector<Known> known_;
  std::map<std::pair<Bits, bool>, State> states_;
  std::uint64_t work_ = 0;
};

}  // namespace ctxcost::huggingface
