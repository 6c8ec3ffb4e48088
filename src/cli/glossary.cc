// The terms of the field: `ctxcost help glossary`, `ctxcost help TERM`, and the table of docs/glossary.md, which
// scripts/update-docs writes from this file.
#include "glossary.h"

#include <algorithm>

#include "core/character.h"
#include "core/format.h"
#include "help_lines.h"

namespace ctxcost::cli {
namespace {

// clang-format off
constexpr GlossaryTerm kTerms[] = {
    {"activations",
     "what a layer computes on its way; they are gone after it, but in training they are kept for the backward pass",
     "metric `activation_bytes`, option `--activations`"},
    {"active parameters",
     "those that one token uses: in a mixture of experts its chosen experts and all that is not an expert",
     "metrics `active_parameters`, `active_parameters_without_embedding`"},
    {"batch",
     "sequences that are computed at the same time",
     "metrics `batch`, `max_batch`, option `--batch`"},
    {"block, page",
     "the tokens that a runtime allocates cache for at once; the last block of a sequence is rarely full",
     "metric `kv_reserved_bytes`, option `--engine`"},
    {"causal mask",
     "a query sees its own key and earlier ones: about half of all pairs",
     "option `--convention`"},
    {"chunked attention",
     "a query sees the keys of its own chunk up to itself, and none of earlier chunks",
     "mechanism `chunked`"},
    {"chunked prefill",
     "a prompt is computed in pieces, beside decode steps; a piece's size bounds its activations",
     "metric `activation_bytes`, option `--engine`"},
    {"concurrency",
     "sequences of the full context whose cache fits at the same time",
     "metrics `max_concurrency`, `kv_capacity_tokens`"},
    {"context length",
     "tokens of one sequence: prompt and answer together",
     "metrics `context`, `max_context`, `max_context_memory`, option `--context`"},
    {"context window",
     "the length that a model was trained for, or that the scaling of its positions reaches",
     "metric `window_status`, option `--beyond-window`"},
    {"cost of tokens",
     "what the devices cost for a million tokens: their price for the time that these take",
     "metrics `usd_per_million_prefill_tokens`, `usd_per_million_decode_tokens`, option `--price`"},
    {"data parallel",
     "copies of the model, each with its own sequences",
     "option `--parallel` (`dp`)"},
    {"decode",
     "the steps after the prefill: each reads weights and cache once and yields a token of each sequence",
     "metrics `decode_flops`, `decode_bytes`, `decode_seconds_per_token`, `decode_tokens_per_second`"},
    {"embedding",
     "the matrix with a row for each word of the vocabulary; a token reads one row",
     "metrics `parameters`, `parameters_non_embedding`"},
    {"energy of a token",
     "the power of the devices for the time that a decoded token takes",
     "metric `joules_per_decode_token`, option `--power`"},
    {"expert parallel",
     "the experts of a layer are spread over devices",
     "option `--parallel` (`ep`)"},
    {"FlashAttention",
     "attention in one pass that never stores the scores, with the same result",
     "metrics `flash_workspace_bytes`, `score_matrix_bytes`, option `--flash`"},
    {"FLOP",
     "one floating-point operation; FLOPs are a number of them, FLOP/s a rate",
     "metrics `forward_flops`, `attention_flops`, `attention_flops_per_layer`, `linear_flops`, `logits_flops`"},
    {"FLOP and MAC",
     "a multiply-add (MAC) is one multiplication and one addition: two FLOPs in most papers, one in some",
     "metrics `attention_macs`, `attention_macs_per_layer`, option `--convention`"},
    {"GB and GiB",
     "10^9 and 2^30 bytes: 80 GB are 74.5 GiB",
     "option `--units`"},
    {"GQA",
     "grouped-query attention: several query heads share one KV head, and the cache is as many times smaller",
     "metric `kv_cache_bytes`, mechanism `full`"},
    {"growth",
     "how a cost compares with that of the first context",
     "metrics `growth_attention_flops`, `growth_kv_cache`"},
    {"headroom",
     "what is left of a device's memory",
     "metric `headroom_bytes`, options `--margin`, `--overhead`"},
    {"host offload",
     "layers, experts or cache in the host's memory; they are read over a slower bus",
     "metric `host_bytes`, option `--host-bandwidth`"},
    {"image tokens",
     "what a vision model makes of a picture: they take places in the context and in the cache as words do",
     "metric `context`, option `--images`"},
    {"KV cache",
     "the keys and values of earlier tokens, which later tokens read",
     "metrics `kv_cache_bytes`, `kv_bytes_per_token`, `device_kv_bytes`, option `--kv-precision`"},
    {"KV cache on the host",
     "a store of contexts in host memory or on disk: one is loaded back where that takes less than a prefill",
     "option `--kv-host`"},
    {"KV head",
     "a head of keys and values; GQA and MQA have fewer of them than query heads",
     "metric `kv_cache_bytes`, option `--set` (`--set kv_heads=4`)"},
    {"linear attention",
     "sums over earlier tokens in place of scores: work grows with n, memory does not",
     "mechanisms `linear`, `retention`, `lightning`, `gated_delta`"},
    {"logits",
     "scores of all words of the vocabulary for the next token",
     "metric `logits_flops`, option `--logits`"},
    {"LoRA",
     "low-rank adaptation: two thin matrices beside each linear, which a server keeps in slots, one for each adapter in use",
     "metric `device_bytes`, option `--lora`"},
    {"MFU, MBU",
     "the shares of the peak FLOP/s and of the bandwidth that a run really reaches",
     "options `--mfu`, `--mbu`"},
    {"MLA",
     "multi-head latent attention: the cache holds one compressed row for all heads",
     "mechanism `latent`"},
    {"MoE",
     "mixture of experts: each token uses a few of many feed-forwards",
     "metric `active_parameters`"},
    {"MQA",
     "multi-query attention: one KV head for all query heads",
     "metric `kv_cache_bytes`, mechanism `full`"},
    {"needle in a haystack",
     "a test that hides a sentence at some depth of a long text and asks for it",
     "command `evaluate`"},
    {"paged attention",
     "a cache in blocks that need not lie side by side",
     "metric `kv_reserved_bytes`, option `--engine`"},
    {"pipeline parallel",
     "layers are spread over devices, one stage after the other",
     "option `--parallel` (`pp`)"},
    {"positions: RoPE, YaRN",
     "how tokens know their places; scaling stretches the trained ones to longer contexts",
     "metric `window_status`, command `compare`"},
    {"precision",
     "the type of stored numbers: 2 bytes in `bf16` or `fp16`, 1 in `fp8`, about a half in `int4`",
     "options `--weights`, `--kv-precision`"},
    {"prefill",
     "the first pass over the prompt, all its tokens at once",
     "metrics `forward_flops`, `prefill_seconds`"},
    {"prefix caching",
     "requests that start with the same tokens keep and compute the cache of those once",
     "option `--shared-prefix`"},
    {"Q4_K_M and its like",
     "file types of GGUF: each tensor gets a type of its own by rules",
     "option `--weights`"},
    {"quality",
     "how well a model still answers, at a length or in few bits; nothing here measures it",
     "command `show`, which quotes published tests"},
    {"quantization",
     "numbers in fewer bits with shared scales, which are bytes, too: `q8_0`, `q4_0`, `nvfp4`, `mxfp4`",
     "metric `weights_bytes`, option `--weights`"},
    {"roofline",
     "a time is at least its FLOPs over the peak and its bytes over the bandwidth; the longer one is the bound",
     "metrics `prefill_seconds`, `decode_seconds_per_token`, `critical_batch`, `kv_equals_weights_context`"},
    {"scores",
     "the product of each query with each key that it sees: n² a head without a mask",
     "metrics `scores`, `scores_per_head`, `scores_per_layer`, `score_matrix_bytes`"},
    {"sequence parallel",
     "norms and activations are split along the sequence beside tensor parallelism",
     "option `--sequence-parallel`"},
    {"sliding window",
     "a query sees the last w keys only, so that the cache stops growing",
     "mechanism `sliding_window`"},
    {"speculative decoding",
     "a small model drafts tokens that the large one checks; both have a cache",
     "options `--draft`, `--engine`"},
    {"state",
     "what recurrent layers keep of the past: it does not grow with the context",
     "metric `state_bytes`, mechanisms `mamba`, `mamba2`, `rwkv`"},
    {"tensor parallel",
     "heads and matrices of each layer are split over devices",
     "metric `device_bytes`, option `--parallel` (`tp`)"},
    {"token",
     "a piece of text that a model reads or writes: a word, a part of one, a sign",
     "metric `context`"},
    {"TPOT, ITL",
     "time per output token, inter-token latency: one decode step",
     "metric `decode_seconds_per_token`"},
    {"TTFT",
     "time to first token: the prefill, and what a server adds by waiting",
     "metric `prefill_seconds`"},
    {"user",
     "who has a request in flight: one sequence",
     "options `--users`, `--lengths`"},
    {"weights",
     "the learned parameters as they are stored",
     "metrics `weights_bytes`, `parameters`, option `--weights`"},
    {"ZeRO",
     "training states divided over the data-parallel devices",
     "option `--zero`"},
};
// clang-format on

}  // namespace

std::span<const GlossaryTerm> glossary() { return kTerms; }

std::vector<std::string> glossary_names() {
  std::vector<std::string> all;
  for (const GlossaryTerm& row : kTerms) {
    for (std::string_view names = row.term; !names.empty();) {
      const std::size_t comma = std::min(names.find(", "), names.size());
      std::string& name = all.emplace_back(names.substr(0, comma));
      std::replace(name.begin(), name.end(), ' ', '-');
      names.remove_prefix(std::min(comma + 2, names.size()));
    }
  }
  return all;
}

const GlossaryTerm* find_term(std::string_view name) {
  const auto as_word = [](std::string_view text) {
    std::string word = lower_case(text);
    std::replace(word.begin(), word.end(), ' ', '-');
    return word;
  };
  const std::string asked = as_word(name);
  for (const GlossaryTerm& row : kTerms) {
    for (std::string_view names = row.term; !names.empty();) {
      const std::size_t comma = std::min(names.find(", "), names.size());
      if (as_word(names.substr(0, comma)) == asked) return &row;
      names.remove_prefix(std::min(comma + 2, names.size()));
    }
  }
  return nullptr;
}

std::string glossary_entry(const GlossaryTerm& term) {
  constexpr std::size_t kMeaningColumn = 20;
  std::string text = format("{} [{}]", term.meaning, term.belongs);
  std::erase(text, '`');
  std::string lines;
  append_row(lines, format("  {}", term.term), kMeaningColumn, text);
  return lines;
}

}  // namespace ctxcost::cli
