#include "ctxcost/input/measured_context.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "core/character.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/catalogue.h"
#include "input/json/cursor.h"

namespace ctxcost {
namespace {

/// Decimals as printed keep their order as doubles, and equal ones stay equal.
double decimal(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw InputError(Diagnostic{"measured context", "", "expected a number, found \"" + std::string(text) + "\"", ""});
  }
  return value;
}

/// The digits of a number or the words of a text. Empty if absent.
std::string as_written(ObjectCursor& row, std::string_view key) {
  const JsonValue* value = row.find(key);
  return value == nullptr ? std::string() : value->text;
}

bool names_model(const JsonValue& models, std::string_view wanted) {
  return std::any_of(models.items.begin(), models.items.end(),
                     [wanted](const JsonValue& name) { return bare_model_name(name.text) == wanted; });
}

/// Returns false for a row none of whose models has that bare name, as its text shows: a bare name has characters of
/// the name in their order, and hyphens. Nearly all rows are passed over so, without reading them.
bool may_name(std::string_view row, std::string_view wanted) {
  constexpr std::string_view kModels = "\"models\":[";
  const std::size_t key = row.find(kModels);
  if (key == std::string_view::npos) return true;
  const std::string_view behind = row.substr(key + kModels.size());
  const std::string_view names = behind.substr(0, behind.find(']'));
  if (names.find('\\') != std::string_view::npos) return true;
  std::size_t found = 0;
  const auto skip_hyphens = [&] {
    while (found < wanted.size() && wanted[found] == '-') ++found;
  };
  skip_hyphens();
  for (std::size_t i = 0; i < names.size() && found < wanted.size(); ++i) {
    if (lower_case(names[i]) != wanted[found]) continue;
    ++found;
    skip_hyphens();
  }
  return found == wanted.size();
}

MeasuredContext read_measured(ObjectCursor row) {
  MeasuredContext result;
  result.benchmark = row.text("benchmark").value_or("");
  result.version = row.text("version").value_or("");
  result.source = row.text("source").value_or("");
  result.measured = row.text("measured").value_or("");
  result.claimed_tokens = row.count("claimed_tokens", CountRange{});
  result.effective = row.text("effective").value_or("");
  result.printed_tokens = row.count("effective_tokens", CountRange{});
  result.threshold = as_written(row, "threshold");
  result.by = row.text("by").value_or("");
  result.notes = row.text("notes").value_or("");
  if (const JsonValue* scores = row.find("scores")) {
    for (const JsonMember& score : scores->members) result.scores.push_back({score.key, score.value.text});
  }
  row.find("models");
  row.finish("of a measured context");
  row.faults().throw_if_any();
  if (!result.threshold.empty()) result.effective_tokens = effective_length(result.scores, result.threshold);
  return result;
}

}  // namespace

std::optional<Count> effective_length(const std::vector<MeasuredScore>& scores, std::string_view threshold) {
  const double wanted = decimal(threshold);
  std::optional<Count> longest;
  for (const MeasuredScore& score : scores) {
    if (decimal(score.score) < wanted) break;
    std::uint64_t length = 0;
    std::from_chars(score.at.data(), score.at.data() + score.at.size(), length);
    longest = Count(length);
  }
  return longest;
}

std::vector<MeasuredContext> measured_contexts(const Model& model) {
  std::vector<MeasuredContext> found;
  const std::string wanted = bare_model_name(model.id.empty() ? model.name : model.id);
  if (wanted.empty()) return found;
  for (const CatalogueEntry& entry : measured_catalogue()) {
    if (!may_name(entry.text, wanted)) continue;
    const JsonDocument document = parse_json(entry.text, "configs/measured-context.json");
    const JsonValue* models = document.root.find("models");
    if (models == nullptr || !names_model(*models, wanted)) continue;
    Faults faults(document.source);
    found.push_back(read_measured(ObjectCursor(document.root, "", faults)));
  }
  return found;
}

}  // namespace ctxcost
