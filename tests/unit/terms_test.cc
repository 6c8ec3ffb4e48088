// Terms: every metric that is a sum is the sum of its terms, and the terms are what the mixers say.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "config_reading.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/estimate/term_derivation.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"
#include "workloads.h"

using namespace ctxcost;

namespace {

constexpr Metric kSums[] = {Metric::scores,
                            Metric::attention_macs,
                            Metric::attention_flops,
                            Metric::linear_flops,
                            Metric::logits_flops,
                            Metric::forward_flops,
                            Metric::decode_flops,
                            Metric::decode_bytes,
                            Metric::score_matrix_bytes,
                            Metric::flash_workspace_bytes,
                            Metric::kv_cache_bytes,
                            Metric::state_bytes,
                            Metric::kv_reserved_bytes,
                            Metric::parameters,
                            Metric::parameters_non_embedding,
                            Metric::active_parameters,
                            Metric::active_parameters_without_embedding,
                            Metric::weights_bytes,
                            Metric::activation_bytes};

std::optional<Count> sum_of(const std::vector<Term>& terms, Metric metric) {
  Count sum;
  for (const Term& term : terms) {
    if (term.metric != metric) continue;
    const std::optional<Count> total = term.total();
    if (!total) return std::nullopt;
    sum += *total;
  }
  return sum;
}

/// Calls check(model) for every model of the catalogue.
template <typename Check>
void for_all_models(Check check) {
  for (const CatalogueEntry& entry : catalogue()) {
    CAPTURE(entry.id);
    check(load_model(entry.id));
  }
}

void check_sums(const Estimator& estimator, Count context, Count batch) {
  CAPTURE(to_string(context));
  CAPTURE(to_string(batch));
  const Estimate estimate = estimator.at(context, batch);
  const std::vector<Term> terms = estimator.terms(context, batch);
  for (const Metric metric : kSums) {
    CAPTURE(info(metric).name);
    const bool step = metric == Metric::decode_flops || metric == Metric::decode_bytes;
    if (step && (context == 0 || !estimator.model().decodes())) {
      CHECK(sum_of(terms, metric) == Count{});  // there is no step, and no term of one
      continue;
    }
    CHECK(sum_of(terms, metric) == estimate.count(metric));
    // Asked for alone, it has the same terms.
    const std::vector<Term> alone = estimator.terms(context, batch, {metric});
    CHECK(sum_of(alone, metric) == estimate.count(metric));
    CHECK(std::all_of(alone.begin(), alone.end(), [&](const Term& term) { return term.metric == metric; }));
  }
}

/// The sums of a model by each convention, with types of caches that it can have.
void check_sums_of(const Model& model) {
  for (const Workload& settings : {workload("article", "", Logits::last), workload("causal", "q8_0/q4_0", Logits::all),
                                   workload("standard", "int8", Logits::last)}) {
    std::optional<Estimator> estimator;
    try {
      estimator.emplace(model, settings);
    } catch (const InputError&) {
      continue;  // a type that cannot store this cache
    }
    for (const Count context : {0U, 1U, 1000U, 131072U}) {
      for (const Count batch : {1U, 7U}) check_sums(*estimator, context, batch);
    }
  }
}

}  // namespace

TEST_CASE("a metric is the sum of its terms") { for_all_models(check_sums_of); }

TEST_CASE("layers that share weights: work has a term at each use, what is stored has one") {
  // The catalogue has none of them. Parameters are added up and listed by two walks.
  static constexpr std::array kConfigs = {
      R"({"model_type": "zamba2", "n_mamba_heads": 80, "num_mem_blocks": 2})",
      R"({"model_type": "albert", "vocab_size": 30000, "num_hidden_groups": 3})",
      R"({"model_type": "deberta-v2", "hidden_size": 768, "relative_attention": true, "pos_att_type": ["c2p", "p2c"]})",
  };
  for (const char* const config : kConfigs) {
    CAPTURE(config);
    check_sums_of(test::read(config));
  }
}

TEST_CASE("what an engine reserves is the sum of its parts") {
  for_all_models([](const Model& model) {
    for (const char* name : {"ideal", "vllm", "llama.cpp", "transformers"}) {
      CAPTURE(name);
      try {
        const Estimator estimator(model, Workload{}, parse_engine(name));
        check_sums(estimator, 5000, 3);
      } catch (const InputError&) {
        continue;  // refused by the engine
      }
    }
  });
}

TEST_CASE("notes that are asked for alone are those of the details, at every point") {
  std::size_t found = 0;
  for_all_models([&](const Model& model) {
    for (const char* name : {"ideal", "vllm", "sglang"}) {
      CAPTURE(name);
      try {
        const Estimator estimator(model, Workload{}, parse_engine(name));
        for (const Count context : {Count{1}, Count{8192}}) {
          const EstimateDetails details = estimator.details(context, 2);
          CHECK(estimator.notes() == details.notes);
          CHECK(estimator.engine_notes(context, 2) == details.engine_notes);
          found += details.notes.size() + details.engine_notes.size();
        }
      } catch (const InputError&) {
        continue;  // refused by the engine
      }
    }
  });
  CHECK(found > 100);
}

TEST_CASE("the ideal engine reserves cache and state") {
  for_all_models([](const Model& model) {
    const Estimator estimator(model, Workload{});
    const EngineChoice ideal = ideal_engine();
    REQUIRE(ideal.engine->live_need);
    const Estimate estimate = estimator.at(5000, 3);
    if (!estimate.count(Metric::state_bytes)) return;
    CHECK(ideal.engine->reserve({model, 5000, 3, estimator.kv(), ideal, 1}).bytes ==
          estimate.count(Metric::kv_reserved_bytes));
  });
}

TEST_CASE("terms are what mixers and tensors say, added up without them") {
  for_all_models([](const Model& model) {
    for (const char* convention : {"article", "causal"}) {
      const Workload settings = workload(convention, "", Logits::last);
      const Estimator estimator(model, settings);
      const Count n = 3000;
      const Count batch = 3;
      std::optional<Count> scores = Count{}, flops = Count{}, linear = Count{}, parameters = Count{};
      const auto add = [](std::optional<Count>& sum, std::optional<Count> more) {
        sum = sum && more ? std::optional(*sum + *more) : std::nullopt;
      };
      for (const LayerGroup& group : model.groups) {
        const Count length = group.stack == Stack::encoder ? model.cross_tokens.value_or(n) : n;
        const auto times = [&](std::optional<Count> one) {
          return one ? std::optional(*one * group.count() * batch) : std::nullopt;
        };
        for (const auto& mixer : group.mixers) {
          const std::optional<Work> work = mixer->prefill(length, settings.convention.pairs);
          add(scores, work ? times(work->scores) : std::nullopt);
          add(flops, work && work->macs_known
                         ? times(work->macs * settings.convention.flops_per_mac + work->scalar_operations)
                         : std::nullopt);
          add(linear, times(mixer->linear_macs(length)));
        }
        const std::optional<std::vector<Tensor>> tensors = model.layer_tensors(group);
        if (!tensors) parameters.reset();
        for (const Tensor& tensor : tensors.value_or(std::vector<Tensor>{})) {
          add(parameters, group.count() * tensor.elements());
        }
        std::vector<Tensor> rest = group.extras;
        const std::optional<std::vector<Tensor>> feed_forward = group.feed_forward.tensors(model.d_model);
        if (!feed_forward) linear.reset();
        for (const Tensor& tensor : feed_forward.value_or(std::vector<Tensor>{})) rest.push_back(tensor);
        for (const Tensor& tensor : rest) {
          if (tensor.use == TensorUse::linear) add(linear, times(tensor.active_elements() * length));
        }
      }
      for (const ModelTensor& row : model.tensors) {
        add(parameters, row.tensor.elements());
        if (row.tensor.use != TensorUse::linear) continue;
        if (row.place == Place::once) add(linear, row.tensor.elements() * batch);
        if (row.place == Place::other) add(linear, row.tensor.elements() * batch * n);
      }
      if (!model.embedding_known) parameters.reset();
      if (linear) *linear *= settings.convention.flops_per_mac;
      const std::vector<Term> terms = estimator.terms(n, batch);
      CHECK(sum_of(terms, Metric::scores) == scores);
      CHECK(sum_of(terms, Metric::attention_flops) == flops);
      CHECK(sum_of(terms, Metric::linear_flops) == linear);
      CHECK(sum_of(terms, Metric::parameters) == parameters);
    }
  });
}

TEST_CASE("each linear that works once a token is its tensor's") {
  for_all_models([](const Model& model) {
    for (const LayerGroup& group : model.groups) {
      for (const auto& mixer : group.mixers) {
        const std::optional<std::vector<Tensor>> tensors = mixer->tensors();
        if (!mixer->linears_once_a_token() || !tensors) continue;
        Count token;
        for (const Tensor& tensor : *tensors) {
          if (tensor.use == TensorUse::linear) token += tensor.active_elements();
        }
        CHECK(mixer->linear_macs(77) == 77 * token);
        if (mixer->causal()) CHECK(mixer->decode_linear_macs(77) == token);
      }
    }
  });
}

TEST_CASE("terms come metric by metric, each with an owner and a name") {
  const Model model = load_model("ai21-jamba-1.5-mini");
  const Estimator estimator(model, Workload{});
  const std::vector<Term> terms = estimator.terms(4096, 2);
  REQUIRE_FALSE(terms.empty());
  std::set<std::string_view> owners;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (i > 0) CHECK(terms[i - 1].metric <= terms[i].metric);
    CHECK_FALSE(terms[i].name.empty());
    CHECK_FALSE(terms[i].owner.empty());
    owners.insert(terms[i].owner);
    CHECK(terms[i].total() != Count{});
  }
  for (const char* owner : {"full", "mamba", "feed_forward", "layer", "embedding", "head", "weights"}) {
    CAPTURE(owner);
    CHECK(owners.count(owner) == 1);
  }
}

TEST_CASE("a term's formula gives its count") {
  for_all_models([](const Model& model) {
    for (const char* convention : {"article", "causal"}) {
      const Estimator estimator(model, workload(convention, "", Logits::last));
      for (const Term& term : estimator.terms(50, 2)) {
        CAPTURE(info(term.metric).name);
        CAPTURE(term.owner);
        CAPTURE(term.name);
        // The walk adds up weights that a step reads; what an engine reserves is its own to say.
        const bool read = term.metric == Metric::decode_bytes && term.kind == TermKind::weights;
        const bool needs_one = term.one && term.kind != TermKind::reserve && !read;
        const std::optional<Derivation> derivation = derive(estimator, term, 50);
        CHECK(derivation.has_value() == needs_one);
        if (derivation) CHECK(derivation->result == term.one);
      }
    }
  });
}

TEST_CASE("a convention is a name, and settings that overrule it") {
  struct Row {
    const char* text;
    Count flops_per_mac;
    PairRule pairs;
  };
  for (const auto& row :
       {Row{"standard", 2, PairRule::reach}, Row{"causal", 2, PairRule::exact},
        Row{"causal:flops_per_mac=1", 1, PairRule::exact}, Row{"causal:pairs=reach", 2, PairRule::reach},
        Row{"standard:flops_per_mac=1,pairs=exact", 1, PairRule::exact},
        Row{"article:flops_per_mac=2", 2, article_convention().pairs}}) {
    const auto& [text, flops, pairs] = row;
    CAPTURE(row.text);
    const Convention convention = parse_convention(text);
    CHECK(convention.name == text);
    CHECK(convention.flops_per_mac == flops);
    CHECK(convention.pairs == pairs);
  }
  const std::string settings = " (flops_per_mac=1|2, pairs=reach|exact)";
  const std::pair<const char*, std::string> faults[] = {
      {"casual", R"(unknown convention "casual"; did you mean "causal"?)"},
      {"xyzzy", R"(unknown convention "xyzzy" (article, standard or causal))"},
      {"causal:", "expected key=value after \"causal:\"" + settings},
      {"causal:flops_per_mac=3", "unusable setting \"flops_per_mac=3\"" + settings},
      {"causal:pairs=exact,", ""},
      {"causal:,pairs=exact", "unusable setting \"\"" + settings},
  };
  for (const auto& row : faults) {
    const auto& [text, message] = row;
    CAPTURE(row.first);
    std::string found;
    try {
      static_cast<void>(parse_convention(text));
    } catch (const InputError& error) {
      found = error.what();
    }
    CHECK(found.ends_with(message));
    CHECK(found.empty() == message.empty());
  }
}
