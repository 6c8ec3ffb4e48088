// The prompts of a long-context evaluation: grids of the original runs and one's own, and the plan that lists them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/lengths.h"

namespace ctxcost {

/// A needle in a haystack [gkamradt/LLMTest_NeedleInAHaystack]; Lost in the Middle [Liu 2023, arXiv 2307.03172].
enum class EvaluationTest { needle, lost_in_the_middle };
/// In the order of the enumeration.
inline constexpr std::string_view kEvaluationTestNames[] = {"needle", "lost-in-the-middle"};

/// What a prompt asks for. `oracle` has the gold document alone, `closed_book` no document.
enum class EvaluationTask { needle, multi_document_qa, oracle, closed_book, key_value };
/// In the order of the enumeration.
inline constexpr std::string_view kEvaluationTaskNames[] = {"needle", "multi_document_qa", "oracle", "closed_book",
                                                            "key_value"};

/// 100% in the thousandths of a percent that depths are counted in.
inline constexpr std::uint32_t kFullDepth = 100'000;

/// Prompts of one length.
struct EvaluationSet {
  EvaluationTask task = EvaluationTask::needle;
  Count items;   ///< documents, or pairs; 0 of a needle and of a closed book
  Count length;  ///< tokens of a prompt
  /// Where the answer stands: depths of the needle in thousandths of a percent, or indices of the gold document or pair
  /// from 0. None: it stands nowhere in particular, and there is one cell.
  std::vector<std::uint32_t> places;
  Count repeats = 1;  ///< trials, or examples, at each place

  std::size_t cells() const { return places.empty() ? 1 : places.size(); }
  Count prompts() const { return Count{cells()} * repeats; }
};

/// All prompts, set by set.
struct EvaluationGrid {
  EvaluationTest test = EvaluationTest::needle;
  std::string name;    ///< of the preset; "own" if any of it was changed
  std::string source;  ///< of the preset
  std::vector<EvaluationSet> sets;
  Count needles = 1;  ///< in each haystack
  Count buffer;       ///< tokens of a needle's prompt that are not haystack: system message, question, answer

  /// Throws CountOverflow.
  Count prompts() const;
};

/// A grid of an original run.
struct EvaluationPreset {
  std::string_view name;
  EvaluationTest test;
  std::string_view meaning;
  std::string_view source;
};
/// All of them. The first of a test is its default.
std::span<const EvaluationPreset> evaluation_presets();

/// What replaces parts of a preset. An empty member keeps the preset's.
struct EvaluationChoices {
  LengthList lengths;                 ///< of the prompts with a needle
  std::vector<std::uint32_t> depths;  ///< in thousandths of a percent
  std::optional<Count> trials;
  std::optional<Count> needles;
  LengthList documents;  ///< with pairs: only these sets are left
  LengthList pairs;
  LengthList gold_positions;
  std::optional<Count> examples;
  std::optional<Count> document_tokens;  ///< of one document
  std::optional<Count> pair_tokens;      ///< of one pair
};

/// Returns the preset of that name ("": the default) with what replaces parts of it. Without positions, documents have
/// the gold one first, at every fifth place and last (0, 4, 9, …), and pairs at five even places. Throws InputError
/// that names the setting, for an unknown preset, a part that another test has, a position beyond the documents, a
/// value that stands twice, and a grid of more than a million cells.
EvaluationGrid evaluation_grid(EvaluationTest test, std::string_view preset = {}, const EvaluationChoices& own = {});

/// Returns `count` numbers from `first` to `last` in even steps, rounded half to even as numpy does. One number is
/// `first`. [numpy.linspace, numpy.round]
std::vector<Count> even_steps(Count first, Count last, Count count);

/// Reads "11", so many whole depths from 0 to 100%, or depths as a list: "0,50,100", "12.5%"; at most three decimals.
/// Throws InputError naming `source`.
std::vector<std::uint32_t> parse_depths(std::string_view text, std::string_view source);

/// "50", "0.896"
std::string depth_text(std::uint32_t depth);

/// Returns the tokens before what the prompt asks for: floor(haystack * depth) for the needle of that number, or those
/// of the documents or pairs before the gold one. Needle k of m stands at depth d + k (100% - d) / m. A harness that
/// moves a needle back to the end of a sentence puts it a little earlier.
/// [llm_multi_needle_haystack_tester.py insert_needles]
Count tokens_before(const EvaluationGrid& grid, const EvaluationSet& set, std::uint32_t place, Count needle = 0);

/// One prompt of a plan.
struct EvaluationPrompt {
  Count id;  ///< from 0, in the order of the plan
  std::size_t set;
  std::size_t cell;  ///< index into the set's places
  Count repeat;      ///< trial or example, from 0
  std::uint32_t seed;
};

/// The prompts of a grid in their order: sets slowest, repeats fastest. None is stored.
class EvaluationPlan {
 public:
  /// Throws InputError if the prompts exceed 128 bits.
  explicit EvaluationPlan(EvaluationGrid grid, std::uint64_t seed = 0);

  const EvaluationGrid& grid() const { return grid_; }
  Count size() const { return starts_.back(); }
  /// `id` is below the size.
  EvaluationPrompt at(Count id) const;
  /// Calls visit(prompt) for each.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    Count id;
    for (std::size_t set = 0; set < grid_.sets.size(); ++set) {
      for (std::size_t cell = 0; cell < grid_.sets[set].cells(); ++cell) {
        for (Count repeat; repeat < grid_.sets[set].repeats; repeat += 1) {
          visit(EvaluationPrompt{id, set, cell, repeat, seed_of(id)});
          id += 1;
        }
      }
    }
  }

 private:
  std::uint32_t seed_of(Count id) const;

  EvaluationGrid grid_;
  std::uint64_t seed_;
  std::vector<Count> starts_;  // first id of each set, then the number of prompts
};

/// Returns the seed of a prompt: the upper 32 bits of output `id` (from 0) of SplitMix64 started at `seed`. [Steele
/// 2014, Fast Splittable Pseudorandom Number Generators; java.util.SplittableRandom]
std::uint32_t prompt_seed(std::uint64_t seed, std::uint64_t id);

}  // namespace ctxcost
