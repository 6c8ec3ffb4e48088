// Every allocation of cache and state that a real llama.cpp reported (tests/data/llamacpp.json), to the byte.
#include <doctest/doctest.h>

#include <map>

#include "accuracy.h"
#include "ctxcost/input/input.h"
#include "facts.h"
#include "parts_model.h"

using namespace ctxcost;
using namespace ctxcost::test;

namespace {

Count count_of(const JsonValue& object, std::string_view key) { return parse_digits(object.find(key)->text).value(); }
bool flag_of(const JsonValue& object, std::string_view key) { return object.find(key)->boolean; }

/// The text of an object, as it stands in the document.
std::string_view text_of(const JsonDocument& document, const JsonValue& object) {
  std::size_t end = object.offset;
  for (int depth = 0; end == object.offset || depth > 0; ++end) {
    if (document.text[end] == '{') ++depth;
    if (document.text[end] == '}') --depth;
  }
  return std::string_view(document.text).substr(object.offset, end - object.offset);
}

}  // namespace

TEST_CASE("llama.cpp's own figures for cache and state") {
  const JsonDocument facts = load_facts("llamacpp.json");
  std::size_t reproduced = 0;
  std::size_t quantized = 0;
  for (const JsonValue& row : facts.root.items) {
    const JsonValue& conditions = *row.find("conditions");
    const JsonValue& reported = *row.find("reported");
    CAPTURE(row.find("id")->text);
    if (conditions.find("kind") != nullptr) {  // sizes of quantised files: no context was made
      CHECK(conditions.find("kind")->text == "quantize");
      ++quantized;
      continue;
    }
    // The row's hyperparameters are the keys of its config.json.
    const Model model = parse_model(text_of(facts, *row.find("hyperparameters")), "config.json");
    // n_ctx is the total over all sequences. Where it does not divide (10,000 for 3), the runtime rounds the padded
    // total down and pads again, which floor(n_ctx / n_seq) tokens each come to as well.
    const Count sequences = count_of(conditions, "n_seq");
    const Count context = count_of(conditions, "n_ctx") / sequences;
    std::string engine = "llama.cpp:ubatch=" + conditions.find("n_ubatch")->text;
    if (flag_of(conditions, "swa_full")) engine += ",swa_full=1";
    if (flag_of(conditions, "kv_unified")) engine += ",unified=1";
    const std::string kv = conditions.find("type_k")->text + "/" + conditions.find("type_v")->text;

    const Reserve found = reserve(model, engine, context, sequences, kv);
    std::map<std::string_view, Count> parts;
    for (const ReservedPart& part : found.parts) parts[part.name] = part.bytes;
    CHECK(found.bytes == count_of(reported, "context_buffer_bytes"));
    CHECK(parts["recurrent"] + parts["convolution"] == count_of(reported, "recurrent_bytes"));
    if (reported.find("kv_bytes") != nullptr) {
      CHECK(parts["keys"] + parts["values"] + parts["latents"] == count_of(reported, "kv_bytes"));
      CHECK(parts["keys"] + parts["latents"] == count_of(reported, "k_bytes"));
      CHECK(parts["values"] == count_of(reported, "v_bytes"));
    }
    ++reproduced;
  }
  CHECK(reproduced == 186);
  CHECK(quantized == 37);
  CHECK(accuracy_row("cache and state that llama.cpp reports", reproduced, facts.root.items.size() - quantized));
}
