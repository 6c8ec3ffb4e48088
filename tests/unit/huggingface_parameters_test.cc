// Parameters of every published configuration in configs/models/*.json: to the unit, total and active, and what the
// checkpoints hold beside them. The figures and their sources stand in those files.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "accuracy.h"
#include "ctxcost/estimate/estimate.h"
#include "input/catalogue/catalogue_record.h"
#include "input/json/json.h"

using namespace ctxcost;

namespace {

std::vector<JsonDocument> published_files() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(CTXCOST_SOURCE_DIR) + "/configs/models")) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<JsonDocument> files;
  for (const auto& path : paths) {
    std::ifstream stream(path);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    JsonDocument file = parse_json(text, path.stem().string());
    if (file.root.find("config") != nullptr) files.push_back(std::move(file));
  }
  return files;
}

std::optional<Count> number(const JsonValue* value) {
  return value == nullptr || !value->is(JsonValue::Type::integer) ? std::nullopt : parse_digits(value->text);
}

std::string digits(std::optional<Count> value) { return value ? to_string(*value) : "nothing"; }

/// Elements of the parts that the published total does not hold.
Count left_out(const std::string& name, const Model& model) {
  // Beside prediction layers the total leaves 18717312 for scales, where the rule gives 18767040: its o_proj are stored
  // without (- 98304), its prediction layers with (+ 48000), and full layers' keys in blocks of one head (+ 576).
  if (name == "mimo-v2-flash") return 49728;
  // The total leaves out the embedding and the head, 151,552 * 5,120 each, of the prediction layer.
  if (name == "glm-4.6") return 1'551'892'480;
  if (name != "kimi-k2-instruct") return 0;
  // The present total of Kimi K2 counts no scales, an earlier one did.
  for (const ParameterPart& part : model.parameter_parts) {
    if (part.name == "fp8 block scales") return part.elements;
  }
  return 0;
}

}  // namespace

TEST_CASE("every published configuration gives its published parameters") {
  std::size_t with_count = 0, with_total = 0, equal = 0, records = 0;
  for (const JsonDocument& file : published_files()) {
    const std::string name = file.source;
    CAPTURE(name);
    ++records;
    const Model model = read_catalogue_record(file, {});
    const Estimate estimate = Estimator(model, Workload{}).at(1024, 1);
    const std::optional<Count> parameters = estimate.count(Metric::parameters);

    const JsonValue* parts = file.root.find("params_computed_parts");
    const std::optional<Count> text = parts == nullptr ? std::nullopt : number(parts->find("text"));
    const std::optional<Count> computed = text ? text : number(file.root.find("params_computed"));
    if (computed) {
      ++with_count;
      CHECK_EQ(digits(parameters), digits(computed));
    }
    for (const char* key : {"active_per_token_without_embedding", "text_active_per_token_without_embedding"}) {
      const std::optional<Count> active = parts == nullptr ? std::nullopt : number(parts->find(key));
      if (active) CHECK_EQ(digits(estimate.count(Metric::active_parameters_without_embedding)), digits(active));
    }
    const std::optional<Count> exact = number(file.root.find("params_exact"));
    if (exact && parameters) {
      Count total = *parameters;
      std::string list;
      for (const ParameterPart& part : model.parameter_parts) {
        total += part.elements;
        list += " + " + part.name + " " + to_string(part.elements);
      }
      CAPTURE(list);
      CHECK_EQ(digits(total), digits(*exact + left_out(name, model)));
      ++with_total;
      equal += left_out(name, model) == Count{0} ? 1 : 0;
    }
  }
  // 302 of 330 records have a computed count.
  CHECK(with_count == 302);
  CHECK(test::accuracy_row("published totals of checkpoints", equal, with_total));
  CHECK(test::accuracy_row("parameters counted once more, by tensors", with_count, with_count));
  CHECK(test::accuracy_says(std::to_string(with_total) + " of the " + std::to_string(records) +
                            " configs of the catalogue have a published total"));
}
