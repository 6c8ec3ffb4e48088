#include "ctxcost/core/lengths.h"

#include <algorithm>

#include "character.h"
#include "ctxcost/core/diagnostic.h"

namespace ctxcost {
namespace {

constexpr Count kKibi = 1024;
constexpr Count kMebi = 1024 * 1024;

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

/// Returns the factor of a suffix, or 0.
Count factor_of(std::string_view suffix) {
  if (suffix.empty()) return 1;
  if (suffix == "K") return kKibi;
  if (suffix == "M") return kMebi;
  if (suffix == "k") return 1000;
  if (suffix == "m") return 1000000;
  return 0;
}

/// Returns a hint for a text that is not a length. Empty if there is none.
std::string hint_for(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c != ',' && c != '_' && c != ' ' && c != '+') digits += c;
  }
  std::size_t end = 0;
  while (end < digits.size() && is_digit(digits[end])) ++end;
  if (end == 0) return "write 4096, 4K (4,096), 4k (4,000), 1M (1,048,576) or 1m (1,000,000)";

  std::string_view suffix = std::string_view(digits).substr(end);
  std::string fraction;
  if (!suffix.empty() && suffix[0] == '.') {
    std::size_t last = 1;
    while (last < suffix.size() && is_digit(suffix[last])) ++last;
    fraction = suffix.substr(1, last - 1);
    suffix = suffix.substr(last);
  }
  std::string_view unit = suffix.substr(0, 1);
  if (suffix == "Ki" || suffix == "KiB" || suffix == "Mi" || suffix == "MiB" || suffix == "Kb" || suffix == "KB" ||
      suffix == "Mb" || suffix == "MB" || suffix == "kb" || suffix == "kB" || suffix == "mb" || suffix.empty() ||
      suffix == "K" || suffix == "M" || suffix == "k" || suffix == "m" || suffix == "tokens" || suffix == "Ktokens") {
    if (suffix == "tokens") unit = {};
    if (fraction.find_first_not_of('0') == std::string::npos) {
      return "did you mean " + quoted(digits.substr(0, end) + std::string(unit)) + "?";
    }
    // 1.5K is exactly 1536. 1.3K is not a whole number of tokens.
    const auto numerator = parse_digits(digits.substr(0, end) + fraction);
    const auto denominator = parse_digits("1" + std::string(fraction.size(), '0'));
    if (numerator && denominator && numerator->fits_u64()) {
      const Count scaled = *numerator * factor_of(unit);
      if (scaled % *denominator == 0) return "did you mean " + quoted(to_string(scaled / *denominator)) + "?";
    }
    return "a length is a whole number of tokens";
  }
  return "write 4096, 4K (4,096), 4k (4,000), 1M (1,048,576) or 1m (1,000,000)";
}

LengthList::Range parse_range(std::string_view text, std::size_t dots, std::string_view source) {
  std::string_view last = text.substr(dots + 2);
  std::string_view rule = "x2";
  if (const std::size_t colon = last.find(':'); colon != std::string_view::npos) {
    rule = last.substr(colon + 1);
    last = last.substr(0, colon);
  }
  const std::string_view first = text.substr(0, dots);
  if (first.empty() || last.empty()) {
    throw_fault(source, "expected a range FIRST..LAST, found " + quoted(text), "1K..1M doubles, 1K..9K:+1K adds");
  }
  LengthList::Range range{parse_length(first, source), parse_length(last, source)};
  if (range.last < range.first) {
    throw_fault(source, "the range " + quoted(text) + " ends below its start", "the smaller length comes first");
  }
  if (rule.size() < 2 || (rule[0] != 'x' && rule[0] != '+')) {
    throw_fault(source, "expected :xFACTOR or :+STEP after the range, found " + quoted(rule),
                "1K..1M:x4 or 1000..9000:+1000");
  }
  const Count amount = parse_length(rule.substr(1), source);
  if (rule[0] == '+') {
    if (amount == 0) throw_fault(source, "the step of " + quoted(text) + " is 0", "a step is at least 1");
    range.step = amount;
    range.last = range.first + (range.last - range.first) / amount * amount;
    return range;
  }
  if (amount < 2) throw_fault(source, "the factor of " + quoted(text) + " is below 2", "a factor is at least 2");
  if (range.first == 0) throw_fault(source, "the range " + quoted(text) + " multiplies 0", "start at 1 or more");
  range.factor = amount;
  Count reached = range.first;
  while (reached <= range.last / amount) reached *= amount;
  range.last = reached;
  return range;
}

}  // namespace

Count LengthList::Range::size() const {
  if (step != 0) return (last - first) / step + 1;
  Count points = 1;
  for (Count value = first; value != last; value *= factor) points += 1;
  return points;
}

Count LengthList::size() const {
  Count sum;
  for (const Range& range : ranges_) sum += range.size();
  return sum;
}

LengthList LengthList::part(Count begin, Count end) const {
  LengthList result;
  for (const Range& range : ranges_) {
    if (end == 0) break;
    const Count points = range.size();
    const Count from = min(begin, points);
    const Count to = min(end, points);
    if (from < to) {
      // A range that multiplies has at most 128 points.
      const auto point = [&range](Count index) {
        if (range.step != 0) return range.first + index * range.step;
        Count value = range.first;
        for (Count i; i < index; i += 1) value *= range.factor;
        return value;
      };
      result.ranges_.push_back({point(from), point(to - 1), range.factor, range.step});
    }
    begin = minus_or_zero(begin, points);
    end = end - to;
  }
  return result;
}

Count LengthList::largest() const {
  Count result;
  for (const Range& range : ranges_) result = max(result, range.last);
  return result;
}

Count LengthList::smallest() const {
  Count result = ranges_.front().first;
  for (const Range& range : ranges_) result = min(result, range.first);
  return result;
}

Count parse_length(std::string_view text, std::string_view source) {
  std::size_t end = 0;
  while (end < text.size() && is_digit(text[end])) ++end;
  const Count factor = factor_of(text.substr(end));
  if (end == 0 || factor == 0) throw_fault(source, "expected a length, found " + quoted(text), hint_for(text));
  // "128,000" is a list of 128 and 000, which cannot be meant.
  if (text[0] == '0' && end > 1) {
    throw_fault(source, "expected a length, found " + quoted(text), "write 128000 without separators or leading zeros");
  }
  const std::optional<Count> digits = parse_digits(text.substr(0, end));
  if (!digits || *digits > Count::from_raw(~Uint128{0}) / factor) {
    throw_fault(source, "the length " + quoted(text) + " does not fit 128 bits");
  }
  return *digits * factor;
}

LengthList parse_lengths(std::string_view text, std::string_view source, Count minimum) {
  LengthList list;
  std::size_t start = 0;
  while (true) {
    const std::size_t comma = text.find(',', start);
    const std::string_view item = text.substr(start, comma == std::string_view::npos ? comma : comma - start);
    if (item.empty())
      throw_fault(source, "expected a length, found nothing in " + quoted(text), "4K or 1K,4K or 1K..1M");
    LengthList::Range range;
    if (const std::size_t dots = item.find(".."); dots != std::string_view::npos) {
      range = parse_range(item, dots, source);
    } else if (const std::size_t dash = item.find('-'); dash != std::string_view::npos && dash > 0) {
      throw_fault(source, "expected a length, found " + quoted(item),
                  "did you mean " +
                      quoted(std::string(item.substr(0, dash)) + ".." + std::string(item.substr(dash + 1))) + "?");
    } else {
      range.first = range.last = parse_length(item, source);
    }
    if (range.first < minimum) {
      throw_fault(source, "expected an integer of at least " + to_string(minimum) + ", found " + quoted(item));
    }
    list.append(range);
    if (comma == std::string_view::npos) return list;
    start = comma + 1;
  }
}

std::string digit_groups_note(std::string_view list) {
  constexpr std::size_t kGroup = 3;
  std::string items, digits;
  std::size_t start = 0;
  while (start <= list.size()) {
    const std::size_t end = std::min(list.find(',', start), list.size());
    const std::string_view item = list.substr(start, end - start);
    const bool whole_group = start == 0 ? !item.empty() && item.size() <= kGroup : item.size() == kGroup;
    if (!whole_group || !std::all_of(item.begin(), item.end(), is_digit)) return {};
    items += start == 0 ? "" : end == list.size() ? " and " : ", ";
    items += item;
    digits += item;
    start = end + 1;
  }
  if (items == digits) return {};  // one item
  return '"' + std::string(list) + "\" is the list " + items + "; the one number is written " + digits;
}

LengthList default_contexts() {
  LengthList list;
  for (const Count value : {kKibi, 4 * kKibi, 16 * kKibi, 64 * kKibi, 128 * kKibi, kMebi}) list.append({value, value});
  return list;
}

std::string length_label(Count value) {
  const bool mebi = value != 0 && value % kMebi == 0;
  const bool kibi = value != 0 && value % kKibi == 0;
  std::string text = to_string(mebi ? value / kMebi : kibi ? value / kKibi : value);
  if (kibi) text += mebi ? 'M' : 'K';
  return text;
}

}  // namespace ctxcost
