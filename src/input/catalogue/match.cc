// Names as people type them: models and devices, without regard to case, separators and packaging.
#include <algorithm>
#include <array>
#include <vector>

#include "core/character.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/weights/weight_scheme.h"

namespace ctxcost {
namespace {

using Words = std::vector<std::string>;

/// Longer texts are no names: somebody gave a whole file.
constexpr std::size_t kLongestModelName = 128;

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

template <std::size_t N>
bool among(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// The words of one name, one after another in one text: the catalogue has hundreds of names.
class NameWords {
 public:
  NameWords() { ends_.reserve(kLongestModelName); }

  std::size_t size() const { return ends_.size(); }
  bool empty() const { return ends_.empty(); }
  std::string_view operator[](std::size_t i) const { return run(i, i); }
  std::string_view back() const { return run(size() - 1, size() - 1); }
  /// The words from `first` to `last`, joined.
  std::string_view run(std::size_t first, std::size_t last) const {
    const std::size_t begin = first == 0 ? 0 : ends_[first - 1];
    return {text_.data() + begin, ends_[last] - begin};
  }
  void clear() {
    length_ = 0;
    ends_.clear();
  }
  void append(char c) { text_[length_++] = c; }
  void append(std::string_view text) {
    for (const char c : text) append(c);
  }
  /// Ends the word whose characters were appended since the last one. Without any there is none.
  void end_word() {
    if (length_ > (empty() ? 0 : ends_.back())) ends_.push_back(length_);
  }
  /// Appends to the last word.
  void lengthen(std::string_view text) {
    append(text);
    ends_.back() = length_;
  }

 private:
  /// A word may grow by one character where it was "80g", as much as the separator before it.
  std::array<char, kLongestModelName + 8> text_{};
  std::size_t length_ = 0;
  std::vector<std::size_t> ends_;
};

/// Splits a name into words in lower case, at everything but letters, digits and a point between digits. Calls `take`
/// with each character of a word, and `end` behind it.
template <typename Take, typename End>
void split(std::string_view name, Take take, End end) {
  bool within = false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = lower_case(name[i]);
    const bool point = c == '.' && i > 0 && i + 1 < name.size() && is_digit(name[i - 1]) && is_digit(name[i + 1]);
    if (is_letter(c) || is_digit(c) || point) {
      within = true;
      take(c);
    } else if (within) {
      within = false;
      end();
    }
  }
  if (within) end();
}

/// Splits a name that is not too long to be one; what is behind that is left out.
void split(std::string_view name, NameWords& words) {
  words.clear();
  split(
      name.substr(0, kLongestModelName), [&words](char c) { words.append(c); }, [&words] { words.end_word(); });
}

Words words_of(std::string_view name) {
  Words words;
  std::string word;
  split(
      name, [&word](char c) { word += c; },
      [&] {
        words.push_back(std::move(word));
        word.clear();
      });
  return words;
}

/// Joins words. Digits stay apart: "3.1" and "8b" are not "3.18b".
std::string joined(const Words& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty() && is_digit(text.back()) && is_digit(word.front())) text += '-';
    text += word;
  }
  return text;
}

/// Words for how a model was tuned or packed. None of them changes a shape.
constexpr std::array<std::string_view, 52> kPackaging = {
    "instruct", "it",      "chat",        "hf",     "base",    "awq",     "gptq",      "gguf",     "exl2",
    "exl3",     "hqq",     "mlx",         "bnb",    "unsloth", "qat",     "ud",        "fp8",      "fp16",
    "bf16",     "fp4",     "nf4",         "mxfp4",  "nvfp4",   "int4",    "int8",      "2bit",     "3bit",
    "4bit",     "5bit",    "6bit",        "8bit",   "w4a16",   "w8a8",    "w8a16",     "w4a8",     "128g",
    "g128",     "dynamic", "autoround",   "marlin", "i1",      "imatrix", "quantized", "thinking", "latest",
    "dpo",      "sft",     "abliterated", "text",   "block",   "h6",      "h8"};

/// The types of GGUF files: "q4_k_m" is three words.
bool is_gguf_type(std::string_view word) {
  if (word.starts_with('i')) word.remove_prefix(1);
  return word.size() == 2 && word[0] == 'q' && word[1] >= '1' && word[1] <= '8';
}
constexpr std::array<std::string_view, 10> kGgufTail = {"k", "s", "m", "l", "xs", "xl", "xxs", "nl", "0", "1"};

/// "2507": a year from 2023 on and a month. A later release of one size keeps its shape; without a size in the name
/// it need not ("Mistral-Small-2409").
bool is_date(std::string_view word) {
  if (word.size() != 4 || !std::all_of(word.begin(), word.end(), is_digit)) return false;
  const int year = (word[0] - '0') * 10 + word[1] - '0';
  const int month = (word[2] - '0') * 10 + word[3] - '0';
  return year >= 23 && year <= 29 && month >= 1 && month <= 12;
}

/// "8b", "1.5b", "8x7b", "560m"
bool is_size(std::string_view word) {
  return word.size() > 1 && is_digit(word.front()) && (word.back() == 'b' || word.back() == 'm') &&
         is_digit(word[word.size() - 2]);
}

struct Stripped {
  Words name;
  Words packaging;       ///< what was left out: "instruct", "q4_k_m"
  std::string left_out;  ///< the same in one text: "instruct-q4_k_m"
};

/// Packaging that is another training of the same shape.
constexpr std::array<std::string_view, 4> kTrainings = {"thinking", "dpo", "sft", "abliterated"};
/// Packaging that says nothing of the weights either, but may tell two entries apart ("-Instruct-2507").
constexpr std::array<std::string_view, 7> kTunings = {"instruct", "it", "chat", "hf", "base", "latest", "text"};

/// What is left out of a name: how the weights are packed; tunings, too; other trainings and releases of a shape, too.
enum class Leave { packing, tunings, trainings };

/// The name without its packaging; what comes first is never packaging.
Stripped strip(const Words& words, Leave leave = Leave::trainings) {
  Stripped result;
  const bool sized = std::any_of(words.begin(), words.end(), is_size);
  const auto leave_out = [&](std::string word) {
    if (!result.left_out.empty()) result.left_out += '-';
    result.left_out += word;
    result.packaging.push_back(std::move(word));
  };
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if ((leave != Leave::trainings && (is_date(word) || among(kTrainings, word))) ||
        (leave == Leave::packing && among(kTunings, word))) {
      result.name.push_back(word);
      continue;
    }
    const bool needs_size = word == "base" || word == "thinking" || is_date(word);
    if (i > 0 && is_gguf_type(word)) {
      std::string type = word;
      while (i + 1 < words.size() && among(kGgufTail, words[i + 1])) {
        type += '_';
        type += words[++i];
      }
      leave_out(std::move(type));
    } else if (i > 0 && (among(kPackaging, word) || is_date(word) || word.ends_with("bpw")) && (sized || !needs_size)) {
      leave_out(word);
    } else {
      result.name.push_back(word);
    }
  }
  return result;
}

/// One way in which a name says how weights are packed: all its words, each on its own.
struct Packing {
  std::string_view words;                ///< of the name: "gptq int4"
  std::string_view text;                 ///< for people
  std::string_view quantization_config;  ///< empty: the bits are not known
};
/// The first that holds counts. A configuration is what the tool of that name writes if nothing else is asked of it.
constexpr Packing kPackings[] = {
    // [AutoAWQ awq/models/_config.py: 4 bits alone]
    {"awq 8bit", "AWQ", ""},
    {"awq 6bit", "AWQ", ""},
    {"awq 5bit", "AWQ", ""},
    {"awq 3bit", "AWQ", ""},
    {"awq int8", "AWQ", ""},
    {"awq", "AWQ's int4, group 128",
     R"({"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": true, "version": "gemm"})"},
    // [GPTQModel quantization/config.py; the group is its default]
    {"gptq int4", "GPTQ's int4, group 128", R"({"quant_method": "gptq", "bits": 4, "group_size": 128})"},
    {"gptq 4bit", "GPTQ's int4, group 128", R"({"quant_method": "gptq", "bits": 4, "group_size": 128})"},
    {"gptq int8", "GPTQ's int8, group 128", R"({"quant_method": "gptq", "bits": 8, "group_size": 128})"},
    {"gptq 8bit", "GPTQ's int8, group 128", R"({"quant_method": "gptq", "bits": 8, "group_size": 128})"},
    // [compressed-tensors quantization/quant_scheme.py, the presets of those names]
    {"w4a16", "int4, group 128",
     R"({"quant_method": "compressed-tensors", "format": "pack-quantized", "ignore": ["lm_head"], "config_groups":
        {"group_0": {"targets": ["Linear"], "weights": {"num_bits": 4, "type": "int", "symmetric": true,
        "strategy": "group", "group_size": 128}}}})"},
    {"w8a8", "int8, scaled by row",
     R"({"quant_method": "compressed-tensors", "format": "int-quantized", "ignore": ["lm_head"], "config_groups":
        {"group_0": {"targets": ["Linear"], "weights": {"num_bits": 8, "type": "int", "symmetric": true,
        "strategy": "channel"}}}})"},
    {"w8a16", "int8, scaled by row",
     R"({"quant_method": "compressed-tensors", "format": "pack-quantized", "ignore": ["lm_head"], "config_groups":
        {"group_0": {"targets": ["Linear"], "weights": {"num_bits": 8, "type": "int", "symmetric": true,
        "strategy": "channel"}}}})"},
    {"fp8 dynamic", "fp8, scaled by row",
     R"({"quant_method": "compressed-tensors", "format": "float-quantized", "ignore": ["lm_head"], "config_groups":
        {"group_0": {"targets": ["Linear"], "weights": {"num_bits": 8, "type": "float", "symmetric": true,
        "strategy": "channel"}}}})"},
    {"fp8 block", "fp8, 128x128 blocks",
     R"({"quant_method": "compressed-tensors", "format": "float-quantized", "ignore": ["lm_head"], "config_groups":
        {"group_0": {"targets": ["Linear"], "weights": {"num_bits": 8, "type": "float", "symmetric": true,
        "strategy": "block", "block_structure": [128, 128]}}}})"},
    {"fp8", "fp8, scaled by tensor", R"({"quant_method": "fp8", "activation_scheme": "dynamic"})"},
    // [NVIDIA TensorRT Model Optimizer, NVFP4_DEFAULT_CFG]
    {"nvfp4", "nvfp4", R"({"quant_method": "modelopt", "quant_algo": "NVFP4", "ignore": ["lm_head"]})"},
    // [mlx_lm convert, its defaults]
    {"mlx 2bit", "MLX's int2, group 64", R"({"bits": 2, "group_size": 64})"},
    {"mlx 3bit", "MLX's int3, group 64", R"({"bits": 3, "group_size": 64})"},
    {"mlx 4bit", "MLX's int4, group 64", R"({"bits": 4, "group_size": 64})"},
    {"mlx 5bit", "MLX's int5, group 64", R"({"bits": 5, "group_size": 64})"},
    {"mlx 6bit", "MLX's int6, group 64", R"({"bits": 6, "group_size": 64})"},
    {"mlx 8bit", "MLX's int8, group 64", R"({"bits": 8, "group_size": 64})"},
    {"bnb 8bit", "bitsandbytes' int8", R"({"quant_method": "bitsandbytes", "load_in_8bit": true})"},
    // Whether the scales are quantised again is not said.
    {"bnb", "bitsandbytes' 4 bits", ""},
    {"gptq", "GPTQ", ""},
    {"mxfp4", "mxfp4", ""},
    {"exl2", "exl2", ""},
    {"exl3", "exl3", ""},
    {"hqq", "HQQ", ""},
    {"autoround", "AutoRound", ""},
    {"gguf", "a GGUF file", ""},
    {"imatrix", "a GGUF file", ""},
    {"i1", "a GGUF file", ""},
    {"ud", "a GGUF file", ""},
    {"quantized", "quantized", ""},
    {"2bit", "2 bits", ""},
    {"3bit", "3 bits", ""},
    {"4bit", "4 bits", ""},
    {"5bit", "5 bits", ""},
    {"6bit", "6 bits", ""},
    {"8bit", "8 bits", ""},
    {"int4", "int4", ""},
    {"int8", "int8", ""},
    {"fp4", "fp4", ""},
    {"nf4", "nf4", ""},
    {"w4a8", "w4a8", ""},
};

/// llama.cpp's file type of a word ("q4_k_m"), or "". [llama.cpp tools/quantize/quantize.cpp, with its short names]
std::string gguf_file_type(std::string_view word) {
  constexpr std::pair<std::string_view, std::string_view> kShort[] = {
      {"q3_k", "Q3_K_M"}, {"q4_k", "Q4_K_M"}, {"q5_k", "Q5_K_M"}};
  for (const auto& [name, type] : kShort) {
    if (word == name) return std::string(type);
  }
  std::string upper = upper_case(word);
  const std::vector<std::string_view> types = gguf_file_type_names();
  return std::find(types.begin(), types.end(), upper) == types.end() ? std::string() : upper;
}

/// What the packaging and the owner of a name say of the weights.
NamedWeights weights_of(Words packaging, std::string_view owner) {
  NamedWeights weights;
  const auto says = [&packaging](std::string_view word) {
    return std::find(packaging.begin(), packaging.end(), word) != packaging.end();
  };
  // Unsloth's dynamic types ("UD-Q4_K_XL") are mixes of their own.
  const auto type = std::find_if(packaging.begin(), packaging.end(),
                                 [](const std::string& word) { return is_gguf_type(word.substr(0, word.find('_'))); });
  if (type != packaging.end()) {
    weights.scheme = says("ud") ? std::string() : gguf_file_type(*type);
    weights.words = weights.scheme.empty() ? *type : weights.scheme;
    return weights;
  }
  const Words owner_words = words_of(owner);
  if (std::find(owner_words.begin(), owner_words.end(), "mlx") != owner_words.end()) packaging.emplace_back("mlx");
  for (const Packing& packing : kPackings) {
    const Words wanted = words_of(packing.words);
    if (!std::all_of(wanted.begin(), wanted.end(), says)) continue;
    weights.words = packing.text;
    weights.quantization_config = packing.quantization_config;
    return weights;
  }
  for (const std::string& word : packaging) {
    if (word.ends_with("bpw")) weights.words = word;
  }
  if (!weights.words.empty()) return weights;
  for (const std::string_view plain : {"bf16", "fp16"}) {
    if (says(plain)) weights.words = weights.scheme = plain;
  }
  return weights;
}

/// The part of a name that names the model, or nothing where it is a path: "./x", "a/b/c", "x.json".
std::optional<std::string_view> model_part(std::string_view name) {
  if (name.empty() || name.size() > kLongestModelName || name.front() == '.' || name.front() == '~')
    return std::nullopt;
  for (const std::string_view extension : {".json", ".gguf", ".safetensors"}) {
    if (name.ends_with(extension)) return std::nullopt;
  }
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) return name;
  if (slash == 0 || slash + 1 == name.size() || name.find('/', slash + 1) != std::string_view::npos)
    return std::nullopt;
  return name.substr(slash + 1);
}

/// Makers that stand before a name and are no part of it: "Meta-Llama-3.1-8B", "NVIDIA-Nemotron…".
constexpr std::array<std::string_view, 2> kMakers = {"meta", "nvidia"};

Words without_maker(Words words) {
  if (words.size() > 1 && among(kMakers, words.front())) words.erase(words.begin());
  return words;
}

bool is_word_character(std::string_view name, std::size_t i) {
  const char c = lower_case(name[i]);
  return is_letter(c) || is_digit(c) ||
         (c == '.' && i > 0 && i + 1 < name.size() && is_digit(name[i - 1]) && is_digit(name[i + 1]));
}

/// A name of the catalogue without a maker before it.
std::string_view without_maker(std::string_view name) {
  for (const std::string_view maker : kMakers) {
    if (name.size() <= maker.size() + 1 || lower_case(name.front()) != maker.front()) continue;
    const bool stands = std::equal(maker.begin(), maker.end(), name.begin(),
                                   [](char wanted, char found) { return wanted == lower_case(found); });
    if (stands && !is_word_character(name, maker.size())) return name.substr(maker.size() + 1);
  }
  return name;
}

/// Whether a name of the catalogue can begin with a letter, be it behind its maker. Nearly none of them does.
bool can_begin(std::string_view name, char letter) {
  const char first = lower_case(name.front());
  return first == letter || std::any_of(kMakers.begin(), kMakers.end(),
                                        [first](std::string_view maker) { return first == maker.front(); });
}

/// Whether the words of a name, joined, are a text. Nearly every name of the catalogue begins otherwise.
bool reads_as(std::string_view name, std::string_view text) {
  std::size_t read = 0;
  bool apart = false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (!is_word_character(name, i)) {
      apart = true;
      continue;
    }
    const char c = lower_case(name[i]);
    if (apart && read > 0 && is_digit(text[read - 1]) && is_digit(c)) {
      if (read == text.size() || text[read] != '-') return false;
      ++read;
    }
    apart = false;
    if (read == text.size() || text[read] != c) return false;
    ++read;
  }
  return read == text.size();
}

/// Returns the entry of these words. Null if there is none, or if two entries are written alike ("mistral-7b",
/// "mistral:7b"). Ids with their owners are other names.
const CatalogueEntry* find_known(const Words& words) {
  const std::string text = joined(words);
  const CatalogueEntry* found = nullptr;
  for (const CatalogueName& row : catalogue_names()) {
    if (!can_begin(row.name, text.front()) || row.name.find('/') != std::string_view::npos) continue;
    if (!reads_as(without_maker(row.name), text)) continue;
    const CatalogueEntry* const entry = &catalogue()[row.entry];
    if (found != nullptr && entry != found) return nullptr;
    found = entry;
  }
  return found;
}

/// Splits words between letters and digits, so that "llama3.1:8b" and "llama-3.1-8b" give the same, and calls `take`
/// with each part until it gives false.
template <typename List, typename Take>
void each_atom(const List& words, std::size_t first, Take take) {
  for (std::size_t w = first; w < words.size(); ++w) {
    const std::string_view word = words[w];
    std::size_t begin = 0;
    for (std::size_t i = 1; i <= word.size(); ++i) {
      if (i < word.size() && is_letter(word[i]) == is_letter(word[begin])) continue;
      if (!take(word.substr(begin, i - begin))) return;
      begin = i;
    }
  }
}

/// Whether a known name begins with these atoms.
bool begins_with(std::string_view name, const std::vector<std::string_view>& start, NameWords& words) {
  if (lower_case(name.front()) != start.front().front()) return false;
  split(name, words);
  std::size_t same = 0;
  each_atom(words, 0, [&](std::string_view atom) {
    if (atom != start[same]) return false;
    return ++same < start.size();
  });
  return same == start.size();
}

/// The words of a model's name without its maker and its packaging. None of a path.
Words bare_words(std::string_view name) {
  const std::optional<std::string_view> part = model_part(name);
  return part ? strip(without_maker(words_of(*part))).name : Words{};
}

std::string_view short_name(const CatalogueEntry& entry) { return entry.id.substr(entry.id.rfind('/') + 1); }

/// The models whose names go on where these words end, as a hint. Empty if there are none.
std::string hint_of_beginning(const Words& words) {
  std::vector<std::string_view> start;
  each_atom(words, 0, [&start](std::string_view atom) {
    start.push_back(atom);
    return true;
  });
  if (start.empty()) return {};
  std::vector<const CatalogueEntry*> may_be;
  std::vector<std::string> names_of_them;
  NameWords known;
  for (const CatalogueName& row : catalogue_names()) {
    if (!can_begin(row.name, start.front().front()) || row.name.find('/') != std::string_view::npos) continue;
    if (!begins_with(without_maker(row.name), start, known)) continue;
    const CatalogueEntry* const entry = &catalogue()[row.entry];
    if (std::find(may_be.begin(), may_be.end(), entry) != may_be.end()) continue;
    may_be.push_back(entry);
    names_of_them.push_back(lower_case(short_name(*entry)));
  }
  return may_be_one_of(names_of_them);
}

}  // namespace

std::optional<CatalogueMatch> match_model(std::string_view name) {
  const std::optional<std::string_view> part = model_part(name);
  if (!part) return std::nullopt;
  const Words words = without_maker(words_of(*part));
  if (words.empty()) return std::nullopt;
  const bool owned = part->size() < name.size();
  const std::string_view owner = name.substr(0, name.size() - part->size());
  const auto match = [&](const CatalogueEntry& entry, const Stripped& bare) {
    CatalogueMatch result{&entry};
    const std::string known_owner(entry.id.substr(0, entry.id.rfind('/') + 1));
    const bool other = owned && words_of(owner) != words_of(known_owner);
    if (bare.left_out.empty() && !other) return result;
    result.note = "\"" + std::string(name) + "\" is counted as " + std::string(entry.id) +
                  " of the catalogue: its shape and window";
    if (bare.left_out.empty()) return result;
    // A file of the own format has no such checkpoints.
    if (entry.id != short_name(entry)) result.weights = weights_of(bare.packaging, owner);
    result.note += ", whatever \"" + bare.left_out + "\" changes; ";
    if (result.weights.words.empty()) {
      result.note += "the setting weights names their type";
    } else if (result.weights.unknown()) {
      result.note += "of its weights the name does not say enough (" + result.weights.words +
                     "), so they are unknown: the setting weights names their type";
    } else {
      result.note += "its weights are in " + result.weights.words + ", as the name says (the setting weights wins)";
    }
    return result;
  };
  if (const CatalogueEntry* entry = find_known(words)) return match(*entry, {});
  // "-Instruct-2507-FP8" is the entry "-Instruct-2507" if there is one.
  for (const Leave leave : {Leave::packing, Leave::trainings}) {
    const Stripped bare = strip(words, leave);
    if (bare.left_out.empty() || bare.name.empty()) continue;
    if (const CatalogueEntry* entry = find_known(bare.name)) return match(*entry, bare);
  }
  return std::nullopt;
}

std::string bare_model_name(std::string_view name) {
  const std::optional<std::string_view> part = model_part(name);
  return part ? joined(strip(without_maker(words_of(*part)), Leave::tunings).name) : std::string();
}

std::string hint_of_model_beginning(std::string_view name) { return hint_of_beginning(bare_words(name)); }

std::string hint_for_model(std::string_view name) {
  const Words words = bare_words(name);
  std::string hint = hint_of_beginning(words);
  if (!hint.empty()) return hint;
  // Who names no maker means no name with one.
  const auto near = [](std::string_view wanted) {
    const bool with_maker = wanted.find('/') != std::string_view::npos;
    std::vector<std::string_view> names;
    names.reserve(catalogue_names().size());
    for (const CatalogueName& row : catalogue_names()) {
      if ((row.name.find('/') != std::string_view::npos) == with_maker) names.push_back(row.name);
    }
    return did_you_mean(wanted, names);
  };
  std::string plain;
  for (const std::string& word : words) plain += (plain.empty() ? "" : "-") + word;
  hint = near(plain);
  if (hint.empty() && plain != name) hint = near(name);
  return !hint.empty() ? hint : "`ctxcost list models` shows the catalogue";
}

namespace {

/// Words that name a vendor or a line of products, or say nothing.
constexpr std::array<std::string_view, 24> kVendors = {
    "nvidia",      "amd",         "intel",  "google",  "apple",  "aws",      "geforce",    "tesla",
    "instinct",    "radeon",      "quadro", "habana",  "gpu",    "graphics", "generation", "corporation",
    "accelerator", "workstation", "server", "edition", "huawei", "ryzen",    "unified",    "memory"};
/// Words that many devices share: alone they name none.
constexpr std::array<std::string_view, 17> kShared = {"rtx",       "rx",     "sxm", "pcie",  "nvl", "ada",
                                                      "blackwell", "pro",    "max", "ultra", "tpu", "ti",
                                                      "super",     "laptop", "xt",  "arc",   "ai"};
/// Words that make another device of a name: "4090" is neither the "4090 D" nor the "4090 Laptop", and "M3" is not
/// the "M3 Max".
constexpr std::array<std::string_view, 11> kVariants = {"ti",  "super", "laptop", "d",     "xt", "xtx",
                                                        "gre", "pro",   "max",    "ultra", "q"};

/// Returns whether the word before names a computer of Apple's, whose kind the word after it is: "MacBook Pro", "Mac
/// Studio".
bool is_mac(std::string_view word) { return word == "mac" || word == "macbook"; }

bool is_shared(std::string_view word) { return is_letter(word.front()) && among(kShared, word); }

bool is_number(std::string_view word) { return word.find_first_not_of("0123456789") == std::string_view::npos; }

/// Splits a device's name into words, each as it is compared: "sxm4" is "sxm", "80g" and "80gib" are "80gb".
void split_device(std::string_view name, NameWords& plain, NameWords& words) {
  split(name, plain);
  words.clear();
  bool of_mac = false;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    std::string_view word = plain[i];
    const bool kind_of_mac = of_mac;
    of_mac = is_mac(word);
    if (of_mac || (is_letter(word.front()) && is_letter(word.back()) && among(kVendors, word))) continue;
    if (kind_of_mac && (word == "pro" || word == "air" || word == "mini" || word == "studio")) continue;
    if (word == "mobile") word = "laptop";
    if (word.size() == 4 && word.starts_with("sxm")) word.remove_suffix(1);
    // "80 GB"
    if ((word == "gb" || word == "gib" || word == "g") && !words.empty() && is_number(words.back())) {
      words.lengthen("gb");
      continue;
    }
    const std::size_t digits = std::min(word.find_first_not_of("0123456789"), word.size());
    const std::string_view unit = word.substr(digits);
    const bool memory = digits > 0 && (unit == "g" || unit == "gib");
    words.append(memory ? word.substr(0, digits) : word);
    if (memory) words.append("gb");
    words.end_word();
  }
}

/// The set of the characters of a device's words and of what words are taken as; characters may share a bit.
constexpr std::uint64_t characters_of(std::string_view name) {
  std::uint64_t set = 0;
  for (const char c : name) set |= std::uint64_t{1} << (static_cast<unsigned char>(lower_case(c)) & 63U);
  return set;
}

constexpr std::uint64_t kWordsOfDevices = characters_of("laptopgb");

/// How a name covers the words of a device.
struct Cover {
  bool all = false;      ///< every word of the name is found
  bool variant = false;  ///< of the words left over, one makes it another device
};

/// Finds every wanted word as a word of the device, or as several consecutive ones ("rtx4090"), or consecutive wanted
/// words as one word of the device ("mi 300x").
Cover cover(const NameWords& device, const NameWords& wanted) {
  std::array<bool, kLongestModelName> taken{};
  for (std::size_t i = 0; i < wanted.size();) {
    std::size_t used = 0;
    const std::string_view word = wanted[i];
    for (std::size_t first = 0; first < device.size() && used == 0; ++first) {
      for (std::size_t last = first; last < device.size() && !taken[last] && used == 0; ++last) {
        if (device.run(first, last) == word) {
          used = 1;
          std::fill_n(taken.begin() + static_cast<std::ptrdiff_t>(first), last - first + 1, true);
        }
      }
      for (std::size_t next = i + 1; next < wanted.size() && !taken[first] && used == 0; ++next) {
        if (wanted.run(i, next) == device[first]) {
          used = next - i + 1;
          taken[first] = true;
        }
      }
    }
    if (used == 0) return {};
    i += used;
  }
  Cover result{true, false};
  for (std::size_t i = 0; i < device.size(); ++i) {
    result.variant = result.variant || (!taken[i] && among(kVariants, device[i]));
  }
  return result;
}

bool same_words(const NameWords& a, const NameWords& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

/// Names that driver tools print and that no words of an id explain, and one that stands for the commoner of two cards.
struct Spoken {
  std::string_view name, id;
};
constexpr Spoken kSpoken[] = {
    {"h100 80gb hbm3", "h100-sxm-80gb"}, {"h100 80gb hbm2e", "h100-pcie-80gb"}, {"a100 80gb", "a100-sxm4-80gb"},
    {"h200", "h200-sxm-141gb"},          {"h200 141gb", "h200-sxm-141gb"},
};

}  // namespace

AcceleratorMatch match_accelerators(std::string_view name) {
  AcceleratorMatch match;
  std::vector<const CatalogueEntry*>& found = match.entries;
  if (name.size() > kLongestModelName) return match;
  NameWords plain, wanted, device;
  split_device(name, plain, wanted);
  if (wanted.empty()) return match;
  // What a name's words are found in has all of their characters.
  const std::uint64_t characters = characters_of(wanted.run(0, wanted.size() - 1));
  const auto covered = [&](const CatalogueEntry& entry) {
    if ((characters & ~(characters_of(entry.id) | kWordsOfDevices)) != 0) return Cover{};
    split_device(entry.id, plain, device);
    return cover(device, wanted);
  };
  for (const Spoken& spoken : kSpoken) {
    split(spoken.name, device);
    if (!same_words(device, wanted)) continue;
    for (const CatalogueEntry& entry : accelerator_catalogue()) {
      if (entry.id == spoken.id) {
        found.push_back(&entry);
      } else if (covered(entry).all) {
        match.note =
            "\"" + std::string(name) + "\" is taken as " + std::string(spoken.id) + ", not " + std::string(entry.id);
      }
    }
    return match;
  }
  bool shared = true;
  for (std::size_t i = 0; i < wanted.size() && shared; ++i) {
    shared = is_shared(wanted[i]) || (wanted[i].ends_with("gb") && is_digit(wanted[i].front()));
  }
  if (shared) return match;
  std::vector<const CatalogueEntry*> variants;
  for (const CatalogueEntry& entry : accelerator_catalogue()) {
    const Cover cover_of = covered(entry);
    if (cover_of.all) (cover_of.variant ? variants : found).push_back(&entry);
  }
  // A device of a line that only has variants is named without their word, too: "Arc B60" is the "Arc Pro B60".
  if (found.empty()) found = std::move(variants);
  return match;
}

std::string hint_for_accelerator(std::string_view name) {
  std::vector<std::string_view> ids;
  ids.reserve(accelerator_catalogue().size());
  for (const CatalogueEntry& entry : accelerator_catalogue()) ids.push_back(entry.id);
  std::string whole = did_you_mean(name, ids);
  return !whole.empty() ? whole : hint_of_device_beginning(name);
}

std::string hint_of_device_beginning(std::string_view name) {
  if (name.size() > kLongestModelName) return {};
  // What an id begins with, as far as it names a device: "rtx4090" and "4090" of "rtx-4090-laptop-16gb".
  NameWords plain, words;
  split_device(name, plain, words);
  if (words.empty()) return {};
  const std::string beginning(words.run(0, words.size() - 1));
  const std::string_view alike = std::string_view(beginning).substr(0, 2);
  struct Beginning {
    std::size_t begin, end;  // in `text`
    std::string_view id;
  };
  // Of several that are as near, those that begin alike come first: "a1000" is rather the A100 than the A6000.
  std::vector<Beginning> known, others;
  std::string text;
  const std::array<char, 2> first_of_word = {'-', beginning.front()};
  for (const CatalogueEntry& entry : accelerator_catalogue()) {
    const std::string_view id = entry.id;
    // Who mistypes a name has its first letter right.
    const bool may_begin =
        id.front() == beginning.front() ||
        id.find(std::string_view(first_of_word.data(), first_of_word.size())) != std::string_view::npos;
    if (!may_begin) continue;
    split_device(id, plain, words);
    for (std::size_t first = 0; first < words.size(); ++first) {
      bool names_one = false;
      for (std::size_t last = first; last < words.size(); ++last) {
        names_one = names_one || !is_shared(words[last]);
        if (!names_one) continue;
        const std::size_t begin = text.size();
        const std::string_view run = words.run(first, last);
        text += run;
        (run.substr(0, 2) == alike ? known : others).push_back({begin, text.size(), id});
      }
      if (!is_shared(words[first])) break;
    }
  }
  const auto text_of = [&text](const Beginning& one) {
    return std::string_view(text).substr(one.begin, one.end - one.begin);
  };
  known.insert(known.end(), others.begin(), others.end());
  std::vector<std::string_view> texts;
  texts.reserve(known.size());
  for (const Beginning& one : known) texts.push_back(text_of(one));
  const std::string_view nearest = near_match(beginning, texts);
  std::vector<std::string> may_be;
  for (const Beginning& one : known) {
    if (text_of(one) == nearest) may_be.emplace_back(one.id);
  }
  return may_be_one_of(may_be);
}

}  // namespace ctxcost
