// Budget files, read strictly: whatever is misspelt, missing or could never fail is a fault, never a pass.
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "budget_keys.h"
#include "core/decimal.h"
#include "core/quantity.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"
#include "ctxcost/input/budget.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/companions.h"
#include "ctxcost/input/image_tokens.h"
#include "ctxcost/input/load_accelerator.h"
#include "ctxcost/input/request_lengths.h"
#include "input/file/text_file.h"
#include "input/json/cursor.h"
#include "input/json/json_text.h"
#include "input/model_config.h"
#include "input/request_lengths.h"

namespace ctxcost {
namespace {

using Type = JsonValue::Type;

constexpr TextLimit kBudgetFile = {std::size_t{64} << 20, "a budget file"};
/// The most points of one budget, far above any matrix that is written on purpose.
constexpr std::uint64_t kMostPoints = 10'000;
/// And of all budgets of a file. A point counts once for each length of its requests, and again for every eight kinds
/// of layers.
constexpr std::uint64_t kMostPointsOfFile = 100'000;
constexpr std::size_t kKindsOfPoint = 8;

/// Returns what a point of the budget counts for.
Count weight_of_point(const Budget& budget) {
  const std::size_t lengths = std::max<std::size_t>(budget.setup.settings.requests.lengths.size(), 1);
  std::size_t kinds = budget.model ? budget.model->groups.size() : 0;
  if (const SharedModel& draft = budget.setup.companions.draft) kinds += draft->groups.size();
  return Count{lengths} * ceil_div(std::max<std::size_t>(kinds, 1), kKindsOfPoint);
}

/// A text with where it stands.
struct Placed {
  std::string text;
  std::uint32_t offset;
  std::string pointer;
};

/// Settings that defaults and budgets share.
struct Settings {
  std::optional<Placed> model, gpu, parallel, draft;
  std::optional<LengthList> contexts, batches;
  std::optional<RequestMix> lengths;
  std::optional<Count> shared_prefix;
  std::optional<KvPrecision> kv;
  std::optional<WeightScheme> weights;
  std::optional<EngineChoice> engine;
  std::optional<ImageSettings> images;
  std::optional<Convention> convention;
  std::optional<Logits> logits;
  std::optional<BudgetLevel> level;
  DeviceSettings devices;  // without its gpu
};

template <typename T>
void take(std::optional<T>& value, const std::optional<T>& fallback) {
  if (!value) value = fallback;
}

/// Fills in what `devices` leaves open.
void take(DeviceSettings& devices, const DeviceSettings& fallback) {
  take(devices.gpu, fallback.gpu);
  take(devices.gpus, fallback.gpus);
  take(devices.parallel, fallback.parallel);
  if (devices.utilization.empty()) devices.utilization = fallback.utilization;
  take(devices.activations, fallback.activations);
  take(devices.mfu, fallback.mfu);
  take(devices.mbu, fallback.mbu);
  take(devices.overhead, fallback.overhead);
  take(devices.margin, fallback.margin);
  take(devices.kv_memory, fallback.kv_memory);
  take(devices.host_bandwidth, fallback.host_bandwidth);
  take(devices.usd_per_hour, fallback.usd_per_hour);
  take(devices.watts, fallback.watts);
  take(devices.beyond_window, fallback.beyond_window);
  take(devices.adapters, fallback.adapters);
}

void take(Settings& settings, const Settings& fallback) {
  take(settings.model, fallback.model);
  take(settings.gpu, fallback.gpu);
  take(settings.parallel, fallback.parallel);
  // A budget's own lengths are in place of the contexts of the defaults, and the other way round.
  if (!settings.contexts) take(settings.lengths, fallback.lengths);
  if (!settings.lengths) take(settings.contexts, fallback.contexts);
  take(settings.shared_prefix, fallback.shared_prefix);
  take(settings.draft, fallback.draft);
  take(settings.batches, fallback.batches);
  take(settings.kv, fallback.kv);
  take(settings.weights, fallback.weights);
  take(settings.engine, fallback.engine);
  take(settings.images, fallback.images);
  take(settings.convention, fallback.convention);
  take(settings.logits, fallback.logits);
  take(settings.level, fallback.level);
  take(settings.devices, fallback.devices);
}

/// Lines and columns of a text, counted once: a place costs the same wherever it stands on a long line.
class Places {
 public:
  explicit Places(std::string_view text) : text_(text) {
    for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
      ends_.push_back(at);
    }
    std::uint32_t characters = 0;
    characters_.reserve(text.size() / kStride + 1);
    for (std::size_t at = 0; at <= text.size(); at += kStride) {
      characters_.push_back(characters);
      characters += count_characters(text.substr(at, kStride));
    }
  }
  TextPlace of(std::uint32_t offset, std::string pointer) const {
    const auto line = std::lower_bound(ends_.begin(), ends_.end(), offset) - ends_.begin();
    const std::size_t start = line == 0 ? 0 : ends_[static_cast<std::size_t>(line) - 1] + 1;
    const std::uint32_t columns = characters_before(offset) - characters_before(start);
    return {std::move(pointer), static_cast<std::uint32_t>(line + 1), columns + 1};
  }

 private:
  static constexpr std::size_t kStride = 256;

  /// Continuation bytes of UTF-8 are no characters of their own.
  static std::uint32_t count_characters(std::string_view text) {
    return static_cast<std::uint32_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
  }
  std::uint32_t characters_before(std::size_t offset) const {
    const std::size_t stride = offset / kStride;
    return characters_[stride] + count_characters(text_.substr(stride * kStride, offset % kStride));
  }

  std::string_view text_;
  std::vector<std::size_t> ends_;
  std::vector<std::uint32_t> characters_;  // before every kStride-th byte
};

/// Models and devices, each read once, by the path under which it is opened.
struct Cache {
  std::map<std::string, std::shared_ptr<const Model>> models;
  std::map<std::string, std::shared_ptr<const JsonDocument>> configs;
  std::map<std::string, MachineChoice> gpus;
  std::map<std::string, SharedModel> drafts;
  std::map<std::pair<std::string, std::string>, Companions> companions;  // by directory and engine
};

/// A path as written in a file of that directory ("" or ending in a slash).
std::string beside(const std::string& directory, const std::string& path) {
  return path.starts_with('/') ? path : directory + path;
}

/// The same of the cards of a machine. Those that are no paths stay as they are.
std::string cards_beside(const std::string& directory, const std::string& name) {
  const auto part_beside = [&](const std::string& part) {
    const std::string_view bare = std::string_view(part).substr(0, part.find(':'));
    const bool is_path = bare.ends_with(".json") || bare.find('/') != std::string_view::npos;
    return is_path ? beside(directory, part) : part;
  };
  struct stat file = {};
  std::string whole = part_beside(name);
  if (name.find('+') == std::string::npos || stat(whole.c_str(), &file) == 0) return whole;
  std::string text;
  for (const std::string_view part : machine_parts(name)) {
    text.append(text.empty() ? "" : "+").append(part_beside(std::string(part)));
  }
  return text;
}

class BudgetReader {
 public:
  BudgetReader(const JsonDocument& document, std::string directory, const BudgetOptions& options, Cache& cache)
      : document_(document),
        places_(document.text),
        directory_(std::move(directory)),
        options_(options),
        cache_(cache),
        faults_(document.source) {}

  /// Appends the budgets, or the faults.
  void read(BudgetFiles& files);

 private:
  void read_file(std::vector<Budget>& budgets);
  Settings read_settings(ObjectCursor& cursor);
  std::optional<LengthList> read_lengths(ObjectCursor& cursor, std::string_view one, std::string_view many);
  void read_requests(ObjectCursor& cursor, Settings& settings);
  std::optional<RequestMix> read_lengths_text(const std::string& text, std::uint32_t offset,
                                              const std::string& pointer);
  void append_lengths(LengthList& list, const JsonValue& value, const std::string& pointer, bool ranges);
  std::optional<Fraction> read_fraction(ObjectCursor& cursor, std::string_view key);
  std::vector<Fraction> read_fractions(ObjectCursor& cursor, std::string_view key);
  std::optional<Count> read_size(ObjectCursor& cursor, std::string_view key, Count least);
  std::optional<Margin> read_margin(ObjectCursor& cursor, std::string_view key);
  static std::optional<Fraction> read_rate(ObjectCursor& cursor, std::string_view key);
  std::optional<Placed> read_placed(ObjectCursor& cursor, std::string_view key);
  template <typename Parse>
  auto read_parsed(ObjectCursor& cursor, std::string_view key, Parse parse) -> std::optional<decltype(parse(""))>;

  void read_budget(const JsonValue& value, const std::string& pointer, const Settings& defaults,
                   std::vector<Budget>& budgets);
  void check_name(Budget& budget, ObjectCursor& cursor);
  void set_model(Budget& budget, const Placed& name);
  void set_draft_model(Budget& budget, const Placed& name);
  void add_images(Budget& budget, const ImageSettings& images, const JsonValue& value, const std::string& pointer);
  void set_devices(Budget& budget, const Settings& settings);
  void read_limits(Budget& budget, const JsonValue& value, const std::string& pointer);
  void read_metric(Budget& budget, const JsonMember& member, const std::string& pointer);
  std::optional<Limit> read_limit(Metric metric, LimitSide side, const JsonValue& value, const std::string& pointer);
  static bool set_value(Limit& limit, const JsonValue& value);
  void check_order(const std::vector<Limit>& limits, std::size_t first, const JsonMember& member,
                   const std::string& pointer);

  const JsonDocument& document_;
  Places places_;
  std::string directory_;
  const BudgetOptions& options_;
  Cache& cache_;
  Faults faults_;
  std::set<std::string> unusable_;            // models of which this file has been told
  std::vector<Diagnostic> model_faults_;      // of other files
  std::map<std::string, std::string> names_;  // of budgets, with the pointer of each
  std::vector<Diagnostic> notes_;
  std::map<std::string, std::size_t> setups_;  // as their keys say it, with the number of each
  Count points_;                               // of the budgets so far
};

/// The keys of a budget that make its setup. Equal texts in one file make equal setups.
std::string setup_text(const JsonValue& budget) {
  static constexpr std::string_view kOthers[] = {"name",
                                                 "limits",
                                                 "level",
                                                 setting::kContext.name,
                                                 "contexts",
                                                 "batches",
                                                 setting::kBatch.name,
                                                 setting::kUsers.name};
  std::string text;
  for (const JsonMember& member : budget.members) {
    if (std::find(std::begin(kOthers), std::end(kOthers), member.key) != std::end(kOthers)) continue;
    text += member.key;
    text += '\0';
    text += to_text(member.value);
  }
  return text;
}

template <typename Parse>
auto BudgetReader::read_parsed(ObjectCursor& cursor, std::string_view key, Parse parse)
    -> std::optional<decltype(parse(""))> {
  const std::optional<std::string> text = cursor.text(key);
  if (!text) return std::nullopt;
  try {
    return parse(*text);
  } catch (const InputError& error) {
    faults_.add(cursor.find(key)->offset, cursor.pointer(key), error);
    return std::nullopt;
  }
}

void BudgetReader::append_lengths(LengthList& list, const JsonValue& value, const std::string& pointer, bool ranges) {
  if (value.is(Type::string)) {
    try {
      list.append(ranges ? parse_lengths(value.text, "", 1) : LengthList(parse_length(value.text, "")));
    } catch (const InputError& error) {
      return faults_.add(value.offset, pointer, error);
    }
    if (std::string note = digit_groups_note(value.text); !note.empty()) {
      notes_.push_back({document_.source, pointer, "note: " + std::move(note), ""});
    }
    if (list.smallest() == 0)
      faults_.add(value.offset, pointer, "expected a positive number, found " + describe(value));
  } else if (const std::optional<Count> count = read_count(value, pointer, faults_)) {
    list.append(LengthList(*count));
  }
}

std::optional<LengthList> BudgetReader::read_lengths(ObjectCursor& cursor, std::string_view one,
                                                     std::string_view many) {
  const JsonValue* const single = cursor.find(one);
  const JsonValue* const several = cursor.find(many);
  if (single != nullptr && several != nullptr) {
    cursor.fault(many, "stands beside \"" + std::string(one) + "\"", "keep one of them");
    return std::nullopt;
  }
  LengthList list;
  if (single != nullptr) {
    append_lengths(list, *single, cursor.pointer(one), false);
  } else if (several != nullptr) {
    if (several->is(Type::string)) {
      append_lengths(list, *several, cursor.pointer(many), true);
    } else if (!several->is(Type::array) || several->items.empty()) {
      cursor.wrong(many, "a list of integers or lengths, or a range like \"4K..64K\"");
    } else {
      for (std::size_t i = 0; i < several->items.size(); ++i) {
        append_lengths(list, several->items[i], child_pointer(cursor.pointer(many), i), true);
      }
    }
  } else {
    return std::nullopt;
  }
  // After a fault no budget is made, so that any list will do.
  return list.empty() ? LengthList(1) : list;
}

std::optional<Fraction> BudgetReader::read_fraction(ObjectCursor& cursor, std::string_view key) {
  const JsonValue* const value = cursor.find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is(Type::integer) || value->is(Type::real)) {
    try {
      return parse_fraction(value->text, "");
    } catch (const InputError&) {
    }
  }
  std::string hint;
  std::string_view rest = value->text;
  const std::optional<Decimal> percent = value->is(Type::string) ? read_decimal(rest) : std::nullopt;
  if (percent && rest == "%") hint = "a share is written 0.9 for 90%";
  cursor.wrong(key, expected_share(value->text), hint);
  return std::nullopt;
}

std::vector<Fraction> BudgetReader::read_fractions(ObjectCursor& cursor, std::string_view key) {
  const JsonValue* const value = cursor.find(key);
  if (value != nullptr && value->is(Type::string) && value->text.find('+') != std::string::npos) {
    return read_parsed(cursor, key, [](std::string_view text) { return parse_fractions(text, ""); })
        .value_or(std::vector<Fraction>());
  }
  const std::optional<Fraction> one = read_fraction(cursor, key);
  return one ? std::vector<Fraction>{*one} : std::vector<Fraction>();
}

std::optional<Count> BudgetReader::read_size(ObjectCursor& cursor, std::string_view key, Count least) {
  const JsonValue* const value = cursor.find(key);
  if (value == nullptr) return std::nullopt;
  std::string hint, most;
  if (value->is(Type::string)) {
    // Digits in quotes: a unit is missing.
    const bool bare = !value->text.empty() && value->text.back() >= '0' && value->text.back() <= '9';
    const std::optional<Count> size = parse_quantity(value->text, Unit::bytes, Rounding::down);
    if (size && !bare && *size >= least && *size <= kLargestSize) return size;
    if (size && *size > kLargestSize) most = ", at most 8EiB";
    if (size && bare) hint = "bytes have no quotes; \"" + value->text + "GiB\" has a unit";
  } else if (value->is(Type::integer)) {
    return read_count(*value, cursor.pointer(key), faults_, {.least = least, .most = kLargestSize});
  }
  cursor.wrong(key, "bytes (\"72GiB\", \"24 GB\" or an integer)" + most, hint);
  return std::nullopt;
}

std::optional<Margin> BudgetReader::read_margin(ObjectCursor& cursor, std::string_view key) {
  const JsonValue* const value = cursor.find(key);
  if (value != nullptr && value->is(Type::string) && value->text.ends_with('%')) {
    if (const std::optional<Fraction> share = read_percent(value->text)) return Margin{*share, {}};
    cursor.wrong(key, std::string(expected_percent(value->text)) + " or bytes (\"2GiB\" or an integer)");
    return std::nullopt;
  }
  const std::optional<Count> bytes = read_size(cursor, key, 0);
  return bytes ? std::optional(Margin{{}, bytes}) : std::nullopt;
}

std::optional<Fraction> BudgetReader::read_rate(ObjectCursor& cursor, std::string_view key) {
  const JsonValue* const value = cursor.find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is(Type::integer) || value->is(Type::real)) {
    if (const std::optional<Fraction> rate = read_rate_text(value->text)) return rate;
  }
  cursor.wrong(key, expected_rate(value->text));
  return std::nullopt;
}

std::optional<Placed> BudgetReader::read_placed(ObjectCursor& cursor, std::string_view key) {
  const std::optional<std::string> text = cursor.text(key);
  if (!text) return std::nullopt;
  return Placed{*text, cursor.find(key)->offset, cursor.pointer(key)};
}

/// Reads "4K:32K", or the file of that name beside this one.
std::optional<RequestMix> BudgetReader::read_lengths_text(const std::string& text, std::uint32_t offset,
                                                          const std::string& pointer) {
  const bool is_file = !is_written_lengths(text);
  if (text.empty() || text == "-") {
    faults_.add(offset, pointer, "expected MEAN:MAX or a file, found \"" + text + '"');
    return std::nullopt;
  }
  try {
    return load_request_lengths(is_file ? beside(directory_, text) : text, "");
  } catch (const InputError& error) {
    if (!is_file) {
      faults_.add(offset, pointer, error);
      return std::nullopt;
    }
    for (const Diagnostic& fault : error.diagnostics()) {
      faults_.add(offset, pointer, to_string(Diagnostic{fault.source, fault.place, fault.message, ""}), fault.hint);
    }
    return std::nullopt;
  }
}

/// Users are a batch, and lengths stand in place of a context.
void BudgetReader::read_requests(ObjectCursor& cursor, Settings& settings) {
  constexpr std::string_view kKeep = "keep one of them";
  if (const JsonValue* const users = cursor.find(setting::kUsers.name)) {
    if (settings.batches)
      cursor.fault(setting::kUsers.name, "stands beside \"batch\" or \"batches\"", std::string(kKeep));
    settings.batches.emplace();
    append_lengths(*settings.batches, *users, cursor.pointer(setting::kUsers.name), false);
    if (settings.batches->empty()) settings.batches = LengthList(1);
  }
  if (const JsonValue* const lengths = cursor.find(setting::kLengths.name)) {
    const std::string pointer = cursor.pointer(setting::kLengths.name);
    if (settings.contexts)
      cursor.fault(setting::kLengths.name, "stands beside \"context\" or \"contexts\"", std::string(kKeep));
    settings.contexts.reset();
    if (lengths->is(Type::string)) {
      settings.lengths = read_lengths_text(lengths->text, lengths->offset, pointer);
    } else {
      settings.lengths = read_request_lengths(*lengths, pointer, faults_);
    }
    if (!settings.lengths) settings.lengths = RequestMix{.lengths = {{1, {1, 1}}}};
  }
  if (const JsonValue* const prefix = cursor.find(setting::kSharedPrefix.name)) {
    LengthList list;
    append_lengths(list, *prefix, cursor.pointer(setting::kSharedPrefix.name), false);
    if (!list.empty()) settings.shared_prefix = list.smallest();
  }
}

Settings BudgetReader::read_settings(ObjectCursor& cursor) {
  Settings settings;
  settings.model = read_placed(cursor, "model");
  settings.contexts = read_lengths(cursor, setting::kContext.name, "contexts");
  settings.batches = read_lengths(cursor, setting::kBatch.name, "batches");
  read_requests(cursor, settings);
  settings.kv = read_parsed(cursor, setting::kKvPrecision.name,
                            [](std::string_view text) { return parse_kv_precision(text, ""); });
  settings.weights =
      read_parsed(cursor, setting::kWeights.name, [](std::string_view text) { return parse_weight_scheme(text, ""); });
  settings.engine = read_parsed(cursor, setting::kEngine.name, parse_engine);
  settings.images =
      read_parsed(cursor, setting::kImages.name, [](std::string_view text) { return parse_images(text, ""); });
  settings.convention = read_parsed(cursor, setting::kConvention.name, parse_convention);
  if (const auto word = cursor.choice(setting::kLogits.name)) settings.logits = *word == 1 ? Logits::all : Logits::last;
  if (const auto word = cursor.choice("level")) {
    settings.level = *word == 1 ? BudgetLevel::warning : BudgetLevel::error;
  }
  settings.gpu = read_placed(cursor, setting::kGpu.name);
  settings.devices.gpus = cursor.count("gpus");
  settings.parallel = read_placed(cursor, setting::kParallel.name);
  settings.devices.parallel = read_parsed(cursor, setting::kParallel.name, parse_parallelism);
  settings.devices.utilization = read_fractions(cursor, setting::kUtilization.name);
  settings.devices.activations = read_parsed(cursor, setting::kActivations.name,
                                             [](std::string_view text) { return parse_activations(text, ""); });
  settings.devices.mfu = read_fraction(cursor, setting::kMfu.name);
  settings.devices.mbu = read_fraction(cursor, setting::kMbu.name);
  settings.devices.overhead = read_size(cursor, setting::kOverhead.name, 0);
  settings.devices.margin = read_margin(cursor, setting::kMargin.name);
  settings.devices.kv_memory = read_size(cursor, setting::kKvMemory.name, 1);
  settings.devices.host_bandwidth = read_size(cursor, setting::kHostBandwidth.name, 1);
  settings.devices.usd_per_hour = read_rate(cursor, setting::kPrice.name);
  settings.devices.watts = read_rate(cursor, setting::kPower.name);
  settings.devices.beyond_window = cursor.flag(setting::kBeyondWindow.name);
  settings.devices.adapters =
      read_parsed(cursor, setting::kLora.name, [](std::string_view text) { return parse_adapters(text, ""); });
  settings.draft = read_placed(cursor, setting::kDraft.name);
  return settings;
}

void BudgetReader::set_model(Budget& budget, const Placed& name) {
  budget.model_name = name.text;
  const bool built_in = find_in_catalogue(name.text) != nullptr;
  const std::string path = built_in ? name.text : beside(directory_, name.text);
  if (const auto known = cache_.models.find(path); known != cache_.models.end()) {
    budget.model = known->second;
    budget.config = cache_.configs[path];
    // Faults of a model are reported once, and each file that uses it says once that it cannot.
    if (!budget.model && unusable_.insert(path).second) {
      faults_.add(name.offset, name.pointer, "the model \"" + path + "\" cannot be used");
    }
    return;
  }
  struct stat status;
  std::optional<CatalogueMatch> loose;
  if (name.text.empty() || path == "-") {
    return faults_.add(name.offset, name.pointer,
                       "expected a file, a directory or a catalogue name, found \"" + name.text + '"');
  }
  if (!built_in && stat(path.c_str(), &status) != 0) {
    if (errno == ELOOP || errno == EACCES) {
      return faults_.add(name.offset, name.pointer, "\"" + path + "\" cannot be read: " + std::strerror(errno));
    }
    if (errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG) {
      return faults_.add(name.offset, name.pointer, '"' + path + "\" cannot be read: " + std::strerror(errno));
    }
    const std::size_t slash = name.text.find('/');
    const bool in_a_folder =
        slash != std::string::npos && stat(beside(directory_, name.text.substr(0, slash)).c_str(), &status) == 0;
    loose = in_a_folder ? std::nullopt : match_model(name.text);
    if (!loose) {
      return faults_.add(name.offset, name.pointer,
                         "no file \"" + path + "\", and no model of that name in the catalogue",
                         hint_for_model(name.text));
    }
  }
  std::shared_ptr<const Model>& model = cache_.models[path];
  try {
    // A path may look like a catalogue's name, but it is one only as written.
    const bool looks_built_in = !built_in && find_in_catalogue(path) != nullptr;
    const std::string word = loose ? std::string(loose->entry->id) : looks_built_in ? "./" + path : path;
    model =
        std::make_shared<const Model>(loose ? load_model(*loose, options_.models) : load_model(word, options_.models));
    budget.model = model;
    if (std::optional<JsonDocument> config = config_of(word)) {
      cache_.configs[path] = budget.config = std::make_shared<const JsonDocument>(*std::move(config));
    }
  } catch (const InputError& error) {
    model_faults_.insert(model_faults_.end(), error.diagnostics().begin(), error.diagnostics().end());
    unusable_.insert(path);
    faults_.add(name.offset, name.pointer, "the model \"" + path + "\" cannot be used");
  }
}

/// The contexts of a budget are those of the text: the tokens of its images add to them.
void BudgetReader::add_images(Budget& budget, const ImageSettings& images, const JsonValue& value,
                              const std::string& pointer) {
  if (budget.contexts.size() > kMostPoints) return;
  try {
    set_images(budget.setup, images);
  } catch (const InputError& error) {
    return faults_.add(value.offset, pointer, error);
  }
  LengthList contexts;
  for (const Count context : budget.contexts) contexts.append(LengthList(context + budget.setup.images->in_context()));
  budget.contexts = std::move(contexts);
}

void BudgetReader::set_draft_model(Budget& budget, const Placed& name) {
  try {
    const bool built_in = find_in_catalogue(name.text) != nullptr;
    const std::string path = built_in ? name.text : beside(directory_, name.text);
    SharedModel& draft = cache_.drafts[path];
    if (!draft) draft = load_model(path, options_.models);
    set_draft(budget.setup.companions, draft);
  } catch (const InputError& error) {
    faults_.add(name.offset, name.pointer, error);
  }
}

void BudgetReader::set_devices(Budget& budget, const Settings& settings) {
  DeviceSettings devices = options_.devices;
  const bool own_gpu = !devices.gpu && settings.gpu;
  const bool own_parallel = !devices.parallel && settings.parallel;
  take(devices, settings.devices);
  DeploymentSettings& result = budget.setup.settings;
  std::optional<Count> count = devices.gpus;
  if (own_gpu || devices.gpu) {
    const std::string name = own_gpu ? cards_beside(directory_, settings.gpu->text) : *devices.gpu;
    auto known = cache_.gpus.find(name);
    if (known == cache_.gpus.end()) {
      try {
        known = cache_.gpus.emplace(name, parse_machine(name)).first;
      } catch (const InputError& error) {
        if (!own_gpu) throw;
        return faults_.add(settings.gpu->offset, settings.gpu->pointer, error);
      }
    }
    const MachineChoice& choice = known->second;
    std::optional<Count> own_count = choice.parts.front().count;
    try {
      const bool one_share = devices.utilization.size() == 1;
      const Machine machine =
          machine_of(choice, one_share ? std::span<const Fraction>() : std::span<const Fraction>(devices.utilization),
                     "utilization");
      set_cards(result, machine);
      if (choice.parts.size() > 1) own_count = machine.cards();
    } catch (const InputError& error) {
      if (!own_gpu) throw;
      return faults_.add(settings.gpu->offset, settings.gpu->pointer, error);
    }
    if (own_count) {
      if (count && *count != *own_count) {
        const std::string message = "\"" + name + "\" disagrees with \"gpus\": " + to_string(*count);
        if (!own_gpu) throw InputError(Diagnostic{options_.gpu_source, "", message, ""});
        return faults_.add(settings.gpu->offset, settings.gpu->pointer, message, "keep one of them");
      }
      count = own_count;
    }
  }
  if (devices.parallel) {
    result.parallelism = *devices.parallel;
    if (count && *count != result.parallelism.devices()) {
      const std::string message =
          "expected a product of " + to_string(*count) + " GPUs, found " + to_string(result.parallelism.devices());
      if (!own_parallel) throw InputError(Diagnostic{options_.parallel_source, "", message, ""});
      return faults_.add(settings.parallel->offset, settings.parallel->pointer, message);
    }
  } else if (count) {
    result.parallelism.*spread_degree(*budget.setup.engine.engine) = *count;
  }
  if (devices.utilization.size() == 1) result.utilization = devices.utilization.front();
  result.kv_memory = devices.kv_memory;
  result.host_bandwidth = devices.host_bandwidth;
  result.overhead = devices.overhead;
  if (devices.margin) result.margin = *devices.margin;
  result.beyond_window = devices.beyond_window.value_or(false);
  result.adapters = devices.adapters;
  if (devices.activations) result.activations = devices.activations;
  if (devices.mfu) result.mfu = *devices.mfu;
  if (devices.mbu) result.mbu = *devices.mbu;
  result.rates = {devices.usd_per_hour, devices.watts, devices.usd_per_hour.has_value(), devices.watts.has_value()};
}

/// The place of a level's name in their order, or empty.
std::optional<std::size_t> level_of(std::string_view word) {
  const auto found = std::find(std::begin(kWindowLevels), std::end(kWindowLevels), word);
  if (found == std::end(kWindowLevels)) return std::nullopt;
  return static_cast<std::size_t>(found - std::begin(kWindowLevels));
}

/// Reads "90% of gpu".
std::optional<MemoryShare> parse_share(std::string_view text) {
  const std::optional<Decimal> percent = read_decimal(text);
  if (!percent || percent->digits == 0 || !text.starts_with('%')) return std::nullopt;
  text.remove_prefix(1);
  return text == " of gpu" ? std::optional<MemoryShare>({percent->digits, percent->decimals}) : std::nullopt;
}

/// Reads `value` as a number of the metric's unit into the limit. Returns false if it is none.
bool BudgetReader::set_value(Limit& limit, const JsonValue& value) {
  const Unit unit = info(limit.metric).unit;
  const Rounding rounding = limit.side == LimitSide::max ? Rounding::down : Rounding::up;
  if (unit == Unit::level) {
    const std::optional<std::size_t> level = value.is(Type::string) ? level_of(value.text) : std::nullopt;
    if (!level) return false;
    limit.value = kWindowLevels[*level];
    return true;
  }
  const bool number = value.is(Type::integer) || value.is(Type::real);
  if (!number && !value.is(Type::string)) return false;
  // Digits in quotes were meant as a number.
  if (!number && !value.text.empty() && value.text.find_first_not_of("0123456789.") == std::string::npos) return false;
  if (unit == Unit::bytes && value.is(Type::string)) limit.gpu_share = parse_share(value.text);
  if (limit.gpu_share) return true;
  if (is_real(unit)) {
    const std::optional<double> real = parse_real(value.text, unit);
    if (real) limit.value = *real;
    return real.has_value();
  }
  const std::optional<Count> count = parse_quantity(value.text, unit, rounding);
  if (count) limit.value = *count;
  return count.has_value();
}

/// Returns whether every value is within the limit, which then could never fail.
bool never_fails(const Limit& limit) {
  if (const auto* level = std::get_if<std::string_view>(&limit.value)) {
    return *level == (limit.side == LimitSide::min ? kWindowLevels[0] : kWindowLevels[3]);
  }
  if (limit.side == LimitSide::max || limit.metric == Metric::headroom_bytes) return false;
  const auto* const count = std::get_if<Count>(&limit.value);
  const auto* const real = std::get_if<double>(&limit.value);
  return (count != nullptr && *count == 0) || (real != nullptr && *real <= 0);
}

std::optional<Limit> BudgetReader::read_limit(Metric metric, LimitSide side, const JsonValue& value,
                                              const std::string& pointer) {
  Limit limit;
  limit.metric = metric;
  limit.side = side;
  limit.text = value.text;
  limit.place = places_.of(value.offset, pointer);
  if (!set_value(limit, value)) {
    std::string hint;
    const bool quoted = value.is(Type::string) && !value.text.empty() &&
                        value.text.find_first_not_of("0123456789.") == std::string::npos;
    if (quoted) hint = "remove the quotes";
    if (value.is(Type::string) && info(metric).unit == Unit::level) hint = did_you_mean(value.text, kWindowLevels);
    faults_.add(value.offset, pointer,
                "expected " + std::string(expected_quantity(info(metric).unit)) + ", found " + describe(value),
                std::move(hint));
    return std::nullopt;
  }
  if (never_fails(limit)) {
    faults_.add(value.offset, pointer, "expected a limit that can fail, found " + describe(value),
                "every value is within");
    return std::nullopt;
  }
  return limit;
}

void BudgetReader::check_order(const std::vector<Limit>& limits, std::size_t first, const JsonMember& member,
                               const std::string& pointer) {
  if (limits.size() != first + 2 || limits[first].value.index() != limits[first + 1].value.index()) return;
  const MetricValue& least = limits[first].value;
  const MetricValue& most = limits[first + 1].value;
  bool crossed = false;
  if (const auto* level = std::get_if<std::string_view>(&least)) {
    crossed = *level_of(*level) > *level_of(std::get<std::string_view>(most));
  } else if (!std::holds_alternative<std::monostate>(least)) {
    crossed = std::holds_alternative<Count>(least) ? std::get<Count>(least) > std::get<Count>(most)
                                                   : std::get<double>(least) > std::get<double>(most);
  }
  if (crossed) {
    faults_.add(
        member.value.offset, pointer,
        "expected a \"min\" of at most \"max\", found " + limits[first].text + " and " + limits[first + 1].text);
  }
}

void BudgetReader::read_metric(Budget& budget, const JsonMember& member, const std::string& pointer) {
  const std::optional<Metric> metric = find_metric(member.key);
  if (!metric) {
    std::vector<std::string_view> names;
    for (const MetricInfo& row : metrics()) names.push_back(row.name);
    for (const MetricInfo& row : device_metrics()) names.push_back(row.name);
    std::string hint = did_you_mean(member.key, names);
    if (hint.empty()) hint = "`ctxcost list metrics` shows all";
    return faults_.add(member.offset, pointer, "unknown metric", std::move(hint));
  }
  if (!member.value.is(Type::object)) {
    return faults_.add(member.value.offset, pointer,
                       "expected an object with \"max\" or \"min\", found " + describe(member.value),
                       "write {\"max\": …}");
  }
  ObjectCursor cursor(member.value, pointer, faults_);
  const std::size_t first = budget.limits.size();
  bool any = false;
  for (const auto& [key, side] :
       {std::pair<std::string_view, LimitSide>{"min", LimitSide::min}, {"max", LimitSide::max}}) {
    const JsonValue* const value = cursor.find(key);
    if (value == nullptr) continue;
    any = true;
    if (auto limit = read_limit(*metric, side, *value, cursor.pointer(key))) budget.limits.push_back(std::move(*limit));
  }
  cursor.finish("of a limit");
  if (!any && member.value.members.empty()) {
    faults_.add(member.value.offset, pointer, "expected \"max\" or \"min\", found an empty object");
  }
  check_order(budget.limits, first, member, pointer);
}

void BudgetReader::read_limits(Budget& budget, const JsonValue& value, const std::string& pointer) {
  if (!value.is(Type::object) || value.members.empty()) {
    const std::string found = value.is(Type::object) ? "an empty object" : describe(value);
    return faults_.add(value.offset, pointer, "expected an object of metrics and their limits, found " + found);
  }
  const ObjectCursor repeated(value, pointer, faults_);  // reports keys that stand twice
  for (const JsonMember& member : value.members) read_metric(budget, member, child_pointer(pointer, member.key));
}

void BudgetReader::check_name(Budget& budget, ObjectCursor& cursor) {
  const JsonValue* const value = cursor.required("name", "a string");
  const std::optional<std::string> name = cursor.text("name");
  if (!name) return;
  budget.name = *name;
  budget.place = places_.of(value->offset, cursor.pointer("name"));
  if (name->empty()) return cursor.fault("name", "expected a name, found an empty string");
  const auto [other, fresh] = names_.emplace(*name, cursor.pointer());
  if (!fresh) cursor.fault("name", "repeated name: " + other->second + " is \"" + *name + "\", too");
}

void BudgetReader::read_budget(const JsonValue& value, const std::string& pointer, const Settings& defaults,
                               std::vector<Budget>& budgets) {
  if (!value.is(Type::object)) {
    return faults_.add(value.offset, pointer, "expected a budget, found " + describe(value));
  }
  Budget budget;
  budget.file = document_.source;
  ObjectCursor cursor(value, pointer, faults_, kBudgetKeys);
  check_name(budget, cursor);
  Settings settings = read_settings(cursor);
  if (const JsonValue* const limits = cursor.required("limits", "an object of metrics and their limits")) {
    read_limits(budget, *limits, cursor.pointer("limits"));
  }
  take(settings, defaults);
  if (!settings.model) cursor.required("model", "a file, a directory or a catalogue name");
  if (!settings.contexts && !settings.lengths && cursor.find("contexts") == nullptr)
    cursor.required("context", "an integer or a length like \"32K\"");
  if (settings.lengths && !settings.batches) cursor.required(setting::kUsers.name, "the number of requests");
  cursor.finish("of a budget");

  if (settings.model) set_model(budget, *settings.model);
  budget.level = settings.level.value_or(BudgetLevel::error);
  budget.setup.workload.kv = settings.kv;
  if (settings.weights) budget.setup.workload.weights = *settings.weights;
  budget.setup.workload.convention = settings.convention.value_or(causal_convention());
  budget.setup.workload.logits = settings.logits.value_or(Logits::last);
  if (settings.engine) {
    budget.setup.engine = *settings.engine;
    try {
      const std::pair key(directory_, settings.engine->name);
      auto known = cache_.companions.find(key);
      if (known == cache_.companions.end()) {
        const auto path_of = [&](const std::string& name) { return beside(directory_, name); };
        known = cache_.companions.emplace(key, load_companions(*settings.engine, options_.models, path_of)).first;
      }
      budget.setup.companions = known->second;
    } catch (const InputError& error) {
      const Diagnostic& first = error.diagnostics().front();
      faults_.add(value.offset, pointer, "\"engine\": " + first.source + ": " + first.message, first.hint);
    }
  }
  if (settings.draft) set_draft_model(budget, *settings.draft);
  set_devices(budget, settings);
  if (settings.contexts) budget.contexts = *settings.contexts;
  if (settings.lengths) {
    budget.setup.settings.requests = *settings.lengths;
    budget.contexts = LengthList(settings.lengths->longest());
  }
  budget.setup.settings.requests.shared_prefix = settings.shared_prefix.value_or(0);
  if (budget.model) {
    budget.setup.model = budget.model;
    budget.batches = settings.batches.value_or(LengthList(budget.model->batch));
    if (settings.images) add_images(budget, *settings.images, value, pointer);
  }

  if (budget.contexts.size() > kMostPoints || budget.batches.size() > kMostPoints ||
      budget.contexts.size() * budget.batches.size() > kMostPoints) {
    faults_.add(value.offset, pointer,
                "expected at most 10,000 pairs of context and batch, found " + to_string(budget.contexts.size()) +
                    " contexts and " + to_string(budget.batches.size()) + " batches");
  } else {
    const bool had_room = points_ <= kMostPointsOfFile;
    const Count weight = weight_of_point(budget);
    points_ += budget.contexts.size() * budget.batches.size() * weight;
    if (had_room && points_ > kMostPointsOfFile) {
      faults_.add(
          value.offset, pointer,
          "expected at most 100,000 pairs of context and batch in the budgets of a file, found more from here on",
          weight == 1 ? "split the file"
                      : "split the file: each of these pairs counts as " + with_separators(weight) +
                            ", once for every length of its requests and every eight kinds of layers");
    }
  }
  for (const Limit& limit : budget.limits) {
    if (limit.gpu_share && budget.setup.settings.machine) {
      faults_.add(value.offset, limit.place.pointer,
                  "\"" + limit.text + "\" needs one kind of GPU, found " + budget.setup.settings.machine->name(),
                  "give bytes, or limit headroom_bytes");
    }
    if (limit.gpu_share && !settings.gpu && !options_.devices.gpu) {
      faults_.add(value.offset, limit.place.pointer, "\"" + limit.text + "\" needs a \"gpu\"");
    }
    const bool growth = limit.metric == Metric::growth_attention_flops || limit.metric == Metric::growth_kv_cache;
    if (growth && budget.contexts.size() < 2) {
      faults_.add(value.offset, limit.place.pointer, "growth over one context is always 1",
                  "give several \"contexts\"");
    }
  }
  budget.setup_number = setups_.try_emplace(setup_text(value), setups_.size()).first->second;
  budgets.push_back(std::move(budget));
}

void BudgetReader::read_file(std::vector<Budget>& budgets) {
  const JsonValue& root = document_.root;
  if (!root.is(Type::object)) {
    return faults_.add(root.offset, "", "expected an object with \"budgets\", found " + describe(root));
  }
  ObjectCursor cursor(root, "", faults_, kBudgetFileKeys);
  static_cast<void>(cursor.text("$schema"));
  Settings defaults;
  if (std::optional<ObjectCursor> object = cursor.object("defaults")) {
    defaults = read_settings(*object);
    object->finish("of defaults");
  }
  const JsonValue* const list = cursor.required("budgets", "a list of budgets");
  if (list != nullptr && (!list->is(Type::array) || list->items.empty())) {
    cursor.wrong("budgets", "a list of budgets");
  } else if (list != nullptr) {
    for (std::size_t i = 0; i < list->items.size() && !faults_.many(); ++i) {
      read_budget(list->items[i], child_pointer("/budgets", i), defaults, budgets);
    }
  }
  cursor.finish();
}

void BudgetReader::read(BudgetFiles& files) {
  std::vector<Budget> budgets;
  std::vector<BudgetFault> faults;
  try {
    read_file(budgets);
    for (Faults::Fault& fault : faults_.take()) {
      const TextPlace place = places_.of(fault.offset, fault.diagnostic.place);
      faults.push_back({document_.source, document_.source, std::move(fault.diagnostic), place});
    }
  } catch (const InputError& error) {
    // A setting of the command line contradicts the file.
    for (const Diagnostic& fault : error.diagnostics()) {
      faults.push_back({document_.source, document_.source, fault, {fault.place, 0, 0}});
    }
  }
  for (const Diagnostic& fault : model_faults_) {
    faults.push_back({document_.source, fault.source, fault, {fault.place, 0, 0}});
  }
  std::move(notes_.begin(), notes_.end(), std::back_inserter(files.notes));
  if (!faults.empty()) {
    std::move(faults.begin(), faults.end(), std::back_inserter(files.faults));
  } else {
    std::move(budgets.begin(), budgets.end(), std::back_inserter(files.budgets));
  }
}

std::string directory_of(const std::string& file) { return file.substr(0, file.rfind('/') + 1); }

/// "12:9", where a text stops being JSON; line 0 where the place is none.
TextPlace place_of_syntax(std::string_view place) {
  const std::size_t colon = place.find(':');
  if (colon == std::string_view::npos) return {"", 0, 0};
  const std::optional<Count> line = parse_digits(place.substr(0, colon));
  const std::optional<Count> column = parse_digits(place.substr(colon + 1));
  if (!line || !column) return {"", 0, 0};
  return {"", static_cast<std::uint32_t>(line->to_double()), static_cast<std::uint32_t>(column->to_double())};
}

/// `text` gives the text of the file; what it throws is the file's fault, too.
template <typename Text>
void read_budget_file(Text text, const std::string& file, const BudgetOptions& options, Cache& cache,
                      BudgetFiles& files) {
  try {
    const JsonDocument document = parse_json(text(), file);
    BudgetReader(document, directory_of(file), options, cache).read(files);
  } catch (const InputError& error) {
    for (const Diagnostic& fault : error.diagnostics()) {
      files.faults.push_back({file, file, fault, place_of_syntax(fault.place)});
    }
  }
}

}  // namespace

BudgetFiles load_budgets(std::span<const std::string> files, const BudgetOptions& options) {
  BudgetFiles found;
  Cache cache;
  for (const std::string& file : files) {
    read_budget_file([&file] { return read_text(file, kBudgetFile); }, file, options, cache, found);
  }
  return found;
}

std::vector<Budget> parse_budgets(std::string_view text, std::string_view origin, const BudgetOptions& options) {
  BudgetFiles found;
  Cache cache;
  read_budget_file([text] { return text; }, std::string(origin), options, cache, found);
  std::vector<Diagnostic> faults;
  for (BudgetFault& fault : found.faults) faults.push_back(std::move(fault.diagnostic));
  if (!faults.empty()) throw InputError(std::move(faults));
  return std::move(found.budgets);
}

}  // namespace ctxcost
