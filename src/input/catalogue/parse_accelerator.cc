// One device of the catalogue, or of a user's file.
#include <algorithm>
#include <span>

#include "accelerator_keys.h"
#include "core/character.h"
#include "core/quantity.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/load_accelerator.h"
#include "input/json/cursor.h"

namespace ctxcost {
namespace {

/// A link's key in the files. Figures of both directions together are halved.
struct Link {
  std::string_view key;
  std::string_view name;
  Count directions;
};
constexpr Link kLinks[] = {
    {"nvlink_bytes_per_s_per_direction", "NVLink", 1},     {"nvlink_bytes_per_s", "NVLink", 2},
    {"infinity_fabric_bytes_per_s", "Infinity Fabric", 2}, {"neuronlink_bytes_per_s", "NeuronLink", 2},
    {"ici_bytes_per_s_bidirectional_per_chip", "ICI", 2},  {"roce_bytes_per_s_per_direction", "RoCE", 1},
    {"pcie_bytes_per_s_per_direction", "PCIe", 1},
};
/// Links that do not join a device to its peers: to a host's processor, to another machine.
constexpr std::string_view kOtherLinks[] = {"pcie", "nvlink_generation", "c2c_bytes_per_s", "connectx7_bytes_per_s"};

/// What an amount may be written as, beside an integer: a whole number with an exponent, and text with a unit.
struct Written {
  Unit unit;
  std::string_view per_second;  ///< how a text ends: "/s"
  bool may_lack_it;             ///< "312 TFLOPs" is a rate, "400 GB" is none
  std::string_view expected;
};
constexpr Written kSize = {Unit::bytes, "", false, "a positive integer or a text such as \"64 GiB\""};
constexpr Written kBandwidth = {Unit::bytes, "/s", false, "a positive integer or a text such as \"400 GB/s\""};
constexpr Written kPeak = {Unit::flops, "/s", true, "a positive integer or a text such as \"312 TFLOP/s\""};

/// The whole number of a text. Empty if it is none, or not whole.
std::optional<Count> read_whole(std::string_view text, Unit unit) {
  const std::optional<Count> least = parse_quantity(text, unit, Rounding::down);
  return least == parse_quantity(text, unit, Rounding::up) && least != Count{0} ? least : std::nullopt;
}

std::optional<Count> read_amount(ObjectCursor& object, std::string_view key, const JsonValue& value,
                                 const Written* written) {
  if (value.is(JsonValue::Type::real)) {
    if (const std::optional<Count> whole = read_whole(value.text, Unit::bytes)) return whole;
  }
  // Digits alone are no text.
  const bool text = value.is(JsonValue::Type::string) && !value.text.empty() && !parse_digits(value.text);
  if (written == nullptr || !text) return object.count(key);
  std::string_view amount = value.text;
  const bool per_second = !written->per_second.empty() && amount.ends_with(written->per_second);
  if (per_second) amount.remove_suffix(written->per_second.size());
  const bool has_unit = !amount.empty() && !is_digit(amount.back());
  if (has_unit && (per_second || written->per_second.empty() || written->may_lack_it)) {
    if (const std::optional<Count> whole = read_whole(amount, written->unit)) return whole;
  }
  object.wrong(key, written->expected);
  return std::nullopt;
}

/// The same, where it is one that a device can have.
std::optional<Count> read_possible(ObjectCursor& object, std::string_view key, const JsonValue& value,
                                   const Written* written) {
  std::optional<Count> amount = read_amount(object, key, value, written);
  if (!amount || *amount <= kLargestSize) return amount;
  object.wrong(key, "at most " + to_string(kLargestSize));
  return std::nullopt;
}

/// An amount, or null for what is not published.
std::optional<Count> known_amount(ObjectCursor& object, std::string_view key, const Written* written = nullptr) {
  const JsonValue* const value = object.find(key);
  if (value == nullptr || value->is(JsonValue::Type::null)) return std::nullopt;
  return read_possible(object, key, *value, written);
}

std::optional<Count> required_amount(ObjectCursor& object, std::string_view key, const Written& written) {
  const JsonValue* const value = object.required(key, std::string(written.expected));
  return value == nullptr ? std::nullopt : read_possible(object, key, *value, &written);
}

/// A share as a number, or as a ratio in text.
std::optional<Fraction> read_usable(ObjectCursor& entry) {
  constexpr std::string_view kKey = "unified_memory_usable";
  const JsonValue* const value = entry.find(kKey);
  if (value == nullptr || value->is(JsonValue::Type::null)) return std::nullopt;
  if (value->is(JsonValue::Type::string)) {
    if (const std::optional<Fraction> ratio = read_ratio(value->text)) return ratio;
  } else if (value->is(JsonValue::Type::integer) || value->is(JsonValue::Type::real)) {
    try {
      return parse_fraction(value->text, "");
    } catch (const InputError&) {
    }
  }
  entry.wrong(kKey, std::string(expected_share(value->text)) + ", or a ratio like \"2/3\"");
  return std::nullopt;
}

void read_peaks(ObjectCursor& entry, Accelerator& gpu) {
  if (entry.required("peak_dense_flops", "an object of FLOP/s by type") == nullptr) return;
  std::optional<ObjectCursor> peaks = entry.object("peak_dense_flops");
  if (!peaks) return;
  for (const FileKey& type : kPeakKeys) {
    const std::optional<Count> peak = known_amount(*peaks, type.name, &kPeak);
    if (peak) gpu.peak_dense_flops.emplace_back(type.name, *peak);
  }
  peaks->finish("of \"peak_dense_flops\"");
  if (gpu.peak_dense_flops.empty() && peaks->faults().none()) {
    entry.fault("peak_dense_flops", "expected the peak of one type at least, found none");
  }
}

void read_links(ObjectCursor& entry, Accelerator& gpu) {
  std::optional<ObjectCursor> links = entry.object("interconnect");
  if (!links) return;
  for (const Link& link : kLinks) {
    const std::optional<Count> both = known_amount(*links, link.key, &kBandwidth);
    if (!both) continue;
    const Count one = *both / link.directions;
    if (gpu.link_bytes_per_s && *gpu.link_bytes_per_s >= one) continue;
    gpu.link_bytes_per_s = one;
    gpu.link = link.name;
  }
  for (const std::string_view key : kOtherLinks) links->find(key);
  links->finish("of \"interconnect\"");
}

/// Whether a text is a day: "2026-09-20".
bool is_day(std::string_view text) {
  constexpr std::string_view kPattern = "0000-00-00";
  if (text.size() != kPattern.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kPattern[i] == '0' ? !is_digit(text[i]) : text[i] != kPattern[i]) return false;
  }
  return true;
}

void read_price(ObjectCursor& entry, Accelerator& gpu) {
  const JsonValue* const value = entry.find("price");
  if (value == nullptr || value->is(JsonValue::Type::null)) return;
  std::optional<ObjectCursor> price = entry.object("price");
  if (!price) return;
  const JsonValue* const usd = price->required("usd_per_hour", "a number above 0");
  const bool number = usd != nullptr && (usd->is(JsonValue::Type::integer) || usd->is(JsonValue::Type::real));
  const std::optional<Fraction> rate = number ? read_rate_text(usd->text) : std::nullopt;
  if (usd != nullptr && !rate) price->wrong("usd_per_hour", expected_rate(usd->text));
  price->required("date", "a day such as \"2026-09-20\"");
  price->required("source", "a text");
  const std::optional<std::string> date = price->text("date");
  if (date && !is_day(*date)) price->wrong("date", "a day such as \"2026-09-20\"");
  const std::optional<std::string> source = price->text("source");
  price->finish("of \"price\"");
  if (rate && date && source) gpu.price = ListPrice{*rate, *date, *source};
}

/// Returns whether a word is the key of a figure: "tdp_watts", or of one peak: "peak_dense_flops/fp32".
bool is_key_of_figure(std::string_view word) {
  const auto lists = [](const auto& keys, std::string_view name) {
    return std::any_of(keys.begin(), keys.end(), [name](const FileKey& key) { return key.name == name; });
  };
  constexpr std::string_view kPeaks = "peak_dense_flops/";
  return word.starts_with(kPeaks) ? lists(kPeakKeys, word.substr(kPeaks.size())) : lists(kAcceleratorKeys, word);
}

/// The keys of figures that were not read at the source: one, or a list.
void read_unverified(ObjectCursor& entry, Accelerator& gpu) {
  constexpr std::string_view kKey = "unverified";
  const JsonValue* const value = entry.find(kKey);
  if (value == nullptr) return;
  const std::span<const JsonValue> words =
      value->is(JsonValue::Type::array) ? std::span<const JsonValue>(value->items) : std::span(value, 1);
  for (const JsonValue& word : words) {
    if (word.is(JsonValue::Type::string) && is_key_of_figure(word.text)) {
      gpu.unverified.push_back(word.text);
    } else {
      entry.fault(kKey, "expected keys of figures, found " + describe(word));
    }
  }
}

}  // namespace

Accelerator parse_accelerator(std::string_view text, std::string_view source) {
  const JsonDocument document = parse_json(text, source);
  if (!document.root.is(JsonValue::Type::object)) {
    throw InputError(Diagnostic{std::string(source), "",
                                "expected an object that describes a GPU, found " + describe(document.root), ""});
  }
  Faults faults(source);
  ObjectCursor entry(document.root, "", faults, kAcceleratorKeys);
  Accelerator gpu;
  gpu.id = entry.text("id").value_or("");
  gpu.name = entry.text("name").value_or(gpu.id);
  gpu.vendor = entry.text("vendor").value_or("");
  gpu.memory_bytes = required_amount(entry, "memory_bytes", kSize).value_or(1);
  gpu.memory_reported_mib = known_amount(entry, "memory_reported_mib");
  gpu.unified_memory_usable = read_usable(entry);
  gpu.bandwidth_bytes_per_s = required_amount(entry, "memory_bandwidth_bytes_per_s", kBandwidth).value_or(1);
  read_peaks(entry, gpu);
  read_links(entry, gpu);
  const bool fp8 = std::any_of(gpu.peak_dense_flops.begin(), gpu.peak_dense_flops.end(),
                               [](const auto& row) { return row.first == "fp8"; });
  const std::size_t narrow = entry.choice("narrow_cache").value_or(fp8 ? 1 : 0);
  gpu.narrow_cache = static_cast<NarrowCache>(narrow);  // the words are in the order of the type's
  gpu.tdp_watts = known_amount(entry, "tdp_watts");
  read_price(entry, gpu);
  gpu.source = entry.text("source").value_or("");
  read_unverified(entry, gpu);
  gpu.notes = entry.text("notes").value_or("");
  for (const std::string_view remark : {"memory_label_unit", "memory_reported_source"}) entry.text(remark);
  entry.finish("of a GPU");
  faults.throw_if_any();
  return gpu;
}

}  // namespace ctxcost
