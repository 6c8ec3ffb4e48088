#include "ctxcost/input/catalogue.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/input.h"
#include "input/json/json.h"
#include "listed_model.h"

using namespace ctxcost;

TEST_CASE("a name is the id, its last part or an alias, without regard to case") {
  struct Row {
    const char* name;
    const char* id;
  };
  const Row rows[] = {
      {"meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B"},
      {"META-LLAMA/llama-3.1-8b", "meta-llama/Llama-3.1-8B"},
      {"llama-3.1-8b", "meta-llama/Llama-3.1-8B"},
      {"llama-3-8b", "meta-llama/Meta-Llama-3-8B"},
      {"Meta-Llama-3-8B", "meta-llama/Meta-Llama-3-8B"},
      {"gpt2", "openai-community/gpt2"},
      {"deepseek-v3", "deepseek-ai/DeepSeek-V3"},
      {"deepseek-r1", "deepseek-ai/DeepSeek-R1"},
      {"article-7b", "article-7b"},
  };
  for (const Row& row : rows) {
    const CatalogueEntry* entry = find_in_catalogue(row.name);
    REQUIRE_MESSAGE(entry != nullptr, row.name);
    CHECK(entry->id == row.id);
  }
  for (const char* name : {"", "llama", "llama-3.1-8b ", "llama-3.1-8b.json", "meta-llama/", "-"}) {
    CHECK(find_in_catalogue(name) == nullptr);
  }
  CHECK(find_in_catalogue(std::string(1 << 20, 'x')) == nullptr);
}

TEST_CASE("tables are sorted, names belong to one entry, and every id has its own") {
  const auto entries = catalogue();
  const auto names = catalogue_names();
  // 330 published models and the article's.
  CHECK(entries.size() == 331);
  CHECK(std::is_sorted(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.id < b.id; }));
  for (std::size_t i = 1; i < names.size(); ++i) CHECK(names[i - 1].name < names[i].name);
  for (const CatalogueEntry& entry : entries) {
    CHECK(find_in_catalogue(entry.id) == &entry);
    CHECK(find_in_catalogue(entry.id.substr(entry.id.rfind('/') + 1)) == &entry);
  }
}

TEST_CASE("every entry is JSON without a repeated key, and says where it is from") {
  for (const CatalogueEntry& entry : catalogue()) {
    CAPTURE(entry.id);
    const JsonDocument document = parse_json(entry.text, entry.id);
    CHECK(repeated_keys(document.root).empty());
    REQUIRE(document.root.find("source") != nullptr);
    CHECK_FALSE(document.root.find("source")->text.empty());
  }
}

TEST_CASE("what was not read in a source is marked by its key, and a source is a place") {
  std::size_t marked = 0;
  for (const CatalogueEntry& entry : catalogue()) {
    CAPTURE(entry.id);
    const JsonDocument document = parse_json(entry.text, entry.id);
    const JsonValue* config = document.root.find("config");
    for (const std::string& key : unverified_keys(entry)) {
      CAPTURE(key);
      REQUIRE(config != nullptr);
      const std::size_t slash = key.find('/');
      const JsonValue* inner = slash == std::string::npos ? config : config->find(key.substr(0, slash));
      REQUIRE(inner != nullptr);
      CHECK(inner->find(key.substr(slash == std::string::npos ? 0 : slash + 1)) != nullptr);
      ++marked;
    }
    // Who remembers a figure has not read it.
    CHECK(document.root.find("source")->text.find("recalled") == std::string::npos);
  }
  CHECK(marked > 300);
  CHECK(unverified_keys(*find_in_catalogue("smollm3-3b")) ==
        std::vector<std::string>{"max_position_embeddings", "rope_theta"});
  CHECK(unverified_keys(*find_in_catalogue("llama-3.1-8b")).empty());
}

TEST_CASE("an entry holds what is read of a model, and not what describes it") {
  for (const CatalogueEntry& entry : catalogue()) {
    CAPTURE(entry.id);
    const JsonDocument document = parse_json(entry.text, entry.id);
    const bool own = document.root.find("config") == nullptr;
    for (const char* const key : {"listed", "notes", "params_check", "position_encoding"}) {
      CHECK((own || document.root.find(key) == nullptr));
    }
    CHECK((own || document.root.find("id") != nullptr));
  }
  const JsonDocument llama = parse_json(find_in_catalogue("llama-3.1-8b")->text, "llama");
  REQUIRE(llama.root.find("config") != nullptr);
  CHECK(llama.root.find("config")->members.size() == 17);
  CHECK(llama.root.find("params_exact")->text == "8030261248");
}

TEST_CASE("every entry can be answered") {
  for (const CatalogueEntry& entry : catalogue()) {
    CAPTURE(entry.id);
    const Model model = load_model(entry.id);
    CHECK_NOTHROW(static_cast<void>(Estimator(model, Workload{}).at(1024, 1)));
  }
}

TEST_CASE("what is listed of an entry is what its config counts to") {
  const auto listed = listed_models();
  REQUIRE(listed.size() == catalogue().size());
  for (std::size_t i = 0; i < listed.size(); ++i) {
    CAPTURE(catalogue()[i].id);
    const Model model = load_model(catalogue()[i].id);
    const test::ListedFigures counted = test::listed_figures(model);
    const auto same = [](const std::optional<Count>& count, std::optional<std::uint64_t> number) {
      return count == (number ? std::optional(Count{*number}) : std::nullopt);
    };
    // Mended by scripts/update-catalogue.
    CHECK(listed[i].family == counted.family);
    CHECK(same(counted.parameters, listed[i].parameters));
    CHECK(same(counted.active_parameters, listed[i].active_parameters));
    CHECK(counted.checkpoint_parts == Count{listed[i].checkpoint_parts});
    CHECK(same(model.published_elements, listed[i].published));
    CHECK(same(counted.trained_context, listed[i].trained_context));
    CHECK(same(counted.effective_context, listed[i].effective_context));
    for (std::size_t w = 0; w < counted.weights_bytes.size(); ++w) {
      CAPTURE(w);
      CHECK(same(counted.weights_bytes[w], listed[i].weights_bytes[w]));
    }
    // `find` asks for no other end of the positions.
    if (model.positions.hard_limit) {
      CHECK(max(counted.trained_context.value(), counted.effective_context.value()) <= *model.positions.hard_limit);
    }
  }
}

TEST_CASE("a record adds to its config what the config cannot tell") {
  const Model model = load_model("llama-2-7b");
  CHECK(model.id == "meta-llama/Llama-2-7b-hf");
  CHECK(model.name == "Llama-2-7b-hf");
  CHECK(model.origin == "catalogue");
  CHECK(model.source.starts_with("mlc-ai/mlc-llm"));
  // 32 layers of 64 inverse frequencies, which the checkpoint stores.
  REQUIRE(model.parameter_parts.size() == 1);
  CHECK(model.parameter_parts[0].elements == Count{2048});
}

TEST_CASE("a record is as strict as a model") {
  const auto error_of = [](std::string_view text) -> std::string {
    try {
      parse_model(text, "r.json");
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  };
  CHECK(error_of(R"({"id": "a/b", "config": {}, "param_exact": 1})") ==
        "r.json: /param_exact: unknown key of a catalogue record; did you mean \"params_exact\"?");
  CHECK(error_of(R"({"id": 1, "config": [], "checkpoint_parts": [{"elements": -1}]})") ==
        "r.json: /id: expected a string, found 1\n"
        "r.json: /config: expected an object, found an empty list\n"
        "r.json: /checkpoint_parts/0/name: expected a string, found nothing\n"
        "r.json: /checkpoint_parts/0/elements: expected a positive integer, found -1");
  // Faults of the config stand under it.
  CHECK(error_of(R"({"id": "a/b", "config": {"model_type": "llama", "hidden_size": -4}})")
            .starts_with("r.json: /config/hidden_size: expected a positive integer, found -4"));
}
