// Linear attention, delta rules, state spaces and short convolutions: docs/cost-model.md section 8, and loops over the
// matrix products of each form.
#include <doctest/doctest.h>

#include "mixers.h"

using namespace ctxcost;

namespace {

/// Counts the multiply-adds of matrix products by doing none of them.
struct Loops {
  std::uint64_t macs = 0;
  std::uint64_t operations = 0;
  /// [rows, inner] x [inner, columns]
  void product(int rows, int inner, int columns) {
    for (int i = 0; i < rows; ++i) {
      for (int j = 0; j < columns; ++j) {
        for (int k = 0; k < inner; ++k) ++macs;
      }
    }
  }
  /// The same below and on the diagonal of a square result (rows = columns) or a square first factor (rows = inner).
  void causal_scores(int rows, int inner) {
    for (int i = 0; i < rows; ++i) product(1, inner, i + 1);
  }
  void causal_values(int rows, int columns) {
    for (int i = 0; i < rows; ++i) product(1, i + 1, columns);
  }
  void convolution(int tokens, int channels, int kernel) {
    for (int t = 0; t < tokens; ++t) product(channels, kernel, 1);
  }
  void elementwise(int elements) { operations += static_cast<std::uint64_t>(elements); }
};

/// Calls `chunk` with the lengths of the chunks of n tokens.
template <class Chunk>
void chunks_of(int n, int length, Chunk chunk) {
  for (int start = 0; start < n; start += length) chunk(std::min(length, n - start));
}

void check(const std::optional<Work>& work, const Loops& loops) {
  REQUIRE(work.has_value());
  CHECK(work->macs == loops.macs);
  CHECK(work->scalar_operations == loops.operations);
  CHECK(work->scores == 0);
  CHECK(work->scores_per_head == Count{0});
}

}  // namespace

TEST_CASE("gated delta rule: chunks are the products of its WY form, a step is read, update and read") {
  const int heads = 4, key_heads = 2, d_k = 3, d_v = 5, conv = 4, chunk = 6;
  const auto mixer = make_mixer("gated_delta", with_d_v(mixer_shape(heads, d_k), d_v),
                                {{"key_heads", Count{key_heads}}, {"chunk", Count{chunk}}});
  const int channels = 2 * key_heads * d_k + heads * d_v;
  for (int n = 0; n < 20; ++n) {
    Loops loops;
    chunks_of(n, chunk, [&](int c) {
      for (int h = 0; h < heads; ++h) {
        loops.product(c, d_k, c);    // K K^T
        loops.product(c, c, d_k);    // W = T (beta K)
        loops.product(c, c, d_v);    // U = T (beta V)
        loops.product(c, d_k, d_v);  // W S
        loops.product(c, d_k, c);    // Q K^T
        loops.product(c, c, d_v);    // its product with the new values
        loops.product(c, d_k, d_v);  // Q S
        loops.product(d_k, c, d_v);  // K^T (U - W S)
      }
    });
    loops.convolution(n, channels, conv);
    check(mixer->prefill(static_cast<unsigned>(n), PairRule::exact), loops);
    check(mixer->prefill(static_cast<unsigned>(n), PairRule::reach), loops);
  }
  Loops step;
  for (int h = 0; h < heads; ++h) {
    step.elementwise(d_k * d_v);  // decay of S
    step.product(1, d_k, d_v);    // S^T k
    step.elementwise(2 * d_v);    // (v - S^T k) beta
    step.product(d_k, 1, d_v);    // S + k delta
    step.product(1, d_k, d_v);    // S^T q
  }
  step.convolution(1, channels, conv);
  check(mixer->decode(1), step);
  check(mixer->decode(1000), step);
}

TEST_CASE("gated delta rule of Qwen3-Next: docs/cost-model.md section 8") {
  const auto mixer = make_mixer("gated_delta", mixer_shape(32, 128, 2048), {{"key_heads", Count{16}}});
  CHECK(flop2(mixer->decode(1)) == 3678208 + 65536);
  CHECK(mixer->decode(1)->scalar_operations == 32 * (16384 + 256));
  CHECK(2 * linear_parameters(*mixer) == 67371008);
  CHECK(state_elements(*mixer, "recurrent") == 524288);
  CHECK(state_elements(*mixer, "convolution") == 24576);
  CHECK(36 * (Count{524288} * 4 + 24576 * 2) == 77266944);
  // docs/cost-model.md section 8: one head, chunks of 64, without the convolution.
  const auto head = make_mixer("gated_delta", mixer_shape(1, 128), {});
  CHECK(flop2(head->prefill(64, PairRule::exact)) - 2 * 64 * 4 * 384 == 180224 * 64);
  // Kernel 8192*4, decay 2*32, gated norm 128.
  CHECK(parameters(*mixer) == 33685504 + 32768 + 64 + 128);
}

TEST_CASE("Kimi delta attention: heads of its own, three convolutions, low-rank gates") {
  const MixerShape shape = mixer_shape(32, 128, 2304);
  const auto mixer = make_mixer("kimi_delta", shape, {});
  CHECK(flop2(mixer->decode(1)) == 3678208 + Count{2} * 3 * 4096 * 4);
  CHECK(state_elements(*mixer, "recurrent") == 32 * 128 * 128);
  CHECK(state_elements(*mixer, "convolution") == 3 * 3 * 4096);
  CHECK(mixer->prefill(100, PairRule::exact)->macs ==
        make_mixer("gated_delta", shape, {})->prefill(100, PairRule::exact)->macs);
  // q, k, v, o; decay and gate 2304*128 + 128*4096 each; strengths 2304*32; kernels; step sizes 4096; 32; norm 128.
  const Count low_rank = 2304 * 128 + 128 * 4096;
  CHECK(parameters(*mixer) == Count{4} * 2304 * 4096 + 2 * low_rank + 2304 * 32 + 3 * 4096 * 4 + 4096 + 32 + 128);
  const auto full = make_mixer("kimi_delta", shape, {{"full_rank_gate", true}});
  CHECK(parameters(*full) == parameters(*mixer) - low_rank + Count{2304} * 4096);
  const auto both = make_mixer("kimi_delta", shape, {{"full_rank_gate", true}, {"full_rank_decay", true}});
  CHECK(parameters(*both) == parameters(*mixer) - 2 * low_rank + Count{2} * 2304 * 4096);
}

TEST_CASE("lightning attention: blocks with a triangle inside, a decayed state between") {
  const int heads = 3, d_k = 4, d_v = 5, block = 7;
  const auto mixer = make_mixer("lightning", with_d_v(mixer_shape(heads, d_k), d_v), {{"block", Count{block}}});
  for (int n = 0; n < 24; ++n) {
    Loops loops;
    chunks_of(n, block, [&](int c) {
      for (int h = 0; h < heads; ++h) {
        loops.causal_scores(c, d_k);
        loops.causal_values(c, d_v);
        loops.product(c, d_k, d_v);  // Q S
        loops.product(d_k, c, d_v);  // S + K^T V
      }
    });
    check(mixer->prefill(static_cast<unsigned>(n), PairRule::exact), loops);
  }
  Loops step;
  for (int h = 0; h < heads; ++h) {
    step.elementwise(d_k * d_v);
    step.product(d_k, 1, d_v);
    step.product(1, d_k, d_v);
  }
  check(mixer->decode(9), step);
}

TEST_CASE("lightning attention of MiniMax-Text-01: docs/cost-model.md section 8") {
  const auto mixer = make_mixer("lightning", mixer_shape(64, 128, 6144), {});
  CHECK(state_elements(*mixer, "recurrent") == 1048576);
  CHECK(state_elements(*mixer, "recurrent") * 70 * 4 == 293601280);
  CHECK(mixer->state().size() == 1);
  // q, k, v, gate and output of 6144 x 8192, a norm of 8192
  CHECK(parameters(*mixer) == Count{5} * 6144 * 8192 + 8192);
}

TEST_CASE("Mamba: prefill is the step, repeated") {
  const int inner = 6, state = 5, conv = 3;
  const auto mixer =
      make_mixer("mamba", mixer_shape(1, 1), {{"inner", Count{inner}}, {"state", Count{state}}, {"conv", Count{conv}}});
  Loops step;
  for (int channel = 0; channel < inner; ++channel) {
    step.elementwise(1);  // delta x
    for (int s = 0; s < state; ++s) {
      step.elementwise(2);    // exp(delta A): the product and the exponential
      step.elementwise(1);    // its product with h
      step.product(1, 1, 1);  // + (delta x) B
      step.product(1, 1, 1);  // C h
    }
    step.product(1, 1, 1);  // + D x
  }
  step.convolution(1, inner, conv);
  check(mixer->decode(1), step);
  for (unsigned n = 0; n < 9; ++n) {
    CHECK(mixer->prefill(n, PairRule::exact)->macs == n * Count{step.macs});
    CHECK(mixer->prefill(n, PairRule::exact)->scalar_operations == n * Count{step.operations});
  }
}

TEST_CASE("Mamba 2.8B: docs/cost-model.md section 8, and the layers of mamba-130m and Jamba") {
  const auto mixer = make_mixer("mamba", mixer_shape(1, 1, 2560), {});
  CHECK(2 * linear_parameters(*mixer) == 82247680);
  CHECK(flop2(mixer->decode(1)) == 588800 + 40960);
  // The reference keeps 4 columns in 2 bytes: 64 * 5120 * (16 + 4) * 2 = 13,107,200.
  CHECK(state_elements(*mixer, "recurrent") == 5120 * 16);
  CHECK(state_elements(*mixer, "convolution") == 5120 * 3);
  CHECK(mixer->activation_width() == 10240);
  // state-spaces/mamba-130m-hf: 129,135,360 = 50,280*768 tied + 24 layers with a norm of 768 + a final norm
  const auto small = make_mixer("mamba", mixer_shape(1, 1, 768), {});
  CHECK(50280 * 768 + 24 * (parameters(*small) + 768) + 768 == 129135360);
  // Jamba-1.5-Mini: rank 256 and three norms more
  const auto plain = make_mixer("mamba", mixer_shape(32, 128, 4096), {});
  const auto jamba = make_mixer("mamba", mixer_shape(32, 128, 4096), {{"inner_norms", true}});
  CHECK(parameters(*jamba) - parameters(*plain) == 256 + 16 + 16);
}

TEST_CASE("Mamba-2: chunks of matrix products, a last short chunk") {
  const int heads = 4, head_dim = 3, state = 5, groups = 2, conv = 4, chunk = 6;
  const auto mixer = make_mixer("mamba2", mixer_shape(1, 1),
                                {{"inner", Count{heads * head_dim}},
                                 {"head_dim", Count{head_dim}},
                                 {"state", Count{state}},
                                 {"groups", Count{groups}},
                                 {"chunk", Count{chunk}}});
  const int channels = heads * head_dim + 2 * groups * state;
  for (int n = 0; n < 20; ++n) {
    Loops loops;
    chunks_of(n, chunk, [&](int c) {
      for (int g = 0; g < groups; ++g) loops.product(c, state, c);  // C B^T
      for (int h = 0; h < heads; ++h) {
        loops.product(c, c, head_dim);      // its product with X
        loops.product(state, c, head_dim);  // B^T X
        loops.product(c, state, head_dim);  // C h
        loops.product(state, 1, head_dim);  // the state from chunk to chunk
      }
    });
    loops.convolution(n, channels, conv);
    check(mixer->prefill(static_cast<unsigned>(n), PairRule::exact), loops);
  }
  Loops step;
  for (int h = 0; h < heads; ++h) {
    step.elementwise(state * head_dim);  // decay
    step.product(state, 1, head_dim);    // + B x
    step.product(1, state, head_dim);    // C h
  }
  step.convolution(1, channels, conv);
  check(mixer->decode(1), step);
}

TEST_CASE("Mamba-2 2.7B: docs/cost-model.md section 8") {
  const auto mixer = make_mixer("mamba2", mixer_shape(1, 1, 2560), {});
  CHECK(mixer->activation_width() == 10576);
  CHECK(2 * linear_parameters(*mixer) == 80363520);
  const Count convolution = 2 * (5120 + 256) * 4;
  CHECK(flop2(mixer->prefill(256, PairRule::exact)) == 256 * (Count{5313536} + convolution));
  CHECK(flop2(mixer->decode(1)) == 3276800 + convolution);
  CHECK(state_elements(*mixer, "recurrent") == 655360);
  // The reference keeps 4 columns, 21,504 elements.
  CHECK(state_elements(*mixer, "convolution") == 21504 / 4 * 3);
  // state-spaces/mamba2-2.7b: 2,702,599,680 = 50,288*2560 tied + 64 layers with a norm of 2560 + a final norm
  CHECK(50288 * 2560 + 64 * (parameters(*mixer) + 2560) + 2560 == Count{2702599680});
  // mistralai/Mamba-Codestral-7B-v0.1: 7,285,403,648, untied, 8 groups
  const auto codestral = make_mixer("mamba2", mixer_shape(1, 1, 4096), {{"groups", Count{8}}});
  CHECK(2 * 32768 * Count{4096} + 64 * (parameters(*codestral) + 4096) + 4096 == Count{7285403648});
  const auto normless = make_mixer("mamba2", mixer_shape(1, 1, 2560), {{"gated_norm", false}});
  CHECK(parameters(*mixer) - parameters(*normless) == 5120);
}

TEST_CASE("RG-LRU of RecurrentGemma 2B: docs/cost-model.md section 8") {
  const auto mixer = make_mixer("rg_lru", mixer_shape(10, 256, 2560), {});
  CHECK(18 * (state_elements(*mixer, "recurrent") * 4 + state_elements(*mixer, "convolution") * 2) == 460800);
  CHECK(mixer->decode(1)->macs == 2560 + 4 * 2560);
  CHECK(mixer->decode(1)->scalar_operations == 2560);
  CHECK(2 * linear_parameters(*mixer) == Count{6} * 2560 * 2560 + Count{4} * 2560 * 2560 / 10);
  // google/recurrentgemma-2b: 2,682,862,080 = tied embedding 256,000*2560, 26 gated feed-forwards of 7680 with biases
  // (2*7680 + 2560) and two norms, 8 attention layers (q and o 2560*2560, k and v 2560*256, bias on o), a final norm
  const Count feed_forward = Count{3} * 2560 * 7680 + 2 * 7680 + 2560 + 2 * 2560;
  const Count attention = Count{2} * 2560 * 2560 + 2 * 2560 * 256 + 2560;
  CHECK(Count{256000} * 2560 + 26 * feed_forward + 8 * attention + 18 * parameters(*mixer) + 2560 == Count{2682862080});
}

TEST_CASE("a short convolution keeps its last columns and pays its kernel") {
  const auto mixer = make_mixer("short_conv", mixer_shape(32, 64, 2048), {});
  CHECK(mixer->prefill(10, PairRule::exact)->macs == 10 * 3 * 2048);
  CHECK(mixer->decode(10)->macs == 3 * 2048);
  CHECK(mixer->decode(10)->scalar_operations == 0);
  CHECK(state_elements(*mixer, "convolution") == 2 * 2048);
  CHECK(parameters(*mixer) == Count{4} * 2048 * 2048 + 3 * 2048);
  const auto biased = make_mixer("short_conv", mixer_shape(32, 64, 2048), {{"conv_bias", true}});
  CHECK(parameters(*biased) - parameters(*mixer) == 5 * 2048);
  CHECK(make_mixer("short_conv", mixer_shape(1, 1, 8), {{"conv", Count{1}}})->state().empty());
}

TEST_CASE("linear attention: features in place of keys, a normaliser beside the state") {
  const int heads = 2, features = 6, d_v = 5, chunk = 4;
  const auto mixer = make_mixer("linear", with_d_v(mixer_shape(heads, 3), d_v),
                                {{"feature_dim", Count{features}}, {"chunk", Count{chunk}}});
  for (int n = 0; n < 15; ++n) {
    Loops loops;
    chunks_of(n, chunk, [&](int c) {
      for (int h = 0; h < heads; ++h) {
        loops.causal_scores(c, features);
        loops.causal_values(c, d_v);
        loops.product(c, features, d_v);  // phi(Q) S
        loops.product(features, c, d_v);  // S + phi(K)^T V
      }
    });
    check(mixer->prefill(static_cast<unsigned>(n), PairRule::exact), loops);
  }
  Loops step;
  for (int h = 0; h < heads; ++h) {
    step.product(features, 1, d_v);  // S + phi(k) v^T
    step.elementwise(features);      // z + phi(k)
    step.product(1, features, d_v);  // phi(q) S
    step.product(1, features, 1);    // phi(q) z
    step.elementwise(d_v);           // their quotient
  }
  check(mixer->decode(3), step);
}

TEST_CASE("linear attention of 32 heads of 128: docs/cost-model.md section 8") {
  const auto mixer = make_mixer("linear", mixer_shape(32, 128, 4096), {});
  CHECK(state_elements(*mixer, "recurrent") == 528384);
  // 4*128*128 + 3*128 + 128 a head
  CHECK(flop2(mixer->decode(1)) == 32 * 66048);
  CHECK(parameters(*mixer) == Count{4} * 4096 * 4096);
}

TEST_CASE("retention: values twice as wide as keys, a decayed state, a gate") {
  CHECK(find_mechanism("retention")->d_v_per_d_k == 2);
  CHECK(find_mechanism("linear")->d_v_per_d_k == 1);
  const auto mixer = make_mixer("retention", with_d_v(mixer_shape(8, 256, 2048), 512), {});
  CHECK(state_elements(*mixer, "recurrent") == 1048576);
  CHECK(mixer->decode(1)->macs == 2 * 1048576);
  CHECK(mixer->decode(1)->scalar_operations == 1048576);
  CHECK(mixer->prefill(64, PairRule::exact)->macs == Count{8} * (768 * 64 * 65 / 2 + 2 * 64 * 256 * 512));
  // q, k of 2048*2048; v, gate and output of 2048*4096; a norm of one head's 512
  CHECK(parameters(*mixer) == Count{2} * 2048 * 2048 + Count{3} * 2048 * 4096 + 512);
}

TEST_CASE("HGRN: one number a channel, four projections and a norm") {
  const auto mixer = make_mixer("hgrn", mixer_shape(1, 3072, 2048), {{"width", Count{3072}}});
  CHECK(state_elements(*mixer, "recurrent") == 3072);
  CHECK(mixer->state().front().type == StateType::activation);
  CHECK(mixer->decode(9)->macs == 3072);
  CHECK(mixer->decode(9)->scalar_operations == 0);
  CHECK(mixer->prefill(10, PairRule::exact)->macs == 30720);
  CHECK(parameters(*mixer) == Count{4} * 2048 * 3072 + 3072);
  CHECK(mixer->activation_width() == 3 * 3072);
}

TEST_CASE("RWKV: states of docs/cost-model.md section 8, work of versions 5 to 7") {
  const auto total = [](const Mixer& mixer) {
    return state_elements(mixer, "recurrent") + state_elements(mixer, "token shift");
  };
  const auto four = make_mixer("rwkv", mixer_shape(12, 64, 768), {{"version", Count{4}}});
  CHECK(12 * total(*four) == 46080);
  CHECK_FALSE(four->prefill(10, PairRule::exact)->macs_known);
  CHECK_FALSE(four->decode(10)->macs_known);
  CHECK(four->prefill(10, PairRule::exact)->scores == Count{0});
  for (const std::uint32_t version : {5u, 6u, 7u}) {
    const auto mixer = make_mixer("rwkv", mixer_shape(32, 64, 2048), {{"version", Count{version}}});
    CHECK(24 * total(*mixer) == 3244032);
    CHECK(mixer->decode(10)->macs == 32 * 3 * 64 * 64);
    CHECK(mixer->decode(10)->scalar_operations == 32 * 64 * 64);
    CHECK(mixer->prefill(10, PairRule::exact)->macs == 10 * 32 * 3 * 64 * 64);
    CHECK_FALSE(mixer->tensors().has_value());
    CHECK_FALSE(mixer->linear_macs(10).has_value());
  }
  // Keys and values of widths of their own: 4 heads of 256 x 512.
  const auto wide =
      make_mixer("rwkv", with_d_v(mixer_shape(4, 256, 2048), 512), {{"version", Count{6}}, {"own_widths", true}});
  CHECK(total(*wide) == 4 * 256 * 512 + 2 * 2048);
  CHECK(wide->decode(10)->macs == 3 * 4 * 256 * 512);
  CHECK(wide->activation_width() == 2 * 4 * 256 + 4 * 512);
  CHECK(fault_of("rwkv", mixer_shape(1, 64), {{"version", Count{8}}}) == "version: expected 4, 5, 6 or 7, found 8");
  CHECK(fault_of("rwkv", mixer_shape(1, 64), {{"version", Count{3}}}) ==
        "version: expected an integer of at least 4, found 3");
  CHECK(fault_of("rwkv", mixer_shape(1, 100), {{"version", Count{7}}}) ==
        "head_dim: expected a divisor of the width (100), found 64");
}

TEST_CASE("recurrences refuse what does not divide") {
  CHECK(fault_of("gated_delta", mixer_shape(32, 128), {{"key_heads", Count{7}}}) ==
        "key_heads: expected a divisor of \"heads\" (32), found 7");
  CHECK(fault_of("mamba2", mixer_shape(1, 1), {{"inner", Count{100}}}) ==
        "head_dim: expected a divisor of \"inner\" (100), found 64");
  CHECK(fault_of("mamba2", mixer_shape(1, 1), {{"inner", Count{128}}, {"groups", Count{3}}}) ==
        "groups: expected a divisor of the heads, \"inner\" / \"head_dim\" (2), found 3");
  CHECK(fault_of("rg_lru", mixer_shape(7, 1, 2560), {}) == "blocks: expected a divisor of \"width\" (2560), found 7");
}

TEST_CASE("without d_model and a width of its own, a recurrence is unknown, not guessed") {
  const auto known = [](std::string_view kind, MixerSettings settings) {
    const auto mixer = make_mixer(kind, mixer_shape(4, 8), std::move(settings));
    CHECK(mixer->state_known() == mixer->prefill(8, PairRule::exact).has_value());
    CHECK(mixer->state_known() == mixer->decode(8).has_value());
    CHECK(mixer->state_known() == mixer->notes().empty());
    CHECK_FALSE(mixer->tensors().has_value());
    return mixer->state_known();
  };
  CHECK_FALSE(known("mamba", {}));
  CHECK(known("mamba", {{"inner", Count{64}}}));
  CHECK_FALSE(known("mamba2", {{"expand", Count{3}}}));
  CHECK(known("mamba2", {{"inner", Count{64}}}));
  CHECK_FALSE(known("rg_lru", {}));
  CHECK(known("rg_lru", {{"width", Count{64}}}));
  CHECK_FALSE(known("short_conv", {}));
  CHECK(known("gated_delta", {}));
}

TEST_CASE("tensor-parallel ranks share the channels of a recurrence, and together hold its state") {
  struct Row {
    const char* kind;
    MixerSettings settings;
    Count replicated;  ///< state elements that every rank holds
  };
  // 6 heads of 8, d_model 48.
  const Row rows[] = {
      {"linear", {}, 0},
      {"retention", {}, 0},
      {"lightning", {}, 0},
      {"gated_delta", {{"key_heads", Count{3}}}, 0},
      {"kimi_delta", {}, 0},
      {"mamba", {}, 0},
      {"mamba2", {{"head_dim", Count{8}}, {"groups", Count{3}}, {"state", Count{4}}}, 0},
      {"rg_lru", {}, 0},
      {"rg_lru", {{"width", Count{60}}, {"blocks", Count{12}}}, 0},
      {"hgrn", {{"width", Count{60}}}, 0},
      {"rwkv", {{"version", Count{7}}, {"head_dim", Count{8}}}, 2 * 48},
      {"rwkv", {{"version", Count{4}}}, 2 * 48},
      {"rwkv", {{"version", Count{6}}, {"own_widths", true}}, 2 * 48},
      {"short_conv", {}, 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.kind);
    const auto whole = make_mixer(row.kind, mixer_shape(6, 8, 48), row.settings);
    const auto elements = [](const Mixer& mixer) {
      Count sum;
      for (const StatePart& part : mixer.state()) sum += part.elements;
      return sum;
    };
    Count states, macs;
    for (std::uint32_t rank = 0; rank < 3; ++rank) {
      const auto part = shard_mixer(*whole, 3, rank);
      states += elements(*part) - row.replicated;
      if (const auto work = part->decode(1)) macs += work->macs;
    }
    CHECK(states + row.replicated == elements(*whole));
    if (const auto work = whole->decode(1)) CHECK(macs == work->macs);
  }
  // One group of B and C is needed, and kept, by both ranks: 64 channels, 2 * 4 of B and C, 3 columns.
  const auto whole = make_mixer("mamba2", mixer_shape(1, 1, 32), {{"head_dim", Count{8}}, {"state", Count{4}}});
  CHECK(state_elements(*shard_mixer(*whole, 2, 1), "recurrent") == 32 * 4);
  CHECK(state_elements(*shard_mixer(*whole, 2, 1), "convolution") == (32 + 2 * 4) * 3);
}

TEST_CASE("laws of every recurrence: no cache, a state that never grows, whole chunks add up") {
  struct Row {
    const char* kind;
    MixerSettings settings;
    std::uint32_t chunk;  ///< 1 where prefill is the step repeated
  };
  const Row rows[] = {
      {"linear", {{"chunk", Count{5}}}, 5},
      {"retention", {{"chunk", Count{5}}}, 5},
      {"lightning", {{"block", Count{5}}}, 5},
      {"gated_delta", {{"chunk", Count{5}}}, 5},
      {"kimi_delta", {{"chunk", Count{5}}}, 5},
      {"mamba", {}, 1},
      {"mamba2", {{"chunk", Count{5}}, {"head_dim", Count{8}}}, 5},
      {"rg_lru", {}, 1},
      {"hgrn", {}, 1},
      {"rwkv", {{"version", Count{6}}, {"head_dim", Count{8}}}, 1},
      {"rwkv", {{"version", Count{6}}, {"own_widths", true}}, 1},
      {"short_conv", {}, 1},
  };
  for (const Row& row : rows) {
    CAPTURE(row.kind);
    const auto mixer = make_mixer(row.kind, mixer_shape(4, 8, 32), row.settings);
    CHECK(mixer->cache().empty());
    CHECK(mixer->score_heads() == 0);
    CHECK(mixer->causal());
    CHECK_FALSE(mixer->state().empty());
    CHECK_FALSE(mixer->formulas().empty());
    CHECK(mixer->prefill(0, PairRule::exact)->macs == 0);
    CHECK(mixer->prefill(0, PairRule::exact)->scalar_operations == 0);
    CHECK(mixer->decode(1)->macs == mixer->decode(1000000)->macs);
    for (std::uint32_t chunks = 0; chunks < 4; ++chunks) {
      for (std::uint32_t rest = 0; rest < 12; ++rest) {
        const Count start = chunks * row.chunk;
        CHECK(mixer->prefill(start + rest, PairRule::exact)->macs ==
              mixer->prefill(start, PairRule::exact)->macs + mixer->prefill(rest, PairRule::exact)->macs);
      }
    }
    if (row.chunk == 1) CHECK(mixer->prefill(1, PairRule::exact)->macs == mixer->decode(1)->macs);
  }
}
