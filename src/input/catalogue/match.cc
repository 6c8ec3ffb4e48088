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

/// Returns the words in lower case, split at everything but letters, digits and a point between digits.
Words words_of(std::string_view name) {
  Words words;
  std::string word;
  for (std::size_t i = 0; i <= name.size(); ++i) {
    char c = i < name.size() ? name[i] : ' ';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool point = c == '.' && i > 0 && i + 1 < name.size() && is_digit(name[i - 1]) && is_digit(name[i + 1]);
    if (is_letter(c) || is_digit(c) || point) {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
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
  std::string upper(word);
  for (char& c : upper) {
    if (is_letter(c)) c = static_cast<char>(c - 'a' + 'A');
  }
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
Words without_maker(Words words) {
  constexpr std::array<std::string_view, 2> kMakers = {"meta", "nvidia"};
  if (words.size() > 1 && among(kMakers, words.front())) words.erase(words.begin());
  return words;
}

struct KnownName {
  Words words;
  std::string text;
  const CatalogueEntry* entry;
};

/// Every name of the catalogue but the ids with their owners.
std::vector<KnownName> known_names() {
  std::vector<KnownName> known;
  for (const CatalogueName& row : catalogue_names()) {
    if (row.name.find('/') != std::string_view::npos) continue;
    Words words = without_maker(words_of(row.name));
    std::string text = joined(words);
    known.push_back({std::move(words), std::move(text), &catalogue()[row.entry]});
  }
  return known;
}

/// Returns the entry of these words. Null if there is none, or if two entries are written alike ("mistral-7b",
/// "mistral:7b").
const CatalogueEntry* find(const std::vector<KnownName>& known, const Words& words) {
  const std::string text = joined(words);
  const CatalogueEntry* found = nullptr;
  for (const KnownName& name : known) {
    if (name.text != text || name.entry == found) continue;
    if (found != nullptr) return nullptr;
    found = name.entry;
  }
  return found;
}

/// Splits words between letters and digits, so that "llama3.1:8b" and "llama-3.1-8b" give the same.
Words atoms_of(const Words& words) {
  Words atoms;
  for (const std::string& word : words) {
    bool letters = false;
    for (std::size_t i = 0; i < word.size(); ++i) {
      if (i == 0 || is_letter(word[i]) != letters) atoms.emplace_back();
      letters = is_letter(word[i]);
      atoms.back() += word[i];
    }
  }
  return atoms;
}

std::string_view short_name(const CatalogueEntry& entry) { return entry.id.substr(entry.id.rfind('/') + 1); }

}  // namespace

std::optional<CatalogueMatch> match_model(std::string_view name) {
  const std::optional<std::string_view> part = model_part(name);
  if (!part) return std::nullopt;
  const std::vector<KnownName> known = known_names();
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
  if (const CatalogueEntry* entry = find(known, words)) return match(*entry, {});
  // "-Instruct-2507-FP8" is the entry "-Instruct-2507" if there is one.
  for (const Leave leave : {Leave::packing, Leave::trainings}) {
    const Stripped bare = strip(words, leave);
    if (bare.left_out.empty() || bare.name.empty()) continue;
    if (const CatalogueEntry* entry = find(known, bare.name)) return match(*entry, bare);
  }
  return std::nullopt;
}

std::string bare_model_name(std::string_view name) {
  const std::optional<std::string_view> part = model_part(name);
  return part ? joined(strip(without_maker(words_of(*part)), Leave::tunings).name) : std::string();
}

std::string hint_for_model(std::string_view name) {
  const std::optional<std::string_view> part = model_part(name);
  const std::vector<KnownName> known = known_names();
  const Words words = part ? strip(without_maker(words_of(*part))).name : Words{};
  // "llama-3.1" is the beginning of several names: the hint lists them.
  const Words start = atoms_of(words);
  std::vector<const CatalogueEntry*> may_be;
  for (const KnownName& row : known) {
    const Words atoms = atoms_of(row.words);
    if (start.empty() || start.size() > atoms.size() || !std::equal(start.begin(), start.end(), atoms.begin()))
      continue;
    if (std::find(may_be.begin(), may_be.end(), row.entry) == may_be.end()) may_be.push_back(row.entry);
  }
  constexpr std::size_t kMost = 8;
  const auto lower_name = [](const CatalogueEntry& entry) {
    std::string text(short_name(entry));
    for (char& c : text) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
  };
  if (may_be.size() == 1) return "did you mean \"" + lower_name(*may_be.front()) + "\"?";
  if (!may_be.empty()) {
    std::string list;
    for (std::size_t i = 0; i < may_be.size() && i < kMost; ++i) {
      list += (list.empty() ? "" : ", ") + lower_name(*may_be[i]);
    }
    return "it may be " + list + (may_be.size() > kMost ? " …" : "");
  }
  std::vector<std::string_view> names;
  for (const CatalogueName& row : catalogue_names()) names.push_back(row.name);
  std::string plain;
  for (const std::string& word : words) plain += (plain.empty() ? "" : "-") + word;
  for (const std::string_view wanted : {std::string_view(plain), name}) {
    std::string hint = did_you_mean(wanted, names);
    if (!hint.empty()) return hint;
  }
  return "`ctxcost list models` shows the catalogue";
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

/// The words of a device's name, each as it is compared: "sxm4" is "sxm", "80g" and "80gib" are "80gb".
Words device_words(std::string_view name) {
  Words words;
  bool of_mac = false;
  for (std::string word : words_of(name)) {
    const bool kind_of_mac = of_mac;
    of_mac = is_mac(word);
    if (of_mac || among(kVendors, word)) continue;
    if (kind_of_mac && (word == "pro" || word == "air" || word == "mini" || word == "studio")) continue;
    if (word == "mobile") word = "laptop";
    if (word.size() == 4 && word.starts_with("sxm")) word.resize(3);
    const std::size_t letters = word.find_first_not_of("0123456789");
    if (letters != 0 && letters != std::string::npos) {
      const std::string_view unit = std::string_view(word).substr(letters);
      if (unit == "g" || unit == "gib") word = word.substr(0, letters) + "gb";
    }
    // "80 GB"
    if ((word == "gb" || word == "gib" || word == "g") && !words.empty() &&
        words.back().find_first_not_of("0123456789") == std::string::npos) {
      words.back() += "gb";
      continue;
    }
    words.push_back(std::move(word));
  }
  return words;
}

/// How a name covers the words of a device.
struct Cover {
  bool all = false;      ///< every word of the name is found
  bool variant = false;  ///< of the words left over, one makes it another device
};

/// Finds every wanted word as a word of the device, or as several consecutive ones ("rtx4090"), or consecutive wanted
/// words as one word of the device ("mi 300x").
Cover cover(const Words& device, const Words& wanted) {
  std::vector<bool> taken(device.size());
  for (std::size_t i = 0; i < wanted.size();) {
    std::size_t used = 0;
    for (std::size_t first = 0; first < device.size() && used == 0; ++first) {
      std::string run;
      for (std::size_t last = first; last < device.size() && !taken[last] && used == 0; ++last) {
        run += device[last];
        if (run == wanted[i]) {
          used = 1;
          std::fill(taken.begin() + static_cast<std::ptrdiff_t>(first),
                    taken.begin() + static_cast<std::ptrdiff_t>(last) + 1, true);
        }
      }
      std::string several = wanted[i];
      for (std::size_t next = i + 1; next < wanted.size() && !taken[first] && used == 0; ++next) {
        several += wanted[next];
        if (several == device[first]) {
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
  const Words wanted = device_words(name);
  if (wanted.empty()) return match;
  for (const Spoken& spoken : kSpoken) {
    if (words_of(spoken.name) != wanted) continue;
    for (const CatalogueEntry& entry : accelerator_catalogue()) {
      if (entry.id == spoken.id) {
        found.push_back(&entry);
      } else if (cover(device_words(entry.id), wanted).all) {
        match.note =
            "\"" + std::string(name) + "\" is taken as " + std::string(spoken.id) + ", not " + std::string(entry.id);
      }
    }
    return match;
  }
  if (std::all_of(wanted.begin(), wanted.end(), [](const std::string& word) {
        return among(kShared, word) || (word.ends_with("gb") && is_digit(word.front()));
      })) {
    return match;
  }
  std::vector<const CatalogueEntry*> variants;
  for (const CatalogueEntry& entry : accelerator_catalogue()) {
    const Cover cover_of = cover(device_words(entry.id), wanted);
    if (cover_of.all) (cover_of.variant ? variants : found).push_back(&entry);
  }
  // A device of a line that only has variants is named without their word, too: "Arc B60" is the "Arc Pro B60".
  if (found.empty()) found = std::move(variants);
  return match;
}

}  // namespace ctxcost
