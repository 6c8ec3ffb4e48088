#include "input/json/asked_keys.h"

#include <doctest/doctest.h>

#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/load_catalogue.h"
#include "input/formats.h"
#include "input/json/config_changes.h"
#include "input/model_config.h"
#include "model/same_figures.h"

using namespace ctxcost;

TEST_CASE("keys are put into the set while it is watched, and no others") {
  const JsonDocument document = parse_json(R"({"a": {"b": 1}, "c": 2})", "test");
  AskedKeys outer, inner;
  document.root.find("c");
  {
    const AskedKeys::Watch watch(outer);
    REQUIRE(document.root.find("a") != nullptr);
    {
      const AskedKeys::Watch nested(inner);
      document.root.find("a")->find("b");
    }
    CHECK(document.root.find("absent") == nullptr);
  }
  document.root.find("c");
  CHECK(outer.may_hold("a"));
  CHECK(outer.may_hold("absent"));
  CHECK_FALSE(outer.may_hold("b"));
  CHECK_FALSE(outer.may_hold("c"));
  CHECK(inner.may_hold("b"));
  CHECK_FALSE(inner.may_hold("absent"));
}

// `diff` tries no key alone that the old model's reader did not ask for. No reader takes NaN for a value, so that one
// which looks at such a key all the same is found out.
TEST_CASE("a key that the reader of a config does not ask for may hold anything, and changes no figure") {
  JsonValue nan;
  nan.type = JsonValue::Type::nonfinite;
  nan.text = "NaN";
  std::size_t keys = 0;
  for (const CatalogueEntry& entry : catalogue()) {
    CAPTURE(entry.id);
    const JsonDocument whole = parse_json(entry.text, entry.id);
    JsonDocument config{whole.source, "", config_root(whole)};
    if (!input_format_of(config.root)->reads_by_name) continue;
    AskedKeys asked;
    const Model model = [&] {
      const AskedKeys::Watch watch(asked);
      return read_model(config, {});
    }();
    for (const JsonMember& member : config_root(whole).members) {
      if (asked.may_hold(member.key)) continue;
      CAPTURE(member.key);
      ++keys;
      const AppliedChange changed(config.root, {{member.key}, "", &member.value, &nan});
      REQUIRE(changed);
      const Model read = read_model(config, {});
      CHECK((model.stored || same_figures(model, read)));
    }
    const JsonValue one = parse_json("1", "one").root;
    const AppliedChange added(config.root, {{"a_key_that_nobody_reads"}, "", nullptr, &one});
    CHECK((model.stored || same_figures(model, read_model(config, {}))));
  }
  CHECK(keys > 1000);
}

TEST_CASE("models have the same figures if they agree in all but names, sources, notes and keys") {
  const CatalogueEntry* const entry = find_in_catalogue("gemma-3-27b-it");
  REQUIRE(entry != nullptr);
  const Model model = load_catalogue_model(*entry);
  REQUIRE_FALSE(model.stored);
  Model named = load_catalogue_model(*entry);
  named.name = named.id = named.origin = named.source = "another";
  named.notes.emplace_back("a note");
  named.assumptions.clear();
  named.keys.clear();
  named.published_elements = 1;
  CHECK(same_figures(model, named));

  using Change = void (*)(Model&);
  const Change changes[] = {
      [](Model& m) { m.family = "another"; },
      [](Model& m) { m.groups.pop_back(); },
      [](Model& m) { m.groups.front().layers.pop_back(); },
      [](Model& m) { m.groups.front().mixers = m.groups.back().mixers; },
      [](Model& m) { m.groups.front().feed_forward.bias = true; },
      [](Model& m) { m.groups.front().extras.pop_back(); },
      [](Model& m) { m.tensors.pop_back(); },
      [](Model& m) { m.tensors.front().place = Place::other; },
      [](Model& m) { m.d_model = 1; },
      [](Model& m) { m.vocab = 1; },
      [](Model& m) { m.tied_embeddings = !m.tied_embeddings; },
      [](Model& m) { m.embedding_known = false; },
      [](Model& m) {
        m.parameter_parts.push_back({"part", 1, ""});
      },
      [](Model& m) { m.positions.hard_limit = 1; },
      [](Model& m) { m.positions.trained_context = 1; },
      [](Model& m) { m.positions.effective_context = 1; },
      [](Model& m) { m.positions.rotary_width = 1; },
      [](Model& m) { m.positions.encoding = PositionEncoding::none; },
      [](Model& m) { m.gguf.window = 1; },
      [](Model& m) { m.gguf.windows = !m.gguf.windows; },
      [](Model& m) { m.set_precision(parse_precision("fp8", "test")); },
      [](Model& m) { m.named_weights = "Q4_K_M"; },
      [](Model& m) { m.kv.value = parse_precision("fp8", "test"); },
      [](Model& m) { m.recurrent_state = parse_precision("fp32", "test"); },
      [](Model& m) { m.next_token_layers = 1; },
      [](Model& m) { m.next_token_embedding = true; },
      [](Model& m) { m.cross_tokens = 1; },
      [](Model& m) { m.batch = 2; },
      [](Model& m) { m.stored.emplace(); },
      [](Model& m) { m.files.emplace(); },
  };
  for (std::size_t i = 0; i < std::size(changes); ++i) {
    CAPTURE(i);
    Model changed = load_catalogue_model(*entry);
    REQUIRE(same_figures(model, changed));
    changes[i](changed);
    CHECK_FALSE(same_figures(model, changed));
    CHECK_FALSE(same_figures(changed, model));
  }
}

TEST_CASE("models differ only in the window if they agree in all but where it ends and how it is scaled") {
  const CatalogueEntry* const entry = find_in_catalogue("llama-3.1-8b");
  REQUIRE(entry != nullptr);
  const Model model = load_catalogue_model(*entry);
  struct Change {
    void (*make)(Model&);
    bool only_window;
    bool only_window_in_gguf;
  };
  const Change changes[] = {
      {[](Model&) {}, true, true},
      {[](Model& m) { m.name = "another"; }, true, true},
      {[](Model& m) { m.positions.hard_limit = 1; }, true, true},
      {[](Model& m) { m.positions.trained_context = 1; }, true, true},
      {[](Model& m) { m.positions.effective_context.reset(); }, true, true},
      {[](Model& m) { m.positions.scaling_type.clear(); }, true, false},
      {[](Model& m) { m.positions.scaling_factor = "2"; }, true, false},
      {[](Model& m) { m.positions.rotary_width = 64; }, false, false},
      {[](Model& m) { m.positions.encoding = PositionEncoding::none; }, false, false},
      {[](Model& m) { m.vocab = 1; }, false, false},
      {[](Model& m) { m.groups.front().layers.pop_back(); }, false, false},
      {[](Model& m) { m.stored.emplace(); }, false, false},
  };
  for (std::size_t i = 0; i < std::size(changes); ++i) {
    CAPTURE(i);
    Model changed = load_catalogue_model(*entry);
    changes[i].make(changed);
    CHECK(differ_only_in_window(model, changed, false) == changes[i].only_window);
    CHECK(differ_only_in_window(changed, model, false) == changes[i].only_window);
    CHECK(differ_only_in_window(model, changed, true) == changes[i].only_window_in_gguf);
  }
}
