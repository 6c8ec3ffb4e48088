// The files of DeepSeek's inference/configs: V2, V3 and V3.2 as convert.py leaves them, without the layers that predict
// more tokens. [DeepSeek-V3 inference/model.py, DeepSeek-V3.2-Exp inference/model.py: ModelArgs, Gate, MLA, Indexer]
#include "ctxcost/core/diagnostic.h"
#include "layout.h"

namespace ctxcost::params {
namespace {

bool is_deepseek(const JsonValue& root) {
  return root.find("inter_dim") != nullptr || root.find("moe_inter_dim") != nullptr;
}

/// An integer that ModelArgs has a default for.
Count argument(ObjectCursor& file, std::string_view key, std::uint32_t otherwise, std::uint32_t least = 1) {
  return file.count(key, {.least = least}).value_or(otherwise);
}

void translate_deepseek(ObjectCursor& file, Translation& config) {
  if (file.find("compress_ratios") != nullptr) {
    return file.fault("compress_ratios", "DeepSeek-V4's own layout is not read",
                      "the config.json of its release describes the same model");
  }
  const auto set = [&](std::string_view name, std::string_view key, std::uint32_t otherwise, std::uint32_t least = 1) {
    config.set(name, argument(file, key, otherwise, least), file.pointer(key));
  };
  const bool indexed = file.find("index_n_heads") != nullptr;
  config.set_text("model_type", indexed ? "deepseek_v32" : "deepseek_v3");
  config.need("num_hidden_layers", file, "n_layers");
  config.need("vocab_size", file, "vocab_size");
  const std::optional<Count> dim = file.required_count("dim", {});
  if (dim) config.set("hidden_size", *dim, file.pointer("dim"));
  config.need("num_attention_heads", file, "n_heads");
  config.need("intermediate_size", file, "inter_dim");
  config.need("moe_intermediate_size", file, "moe_inter_dim");
  set("first_k_dense_replace", "n_dense_layers", 1, 0);
  set("n_routed_experts", "n_routed_experts", 64);
  set("n_shared_experts", "n_shared_experts", 2, 0);
  set("num_experts_per_tok", "n_activated_experts", 6);
  set("q_lora_rank", "q_lora_rank", 0, 0);
  set("kv_lora_rank", "kv_lora_rank", 512);
  set("qk_nope_head_dim", "qk_nope_head_dim", 128);
  set("qk_rope_head_dim", "qk_rope_head_dim", 64, 0);
  set("v_head_dim", "v_head_dim", 128);
  if (indexed) {
    set("index_n_heads", "index_n_heads", 64);
    set("index_head_dim", "index_head_dim", 128);
    set("index_topk", "index_topk", 2048);
  }
  // Gate has the bias that balances its experts at this width alone.
  config.set_text("topk_method", dim && *dim == Count{7168} ? "noaux_tc" : "greedy");
  config.set_flag("tie_word_embeddings", false);
  config.set_flag("attention_bias", false);
  const Count original = argument(file, "original_seq_len", 4096), factor = argument(file, "rope_factor", 40);
  config.set("max_position_embeddings", original * factor, file.pointer("rope_factor"));
  config.set("rope_scaling",
             object_value({member("type", text_value("yarn")), member("factor", integer_value(factor)),
                           member("original_max_position_embeddings", integer_value(original))}),
             file.pointer("rope_factor"));
  constexpr std::string_view kTypes[] = {"bf16", "fp8"};
  config.set_text("torch_dtype", "bfloat16");
  if (file.choice("dtype", kTypes).value_or(0) == 1) {
    JsonValue block;
    block.type = JsonValue::Type::array;
    block.items = {integer_value(128), integer_value(128)};
    config.set("quantization_config",
               object_value({member("quant_method", text_value("fp8")), member("weight_block_size", std::move(block))}),
               file.pointer("dtype"));
  }
  constexpr std::string_view kOfNoCost[] = {"n_expert_groups", "n_limited_groups", "score_func", "route_scale",
                                            "max_batch_size",  "max_seq_len",      "rope_theta", "beta_fast",
                                            "beta_slow",       "mscale",           "scale_fmt"};
  skip(file, kOfNoCost);
  config.note("convert.py leaves out the layers that predict more tokens");
}

}  // namespace

const Layout kDeepseekLayout = {"DeepSeek's inference config", is_deepseek, translate_deepseek};

}  // namespace ctxcost::params
