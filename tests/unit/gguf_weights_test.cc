// Weights as llama.cpp stores them: sizes of real files, from tests/data/llamacpp.json (each row names its commit).
#include <doctest/doctest.h>

#include <map>
#include <string>

#include "accuracy.h"
#include "ctxcost/estimate/estimate.h"
#include "facts.h"
#include "input/huggingface/huggingface.h"
#include "input/json/json.h"

using namespace ctxcost;

namespace {

Count number(const JsonValue& object, std::string_view key, Count otherwise = 0) {
  const JsonValue* value = object.find(key);
  return value != nullptr && value->is(JsonValue::Type::integer) ? parse_digits(value->text).value() : otherwise;
}
std::string text(const JsonValue& object, std::string_view key) {
  const JsonValue* value = object.find(key);
  return value == nullptr ? "" : value->text;
}

/// A row's hyperparameters are those of its config.json.
Model model_of(const JsonValue& row) {
  JsonDocument config;
  config.source = text(row, "id");
  config.root = *row.find("hyperparameters");
  Model model = read_huggingface(config, {});
  // Llama 3.2 scales its rotary frequencies, which the rows leave out.
  if (text(row, "model") == "llama-3.2-1b") model.positions.scaling_type = "llama3";
  return model;
}

}  // namespace

TEST_CASE("file types give the bytes, types and tensor counts that llama.cpp reports") {
  const JsonDocument facts = test::load_facts("llamacpp.json");
  int checked = 0;
  for (const JsonValue& row : facts.root.items) {
    const std::string id = text(row, "id");
    CAPTURE(id);
    const Model model = model_of(row);
    const JsonValue& conditions = *row.find("conditions");
    std::string scheme = text(conditions, "ftype");
    if (scheme.empty()) scheme = text(conditions, "weights_type");
    if (scheme == "MXFP4 experts, F16 rest") scheme = "F16:experts=mxfp4";

    Workload workload;
    workload.weights = parse_weight_scheme(scheme, "--weights");
    const Estimator estimator(model, workload);
    REQUIRE(estimator.stored_tensors());
    Count tensors, elements, bytes;
    std::map<std::string, StoredType> by_type;
    for (const StoredType& type : sum_by_type(*estimator.stored_tensors())) {
      tensors += type.tensors;
      elements += type.elements;
      bytes += type.bytes;
      by_type[type.type] = type;
    }
    const JsonValue& reported = *row.find("reported");
    CHECK(to_string(bytes) == to_string(number(reported, "weights_bytes")));
    CHECK(estimator.at(1, 1).count(Metric::weights_bytes) == bytes);
    CHECK(to_string(elements) == to_string(number(reported, "n_params")));
    if (reported.find("n_tensors") != nullptr && number(reported, "n_tensors") > 0) {
      CHECK(to_string(tensors) == to_string(number(reported, "n_tensors")));
    }
    if (const JsonValue* types = reported.find("tensor_types")) {
      CHECK(by_type.size() == types->members.size());
      for (const JsonMember& member : types->members) {
        CAPTURE(member.key);
        const std::string name = member.key == "f32" ? "fp32" : member.key == "f16" ? "fp16" : member.key;
        CHECK(to_string(by_type[name].tensors) == to_string(number(member.value, "count")));
        CHECK(to_string(by_type[name].bytes) == to_string(number(member.value, "bytes")));
      }
    }
    ++checked;
  }
  CHECK(checked == 223);
  CHECK(test::accuracy_row("weights that llama.cpp reports, by type", 223, facts.root.items.size()));
}
