#include "budget_file.h"

#include <algorithm>
#include <string_view>

#include "json_writer.h"

namespace ctxcost {
namespace {

/// Returns whether a text is a JSON number, which then stands without quotes.
bool is_number(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789";
  const std::size_t whole = std::min(text.find_first_not_of(kDigits), text.size());
  if (whole == 0 || (whole > 1 && text.front() == '0')) return false;
  if (whole == text.size()) return true;
  return text[whole] == '.' && whole + 1 < text.size() &&
         text.find_first_not_of(kDigits, whole + 1) == std::string_view::npos;
}

/// Without quotes where the text is a number, true or false.
void write_literal(JsonWriter& json, std::string_view text) {
  if (is_number(text) || text == "true" || text == "false") return json.raw(text);
  json.string(text);
}

}  // namespace

void write_budget_file(const FirstBudget& budget, Writer& out) {
  JsonWriter json(out, JsonWriter::Layout::indented);
  json.begin_object();
  json.key("budgets");
  json.begin_array();
  json.begin_object();
  json.key("name");
  json.string(budget.name);
  for (const FirstSetting& setting : budget.settings) {
    json.key(setting.key);
    setting.is_word ? json.string(setting.text) : write_literal(json, setting.text);
  }
  json.key("limits");
  json.begin_object();
  for (const FirstLimit& limit : budget.limits) {
    json.key(info(limit.metric).name);
    json.begin_object();
    json.key(limit.side == LimitSide::max ? "max" : "min");
    write_literal(json, limit.text);
    json.end_object();
  }
  json.end_object();
  json.end_object();
  json.end_array();
  json.end_object();
  out.character('\n');
}

}  // namespace ctxcost
