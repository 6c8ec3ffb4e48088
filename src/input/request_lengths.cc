#include "ctxcost/input/request_lengths.h"

#include <utility>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/lengths.h"
#include "input/file/text_file.h"
#include "input/json/json.h"
#include "request_lengths.h"

namespace ctxcost {
namespace {

constexpr TextLimit kLengthsFile = {std::size_t{1} << 20, "a list of lengths"};
/// Nobody measures finer shares, and the fit of a point takes time for each.
constexpr std::size_t kMostLengths = 1'000;
/// Shares of a larger common denominator are not told apart by any number of users.
constexpr Count kMostParts = std::uint64_t{1'000'000'000'000};

std::optional<Count> read_request_tokens(ObjectCursor& cursor) {
  const JsonValue* const value = cursor.required("tokens", "an integer or a length like \"4K\"");
  if (value == nullptr) return std::nullopt;
  if (!value->is(JsonValue::Type::string)) return read_count(*value, cursor.pointer("tokens"), cursor.faults());
  try {
    const Count length = parse_length(value->text, "");
    if (length > 0) return length;
    cursor.wrong("tokens", "a positive integer");
  } catch (const InputError& error) {
    cursor.faults().add(value->offset, cursor.pointer("tokens"), error);
  }
  return std::nullopt;
}

std::optional<Fraction> read_request_share(ObjectCursor& cursor) {
  const JsonValue* const value = cursor.required("share", "a number above 0 and at most 1");
  if (value == nullptr) return std::nullopt;
  std::optional<Fraction> share;
  if (value->is(JsonValue::Type::integer) || value->is(JsonValue::Type::real)) share = read_fraction(value->text);
  if (value->is(JsonValue::Type::string)) share = read_ratio(value->text);
  if (share && share->numerator <= share->denominator) return share;
  cursor.wrong("share", std::string(expected_share(value->text)) + ", or \"1/3\"");
  return std::nullopt;
}

/// Whether all shares are parts of a number that counts can take.
bool have_common_parts(const std::vector<RequestLength>& lengths) {
  Count common = 1;
  for (const RequestLength& length : lengths) {
    Count a = common, b = length.share.denominator;
    while (b > 0) a = std::exchange(b, a % b);
    common *= length.share.denominator / a;
    if (common > kMostParts) return false;
  }
  return true;
}

}  // namespace

bool is_written_lengths(std::string_view text) {
  constexpr std::string_view kLengths = "0123456789KkMm:,";
  return text.find_first_not_of(kLengths) == std::string_view::npos &&
         text.find_first_of("0123456789:") != std::string_view::npos;
}

RequestMix parse_mean_and_longest(std::string_view text, std::string_view source) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    throw_fault(source, "expected MEAN:MAX or a file, found \"" + std::string(text) + "\"",
                "write 4K:32K; where all requests are as long, that is a context");
  }
  const Count mean = parse_length(text.substr(0, colon), source);
  const Count longest = parse_length(text.substr(colon + 1), source);
  if (mean == 0 || longest < mean) {
    throw_fault(source,
                "expected MEAN:MAX, a mean of at least 1 and a maximum of at least the mean, found \"" +
                    std::string(text) + "\"",
                "write 4K:32K");
  }
  return {.lengths = {{mean, {1, 1}}}, .one_more = longest};
}

std::optional<RequestMix> read_request_lengths(const JsonValue& list, const std::string& pointer, Faults& faults) {
  if (!list.is(JsonValue::Type::array) || list.items.empty() || list.items.size() > kMostLengths) {
    faults.add(list.offset, pointer,
               "expected a list of 1 to 1,000 lengths, found " +
                   (list.is(JsonValue::Type::array) ? std::to_string(list.items.size()) : describe(list)),
               "write [{\"tokens\": \"4K\", \"share\": 0.8}, …]");
    return std::nullopt;
  }
  RequestMix mix;
  for (std::size_t i = 0; i < list.items.size() && !faults.many(); ++i) {
    const JsonValue& item = list.items[i];
    const std::string place = child_pointer(pointer, i);
    if (!item.is(JsonValue::Type::object)) {
      faults.add(item.offset, place, "expected an object with \"tokens\" and \"share\", found " + describe(item));
      continue;
    }
    ObjectCursor cursor(item, place, faults, kRequestLengthKeys);
    const std::optional<Count> tokens = read_request_tokens(cursor);
    const std::optional<Fraction> share = read_request_share(cursor);
    cursor.finish("of a length");
    if (tokens && share) mix.lengths.push_back({*tokens, *share});
  }
  if (mix.lengths.size() != list.items.size()) return std::nullopt;
  if (!have_common_parts(mix.lengths)) {
    faults.add(list.offset, pointer, "expected shares with a common denominator of at most 10^12, found a larger one",
               "round them");
    return std::nullopt;
  }
  try {
    check_shares(mix.lengths);
  } catch (const InputError& error) {
    faults.add(list.offset, pointer, error);
    return std::nullopt;
  }
  return mix;
}

RequestMix parse_request_lengths(std::string_view text, std::string_view source) {
  const JsonDocument document = parse_json(text, source);
  Faults faults(source);
  std::optional<RequestMix> mix = read_request_lengths(document.root, "", faults);
  faults.throw_if_any();
  return std::move(mix).value();
}

RequestMix load_request_lengths(std::string_view text, std::string_view source) {
  if (is_written_lengths(text)) return parse_mean_and_longest(text, source);
  return parse_request_lengths(read_text(text, kLengthsFile), text);
}

}  // namespace ctxcost
