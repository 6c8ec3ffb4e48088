// Every row of numbers in docs/cost-model.md is computed by the library: the document cannot say what is not so. The
// form of the tables is described there, in section 1.3.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/quantity.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/deployment/parallelism.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"
#include "ctxcost/mechanism/pairs.h"

using namespace ctxcost;

namespace {

using Cells = std::vector<std::string>;

/// The parts of `text` between separators, without spaces and backticks around them.
Cells parts_of(std::string_view text, std::string_view separator) {
  Cells parts;
  for (std::size_t end = 0; end != std::string_view::npos;
       text.remove_prefix(std::min(text.size(), end + separator.size()))) {
    end = text.find(separator);
    std::string_view part = text.substr(0, end);
    const std::size_t first = part.find_first_not_of(" `");
    const std::size_t last = part.find_last_not_of(" `");
    parts.emplace_back(first == std::string_view::npos ? "" : part.substr(first, last - first + 1));
    if (end == std::string_view::npos) break;
  }
  return parts;
}

/// What the test reads of the document.
struct Document {
  std::vector<Cells> functions;         ///< rows of Function, Arguments, Value
  std::vector<Cells> metrics;           ///< rows of Model, Metric, At, Value
  std::map<std::string, Model> models;  ///< the JSON blocks by name
};

Document read_document() {
  std::ifstream file(std::string(CTXCOST_SOURCE_DIR) + "/docs/cost-model.md");
  Document document;
  std::vector<Cells>* table = nullptr;
  std::string json;
  bool in_json = false;
  for (std::string line; std::getline(file, line);) {
    if (in_json && line == "```") {
      const Model model = parse_model(json, "docs/cost-model.md");
      CHECK_MESSAGE(document.models.emplace(model.name, model).second, "two models are called ", model.name);
      in_json = false;
    } else if (in_json) {
      json += line + '\n';
    } else if (line == "```json") {
      in_json = true;
      json.clear();
    } else if (line == "| Function | Arguments | Value |") {
      table = &document.functions;
    } else if (line == "| Model | Metric | At | Value |") {
      table = &document.metrics;
    } else if (!line.starts_with('|')) {
      table = nullptr;
    } else if (table != nullptr && !line.starts_with("|---")) {
      const Cells cells = parts_of(line, "|");
      table->emplace_back(cells.begin() + 1, cells.end() - 1);
    }
  }
  return document;
}

Count count_of(std::string text) {
  std::erase(text, ',');
  const std::optional<Count> count = parse_digits(text);
  REQUIRE_MESSAGE(count.has_value(), "not a number: \"", text, "\"");
  return *count;
}

using Function = std::function<Count(const Cells&)>;

/// A function of counts as one of the words that are their digits.
template <typename... Counts>
Function of_counts(Count (*function)(Counts...)) {
  return [function](const Cells& words) {
    REQUIRE(words.size() == sizeof...(Counts));
    return [&]<std::size_t... I>(std::index_sequence<I...>) { return function(count_of(words[I])...); }
    (std::index_sequence_for<Counts...>{});
  };
}

const std::map<std::string, CacheRole> kRoles = {{"key", CacheRole::key},
                                                 {"value", CacheRole::value},
                                                 {"latent", CacheRole::latent},
                                                 {"index", CacheRole::index},
                                                 {"ids", CacheRole::ids}};

const std::map<std::string, Function> kFunctions = {
    {"full", of_counts(pairs::full)},
    {"causal", of_counts(pairs::causal)},
    {"extend", of_counts(pairs::extend)},
    {"cross", of_counts(pairs::cross)},
    {"sliding", of_counts(pairs::sliding)},
    {"sliding_decode", of_counts(pairs::sliding_decode)},
    {"band", of_counts(pairs::band)},
    {"chunked", of_counts(pairs::chunked)},
    {"chunked_decode", of_counts(pairs::chunked_decode)},
    {"dilated", of_counts(pairs::dilated)},
    {"dilated_decode", of_counts(pairs::dilated_decode)},
    {"strided", of_counts(pairs::strided)},
    {"strided_decode", of_counts(pairs::strided_decode)},
    {"fixed", of_counts(pairs::fixed)},
    {"fixed_decode", of_counts(pairs::fixed_decode)},
    {"vertical_slash", of_counts<Count, Count, Count>(pairs::vertical_slash)},
    {"compressed", of_counts(pairs::compressed)},
    {"compressed_decode", of_counts(pairs::compressed_decode)},
    {"selected", of_counts(pairs::selected)},
    {"selected_decode", of_counts(pairs::selected_decode)},
    {"segment_memory", of_counts(pairs::segment_memory)},
    {"segment_memory_decode", of_counts(pairs::segment_memory_decode)},
    {"longformer", of_counts(pairs::longformer)},
    {"bigbird", of_counts(pairs::bigbird)},
    {"row_bytes",
     [](const Cells& words) {
       // The settings of a type may hold commas: the width is the last word.
       std::string type = words.front();
       for (std::size_t i = 1; i + 1 < words.size(); ++i) type += "," + words[i];
       return parse_precision(type, "row_bytes").row_bytes(count_of(words.back()));
     }},
    {"cache_bytes",
     [](const Cells& words) {
       REQUIRE(words.size() == 5);
       return cache_bytes(parse_precision(words[0], "cache_bytes"), kRoles.at(words[1]), count_of(words[2]),
                          count_of(words[3]), count_of(words[4]));
     }},
};

MetricValue decode_part(std::string_view name, const DecodeStep& step) {
  const auto value = [](std::optional<Count> count) { return count ? MetricValue(*count) : MetricValue(); };
  if (name == "decode_attention_flops") return value(step.attention_flops);
  if (name == "decode_linear_flops") return value(step.linear_flops);
  if (name == "decode_logits_flops") return value(step.logits_flops);
  if (name == "decode_cache_bytes") return step.cache_bytes;
  if (name == "decode_state_bytes") return step.state_bytes;
  FAIL("neither a metric nor a part of the decode step: ", name);
  return {};
}

/// `at` is a context and settings: "8192, batch=4, gpu=h100-sxm-80gb".
MetricValue evaluate(const Model& model, const std::string& metric, const Cells& at) {
  Setup setup{.model = model, .workload = {}, .engine = ideal_engine(), .settings = {}};
  setup.workload.context = count_of(at[0]);
  setup.workload.convention = causal_convention();
  for (std::size_t i = 1; i < at.size(); ++i) {
    const std::size_t equals = at[i].find('=');
    const std::string key = at[i].substr(0, equals);
    const std::string value = at[i].substr(equals + 1);
    if (key == "batch") {
      setup.workload.batch = count_of(value);
    } else if (key == "convention") {
      setup.workload.convention = parse_convention(value);
    } else if (key == "kv") {
      setup.workload.kv = parse_kv_precision(value, "kv");
    } else if (key == "weights") {
      setup.workload.weights = parse_weight_scheme(value, "weights");
    } else if (key == "logits") {
      REQUIRE(value == "all");
      setup.workload.logits = Logits::all;
    } else if (key == "engine") {
      setup.engine = parse_engine(value);
    } else if (key == "gpu") {
      setup.settings.gpu = load_accelerator(value);
    } else if (key == "price") {
      setup.settings.rates.usd_per_hour = read_rate_text(value);
    } else if (key == "activations") {
      setup.settings.activations = parse_activations(value, "activations");
    } else if (key == "parallel") {
      setup.settings.parallelism = parse_parallelism(value);
    } else {
      FAIL("unknown setting: ", at[i]);
    }
  }
  const Count context = setup.workload.context;
  const Count batch = setup.workload.batch;
  const std::optional<Metric> known = find_metric(metric);
  if (!known) return decode_part(metric, Estimator(model, setup.workload, setup.engine).decode_step(context, batch));
  if (!needs_devices(*known)) return Estimator(model, setup.workload, setup.engine).at(context, batch)[*known];
  return Deployment(setup).at(context, batch)[*known];
}

/// Whether the document's text is that value: integers to the last digit, real numbers in every digit shown.
bool shows(const std::string& text, const MetricValue& value) {
  if (const Count* count = std::get_if<Count>(&value)) {
    return text.find_first_not_of("0123456789,") == std::string::npos && count_of(text) == *count;
  }
  if (const double* real = std::get_if<double>(&value)) {
    const std::size_t point = text.find('.');
    if (point == std::string::npos) return false;
    const double last_digit = std::pow(10.0, -static_cast<double>(text.size() - point - 1));
    return std::abs(std::stod(text) - *real) <= last_digit / 2;
  }
  if (const std::string_view* level = std::get_if<std::string_view>(&value)) return text == *level;
  return std::holds_alternative<std::monostate>(value) && text == "–";
}

std::string text_of(const MetricValue& value) {
  if (const Count* count = std::get_if<Count>(&value)) return to_string(*count);
  if (const double* real = std::get_if<double>(&value)) return std::to_string(*real);
  if (const std::string_view* level = std::get_if<std::string_view>(&value)) return std::string(*level);
  return "nothing";
}

}  // namespace

TEST_CASE("docs/cost-model.md: every function gives what its row says") {
  const Document document = read_document();
  CHECK(document.functions.size() >= 60);
  for (const Cells& row : document.functions) {
    REQUIRE(row.size() == 3);
    const auto function = kFunctions.find(row[0]);
    REQUIRE_MESSAGE(function != kFunctions.end(), "unknown function ", row[0]);
    const Count found = function->second(parts_of(row[1], ","));
    CHECK_MESSAGE(count_of(row[2]) == found, row[0], "(", row[1], ") gave ", to_string(found), ", not ", row[2]);
  }
  for (const auto& function : kFunctions) {
    const auto& name = function.first;
    const bool shown = std::any_of(document.functions.begin(), document.functions.end(),
                                   [&name](const Cells& row) { return row[0] == name; });
    CHECK_MESSAGE(shown, "no row for ", name);
  }
}

TEST_CASE("docs/cost-model.md: every metric of its models is what its row says") {
  const Document document = read_document();
  CHECK(document.metrics.size() >= 150);
  for (const Cells& row : document.metrics) {
    REQUIRE(row.size() == 4);
    const auto model = document.models.find(row[0]);
    const MetricValue found =
        evaluate(model == document.models.end() ? load_model(row[0]) : model->second, row[1], parts_of(row[2], ", "));
    CHECK_MESSAGE(shows(row[3], found), row[0], " ", row[1], " at ", row[2], " gave ", text_of(found), ", not ",
                  row[3]);
  }
}

TEST_CASE("docs/cost-model.md: every kind of a model file has a model, and every model a row") {
  const Document document = read_document();
  std::vector<std::string_view> kinds;
  for (const auto& entry : document.models) {
    const std::string& name = entry.first;
    for (const LayerGroup& group : entry.second.groups) {
      for (const auto& mixer : group.mixers) kinds.push_back(mixer->kind());
    }
    const bool used = std::any_of(document.metrics.begin(), document.metrics.end(),
                                  [&name](const Cells& row) { return row[0] == name; });
    CHECK_MESSAGE(used, "no row for the model ", name);
  }
  for (const Mechanism* mechanism : mechanisms()) {
    if (mechanism->reader_only) continue;
    const bool shown = std::find(kinds.begin(), kinds.end(), mechanism->kind) != kinds.end();
    CHECK_MESSAGE(shown, "no model with the kind ", mechanism->kind);
  }
}
