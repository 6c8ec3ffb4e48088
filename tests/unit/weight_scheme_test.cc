// What `--weights` names, and what checkpoints store by their quantization_config.
#include "ctxcost/weights/weight_scheme.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/input.h"
#include "input/huggingface/huggingface.h"
#include "input/huggingface/module_patterns.h"
#include "input/huggingface/python_pattern.h"
#include "input/json/json.h"

using namespace ctxcost;

namespace {

struct Totals {
  Count tensors, elements, bytes;
};

Totals totals(const Model& model, const WeightScheme& scheme) {
  const auto stored = scheme.store(model);
  REQUIRE(stored);
  Totals sum;
  for (const StoredType& type : sum_by_type(*stored)) {
    sum.tensors += type.tensors;
    sum.elements += type.elements;
    sum.bytes += type.bytes;
  }
  return sum;
}

StoredType of_type(const Model& model, std::string_view name) {
  const auto stored = WeightScheme().store(model);
  REQUIRE(stored);
  for (const StoredType& type : sum_by_type(*stored)) {
    if (type.type == name) return type;
  }
  return {std::string(name), 0, 0, 0};
}

/// Two layers of Llama's form, of width 256; `quantization` is the value of quantization_config.
Model small_llama(const std::string& quantization, int layers = 2) {
  return parse_model(R"({"model_type": "llama", "hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": )" +
                         std::to_string(layers) + R"(,
    "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 1000, "max_position_embeddings": 2048,
    "tie_word_embeddings": false, "torch_dtype": "bfloat16", "quantization_config": )" +
                         quantization + "}",
                     "config.json");
}
// Linears of its layers: q, o 256 x 256; k, v 128 x 256; gate, up 512 x 256; down 256 x 512.
constexpr std::uint64_t kLinear = 2 * (2 * 256 * 256 + 2 * 128 * 256 + 3 * 512 * 256);
// Their outputs: rows of the matrices.
constexpr std::uint64_t kRows = 2 * (2 * 256 + 2 * 128 + 2 * 512 + 256);
// Embedding and head, five norms.
constexpr std::uint64_t kRest = 2 * 1000 * 256 + 5 * 256;

std::string error_of(std::string_view text) {
  try {
    static_cast<void>(parse_weight_scheme(text, "--weights"));
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a name means a file type or a plain type") {
  struct Row {
    const char* text;
    const char* name;
  };
  for (const auto& row :
       {Row{"q4_k_m", "Q4_K_M"}, Row{"Q8_0", "Q8_0"}, Row{"q8_0", "q8_0"}, Row{"q6_k", "q6_k"}, Row{"Q6_K", "Q6_K"},
        Row{"iq4_nl", "iq4_nl"}, Row{"IQ4_NL", "IQ4_NL"}, Row{"mostly_q8_0", "Q8_0"}, Row{"Mxfp4_MoE", "MXFP4_MOE"},
        Row{"F16", "F16"}, Row{"f16", "fp16"}, Row{"BF16", "BF16"}, Row{"bf16", "bf16"}, Row{"mostly_bf16", "BF16"},
        Row{"half", "fp16"}, Row{"mxfp4", "mxfp4"}, Row{"q4_k", "q4_k"},
        Row{"int4:group=32,zero", "int4:group=32,zero"}, Row{"F16:experts=mxfp4", "F16:experts=mxfp4"}}) {
    const auto& [text, name] = row;
    CAPTURE(row.text);
    const WeightScheme scheme = parse_weight_scheme(text, "--weights");
    CHECK(scheme.name() == name);
    CHECK(parse_weight_scheme(scheme.name(), "--weights").name() == name);
  }
}

TEST_CASE("under llama.cpp a name in any case is the file type, elsewhere a block format; a model's own is a format") {
  const Model model = load_model("llama-3.1-8b");
  const auto under = [&model](const char* weights, const char* engine) {
    Workload workload;
    workload.weights = parse_weight_scheme(weights, "--weights");
    const Estimator estimator(model, workload, parse_engine(engine));
    return estimator.weights().name();
  };
  CHECK(under("q8_0", "llama.cpp") == "Q8_0");
  CHECK(under("q6_k", "llama.cpp") == "Q6_K");
  CHECK(under("f16", "llama.cpp") == "F16");
  CHECK(under("bf16", "llama.cpp") == "BF16");
  CHECK(under("Q4_K_M", "llama.cpp") == "Q4_K_M");
  CHECK(under("F16:experts=mxfp4", "llama.cpp") == "F16:experts=mxfp4");
  CHECK(under("q8_0", "ideal") == "q8_0");
  CHECK(under("Q8_0", "ideal") == "Q8_0");
  const Model own = parse_model(R"({"layers": 2, "heads": 4, "d_k": 64, "precision": "Q8_0"})", "own.json");
  for (const char* engine : {"ideal", "llama.cpp"}) {
    CHECK(Estimator(own, Workload{}, parse_engine(engine)).weights().name() == "q8_0");
  }
}

TEST_CASE("a name that means nothing gets a hint") {
  CHECK(error_of("Q4_K_N").find("did you mean") != std::string::npos);
  CHECK(error_of("kivi") == "--weights: \"kivi\" stores a cache, not weights");
  CHECK(error_of("Q4_K_M:group=32").find("experts=mxfp4") != std::string::npos);
}

TEST_CASE("bits a weight of published GGUF files") {
  struct Row {
    const char* model;
    const char* type;
    double bits;
    const char* source;
  };
  const Row rows[] = {
      {"meta-llama/Meta-Llama-3-8B", "Q4_K_M", 4.894, "llama.cpp 34af94c, llama-quantize --dry-run"},
      {"meta-llama/Meta-Llama-3-70B", "Q4_K_M", 4.820, "llama.cpp 34af94c: values of a 70B in Q5_K"},
      {"Qwen/Qwen3-30B-A3B", "Q4_K_M", 4.861, "llama.cpp 34af94c: down projections by layer"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.model);
    const Totals sum = totals(load_model(row.model), parse_weight_scheme(row.type, ""));
    const double bits = sum.bytes.to_double() * 8 / sum.elements.to_double();
    CHECK(bits == doctest::Approx(row.bits).epsilon(0.0005 / row.bits));
  }
}

TEST_CASE("a GGUF file holds what the converter writes") {
  struct Row {
    const char* model;
    Count parameters;
    const char* why;
  };
  const Row rows[] = {
      {"meta-llama/Llama-3.1-8B", 8030261248 + 64, "128 / 2 rotary frequencies"},
      {"microsoft/Phi-3.5-mini-instruct", 3821079552 + 2 * 48, "long and short factors of 96 / 2"},
      {"google/gemma-3-4b-it", 3880099328, "64 of 262208 embedding rows name no token"},
      {"zai-org/GLM-4.5", 358337791296, "the hub's total: with the prediction layer, its embedding and head"},
      {"zai-org/GLM-5", 753864139008, "the hub's total: with the prediction layer alone"},
      {"deepseek-ai/DeepSeek-V3", 671026419200, "without the prediction layer"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.model);
    CAPTURE(row.why);
    CHECK(to_string(totals(load_model(row.model), parse_weight_scheme("Q8_0", "")).elements) ==
          to_string(row.parameters));
  }
}

TEST_CASE("llama.cpp has no smaller block than 32 for Q8_0") {
  const Model mamba = load_model("state-spaces/mamba-130m-hf");  // dt_rank 48
  CHECK_THROWS_AS(static_cast<void>(parse_weight_scheme("Q8_0", "").store(mamba)), InputError);
  CHECK(parse_weight_scheme("Q6_K", "").store(mamba).has_value());
}

TEST_CASE("decode reads the stored bytes: weights once, a row of the embedding, active experts") {
  const Model model = load_model("meta-llama/Llama-3.1-8B");
  Workload workload;
  workload.weights = parse_weight_scheme("bf16", "");
  CHECK(Estimator(model, workload).at(8192, 1).count(Metric::decode_bytes) == Count{16083599360});

  // Q8_0: 34 bytes for 32; norms and rotary frequencies in fp32.
  workload.weights = parse_weight_scheme("Q8_0", "");
  const Estimator q8(model, workload);
  const Count embedding = Count{128256} * 4096 / 32 * 34;
  const Count row = Count{4096} / 32 * 34;
  const Count cache = Count{8192} * 2 * 32 * 8 * 128 * 2;
  CHECK(q8.at(8192, 3).count(Metric::decode_bytes) ==
        *q8.at(8192, 3).count(Metric::weights_bytes) - embedding + 3 * row + 3 * cache);
}

TEST_CASE("quantization_config: elements, scales and what stays in 16 bits") {
  struct Row {
    const char* config;
    const char* type;
    Count bytes;  // of the layers' linears
    const char* formula;
  };
  const Row rows[] = {
      {R"({"quant_method": "fp8", "weight_block_size": [128, 128]})", "fp8", kLinear + kLinear / 16384 * 4,
       "fp32 a block; every matrix is whole blocks"},
      {R"({"quant_method": "fp8", "activation_scheme": "static"})", "fp8", kLinear + 14 * 8,
       "14 matrices, a weight and an input scale each"},
      {R"({"quant_method": "gptq", "bits": 4, "group_size": 128, "desc_act": false})", "int4",
       kLinear / 2 + kLinear / 128 * 2 + kLinear / 128 / 2 + 2 * 4 * (6 * 256 + 512),
       "fp16 scale and 4-bit zero a group, an int32 group index an input"},
      {R"({"quant_method": "gptq", "bits": 8, "group_size": -1})", "int8",
       kLinear + kRows * (2 + 1) + 2 * 4 * (6 * 256 + 512), "one group an output"},
      {R"({"quant_method": "awq", "bits": 4, "group_size": 64, "zero_point": true})", "int4",
       kLinear / 2 + kLinear / 64 * 2 + kLinear / 64 / 2, "no group index"},
      {R"({"quant_method": "bitsandbytes", "load_in_4bit": true, "bnb_4bit_quant_type": "nf4"})", "nf4",
       kLinear / 64 * 36, "docs/cost-model.md section 11.1: 36 bytes for 64"},
      {R"({"quant_method": "bitsandbytes", "load_in_4bit": true, "bnb_4bit_quant_type": "nf4",
           "bnb_4bit_use_double_quant": true})",
       "nf4", kLinear / 2 + kLinear / 64 + kLinear / 64 / 256 * 4, "8-bit scales, an fp32 one for 256 of them"},
      {R"({"quant_method": "bitsandbytes", "load_in_8bit": true})", "int8", kLinear + kRows * 4, "fp32 a row"},
      {R"({"quant_method": "modelopt", "quant_algo": "NVFP4"})", "nvfp4", kLinear / 16 * 9 + 14 * 8,
       "9 bytes for 16, two fp32 scales a matrix"},
      {R"({"quant_method": "compressed-tensors", "format": "pack-quantized", "config_groups": {"group_0":
           {"targets": ["Linear"], "weights": {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 128,
           "symmetric": true}}}, "ignore": ["lm_head"]})",
       "int4", kLinear / 2 + kLinear / 128 * 2 + 14 * 16, "a 16-bit scale a group, the shape as two int64"},
      {R"({"quant_method": "compressed-tensors", "format": "float-quantized", "config_groups": {"group_0":
           {"targets": ["Linear"], "weights": {"num_bits": 8, "type": "float", "strategy": "channel"}}},
           "ignore": ["lm_head"]})",
       "fp8", kLinear + kRows * 2, "a 16-bit scale a row"},
      {R"({"quant_method": "fbgemm_fp8", "activation_scale_ub": 1200.0})", "fp8", kLinear + kRows * 4 + 14 * 4,
       "fp32 a row, an upper bound of the inputs a matrix"},
      {R"({"quant_method": "bitsandbytes", "load_in_4bit": true})", "fp4", kLinear / 64 * 36,
       "fp4 is the class's own; the layout is that of nf4"},
      {R"({"load_in_4bit": true, "load_in_8bit": false, "bnb_4bit_use_double_quant": false})", "fp4", kLinear / 64 * 36,
       "early files do not name the method"},
      {R"({"load_in_8bit": true})", "int8", kLinear + kRows * 4, "fp32 a row"},
      {R"({"quant_method": "awq", "w_bit": 8, "q_group_size": 32})", "int8", kLinear + kLinear / 32 * 2 + kLinear / 32,
       "the names of AutoAWQ's own file"},
      {R"({"quant_method": "gptq"})", "int4",
       kLinear / 2 + kLinear / 128 * 2 + kLinear / 128 / 2 + 2 * 4 * (6 * 256 + 512), "4 bits in groups of 128"},
      {R"({"quant_algo": "fp8_per_channel_per_token"})", "fp8", kLinear + kRows * 4, "fp32 a row"},
      {R"({"quant_algo": "FP8_PB_WO"})", "fp8", kLinear + kLinear / 16384 * 4, "fp32 a block of 128 x 128"},
      {R"({"quant_algo": "MXFP8"})", "fp8", kLinear + kLinear / 32, "an 8-bit exponent for 32"},
      {R"({"quant_algo": "W4A16_NVFP4"})", "nvfp4", kLinear / 16 * 9 + 14 * 4, "no scale of the inputs"},
      {R"({"quant_method": "compressed-tensors", "config_groups": {"group_0": {"targets": ["Linear"],
           "format": "nvfp4-pack-quantized", "weights": {"num_bits": 4, "type": "float"}}}, "ignore": ["lm_head"]})",
       "nvfp4", kLinear / 16 * 9 + 14 * 8, "the format may stand in the group"},
      {R"({"quant_method": "compressed-tensors", "format": "mxfp4-pack-quantized", "config_groups": {"group_0":
           {"targets": ["Linear"], "weights": {"num_bits": 4, "type": "float"}}}, "ignore": ["lm_head"]})",
       "mxfp4", kLinear / 32 * 17, "16 bytes and an exponent for 32"},
      {R"({"quant_method": "compressed-tensors", "config_groups": {"group_0": {"targets": ["Linear"],
           "weights": {}}}, "ignore": ["lm_head"]})",
       "int8", kLinear + 14 * 2, "8-bit integers with a 16-bit scale a matrix"},
      {R"({"quant_method": "compressed-tensors", "format": "int-quantized", "config_groups": {"group_0": {
           "targets": ["Linear"], "weights": {"num_bits": 8, "strategy": "channel", "symmetric": false}}},
           "ignore": ["lm_head"]})",
       "int8", kLinear + kRows * (2 + 1), "a 16-bit scale and an 8-bit zero point a row"},
      {R"({"quant_method": "compressed-tensors", "format": "pack-quantized", "config_groups": {"group_0": {
           "targets": ["Linear"], "weights": {"num_bits": 4, "strategy": "group", "group_size": 64,
           "symmetric": false}}}, "ignore": ["lm_head"]})",
       "int4", kLinear / 2 + kLinear / 64 * 2 + kLinear / 64 / 2 + 14 * 16, "zero points are packed, too"},
      {R"({"quant_method": "compressed-tensors", "format": "float-quantized", "config_groups": {"group_0": {
           "targets": ["Linear"], "weights": {"num_bits": 8, "type": "float", "strategy": "block",
           "block_structure": [128, 64]}}}, "ignore": ["lm_head"]})",
       "fp8", kLinear + kLinear / (128 * 64) * 2, "a 16-bit scale a block"},
      {R"({"quant_method": "compressed-tensors", "format": "float-quantized", "config_groups": {"group_0": {
           "targets": ["Linear"], "weights": {"num_bits": 8, "type": "float", "strategy": "tensor_group",
           "group_size": 16}}}, "ignore": ["lm_head"]})",
       "fp8", kLinear + kLinear / 16 * 2, "a 16-bit scale a group"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.config);
    CAPTURE(row.formula);
    const Model model = small_llama(row.config);
    REQUIRE(model.stored);
    CHECK(to_string(of_type(model, row.type).bytes) == to_string(row.bytes));
    CHECK(to_string(of_type(model, row.type).elements) == to_string(kLinear));
    CHECK(to_string(of_type(model, "bf16").bytes) == to_string(Count{2 * kRest}));
    // --weights overrules the file.
    CHECK(totals(model, parse_weight_scheme("bf16", "")).bytes == Count{2 * (kLinear + kRest)});
  }
}

TEST_CASE("modules that are not converted stay in 16 bits, layer by layer") {
  const Model model = small_llama(
      R"({"quant_method": "fp8", "modules_to_not_convert": ["model.layers.1.mlp.down_proj", "self_attn", "lm_head"]})");
  // gate and up of both layers, down of the first.
  CHECK(of_type(model, "fp8").elements == Count{5 * 512 * 256});
  CHECK(of_type(model, "fp8").tensors == Count{5});
}

TEST_CASE("a method that does not say what the files hold makes the weights unknown, with the reason") {
  struct Row {
    const char* config;
    const char* reason;
  };
  const Row rows[] = {
      {R"({"quant_method": "vptq"})", "quantization_config (vptq) is not understood"},
      {R"({"quant_method": "exl2", "bits": 4.0, "head_bits": 6})",
       "quantization_config (exl2) does not say what the files hold: bits are an average over layers that it does not "
       "list"},
      {R"({"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": 4, "group_size": 64}}})",
       "quantization_config (hqq) does not say what the files hold: each matrix has a description of its own beside "
       "its "
       "scales"},
      {R"({"quant_method": "torchao", "quant_type": "int4_weight_only"})",
       "quantization_config (torchao) does not say what the files hold: the arrays of its tensor classes change with "
       "the "
       "version that wrote them"},
      {R"({"quant_method": "intel/auto-round", "bits": 4, "group_size": 128, "backend": "auto_round:exllamav2"})",
       "auto-round without packing_format does not say what the files hold"},
      {R"({"quant_method": "auto-round", "bits": 4, "packing_format": "auto_round:llm_compressor"})",
       R"(the layout of packing_format "auto_round:llm_compressor" is not known)"},
      {R"({"quant_method": "auto-round", "bits": 4, "data_type": "mx_fp", "packing_format": "auto_round:auto_gptq"})",
       R"(the layout of auto-round's data_type "mx_fp" is not known)"},
      {R"({"quant_method": "aqlm", "num_codebooks": 1, "nbits_per_codebook": 16, "in_group_size": 12})",
       "its codes are no whole bits a weight"},
      {R"({"quant_method": "eetq", "weights": "int4"})", R"(the layout of its weights "int4" is not known)"},
      {R"({"quant_method": "quark", "export": {}})",
       "quark without global_quant_config does not say what the files hold"},
      {R"({"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "int4", "qscheme": "per_group"}}})",
       "the layout of quark's int4 per_group is not known"},
      {R"({"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp8_e4m3", "qscheme": "per_tensor"}},
           "layer_quant_config": {"*mlp*": {"weight": {"dtype": "fp4", "qscheme": "per_group", "group_size": 32,
           "scale_format": "e8m0"}}}})",
       R"(quark's layer_quant_config stores "*mlp*" in a layout of its own)"},
      {R"({"mode": "spiral", "group_size": 64, "bits": 4})", R"(the layout of MLX's mode "spiral" is not known)"},
      {R"({"group_size": 64, "bits": 4, "model.layers.1.mlp.side_proj": {"bits": 8}})",
       R"(the module "model.layers.1.mlp.side_proj", which has a type of its own, is not known)"},
      {R"({"quant_method": "fp8", "weight_block_size": [128, 128], "quant_algo": "MIXED_PRECISION"})",
       "quant_method fp8 beside a quant_algo does not say which tensors are which"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.config);
    const Model model = small_llama(row.config);
    CHECK_FALSE(WeightScheme().store(model).has_value());
    REQUIRE_FALSE(model.notes.empty());
    CHECK_EQ(model.notes.back(), std::string(row.reason) + ": the weights are unknown (weights names a type)");
    // --weights names one.
    CHECK(totals(model, parse_weight_scheme("bf16", "")).bytes == Count{2 * (kLinear + kRest)});
  }
}

TEST_CASE("what other methods store, by the arrays of their classes") {
  // One matrix of each layer after the other: q, o; k, v; gate, up; down.
  const auto of_matrices = [](const auto& bytes) {
    return 2 * (2 * bytes(256, 256) + 2 * bytes(128, 256) + 2 * bytes(512, 256) + bytes(256, 512));
  };
  struct Row {
    const char* config;
    const char* type;
    std::uint64_t bytes;
    const char* formula;
  };
  const Row rows[] = {
      {R"({"quant_method": "auto-round", "bits": 4, "group_size": 128, "packing_format": "auto_round:auto_gptq"})",
       "int4", of_matrices([](auto r, auto c) { return r * c / 2 + r * c / 128 * 5 / 2; }),
       "4 bits a weight, fp16 scale and 4-bit zero a group of 128, no index of the inputs"},
      {R"({"quant_method": "aqlm", "num_codebooks": 1, "nbits_per_codebook": 16, "in_group_size": 8, "out_group_size": 1,
           "linear_weights_not_to_quantize": ["model.embed_tokens.weight", "lm_head.weight"]})",
       "aqlm", of_matrices([](auto r, auto c) { return r * c / 4 + 2 * r + 65536 * 8 * 2; }),
       "a 16-bit code for 8 weights, fp16 scale a row, 65536 vectors of 8 halves a matrix"},
      {R"({"quant_method": "aqlm", "num_codebooks": 2, "nbits_per_codebook": 8, "in_group_size": 8, "out_group_size": 1,
           "linear_weights_not_to_quantize": ["lm_head.weight"]})",
       "aqlm", of_matrices([](auto r, auto c) { return r * c / 4 + 2 * r + 2 * 256 * 8 * 2; }),
       "two 8-bit codes for 8 weights"},
      {R"({"quant_method": "eetq", "weights": "int8", "modules_to_not_convert": ["lm_head"]})", "int8",
       kLinear + 2 * kRows, "int8 and an fp16 scale a row"},
      {R"({"quant_method": "quark", "exclude": ["lm_head"], "global_quant_config": {"weight": {"dtype": "fp4",
           "qscheme": "per_group", "group_size": 32, "scale_format": "e8m0"}, "input_tensors": {"is_dynamic": true}}})",
       "mxfp4", kLinear / 32 * 17, "16 bytes of 32 weights and their exponent"},
      {R"({"quant_method": "quark", "exclude": ["lm_head"], "global_quant_config": {"weight": {"dtype": "fp8_e4m3",
           "qscheme": "per_tensor"}, "input_tensors": {"dtype": "fp8_e4m3", "is_dynamic": false}}})",
       "fp8", kLinear + 14 * 8, "two fp32 scales for each of 14 matrices"},
      {R"({"quant_method": "quark", "exclude": ["lm_head"], "global_quant_config": {"weight": {"dtype": "fp8_e4m3",
           "qscheme": "per_channel"}, "input_tensors": {"dtype": "fp8_e4m3", "is_dynamic": true}}})",
       "fp8", kLinear + 4 * kRows, "an fp32 scale a row"},
      // Without quant_method, by the keys of each.
      {R"({"w_bit": 4, "q_group_size": 128, "zero_point": true, "version": "gemm"})", "int4",
       of_matrices([](auto r, auto c) { return r * c / 2 + r * c / 128 * 5 / 2; }), "AWQ's first files"},
      {R"({"bits": 4, "group_size": 128, "desc_act": false, "damp_percent": 0.01, "sym": true})", "int4",
       of_matrices([](auto r, auto c) { return r * c / 2 + r * c / 128 * 5 / 2 + 4 * c; }),
       "GPTQ's first files: with an index of each input"},
      {R"({"weight_block_size": [128, 128], "activation_scheme": "dynamic"})", "fp8",
       of_matrices([](auto r, auto c) { return r * c + r / 128 * (c / 128) * 4; }), "fp8 in blocks"},
      {R"({"format": "float-quantized", "config_groups": {"group_0": {"targets": ["Linear"],
           "weights": {"num_bits": 8, "type": "float", "strategy": "tensor"}}}})",
       "fp8", kLinear + 14 * 2, "compressed-tensors: a bf16 scale a matrix"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.config);
    CAPTURE(row.formula);
    const Model model = small_llama(row.config);
    REQUIRE(model.stored);
    CHECK_EQ(to_string(of_type(model, row.type).elements), to_string(kLinear));
    CHECK_EQ(to_string(of_type(model, row.type).bytes), to_string(row.bytes));
    CHECK_EQ(to_string(of_type(model, "bf16").bytes), to_string(Count{2 * kRest}));
  }
}

TEST_CASE("MLX: a mode has its group, scales and defaults, and a module may have a format of its own or none") {
  constexpr std::uint64_t kPacked = kLinear + 2 * 1000 * 256;
  struct Row {
    const char* config;
    const char* type;
    std::uint64_t elements, bytes;
  };
  const Row rows[] = {
      {R"({"group_size": 64, "bits": 4, "mode": "affine"})", "int4", kPacked, kPacked / 64 * 36},
      {R"({"bits": 8})", "int8", kPacked, kPacked / 64 * 68},
      {R"({"group_size": 32, "bits": 4, "mode": "mxfp4"})", "mxfp4", kPacked, kPacked / 32 * 17},
      {R"({"mode": "mxfp8"})", "mxfp8", kPacked, kPacked / 32 * 33},
      {R"({"mode": "nvfp4"})", "nvfp4", kPacked, kPacked / 16 * 9},
      // A module of 6 bits, the head of 8, one left out: 52 and 68 bytes for 64.
      {R"({"group_size": 64, "bits": 4, "model.layers.0.mlp.down_proj": {"bits": 6}, "lm_head": {"bits": 8},
           "model.layers.1.self_attn.q_proj": false, "model.layers.1.self_attn.k_proj": true})",
       "int4", kPacked - 512 * 256 - 1000 * 256 - 256 * 256, (kPacked - 512 * 256 - 1000 * 256 - 256 * 256) / 64 * 36},
      {R"({"group_size": 64, "bits": 4, "model.layers.0.mlp.down_proj": {"bits": 6}})", "int6", 512 * 256,
       512 * 256 / 64 * 52},
      {R"({"group_size": 64, "bits": 4, "lm_head": {"bits": 8}, "model.embed_tokens": {"bits": 8}})", "int8",
       2 * 1000 * 256, 2 * 1000 * 256 / 64 * 68},
      {R"({"group_size": 64, "bits": 4, "model.embed_tokens": false})", "int4", kPacked - 1000 * 256,
       (kPacked - 1000 * 256) / 64 * 36},
      // A type of its own takes its defaults, not the others'.
      {R"({"group_size": 128, "bits": 8, "lm_head": {"mode": "mxfp4"}})", "mxfp4", 1000 * 256, 1000 * 256 / 32 * 17},
      // Rows that are no whole groups stay: only down, of 512 columns, is packed.
      {R"({"group_size": 512, "bits": 4})", "int4", 2 * 512 * 256, 2 * 512 * 256 / 512 * 260},
  };
  for (const Row& row : rows) {
    CAPTURE(row.config);
    const Model model = small_llama(row.config);
    CHECK_EQ(to_string(of_type(model, row.type).elements), to_string(row.elements));
    CHECK_EQ(to_string(of_type(model, row.type).bytes), to_string(row.bytes));
  }
  // Experts of a layer are one module.
  const Model mixtral = parse_model(R"({"model_type": "mixtral", "hidden_size": 256, "intermediate_size": 512,
      "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 1000,
      "num_local_experts": 4, "torch_dtype": "bfloat16", "quantization": {"group_size": 64, "bits": 4,
      "model.layers.1.block_sparse_moe.switch_mlp.down_proj": {"bits": 6},
      "model.layers.0.block_sparse_moe.gate": {"bits": 8}}})",
                                    "config.json");
  CHECK(of_type(mixtral, "int6").elements == Count{4 * 512 * 256});
  CHECK(of_type(mixtral, "int8").elements == Count{4 * 256});
}

TEST_CASE("Quark states the cache's type as what the projections of keys and values put out") {
  const std::string start = R"({"quant_method": "quark", "exclude": ["lm_head"], "global_quant_config": {"weight": {
      "dtype": "fp8_e4m3", "qscheme": "per_tensor"}, "input_tensors": {"is_dynamic": false}}, )";
  const std::string layer = R"({"weight": {"dtype": "fp8_e4m3", "qscheme": "per_tensor"}, "input_tensors": {
      "is_dynamic": false}, "output_tensors": {"dtype": "fp8_e4m3"}})";
  const Model model =
      small_llama(start + R"("export": {"kv_cache_group": ["*k_proj", "*v_proj"]}, "layer_quant_config": {
      "*k_proj": )" +
                  layer + R"(, "*v_proj": )" + layer + "}}");
  CHECK(model.kv.name() == "fp8");
  CHECK(of_type(model, "fp8").bytes == Count{kLinear + 14 * 8});
  CHECK(small_llama(start + R"("export": {"kv_cache_group": []}, "layer_quant_config": {}})").kv.name() == "bf16");
  CHECK_THROWS_AS(small_llama(start + R"("export": {"kv_cache_group": ["*k_proj"]}})"), InputError);
}

TEST_CASE("exceptions of GPTQModel and of auto-round have widths of their own, or none") {
  const Model gptq = small_llama(R"({"quant_method": "gptq", "bits": 4, "group_size": 128, "dynamic": {
      "-:.*attn.*": {}, "+:model\\.layers\\.1\\.mlp\\.down_proj": {"bits": 8}, "lm_head": {}}})");
  CHECK(of_type(gptq, "int8").elements == Count{512 * 256});
  CHECK(of_type(gptq, "int4").elements == Count{5 * 512 * 256});
  CHECK(of_type(gptq, "bf16").elements == Count{kLinear + kRest - 6 * 512 * 256});
  const Model rounded = small_llama(R"({"quant_method": "auto-round", "bits": 4, "group_size": 128, "sym": true,
      "data_type": "int", "packing_format": "auto_round:auto_gptq", "extra_config": {
      "model.layers.0.self_attn.q_proj": {"bits": 16, "data_type": "float"},
      "model.layers.1.input_layernorm": {"bits": 16}, "lm_head": {"bits": 8, "group_size": 64}}})");
  CHECK(of_type(rounded, "int8").elements == Count{1000 * 256});
  CHECK(of_type(rounded, "int8").bytes == Count{1000 * 256 / 64 * (64 + 2 + 1)});
  CHECK(of_type(rounded, "int4").elements == Count{kLinear - 256 * 256});
}

TEST_CASE("experts that stand beside the dense feed-forward keep their own names in lists") {
  // Gemma 4's form: "mlp" is the dense feed-forward, "experts" the routed ones.
  const Model model = parse_model(R"({"model_type": "gemma4_text", "hidden_size": 256, "intermediate_size": 512,
      "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 64, "global_head_dim": 64,
      "vocab_size": 1000, "hidden_size_per_layer_input": 0, "enable_moe_block": true, "num_experts": 4,
      "top_k_experts": 2, "moe_intermediate_size": 128, "torch_dtype": "bfloat16", "quantization_config": {
      "quant_algo": "NVFP4", "ignore": ["lm_head", "model.layers.0.mlp*", "model.layers.0.self_attn*",
      "model.layers.0.router*"]}})",
                                  "config.json");
  CHECK(of_type(model, "nvfp4").elements == Count{4 * 3 * 128 * 256});
}

TEST_CASE("published quantised checkpoints") {
  // The hub splits DeepSeek-V3 into F8_E4M3 680,571,043,840, F32 41,555,600 and BF16 3,918,786,560 with its prediction
  // layer, which holds 256 experts, a shared one and attention in fp8.
  const Model v3 = load_model("deepseek-ai/DeepSeek-V3");
  const Count attention = Count{7168} * 1536 + 1536 * 128 * 192 + 7168 * 576 + 512 * 128 * 256 + 128 * 128 * 7168;
  CHECK(of_type(v3, "fp8").elements == Count{680571043840} - 257 * 3 * Count{7168} * 2048 - attention);
  // 41,540,496 scales there: of one layer of experts 257 * 3 * 56 * 16, of its attention 12*56 + 192*12 + 5*56 + 256*4
  // + 56*128.
  const Count scales = Count{41540496} - 257 * 3 * 56 * 16 - (12 * 56 + 192 * 12 + 5 * 56 + 256 * 4 + 56 * 128);
  CHECK(of_type(v3, "fp8").bytes == of_type(v3, "fp8").elements + 4 * scales);
  // Corrections of the router: 58 layers of 256 experts.
  CHECK(of_type(v3, "fp32").bytes == Count{58 * 256 * 4});

  const Model gpt = load_model("openai/gpt-oss-20b");
  CHECK(of_type(gpt, "mxfp4").bytes == Count{9555148800} + 597196800);
  CHECK(of_type(gpt, "bf16").bytes == 2 * (Count{20914757184} - 2 * Count{9555148800}));

  // An older total of the hub counts 62,495,192 scales of Kimi K2.
  const StoredType kimi = of_type(load_model("moonshotai/Kimi-K2-Instruct"), "fp8");
  CHECK(kimi.bytes - kimi.elements == 4 * Count{62495192});
}

TEST_CASE("lists name modules by parts of their path, whole paths, wildcards or regular expressions") {
  using huggingface::ModuleNames;
  struct Row {
    ModuleNames names;
    const char* entry;
    const char* module;  // below its layer
    std::uint32_t layer;
    bool matches;
  };
  constexpr ModuleNames kParts = ModuleNames::parts, kWhole = ModuleNames::whole, kWild = ModuleNames::wildcards;
  const Row rows[] = {
      {kParts, "gate", "block_sparse_moe.gate", 0, true},
      {kParts, "gate", "mlp.gate_proj", 0, false},
      {kParts, "model.layers.*.self_attn", "self_attn.q_proj", 17, true},
      {kParts, "model.layers.1", "mlp.up_proj", 11, false},
      {kParts, "model.layers.1", "mlp.up_proj", 1, true},
      {kParts, "language_model.model.layers.0.mlp", "mlp.up_proj", 0, true},
      {kParts, "model.layers.0.mlp.up_proj.weight", "mlp.up_proj", 0, false},
      {kWhole, "model.layers.3.mlp.up_proj", "mlp.up_proj", 3, true},
      {kWhole, "model.layers.3.mlp", "mlp.up_proj", 3, false},
      {kWhole, "mlp.up_proj", "mlp.up_proj", 3, false},
      {kWhole, "Linear", "mlp.up_proj", 3, true},
      {kWild, "model.layers.0*", "mlp.up_proj", 0, true},
      {kWild, "model.layers.1*", "mlp.up_proj", 12, true},
      {kWild, "model.layers.1.*", "mlp.up_proj", 12, false},
      {kWild, "*self_attn", "self_attn.q_proj", 0, false},
      {kWild, "*self_attn*", "self_attn.q_proj", 0, true},
      {kWild, "model.language_model.layers.1?.self_attn*", "self_attn.q_proj", 15, true},
      {kWild, "model.layers.[!0-2].mlp.*", "mlp.up_proj", 2, false},
      {kWild, "model.layers.[!0-2].mlp.*", "mlp.up_proj", 3, true},
      {kWild, "model.layers.0.mlp", "mlp.up_proj", 0, true},
      {kWhole, "re:.*self_attn.*", "self_attn.q_proj", 0, true},
      {kWhole, "re:.*.*.*.*.*mlp.*", "mlp.up_proj", 31, true},
      {kWhole, "re:mlp.*", "mlp.up_proj", 31, false},
      {kWhole, "re:layers.*", "mlp.up_proj", 31, false},
      {kWhole, "re:model.layers.[0-2].mlp", "mlp.up_proj", 2, true},
      {kWhole, "re:model.layers.[0-2].mlp", "mlp.up_proj", 3, false},
      {kWhole, "re:(?!.*mlp).*", "self_attn.q_proj", 3, true},
      {kWhole, "re:.*mlp\\.(gate|up|gate_up|down)_proj.*", "mlp.experts.0.up_proj", 3, false},
      // [CPython 3.11, re.match on "model.layers.N.module"]
      {kWhole, "re:.*layers.*", "mlp.up_proj", 5, true},
      {kWhole, "re:.*model", "mlp.up_proj", 5, true},
      {kWhole, "re:.*\\.mlp\\.(up|down)_proj", "mlp.up_proj", 7, true},
      {kWhole, "re:.*\\.mlp\\.(up|down)_proj.*", "mlp.gate_proj", 7, false},
      {kWhole, "re:.*mlp_up.*", "mlp.up_proj", 7, false},
      {kWhole, "re:.*mlp(x|)\\.up", "mlp.up_proj", 7, true},
      {kWhole, "re:.*ups?_proj", "mlp.up_proj", 7, true},
      {kWhole, "re:.*(mlp|self_attn)x*", "mlp.up_proj", 7, true},
      {kWhole, "re:.*\\.*", "mlp.up_proj", 7, true},
      {kWhole, "re:.*(up|down){2}", "mlp.up_proj", 7, false},
      {kWhole, "re:.*", "mlp.up_proj", 7, true},
      {kWhole, "re:.*(mlp)+z", "mlp.up_proj", 7, false},
      {kWhole, "re:.*layers\\.mlp.*", "mlp.up_proj", 7, false},
      {kWhole, "re:.*MLP.*", "mlp.up_proj", 7, false},
      {kWhole, "re:.*up_proj$", "mlp.up_proj", 7, true},
      {kWhole, "re:.*up$", "mlp.up_proj", 7, false},
      {kWhole, "re:.*down|model", "mlp.up_proj", 7, true},
      {kWhole, "re:.*(up|down).*proj", "mlp.up_proj", 7, true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.entry);
    CAPTURE(row.module);
    CAPTURE(row.layer);
    huggingface::ModulePatterns patterns(row.names);
    patterns.add(row.entry);
    CHECK(patterns.layers_meant(row.module, 32)[row.layer] == row.matches);
  }
  huggingface::ModulePatterns head;
  head.add("lm_head");
  CHECK(head.means("lm_head"));
  CHECK_FALSE(head.means("model.embed_tokens"));
}

TEST_CASE("wildcards are those of Python's fnmatch") {
  // Every expectation is what CPython 3.11's fnmatch.fnmatchcase says.
  struct Row {
    const char* wildcards;
    const char* name;
    bool matches;
  };
  const Row rows[] = {
      {"[]x]y", "]y", true}, {"[!]x]y", "ay", true}, {"[!]x]y", "]y", false}, {"[", "[", true},
      {"a[b", "a[b", true},  {"[!", "[!", true},     {"[]", "[]", true},      {"[^a]", "^", true},
      {"[^a]", "b", false},  {"[\\]", "\\", true},   {"[[]", "[", true},      {"**a", "xa", true},
      {"a**", "ab", true},   {"*?*", "x", true},     {"?", "ab", false},      {"a.b", "axb", false},
      {"[a-c]", "b", true},  {"[!a-c]", "d", true},  {"a\n*", "a\nb", true},  {"x+", "x+", true},
      {"x+", "xx", false},
  };
  for (const auto& row : rows) {
    const auto& [wildcards, name, matches] = row;
    CAPTURE(row.wildcards);
    CAPTURE(row.name);
    CHECK(huggingface::PythonPattern(huggingface::expression_of_wildcards(wildcards)).matches(name) == matches);
  }
}

TEST_CASE("a list may name modules outside the layers") {
  using huggingface::ModuleNames;
  struct Row {
    ModuleNames names;
    const char* entry;
    const char* module;
    bool matches;
  };
  const Row rows[] = {
      {ModuleNames::parts, "lm_head", "model.lm_head", true},
      {ModuleNames::parts, "lm_head", "decoder.lm_head", true},
      {ModuleNames::parts, "decoder.lm_head", "decoder.lm_head", true},
      {ModuleNames::parts, "decoder", "decoder.lm_head", true},
      {ModuleNames::parts, "head", "lm_head", false},
      {ModuleNames::parts, "", "lm_head", false},
      {ModuleNames::parts, "model", "lm_head", false},
      {ModuleNames::parts, "*.lm_head", "lm_head", false},
      {ModuleNames::parts, "*.lm_head", "decoder.lm_head", true},
      {ModuleNames::whole, "lm_head", "model.lm_head", true},
      {ModuleNames::whole, "lm_head", "decoder.lm_head", false},
      {ModuleNames::whole, "decoder", "decoder.lm_head", false},
      {ModuleNames::whole, "decoder.lm_head", "decoder.lm_head", true},
      {ModuleNames::whole, "Linear", "lm_head", true},
      {ModuleNames::parts, "Linear", "lm_head", false},
      {ModuleNames::whole, "re:.*head", "lm_head", true},
      {ModuleNames::whole, "re:head", "lm_head", false},
      {ModuleNames::wildcards, "*head*", "lm_head", true},
      {ModuleNames::wildcards, "head*", "lm_head", false},
      {ModuleNames::wildcards, "lm_head", "lm_head", true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.entry);
    CAPTURE(row.module);
    huggingface::ModulePatterns patterns(row.names);
    patterns.add(row.entry);
    CHECK(patterns.means(row.module) == row.matches);
  }
}

TEST_CASE("ignore: a pattern keeps the modules of the model's own class") {
  // kLinear in the order q, k, v, o, gate, up, down: 65,536, 32,768, 32,768, 65,536 and three of 131,072 a layer.
  struct Row {
    const char* ignore;
    std::uint64_t kept;
  };
  for (const auto& row :
       {Row{"re:.*.*.*.*.*mlp.*", 2 * 3 * 131072}, Row{"re:.*up_proj", 2 * 131072}, Row{"re:.*v_proj", 2 * 32768},
        Row{"re:model\\\\.layers\\\\.0\\\\.", kLinear / 2}, Row{"re:mlp", 0}, Row{"re:.*feed_forward.*", 0}}) {
    const auto& [ignore, kept] = row;
    CAPTURE(row.ignore);
    const Model model = small_llama(
        R"({"quant_method": "compressed-tensors", "format": "pack-quantized", "config_groups": {"group_0": {
            "targets": ["Linear"], "weights": {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 128,
            "symmetric": true}}}, "ignore": [")" +
        std::string(ignore) + "\"]}");
    CHECK(to_string(of_type(model, "int4").elements) == to_string(Count{kLinear - kept}));
  }
}

TEST_CASE("a pattern that cannot be read, or takes too long, is an error") {
  const auto error = [](const std::string& list, int layers = 2) -> std::string {
    try {
      small_llama(R"({"quant_method": "fp8", "modules_to_not_convert": )" + list + "}", layers);
    } catch (const InputError& fault) {
      return fault.what();
    }
    return "";
  };
  CHECK(error(R"(["lm_head", "re:(a)\\1"])") ==
        "config.json: /quantization_config/modules_to_not_convert/1: expected a pattern that Python's re reads, found "
        "\"re:(a)\\1\": a backreference \\1 is not supported");
  std::string hostile = "[";
  for (int i = 0; i < 20; ++i) {
    hostile += (i == 0 ? "" : ", ") + std::string("\"re:(.?){700}(.?){700}!") + std::to_string(i) + "\"";
  }
  CHECK(error(hostile + R"(, "re:a{4000}", "re:a{4000}"])").find("the expressions of this list are too many") !=
        std::string::npos);
  // Each layer's number is a text of its own.
  CHECK(error(hostile + "]", 4000) ==
        "config.json: /quantization_config/modules_to_not_convert: the expressions of this list take too long to "
        "match");
}

TEST_CASE("GPTQModel's exceptions are as many as real lists have, and more") {
  const auto error = [](int wide, int kept) -> std::string {
    std::string dynamic;
    const auto add = [&dynamic](const char* sign, int i, const char* value) {
      dynamic += dynamic.empty() ? "\"" : ", \"";
      dynamic += sign;
      dynamic += std::to_string(i);
      dynamic += "$\": ";
      dynamic += value;
    };
    for (int i = 0; i < kept; ++i) add("-:a", i, "{}");
    for (int i = 0; i < wide; ++i) add("+:b", i, R"({"bits": 8})");
    try {
      parse_model(R"({"model_type": "llama", "vocab_size": 1000, "hidden_size": 256, "intermediate_size": 512,
                      "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 2048,
                      "quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 128, "dynamic": {)" +
                      dynamic + "}}}",
                  "config.json");
    } catch (const InputError& fault) {
      return fault.what();
    }
    return "";
  };
  const std::string too_many =
      "config.json: /quantization_config/dynamic: expected at most 1,000 modules with widths of their own, and 25,000 "
      "pairs of them with modules that are kept, found more";
  CHECK(error(200, 100) == "");
  CHECK(error(1100, 0) == too_many);
  CHECK(error(600, 100) == too_many);
  // Not a line for each of 5,000 expressions.
  const std::string many = error(0, 9000);
  CHECK(std::count(many.begin(), many.end(), '\n') < 20);
  CHECK(many.find("the expressions of this list are too many") != std::string::npos);
}

TEST_CASE("the cache's own type: kv_cache_scheme and kv_cache_quant_algo") {
  struct Row {
    const char* quantization;
    const char* type;
    std::uint64_t scales;
  };
  for (const auto& row :
       {Row{R"({"quant_method": "modelopt", "quant_algo": "FP8", "kv_cache_quant_algo": "FP8"})", "fp8", 4},
        Row{R"({"quant_algo": "FP8", "kv_cache_scheme": "FP8"})", "fp8", 4},
        Row{R"({"quant_algo": "NVFP4", "kv_cache_quant_algo": "NVFP4"})", "nvfp4", 4},
        Row{R"({"quant_method": "fp8", "kv_cache_scheme": {"num_bits": 8, "type": "int"}})", "int8", 4},
        Row{R"({"quant_method": "fp8", "kv_cache_scheme": {"num_bits": 8, "type": "float", "dynamic": true}})", "fp8",
            0},
        Row{R"({"quant_method": "fp8", "kv_cache_scheme": null})", "bf16", 0},
        Row{R"({"quant_method": "fp8"})", "bf16", 0}}) {
    const auto& [quantization, type, scales] = row;
    CAPTURE(row.quantization);
    const Model model = small_llama(quantization);
    CHECK(model.kv.name() == type);
    // Two layers, K and V.
    Count elements;
    for (const ParameterPart& part : model.parameter_parts) elements += part.elements;
    CHECK(elements == Count{scales});
    bool noted = false;
    for (const std::string& note : model.notes) noted = noted || note.starts_with("the cache is in ");
    CHECK(noted == (std::string_view(type) != "bf16"));
    // --kv-precision overrules the file.
    Workload workload;
    workload.kv = parse_kv_precision("fp16", "");
    CHECK(Estimator(model, workload).at(1000, 1).count(Metric::kv_cache_bytes) == Count{1000 * 2 * 2 * 2 * 64 * 2});
  }
  CHECK_THROWS_AS(small_llama(R"({"quant_algo": "FP8", "kv_cache_quant_algo": "FP3"})"), InputError);
}

TEST_CASE("a layout of ModelOpt that is not known makes the weights unknown, with the reason") {
  const Model model = small_llama(R"({"quant_method": "modelopt", "quant_algo": "W4A8_AWQ"})");
  CHECK_FALSE(WeightScheme().store(model).has_value());
  REQUIRE_FALSE(model.notes.empty());
  CHECK(model.notes.back() ==
        "the layout of quant_algo W4A8_AWQ is not known: the weights are unknown (weights names a type)");
}

TEST_CASE("quantization_config: embedding, head and routers, where the method takes them") {
  // MLX converts every matrix: a 16-bit scale and bias for 64 of 4 bits, 36 bytes for 64.
  const Model mlx = small_llama(R"({"bits": 4, "group_size": 64})");
  CHECK(of_type(mlx, "int4").elements == Count{kLinear + 2 * 1000 * 256});
  CHECK(of_type(mlx, "int4").bytes == Count{(kLinear + 2 * 1000 * 256) / 64 * 36});
  CHECK(of_type(mlx, "bf16").elements == Count{5 * 256});
  // GPTQ with lm_head.
  const Model head = small_llama(R"({"quant_method": "gptq", "bits": 4, "group_size": 128, "lm_head": true})");
  CHECK(of_type(head, "int4").elements == Count{kLinear + 1000 * 256});
  // A layout a module: those that no pattern names stay.
  const Model mixed = small_llama(R"({"quant_algo": "MIXED_PRECISION", "quantized_layers": {
      "model.layers.0.mlp.up_proj": {"quant_algo": "FP8"}, "model.layers.1.mlp*": {"quant_algo": "nvfp4"},
      "lm_head": {"quant_algo": "FP8"}}})");
  CHECK(of_type(mixed, "fp8").elements == Count{512 * 256 + 1000 * 256});
  CHECK(of_type(mixed, "fp8").bytes == Count{512 * 256 + 1000 * 256 + 2 * 8});
  CHECK(of_type(mixed, "nvfp4").elements == Count{3 * 512 * 256});
  CHECK(of_type(mixed, "bf16").elements == Count{kLinear + kRest - 4 * 512 * 256 - 1000 * 256});
  // Lists name each expert: MiniMax-M3-NVFP4 has 22,000 entries, which are gone through once.
  std::string experts_listed = R"({"quant_algo": "MIXED_PRECISION", "quantized_layers": {)";
  for (unsigned i = 0; i < 22'000; ++i) {
    experts_listed += "\"model.layers.1.mlp.experts.";
    experts_listed += std::to_string(i);
    experts_listed += R"(.w1": {"quant_algo": "NVFP4"}, )";
  }
  experts_listed += R"("model.layers.0.mlp.up_proj": {"quant_algo": "FP8"}}})";
  CHECK(of_type(small_llama(experts_listed), "fp8").elements == Count{512 * 256});
  // MiniMax M3 names its index heads and its shared experts in its own way: 5 matrices of 16 x 64 and 64 x 16.
  const Model msa = parse_model(R"({"model_type": "minimax_m3", "hidden_size": 64, "num_hidden_layers": 1,
      "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 100, "intermediate_size": 16,
      "shared_intermediate_size": 16, "num_local_experts": 4, "num_experts_per_tok": 2, "torch_dtype": "bfloat16",
      "sparse_attention_config": {"sparse_attention_freq": [1], "sparse_num_index_heads": 1, "sparse_index_dim": 16,
      "sparse_block_size": 128, "sparse_topk_blocks": 16}, "quantization_config": {"quant_algo": "MIXED_PRECISION",
      "quantized_layers": {"model.layers.0.self_attn.index_q_proj": {"quant_algo": "MXFP8"},
      "model.layers.0.self_attn.index_k_proj": {"quant_algo": "MXFP8"},
      "model.layers.0.block_sparse_moe.shared_experts.gate_proj": {"quant_algo": "MXFP8"},
      "model.layers.0.block_sparse_moe.shared_experts.up_proj": {"quant_algo": "MXFP8"},
      "model.layers.0.block_sparse_moe.shared_experts.down_proj": {"quant_algo": "MXFP8"}}}})",
                                "config.json");
  CHECK(of_type(msa, "fp8").elements == Count{5 * 16 * 64});
  // Two groups, of whole paths.
  const Model groups = small_llama(R"({"quant_method": "compressed-tensors", "config_groups": {
      "group_0": {"targets": ["re:.*self_attn.*"], "weights": {"num_bits": 8, "type": "float"}},
      "group_1": {"targets": ["re:.*mlp.*"], "weights": {"num_bits": 8}}}})");
  CHECK(of_type(groups, "fp8").elements == Count{2 * (2 * 256 * 256 + 2 * 128 * 256)});
  CHECK(of_type(groups, "int8").elements == Count{2 * 3 * 512 * 256});
  CHECK(groups.stored->name == "fp8, scaled by tensor and int8, scaled by tensor");
  // A mixture of Mixtral's form: the router is no linear module, but MLX packs it.
  const std::string mixtral = R"({"model_type": "mixtral", "hidden_size": 256, "intermediate_size": 512,
      "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 1000,
      "num_local_experts": 4, "tie_word_embeddings": true, "torch_dtype": "bfloat16", "quantization_config": )";
  constexpr std::uint64_t kAttention = 2 * 256 * 256 + 2 * 128 * 256, kExperts = 4 * 3 * 512 * 256;
  const Model fp8 = parse_model(mixtral + R"({"quant_method": "fp8"}})", "config.json");
  CHECK(of_type(fp8, "fp8").elements == Count{kAttention + kExperts});
  const Model packed = parse_model(mixtral + R"({"bits": 8, "group_size": 32}})", "config.json");
  CHECK(of_type(packed, "int8").elements == Count{kAttention + kExperts + 4 * 256 + 1000 * 256});
  const Model experts = parse_model(mixtral + R"({"quant_method": "mxfp4"}})", "config.json");
  CHECK(of_type(experts, "mxfp4").elements == Count{kExperts});
  CHECK(of_type(experts, "mxfp4").bytes == Count{kExperts / 32 * 17});
}

TEST_CASE("quantization_config: what cannot be read is an error at its key") {
  struct Row {
    const char* config;
    const char* message;  // behind "config.json: /quantization_config"
  };
  const Row rows[] = {
      {R"({"quant_method": "gptq", "bits": 17})", "/bits: expected at most 16 bits, found 17"},
      {R"({"quant_method": "gptq", "bits": 0})", "/bits: expected a positive integer, found 0"},
      {R"({"quant_method": "awq", "group_size": 0})", "/group_size: expected a positive integer, found 0"},
      {R"({"quant_method": "awq", "group_size": "128"})",
       R"(/group_size: expected a positive integer, found "128" (remove the quotes))"},
      {R"({"quant_method": "fp8", "weight_block_size": [128]})", "/weight_block_size: expected two positive integers"},
      {R"({"quant_method": "fp8", "weight_block_size": [128, 0]})",
       "/weight_block_size: expected two positive integers"},
      {R"({"quant_method": "fp8", "weight_block_size": [0, 128]})",
       "/weight_block_size: expected two positive integers"},
      {R"({"quant_method": "fp8", "weight_block_size": 128})",
       "/weight_block_size: expected a list of integers, found 128"},
      {R"({"quant_method": "compressed-tensors", "format": "float-quantized", "config_groups": {"group_0": {
           "targets": ["Linear"], "weights": {"num_bits": 8, "type": "float", "strategy": "block",
           "block_structure": [0, 128]}}}})",
       "/config_groups/group_0/weights/block_structure: expected two positive integers"},
      {R"({"quant_method": "compressed-tensors", "format": "float-quantized", "config_groups": {"group_0": {
           "targets": ["Linear"], "weights": {"num_bits": 8, "type": "float", "strategy": "block",
           "block_structure": [128, 0]}}}})",
       "/config_groups/group_0/weights/block_structure: expected two positive integers"},
      {R"({"quant_method": "fp8", "modules_to_not_convert": "lm_head"})",
       R"(/modules_to_not_convert: expected a list of strings, found "lm_head")"},
      {R"({"quant_method": "bitsandbytes", "load_in_8bit": 1})", "/load_in_8bit: expected true or false, found 1"},
      {R"({"quant_method": 8})", "/quant_method: expected a string, found 8"},
      {R"({"quant_method": "fp8", "kv_cache_scheme": {"num_bits": 4, "type": "int"}})",
       "/kv_cache_scheme: expected num_bits 8, or 4 of type float, found num_bits 4 of type int"},
      {R"({"quant_method": "fp8", "kv_cache_scheme": {"num_bits": 6, "type": "float"}})",
       "/kv_cache_scheme: expected num_bits 8, or 4 of type float, found num_bits 6 of type float"},
      {R"({"quant_method": "fp8", "kv_cache_scheme": {}})",
       "/kv_cache_scheme/num_bits: expected a positive integer, found nothing"},
      {R"({"mode": "mxfp4", "group_size": 64, "bits": 4})", "/group_size: expected groups of 32 of mxfp4"},
      {R"({"mode": "nvfp4", "group_size": 16, "bits": 8})", "/bits: expected 4 bits of nvfp4"},
      {R"({"bits": 4, "group_size": 64, "lm_head": {"bits": 17}})",
       "/lm_head/bits: expected at most 16 bits, found 17"},
      {R"({"quant_algo": "FP8", "kv_cache_quant_algo": "FP3"})",
       R"(/kv_cache_quant_algo: unknown type of a cache "FP3" (FP8, INT8 and NVFP4 are known))"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.config);
    std::string message = "accepted";
    try {
      small_llama(row.config);
    } catch (const InputError& error) {
      message = error.what();
    }
    CHECK_EQ(message, std::string("config.json: /quantization_config") + row.message);
  }
}

TEST_CASE("quantization_config: a layout that is not understood makes the weights unknown, with the reason") {
  for (const char* config : {
           R"({"quant_method": "modelopt"})",
           R"({"quant_algo": "MIXED_PRECISION", "config_groups": {}})",
           R"({"quant_method": "compressed-tensors"})",
           R"({"quant_method": "compressed-tensors", "config_groups": {"group_0": {"targets": ["Linear"]}}})",
           R"({"quant_method": "compressed-tensors", "config_groups": {"group_0": {"targets": ["Linear"],
               "weights": {"strategy": "spiral"}}}})",
           R"({"quant_method": "compressed-tensors", "config_groups": {"group_0": {"targets": ["Linear"],
               "weights": {"strategy": "block"}}}})",
           R"({"spare": 1})",
           R"({"kv_cache_quant_algo": "FP8", "config_groups": {}})",
       }) {
    CAPTURE(config);
    const Model model = small_llama(config);
    CHECK_FALSE(WeightScheme().store(model).has_value());
    bool noted = false;
    for (const std::string& note : model.notes) {
      noted = noted || (note.find("is not understood: the weights are unknown") != std::string::npos);
    }
    CHECK(noted);
  }
  // The cache's type alone says nothing of the weights.
  const Model cache = small_llama(R"({"kv_cache_scheme": {"num_bits": 4, "type": "float", "dynamic": false}})");
  CHECK_FALSE(cache.stored);
  CHECK(cache.kv.name() == "nvfp4");
  for (const std::string& note : cache.notes) CHECK(note.find("is not understood") == std::string::npos);
  CHECK_FALSE(small_llama(R"({"quant_method": "modelopt", "quant_algo": null, "kv_cache_quant_algo": "FP8"})").stored);
  // "NONE" is no type.
  CHECK(small_llama(R"({"quant_algo": "FP8", "kv_cache_quant_algo": "none"})").kv.name() == "bf16");
  CHECK(small_llama(R"({"quant_algo": "FP8", "kv_cache_quant_algo": "int8"})").kv.name() == "int8");
}

TEST_CASE("hf_quant_config.json decides where config.json says nothing, and is compared where it does") {
  const auto read = [](const std::string& own, const std::string& beside) {
    const std::string config = R"({"model_type": "llama", "hidden_size": 256, "intermediate_size": 512,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 1000,
        "tie_word_embeddings": false, "torch_dtype": "bfloat16")" +
                               own + "}";
    return read_huggingface(parse_json(config, "config.json"), parse_json(beside, "hf_quant_config.json"), {});
  };
  const auto error = [&read](const std::string& beside) -> std::string {
    try {
      read("", beside);
    } catch (const InputError& fault) {
      return fault.what();
    }
    return "accepted";
  };
  const std::string fp8 = R"({"quantization": {"quant_algo": "FP8"}})";
  CHECK(of_type(read("", fp8), "fp8").elements == Count{kLinear});
  const auto compared = [&](const std::string& own) {
    const Model model = read(R"(, "quantization_config": )" + own, fp8);
    for (const std::string& note : model.notes) {
      if (note == "hf_quant_config.json says something else than quantization_config, which is what counts")
        return false;
    }
    return true;
  };
  CHECK(compared(R"({"quant_algo": "FP8"})"));
  CHECK_FALSE(compared(R"({"quant_algo": "NVFP4"})"));
  CHECK_FALSE(compared(R"({"quant_algo": "FP8", "kv_cache_scheme": "FP8"})"));
  CHECK(error("{}") == "hf_quant_config.json: /quantization: expected an object, found nothing");
  CHECK(error(R"({"quantization": null})") == "hf_quant_config.json: /quantization: expected an object, found null");
  CHECK(error(R"({"quantization": "FP8"})") ==
        "hf_quant_config.json: /quantization: expected an object, found \"FP8\"");
  CHECK(error(R"({"quantization": {"quant_method": "fp8", "weight_block_size": [128]}})") ==
        "hf_quant_config.json: /quantization/weight_block_size: expected two positive integers");
}

// The tensors of a model of many kinds of layers are summed as they are visited, and listed only where they are asked
// for.
TEST_CASE("a model of many kinds of layers has the sums of its stored tensors") {
  std::string pattern;
  for (int i = 0; i < 300; ++i) {
    pattern += (i == 0 ? "" : ", ") + std::string(R"({"d_ff": )") + std::to_string(64 * (i + 1)) + "}";
  }
  const Model model = parse_model(
      R"({"layers": 300, "heads": 4, "d_k": 64, "d_model": 256, "vocab": 1024, "pattern": [)" + pattern + "]}", "test");
  REQUIRE(model.groups.size() == 300);
  for (const char* const name : {"fp16", "int4:group=32", "Q8_0"}) {
    CAPTURE(name);
    const WeightScheme scheme = parse_weight_scheme(name, "test");
    const auto stored = scheme.store(model);
    REQUIRE(stored);
    std::size_t visited = 0;
    Count bytes, read;
    CHECK(scheme.for_each_stored(model, [&](const StoredTensor& tensor) {
      REQUIRE(visited < stored->size());
      const StoredTensor& listed = (*stored)[visited++];
      CHECK(tensor.tensor == listed.tensor);
      CHECK(tensor.type == listed.type);
      CHECK(tensor.bytes == listed.bytes);
      CHECK(tensor.row_bytes == listed.row_bytes);
      CHECK(tensor.group == listed.group);
      CHECK(tensor.layers == listed.layers);
      CHECK(tensor.place == listed.place);
      bytes += tensor.count() * tensor.bytes;
      read += tensor.place == Place::embedding && tensor.group == nullptr ? tensor.row_bytes
                                                                          : tensor.count() * tensor.bytes;
    }));
    CHECK(visited == stored->size());

    Workload settings;
    settings.weights = scheme;
    const Estimator estimator(model, settings);
    const Estimate values = estimator.at(1, 1);
    CHECK(values.count(Metric::weights_bytes) == bytes);
    CHECK(*values.count(Metric::decode_bytes) == read + estimator.decode_cache_bytes(1, 1));
    const Estimator copy = estimator;
    REQUIRE(copy.stored_tensors());
    CHECK(copy.stored_tensors()->size() == stored->size());
    CHECK(&copy.stored_tensors() == &estimator.stored_tensors());
    Count of_terms;
    for (const Term& term : estimator.terms(1, 1)) {
      if (term.metric == Metric::weights_bytes) of_terms += *term.total();
    }
    CHECK(of_terms == bytes);
  }
  const Model unknown =
      parse_model(R"({"layers": 300, "heads": 4, "d_k": 64, "d_model": 256, "pattern": [)" + pattern + "]}", "test");
  CHECK_FALSE(WeightScheme(parse_precision("fp16", "test")).for_each_stored(unknown, [](const StoredTensor&) {}));
  CHECK_FALSE(Estimator(unknown, {}).at(1, 1).count(Metric::weights_bytes));
}
