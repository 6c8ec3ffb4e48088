// Published figures (tests/data/published.json, each with its source): every row that `scale` or `fit` can answer is
// answered from its hyperparameters and conditions, within the precision in which it was printed. The others are listed
// with the reason; every row of the file is in exactly one of the two sets.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <map>
#include <string>

#include "accuracy.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/input.h"
#include "facts.h"
#include "input/huggingface/family.h"

using namespace ctxcost;
using namespace ctxcost::test;

namespace {

/// Rows that are not answered, and why.
const std::map<std::string, std::string> kLater = {
    // Times.
    {"sb-popquiz-256", "of a size in parameters and bytes a token, without a shape"},
    {"sb-step-b240", "from bytes rounded to 6.7 GB a sequence, whole weights on a rounded bandwidth"},
    {"megatron-days-1t", "time of a training run"},
    // Training.
    {"sb-act-block", "activations of training with checkpoints"},
    {"korth-gpt3-ratio", "activations of training"},
    {"nanogpt-train", "FLOPs of training"},
    {"chinchilla-F-20x1024", "FLOPs of training, softmax included"},
    {"chinchilla-F-24x1280", "FLOPs of training, softmax included"},
    {"chinchilla-F-26x1792", "FLOPs of training, softmax included"},
    {"chinchilla-F-28x2048", "FLOPs of training, softmax included"},
    {"chinchilla-F-40x3584", "FLOPs of training, softmax included"},
    {"korth-hfu-22B", "utilisation in training"},
    {"korth-hfu-530B", "utilisation in training"},
    {"korth-mfu-1T", "utilisation in training"},
    {"korth-hfu-1T", "utilisation in training"},
    {"palm-mfu-noattn", "utilisation in training"},
    {"mpt-mfu-13b-2048", "utilisation in training"},
    {"mpt-mfu-70b-2048", "utilisation in training"},
    // No cost, or not of a shape.
    {"mistral-span", "reach through the layers, which is no cost"},
    {"infini-ratio", "a ratio of two rounded figures, 183 / 1.6"},
    {"ik-r1-mla1-163840-transposed", "a fork's layout with a second, transposed copy of the latents"},
    {"deepspeed-bertlarge-flops", "twice another printed figure; the profiler's own count of the head is not given"},
};

std::string text_of(const JsonValue* value) { return value == nullptr ? "" : value->text; }
bool is_true(const JsonValue* value) { return value != nullptr && value->boolean; }

/// A row's hyperparameters as a file of the own format.
class OwnFormat {
 public:
  explicit OwnFormat(const JsonValue& row) : h_(*row.find("hyperparameters")) {
    const std::string dtype = text_of(row.find("conditions")->find("dtype"));
    add("precision", dtype == "bf16" ? "\"bf16\"" : "\"fp16\"");
    add_widths();
    add_feed_forward();
    add_parameters();
    add_mixers(text_of(row.find("id")));
  }
  std::string text() const { return "{" + text_ + "}"; }

 private:
  bool has(std::string_view key) const { return h_.find(key) != nullptr; }
  std::string of(std::string_view key) const { return text_of(h_.find(key)); }
  Count number(std::string_view key) const { return parse_digits(of(key)).value(); }
  void add(std::string_view key, std::string_view value) {
    if (!text_.empty()) text_ += ", ";
    text_ += "\"" + std::string(key) + "\": " + std::string(value);
  }

  void add_widths() {
    add("layers", of(has("num_hidden_layers") ? "num_hidden_layers" : "full_attention_layers"));
    // The latents' rows leave the heads out, which their cache does not depend on; a row without heads is of 64 wide.
    Count heads = 1;
    if (has("num_attention_heads")) {
      heads = number("num_attention_heads");
    } else if (has("num_key_value_heads")) {
      heads = number("num_key_value_heads");
    } else if (has("hidden_size")) {
      heads = number("hidden_size") / 64;
    }
    add("heads", to_string(heads));
    if (has("num_key_value_heads")) add("kv_heads", has("kv_lora_rank") ? to_string(heads) : of("num_key_value_heads"));
    if (has("v_head_dim")) {
      add("d_k", to_string(number("qk_nope_head_dim") + number("qk_rope_head_dim")));
      add("d_v", of("v_head_dim"));
    } else if (has("kv_lora_rank")) {
      add("d_k", "192");
      add("d_v", "128");
    } else if (of("head_dim") == "2048/24") {
      add("d_k", "86");  // rounded up, as the article does
    } else if (has("head_dim")) {
      add("d_k", of("head_dim"));
    } else {
      add("d_k", to_string(number("hidden_size") / heads));
    }
    if (has("hidden_size")) {
      add("d_model", of("hidden_size"));
    } else if (has("segment")) {
      add("d_model", to_string(heads * number("head_dim")));  // kinds that keep hidden states need their width
    }
  }

  void add_feed_forward() {
    const bool plain = has("gated_mlp") && !is_true(h_.find("gated_mlp"));
    if (plain) add("ffn", "\"plain\"");
    if (has("num_experts")) {
      const std::string shared = has("shared_expert_intermediate_size")
                                     ? ", \"shared\": " + to_string(number("shared_expert_intermediate_size") /
                                                                    number("moe_intermediate_size"))
                                     : "";
      experts_ = "{\"count\": " + of("num_experts") + ", \"active\": " + of("num_experts_per_tok") +
                 ", \"d_ff\": " + of("moe_intermediate_size") + shared + "}";
      if (!has("first_k_dense_replace")) add("experts", experts_);
    }
    if (has("intermediate_size") && (experts_.empty() || has("first_k_dense_replace"))) {
      add("d_ff", of("intermediate_size"));
    } else if (plain && has("hidden_size") && experts_.empty()) {
      add("d_ff", to_string(4 * number("hidden_size")));
    }
  }

  void add_parameters() {
    if (has("vocab_size")) add("vocab", of("vocab_size"));
    if (is_true(h_.find("tie_word_embeddings"))) add("tied_embeddings", "true");
    const bool relative = is_true(h_.find("relative_position"));
    const std::string bias = of("attention_bias");
    if (bias == "all" || (is_true(h_.find("attention_bias")) && is_true(h_.find("mlp_bias"))) || relative) {
      add("bias", "true");
    } else if (bias == "qkv" || is_true(h_.find("qkv_bias"))) {
      add("bias", "\"qkv\"");
    }
    if (is_true(h_.find("norm_bias")) || relative || bias == "all" || is_true(h_.find("attention_bias"))) {
      add("norm", "\"layer\"");
    }
    if (has("norms_per_layer")) add("norms_per_layer", of("norms_per_layer"));
    if (of("qk_norm") == "head") add("qk_norm", "true");
    if (has("learned_position_embeddings")) {
      add("positions", "{\"encoding\": \"learned\", \"rows\": " + of("learned_position_embeddings") + "}");
    }
  }

  void add_mixers(const std::string& id) {
    if (has("kv_lora_rank")) {
      const std::string rank = has("q_lora_rank") ? ", \"q_rank\": " + of("q_lora_rank") : "";
      add("attention", "{\"kind\": \"latent\", \"kv_rank\": " + of("kv_lora_rank") +
                           ", \"rope_dim\": " + of("qk_rope_head_dim") + rank + "}");
      if (has("first_k_dense_replace")) {
        const Count dense = number("first_k_dense_replace");
        add("pattern", "[{\"repeat\": " + to_string(dense) + "}, {\"repeat\": " +
                           to_string(number("num_hidden_layers") - dense) + ", \"experts\": " + experts_ + "}]");
      }
    } else if (has("segment")) {
      add("attention", id == "infini-mem" ? "{\"kind\": \"infini\", \"segment\": 2048}"
                                          : "{\"kind\": \"transformer_xl\", \"segment\": 2048, \"memory\": 2048}");
    } else if (is_true(h_.find("relative_position"))) {
      add("attention", "{\"kind\": \"transformer_xl\", \"segment\": 2048, \"memory\": 2048}");
    } else if (has("attention_layers")) {
      add("pattern", "[{\"repeat\": " + of("attention_layers") +
                         "}, {\"repeat\": " + to_string(number("num_hidden_layers") - number("attention_layers")) +
                         ", \"attention\": {\"kind\": \"none\"}}]");
    } else if (has("sliding_window")) {
      // Gemma 2 and gpt-oss alternate, Gemma 3 and the article's 5:1 have one global layer in six.
      const bool sixth = has("sliding_window_pattern") || has("pattern");
      const std::string local = "{\"repeat\": " + std::string(sixth ? "5" : "1") +
                                ", \"attention\": {\"kind\": \"sliding_window\", \"window\": " + of("sliding_window") +
                                "}}";
      add("pattern", "[" + local + ", {}]");
    }
  }

  const JsonValue& h_;
  std::string text_;
  std::string experts_;
};

/// Configs in HuggingFace's own keys, for what the own format has no word: biases of experts and router, a head's
/// bias, encoders.
const std::map<std::string, std::string> kConfigs = {
    {"params-gpt-oss-20b",
     R"({"model_type": "gpt_oss", "architectures": ["GptOssForCausalLM"], "num_hidden_layers": 24, "hidden_size": 2880,
         "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 64, "intermediate_size": 2880,
         "vocab_size": 201088, "num_local_experts": 32, "num_experts_per_tok": 4, "sliding_window": 128,
         "attention_bias": true, "tie_word_embeddings": false, "max_position_embeddings": 131072,
         "torch_dtype": "bfloat16"})"},
    {"params-phi2",
     R"({"model_type": "phi", "architectures": ["PhiForCausalLM"], "num_hidden_layers": 32, "hidden_size": 2560,
         "num_attention_heads": 32, "num_key_value_heads": 32, "intermediate_size": 10240, "vocab_size": 51200,
         "tie_word_embeddings": false, "max_position_embeddings": 2048, "torch_dtype": "float16"})"},
    {"calflops-roberta",
     R"({"model_type": "bert", "architectures": ["BertForMaskedLM"], "num_hidden_layers": 12, "hidden_size": 768,
         "num_attention_heads": 12, "intermediate_size": 3072, "vocab_size": 21128, "max_position_embeddings": 512,
         "type_vocab_size": 2, "torch_dtype": "float32"})"},
};

/// DeepSeek-V3's checkpoint: what its config.json says beside the row's hyperparameters.
constexpr std::string_view kDeepSeekV3 =
    R"({"model_type": "deepseek_v3", "architectures": ["DeepseekV3ForCausalLM"], "num_hidden_layers": 61,
        "hidden_size": 7168, "num_attention_heads": 128, "num_key_value_heads": 128, "intermediate_size": 18432,
        "vocab_size": 129280, "tie_word_embeddings": false, "q_lora_rank": 1536, "kv_lora_rank": 512,
        "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128, "n_routed_experts": 256,
        "num_experts_per_tok": 8, "moe_intermediate_size": 2048, "n_shared_experts": 1, "first_k_dense_replace": 3,
        "moe_layer_freq": 1, "topk_method": "noaux_tc", "num_nextn_predict_layers": 1,
        "max_position_embeddings": 163840, "torch_dtype": "bfloat16",
        "quantization_config": {"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": [128, 128]}})";

/// One row and the model that its hyperparameters make.
class Question {
 public:
  explicit Question(const JsonValue& row)
      : row_(row), conditions_(*row.find("conditions")), id_(text_of(row.find("id"))) {
    const auto config = kConfigs.find(id_ == "calflops-roberta-params" ? "calflops-roberta" : id_);
    std::string text = config != kConfigs.end() ? config->second : OwnFormat(row).text();
    if (id_ == "params-deepseek-v3-file") text = kDeepSeekV3;
    model_ = parse_model(text, id_ + ".json");
    // llama.cpp's windows depend on the family.
    if (config == kConfigs.end()) family(text_of(row.find("hyperparameters")->find("model_type")));
  }

  Count n(std::string_view key, Count otherwise) const {
    const JsonValue* value = conditions_.find(key);
    return value == nullptr ? otherwise : parse_digits(value->text).value();
  }
  std::string condition(std::string_view key) const { return text_of(conditions_.find(key)); }
  Count hyperparameter(std::string_view key) const {
    return parse_digits(text_of(row_.find("hyperparameters")->find(key))).value();
  }
  const std::string& id() const { return id_; }
  const Model& model() const { return model_; }

  Workload workload(std::string_view convention = "article", Logits logits = Logits::last) const {
    Workload workload;
    workload.convention = parse_convention(convention);
    workload.logits = logits;
    if (conditions_.find("type_k") != nullptr) {
      const std::string v = id_ == "ik-v25-mla-32768-q8" ? "q8_0" : condition("type_v");  // no V beside latents
      workload.kv = parse_kv_precision(condition("type_k") + "/" + v, "test");
    }
    return workload;
  }
  Count answer(Metric metric, const Workload& workload, Count context, Count batch,
               std::string_view engine = "ideal") const {
    const std::optional<Count> found =
        Estimator(model_, workload, parse_engine(engine)).at(context, batch).count(metric);
    REQUIRE(found);
    return *found;
  }
  Count answer(Metric metric, Count context = 1, Count batch = 1, std::string_view engine = "ideal") const {
    return answer(metric, workload(), context, batch, engine);
  }

 private:
  void family(const std::string& name) {
    if (name.empty()) return;
    model_.family = name;
    if (const auto* family = huggingface::find_family(name)) model_.gguf = family->gguf;
  }

  const JsonValue& row_;
  const JsonValue& conditions_;
  std::string id_;
  Model model_;
};

/// Bytes that each kind of tensor-parallel rank reserves, the largest first. Of the split alone: one log's ranks have
/// unequal heads, on which a deployment is refused.
std::vector<Count> rank_bytes(const Question& q, Count context) {
  KvPrecision kv = q.workload().kv.value_or(q.model().kv);
  if (q.condition("kv_dtype") == "fp8") kv = parse_kv_precision("fp8", "test");
  Parallelism parallelism;
  parallelism.tensor = q.n("tp", 1);
  const EngineChoice engine = ideal_engine();
  std::vector<Count> bytes;
  for (const Rank& rank : split(q.model(), parallelism)) {
    bytes.push_back(engine.engine->reserve({*rank.model, context, 1, kv, engine}).bytes);
  }
  return bytes;
}

/// The log's concurrency, from its number of tokens.
double max_concurrency(const Question& q) {
  Setup setup{q.model(), q.workload(), parse_engine(q.condition("engine_settings")), {}};
  const Count tokens = q.n("kv_cache_tokens", 0);
  setup.settings.kv_memory = tokens * q.answer(Metric::kv_bytes_per_token, 1);
  const DeploymentEstimate estimate = Deployment(setup).at(q.n("max_model_len", 0), 1);
  CHECK(estimate.count(Metric::kv_capacity_tokens) == tokens);
  return std::get<double>(estimate[Metric::max_concurrency]);
}

Count kv_bytes(const Question& q) {
  const std::string& id = q.id();
  // Keys alone of one rank: half of it.
  if (id == "sglang-qwen38-27b-tp3-rank1") return rank_bytes(q, q.n("tokens", 0)).at(1) / 2;
  if (id == "sglang-qwen38-27b-tp3-rank0" || id == "sglang-qwen3-235b-fp8-tp4-K") {
    return rank_bytes(q, q.n("tokens", 0)).at(0) / 2;
  }
  if (id.starts_with("lcpp-gemma3-270m")) {
    const Count slots = q.n("parallel_slots", 1);
    const char* engine = id == "lcpp-gemma3-270m-8192-np2u" ? "llama.cpp:unified=1" : "llama.cpp";
    return q.answer(Metric::kv_reserved_bytes, q.n("context", 0) / slots, slots, engine);
  }
  // An engine that gives every layer the full length.
  if (id == "ik-gemma3-27b-32768-noswa") return q.answer(Metric::kv_reserved_bytes, 32768, 1, "llama.cpp:swa_full=1");
  // All heads' keys and values, not latents.
  if (id == "ik-r1-nomla-8192-q8k") return q.answer(Metric::kv_reserved_bytes, 8192, 1, "llama.cpp:legacy_mla=1");
  if (id == "vllm-qwen3-coder-30b-262144") return q.answer(Metric::kv_reserved_bytes, 262144, 1, "vllm");
  if (id.starts_with("lcpp-gpt-oss-20b-8192")) {
    // One of the two caches; the log gives the sliding one's cells as its context.
    const Estimator estimator(q.model(), q.workload(), parse_engine("llama.cpp:ubatch=128"));
    Count full;
    for (const GroupEstimate& group : estimator.details(8192, 1).groups) {
      if (group.group->mixers[0]->kind() == "full") full += group.group->count() * group.kv_cache_bytes_per_layer;
    }
    return id.ends_with("full") ? full : *estimator.at(8192, 1).count(Metric::kv_reserved_bytes) - full;
  }
  return q.answer(Metric::kv_cache_bytes, q.n("context", q.n("tokens", 0)), q.n("batch", 1));
}

Count parameters(const Question& q) {
  Count count = q.answer(Metric::parameters);
  // A checkpoint holds more than the language model: its vision tower is a figure of the row.
  if (q.id() == "params-gemma3-4b" || q.id() == "params-gemma3-27b") count += q.hyperparameter("vision_tower_params");
  if (q.id() == "params-deepseek-v3-file") {
    for (const ParameterPart& part : q.model().parameter_parts) count += part.elements;
  }
  return count;
}

Count forward_macs(const Question& q) {
  const Count n = q.n("context", 0);
  const Workload all = q.workload("article", Logits::all);  // one FLOP a multiply-add, the full square
  if (q.id() == "calflops-roberta") return q.answer(Metric::forward_flops, all, n, 1);
  const Count linear = q.answer(Metric::linear_flops, all, n, 1);
  const Count attention = q.answer(Metric::attention_flops, all, n, 1);
  // The tool misses `baddbmm`, one of BLOOM's two attention products; it skips the head of a base model.
  if (q.id() == "calflops-bloom-7b1-macs") return linear + attention / 2;
  if (q.id() == "calflops-pythia-1.4b-macs") return linear + attention;
  return linear + attention + q.answer(Metric::logits_flops, all, n, 1);
}

Count forward_flops(const Question& q) {
  // thop counts linear layers alone, the head for every position.
  const Workload all = q.workload("standard", Logits::all);
  const Count n = q.n("context", 0);
  return q.answer(Metric::linear_flops, all, n, q.n("batch", 1)) +
         q.answer(Metric::logits_flops, all, n, q.n("batch", 1));
}

Count memory_elements(const Question& q) {
  // fp16: two bytes an element. The table counts Transformer-XL's memory as keys and values.
  if (q.id() == "infini-mem") return q.answer(Metric::state_bytes, 4096) / 2;
  return q.answer(Metric::kv_cache_bytes, q.n("xl_cache", 0)) / 2;
}

Count kv_tokens(const Question& q) {
  // The largest request that still needs that many blocks, and the smallest.
  const Count blocks = q.n("blocks", 0);
  const Count block = q.n("block_size", 0);
  const Count token = q.answer(Metric::kv_bytes_per_token, 1);
  const Count tokens = q.answer(Metric::kv_reserved_bytes, blocks * block, 1, "vllm") / token;
  CHECK(q.answer(Metric::kv_reserved_bytes, (blocks - 1) * block + 1, 1, "vllm") / token == tokens);
  return tokens;
}

Count kv_bytes_per_token(const Question& q) {
  if (q.n("tp", 1) > 1) return rank_bytes(q, 1000).at(0) / 1000;
  return q.answer(Metric::kv_bytes_per_token, 1000);
}

/// A count, which a double holds exactly here, or a ratio.
struct Figure {
  double value;
  Figure(Count count) : value(count.to_double()) {}  // NOLINT(google-explicit-constructor)
  Figure(double real) : value(real) {}               // NOLINT(google-explicit-constructor)
};

const std::map<std::string, std::function<Figure(const Question&)>> kAnswers = {
    {"kv_bytes", kv_bytes},
    {"kv_bytes_per_token", kv_bytes_per_token},
    {"max_concurrency", max_concurrency},
    {"kv_elements_per_token", [](const Question& q) { return q.answer(Metric::kv_bytes_per_token, 1000) / 2; }},
    {"kv_tokens", kv_tokens},
    {"params", parameters},
    {"params_non_embedding", [](const Question& q) { return q.answer(Metric::parameters_non_embedding); }},
    {"active_params", [](const Question& q) { return q.answer(Metric::active_parameters); }},
    {"forward_macs", forward_macs},
    {"forward_flops", forward_flops},
    // Q K^T of one layer at two FLOPs a multiply-add is the article's count of both products at one.
    {"attention_flops",
     [](const Question& q) { return q.answer(Metric::attention_flops_per_layer, q.n("context", 0)); }},
    {"memory_elements", memory_elements},
};

}  // namespace

TEST_CASE("published figures within the precision printed") {
  const JsonDocument facts = load_facts("published.json");
  std::map<std::string, std::string> later = kLater;
  std::size_t answered = 0;
  for (const JsonValue& row : facts.root.items) {
    const std::string id = text_of(row.find("id"));
    CAPTURE(id);
    CAPTURE(text_of(row.find("as_printed")));
    if (later.erase(id) == 1) continue;
    const auto answer = kAnswers.find(text_of(row.find("kind")));
    REQUIRE(answer != kAnswers.end());
    const double value = std::stod(text_of(row.find("value")));
    const double tolerance = std::stod(text_of(row.find("tolerance")));
    Figure found = 0.0;
    try {
      found = answer->second(Question(row));
    } catch (const InputError& error) {
      FAIL_CHECK(std::string(error.what()));
    }
    CHECK_MESSAGE(std::abs(found.value - value) <= tolerance, "found ", found.value);
    ++answered;
  }
  CHECK(later.empty());  // a reason for every row that is not answered, and no reason for a row that is not there
  CHECK(facts.root.items.size() == 129);
  CHECK(answered == 129 - kLater.size());
  CHECK(accuracy_row("published figures of articles, papers and model cards", answered, facts.root.items.size()));
}
