#include "ctxcost/answer/evaluation_grid.h"

#include <algorithm>
#include <utility>

#include "core/decimal.h"
#include "core/format.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"

namespace ctxcost {
namespace {

constexpr std::string_view kNeedleSource =
    "gkamradt/LLMTest_NeedleInAHaystack, needlehaystack/llm_needle_haystack_tester.py";
constexpr std::string_view kOriginalRuns = "gkamradt/LLMTest_NeedleInAHaystack, original_results";
constexpr std::string_view kMiddleSource = "Liu 2023, arXiv 2307.03172; nelson-liu/lost-in-the-middle, EXPERIMENTS.md";

constexpr EvaluationPreset kPresets[] = {
    {"package", EvaluationTest::needle, "1,000 to 16,000 tokens in 35 steps, 35 depths: the package's defaults",
     kNeedleSource},
    {"128k", EvaluationTest::needle, "1,000 to 128,000 tokens in 15 steps, 15 depths", kOriginalRuns},
    {"128k-second", EvaluationTest::needle, "its second pass: the 7 longest of them", kOriginalRuns},
    {"200k", EvaluationTest::needle, "1,000 to 200,000 tokens in 35 steps, 35 depths of a sigmoid", kOriginalRuns},
    {"all", EvaluationTest::lost_in_the_middle, "all of the following", kMiddleSource},
    {"qa", EvaluationTest::lost_in_the_middle, "questions over 10, 20 and 30 documents", kMiddleSource},
    {"oracle", EvaluationTest::lost_in_the_middle, "the gold document alone", kMiddleSource},
    {"closed-book", EvaluationTest::lost_in_the_middle, "the question alone", kMiddleSource},
    {"key-value", EvaluationTest::lost_in_the_middle, "a key among 75, 140 and 300 pairs", kMiddleSource},
};

/// Lengths of a run with needles, of which the first are left out.
struct NeedleSteps {
  std::string_view preset;
  Count last;
  Count count;
  std::size_t left_out;
};
constexpr NeedleSteps kNeedleSteps[] = {
    {"package", 16'000, 35, 0}, {"128k", 128'000, 15, 0}, {"128k-second", 128'000, 15, 8}, {"200k", 200'000, 35, 0}};
constexpr Count kShortestHaystack = 1000;
/// [final_context_length_buffer of llm_needle_haystack_tester.py]
constexpr Count kHaystackBuffer = 200;

/// 100 / (1 + exp(-0.1 (x - 50))) for 35 even x from 0 to 100, the two ends kept, in thousandths. A table, since `exp`
/// is not the same on every machine. [llm_needle_haystack_tester.py logistic]
constexpr std::uint32_t kSigmoidDepths[] = {0,      896,    1'199,  1'602,  2'138,  2'849,  3'786,  5'016,  6'617,
                                            8'683,  11'316, 14'620, 18'685, 23'569, 29'269, 35'704, 42'700, 50'000,
                                            57'300, 64'296, 70'731, 76'431, 81'315, 85'380, 88'684, 91'317, 93'383,
                                            94'984, 96'214, 97'151, 97'862, 98'398, 98'801, 99'104, 100'000};

// Liu 2023, sections 2.1 and 3.1: a document has about 100 words, 10 documents about 2K tokens; 75, 140 and 300 pairs
// about 4K, 8K and 16K. What a question alone takes is an assumption.
constexpr Count kDocumentTokens = 200;
constexpr Count kQuestionTokens = 20;
constexpr Count kPairTokens = 54;  // 16,000 / 300, rounded up: of numbers of pairs that were not published
constexpr Count kQuestions = 2655;
constexpr Count kLookups = 500;
struct PublishedPairs {
  Count pairs;
  Count tokens;
};
constexpr PublishedPairs kPublishedPairs[] = {{75, 4000}, {140, 8000}, {300, 16'000}};
constexpr Count kPublishedDocuments[] = {10, 20, 30};

constexpr Count kMostDepths = 101;  // whole percents
constexpr Count kMostSets = 100'000;
constexpr Count kMostCells = 1'000'000;
constexpr Count kMostItems = 1'000'000;

[[noreturn]] void evaluation_fault(std::string_view key, std::string message, std::string hint = {}) {
  throw InputError(setting_fault(std::string(key), std::move(message), std::move(hint)));
}

std::vector<std::uint32_t> whole_depths(Count count) {
  std::vector<std::uint32_t> depths;
  for (const Count percent : even_steps(0, 100, count)) {
    depths.push_back(static_cast<std::uint32_t>(percent.u64()) * (kFullDepth / 100));
  }
  return depths;
}

void refuse_repeated(std::string_view key, std::vector<std::uint32_t> values, bool depths) {
  std::sort(values.begin(), values.end());
  const auto twice = std::adjacent_find(values.begin(), values.end());
  if (twice == values.end()) return;
  evaluation_fault(key, format("{} stands twice", depths ? depth_text(*twice) + "%" : to_string(Count{*twice})));
}

/// The numbers of a list, each once.
std::vector<Count> numbers_of(const LengthList& list, std::string_view key) {
  if (list.size() > kMostSets) {
    evaluation_fault(
        key, format("expected at most {} values, found {}", with_separators(kMostSets), to_string(list.size())));
  }
  std::vector<Count> numbers;
  for (const Count number : list) numbers.push_back(number);
  std::vector<Count> sorted = numbers;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) evaluation_fault(key, format("{} stands twice", to_string(*twice)));
  return numbers;
}

/// First, every fifth, last: 0, 4, 9 of ten documents.
std::vector<std::uint32_t> document_positions(Count documents) {
  std::vector<std::uint32_t> positions = {0};
  const auto last = static_cast<std::uint32_t>(documents.u64() - 1);
  for (std::uint32_t position = 4; position < last; position += 5) positions.push_back(position);
  if (last > 0) positions.push_back(last);
  return positions;
}

/// Five even places: 0, 34, 69, 104, 139 of 140 pairs.
std::vector<std::uint32_t> pair_positions(Count pairs) {
  std::vector<std::uint32_t> positions;
  for (std::uint64_t i = 0; i <= 4; ++i) {
    const auto position = static_cast<std::uint32_t>(i * (pairs.u64() - 1) / 4);
    if (positions.empty() || positions.back() != position) positions.push_back(position);
  }
  return positions;
}

void set_positions(EvaluationSet& set, const EvaluationChoices& own) {
  if (own.gold_positions.empty()) {
    set.places = set.task == EvaluationTask::key_value ? pair_positions(set.items) : document_positions(set.items);
    return;
  }
  for (const Count position : numbers_of(own.gold_positions, "gold_positions")) {
    if (position >= set.items) {
      evaluation_fault(
          "gold_positions",
          format("expected positions from 0 to {} of {} {}, found {}", to_string(set.items - 1), to_string(set.items),
                 set.task == EvaluationTask::key_value ? "pairs" : "documents", to_string(position)));
    }
    set.places.push_back(static_cast<std::uint32_t>(position.u64()));
  }
}

EvaluationSet set_of_items(EvaluationTask task, Count items, const EvaluationChoices& own) {
  EvaluationSet set{task, items, 0, {}, kQuestions};
  if (task == EvaluationTask::key_value) {
    set.repeats = kLookups;
    set.length = items * own.pair_tokens.value_or(kPairTokens);
    for (const PublishedPairs& published : kPublishedPairs) {
      if (published.pairs == items && !own.pair_tokens) set.length = published.tokens;
    }
  } else {
    set.length =
        task == EvaluationTask::closed_book ? kQuestionTokens : items * own.document_tokens.value_or(kDocumentTokens);
  }
  set.repeats = own.examples.value_or(set.repeats);
  if (task == EvaluationTask::key_value || task == EvaluationTask::multi_document_qa) set_positions(set, own);
  return set;
}

void add_needle_sets(EvaluationGrid& grid, std::string_view preset, const EvaluationChoices& own) {
  const NeedleSteps& steps = *std::find_if(std::begin(kNeedleSteps), std::end(kNeedleSteps),
                                           [preset](const NeedleSteps& one) { return one.preset == preset; });
  std::vector<Count> lengths;
  if (own.lengths.empty()) {
    lengths = even_steps(kShortestHaystack, steps.last, steps.count);
    lengths.erase(lengths.begin(), lengths.begin() + static_cast<std::ptrdiff_t>(steps.left_out));
  } else {
    lengths = numbers_of(own.lengths, "context");
  }
  std::vector<std::uint32_t> depths = own.depths;
  if (depths.empty() && preset == "200k") depths.assign(std::begin(kSigmoidDepths), std::end(kSigmoidDepths));
  if (depths.empty()) depths = whole_depths(steps.count);
  refuse_repeated("depths", depths, true);
  if (Count{lengths.size()} * depths.size() > kMostCells) {
    evaluation_fault("context",
                     format("expected at most {} lengths and depths together, found {}", with_separators(kMostCells),
                            with_separators(Count{lengths.size()} * depths.size())));
  }
  grid.needles = own.needles.value_or(1);
  grid.buffer = kHaystackBuffer;
  for (const Count length : lengths) {
    grid.sets.push_back({EvaluationTask::needle, 0, length, depths, own.trials.value_or(1)});
  }
}

void add_middle_sets(EvaluationGrid& grid, std::string_view preset, const EvaluationChoices& own) {
  const bool chosen = !own.documents.empty() || !own.pairs.empty();
  const auto wanted = [&](std::string_view name) { return !chosen && (preset == "all" || preset == name); };
  std::size_t cells = 0;
  const auto add = [&](EvaluationTask task, Count items) {
    if (items > kMostItems) {
      evaluation_fault(task == EvaluationTask::key_value ? "pairs" : "documents",
                       format("expected at most {}, found {}", with_separators(kMostItems), to_string(items)));
    }
    grid.sets.push_back(set_of_items(task, items, own));
    cells += grid.sets.back().cells();
    if (cells > kMostCells) {
      evaluation_fault(task == EvaluationTask::key_value ? "pairs" : "documents",
                       format("expected at most {} positions in all, found more", with_separators(kMostCells)));
    }
  };
  if (wanted("qa")) {
    for (const Count documents : kPublishedDocuments) add(EvaluationTask::multi_document_qa, documents);
  }
  for (const Count documents : numbers_of(own.documents, "documents")) {
    add(EvaluationTask::multi_document_qa, documents);
  }
  if (wanted("oracle")) add(EvaluationTask::oracle, 1);
  if (wanted("closed-book")) add(EvaluationTask::closed_book, 0);
  if (wanted("key-value")) {
    for (const PublishedPairs& published : kPublishedPairs) add(EvaluationTask::key_value, published.pairs);
  }
  for (const Count pairs : numbers_of(own.pairs, "pairs")) add(EvaluationTask::key_value, pairs);
}

/// A part of the question that the other test has.
void refuse_parts_of_other(EvaluationTest test, const EvaluationChoices& own) {
  const auto refuse = [test](bool given, EvaluationTest whose, std::string_view key) {
    if (!given || whose == test) return;
    evaluation_fault(key, format("belongs to `evaluate {}`", kEvaluationTestNames[static_cast<std::size_t>(whose)]));
  };
  using enum EvaluationTest;
  refuse(!own.lengths.empty(), needle, "context");
  refuse(!own.depths.empty(), needle, "depths");
  refuse(own.trials.has_value(), needle, "trials");
  refuse(own.needles.has_value(), needle, "needles");
  refuse(!own.documents.empty(), lost_in_the_middle, "documents");
  refuse(!own.pairs.empty(), lost_in_the_middle, "pairs");
  refuse(!own.gold_positions.empty(), lost_in_the_middle, "gold_positions");
  refuse(own.examples.has_value(), lost_in_the_middle, "examples");
  refuse(own.document_tokens.has_value(), lost_in_the_middle, "document_tokens");
  refuse(own.pair_tokens.has_value(), lost_in_the_middle, "pair_tokens");
}

bool keeps_preset(const EvaluationChoices& own) {
  return own.lengths.empty() && own.depths.empty() && !own.trials && !own.needles && own.documents.empty() &&
         own.pairs.empty() && own.gold_positions.empty() && !own.examples && !own.document_tokens && !own.pair_tokens;
}

const EvaluationPreset& preset_of(EvaluationTest test, std::string_view name) {
  std::vector<std::string_view> names;
  for (const EvaluationPreset& preset : kPresets) {
    if (preset.test != test) continue;
    if (name.empty() || preset.name == name) return preset;
    names.push_back(preset.name);
  }
  std::string all;
  for (const std::string_view one : names) (all += all.empty() ? "" : ", ") += one;
  evaluation_fault("grid", format("expected one of {}, found \"{}\"", all, name), did_you_mean(name, names));
}

}  // namespace

Count EvaluationGrid::prompts() const {
  Count sum;
  for (const EvaluationSet& set : sets) sum += set.prompts();
  return sum;
}

std::span<const EvaluationPreset> evaluation_presets() { return kPresets; }

EvaluationGrid evaluation_grid(EvaluationTest test, std::string_view preset, const EvaluationChoices& own) {
  refuse_parts_of_other(test, own);
  const EvaluationPreset& of = preset_of(test, preset);
  EvaluationGrid grid;
  grid.test = test;
  grid.name = keeps_preset(own) ? of.name : "own";
  grid.source = of.source;
  try {
    test == EvaluationTest::needle ? add_needle_sets(grid, of.name, own) : add_middle_sets(grid, of.name, own);
  } catch (const CountOverflow&) {
    evaluation_fault(test == EvaluationTest::needle ? "context" : "documents", "the prompts do not fit 128 bits");
  }
  return grid;
}

std::vector<Count> even_steps(Count first, Count last, Count count) {
  if (count == 0) return {};
  if (count == 1) return {first};
  const Count steps = count - 1;
  std::vector<Count> values;
  for (Count i; i < count; i += 1) {
    const Count scaled = (last - first) * i;
    Count value = first + scaled / steps;
    const Count twice = 2 * (scaled % steps);
    if (twice > steps || (twice == steps && value % 2 == 1)) value += 1;
    values.push_back(value);
  }
  return values;
}

std::vector<std::uint32_t> parse_depths(std::string_view text, std::string_view source) {
  const auto fail = [&](std::string_view found) {
    throw_fault(source, format("expected a number of depths, or depths from 0 to 100%, found \"{}\"", found),
                "write 11 for eleven depths, or 0,50,100 or 12.5%");
  };
  if (const std::optional<Count> count = parse_digits(text)) {
    if (*count == 0 || *count > kMostDepths) {
      throw_fault(source, format("expected from 1 to {} depths, found {}", to_string(kMostDepths), to_string(*count)),
                  "a depth alone is written 50%");
    }
    return whole_depths(*count);
  }
  std::vector<std::uint32_t> depths;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t comma = std::min(text.find(',', start), text.size());
    const std::string_view item = text.substr(start, comma - start);
    start = comma + 1;
    std::string_view rest = item;
    const std::optional<Decimal> percent = read_decimal(rest);
    if (!percent || !(rest.empty() || rest == "%")) fail(item);
    if (percent->decimals > 3) throw_fault(source, format("expected at most three decimals, found \"{}\"", item));
    Count depth = percent->digits;
    if (depth > kFullDepth) fail(item);
    for (std::uint32_t i = percent->decimals; i < 3; ++i) depth *= 10;
    if (depth > kFullDepth) fail(item);
    depths.push_back(static_cast<std::uint32_t>(depth.u64()));
    if (Count{depths.size()} > kMostCells) {
      throw_fault(source, format("expected at most {} depths, found more", with_separators(kMostCells)));
    }
  }
  return depths;
}

std::string depth_text(std::uint32_t depth) {
  std::string text = std::to_string(depth / 1000);
  if (depth % 1000 == 0) return text;
  std::string decimals = std::to_string(1000 + depth % 1000).substr(1);
  while (decimals.back() == '0') decimals.pop_back();
  return text + "." + decimals;
}

Count tokens_before(const EvaluationGrid& grid, const EvaluationSet& set, std::uint32_t place, Count needle) {
  if (set.task != EvaluationTask::needle) return set.items == 0 ? Count{} : set.length * place / set.items;
  const Count depth = grid.needles * place + needle * (kFullDepth - place);
  return minus_or_zero(set.length, grid.buffer) * depth / (grid.needles * kFullDepth);
}

EvaluationPlan::EvaluationPlan(EvaluationGrid grid, std::uint64_t seed) : grid_(std::move(grid)), seed_(seed) {
  try {
    Count start;
    for (const EvaluationSet& set : grid_.sets) {
      starts_.push_back(start);
      start += set.prompts();
    }
    starts_.push_back(start);
  } catch (const CountOverflow&) {
    evaluation_fault(grid_.test == EvaluationTest::needle ? "trials" : "examples", "the prompts do not fit 128 bits");
  }
}

EvaluationPrompt EvaluationPlan::at(Count id) const {
  const auto next = std::upper_bound(starts_.begin(), starts_.end(), id);
  const auto set = static_cast<std::size_t>(next - starts_.begin()) - 1;
  const Count within = id - starts_[set];
  const Count repeats = grid_.sets[set].repeats;
  return {id, set, static_cast<std::size_t>((within / repeats).u64()), within % repeats, seed_of(id)};
}

std::uint32_t EvaluationPlan::seed_of(Count id) const {
  return prompt_seed(seed_, static_cast<std::uint64_t>(id.raw()));
}

std::uint32_t prompt_seed(std::uint64_t seed, std::uint64_t id) {
  std::uint64_t z = seed + (id + 1) * 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return static_cast<std::uint32_t>((z ^ (z >> 31)) >> 32);
}

}  // namespace ctxcost
