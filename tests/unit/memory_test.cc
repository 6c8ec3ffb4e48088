// Segments, memories and stores: docs/cost-model.md section 9, and counts over every query of short sequences.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/input.h"
#include "mixers.h"

using namespace ctxcost;

namespace {

/// What one query sees, counted key by key.
struct Seen {
  int local = 0;       ///< keys of its own segment or window
  int remembered = 0;  ///< anything else that is a pair
  int searched = 0;
  int keys() const { return local + remembered; }
};

/// Sums a rule over the queries of n tokens.
template <class Rule>
std::vector<Seen> queries(int n, Rule rule) {
  std::vector<Seen> all;
  for (int i = 0; i < n; ++i) all.push_back(rule(i));
  return all;
}
int pairs_of(const std::vector<Seen>& all) {
  int sum = 0;
  for (const Seen& seen : all) sum += seen.keys();
  return sum;
}
/// Every query charged the most keys of any.
int reach_of(const std::vector<Seen>& all) {
  int most = 0;
  for (const Seen& seen : all) most = std::max(most, seen.keys());
  return most * static_cast<int>(all.size());
}
int searched_of(const std::vector<Seen>& all) {
  int sum = 0;
  for (const Seen& seen : all) sum += seen.searched;
  return sum;
}

Count count(int value) { return static_cast<std::uint64_t>(value); }

constexpr int kHeads = 3, kKey = 5, kValue = 4, kModel = 7;
MixerShape small_shape() { return with_d_v(mixer_shape(kHeads, kKey, kModel), kValue); }

Seen seen_by_transformer_xl(int i, int segment, int memory) {
  Seen seen;
  const int start = i / segment * segment;
  for (int j = 0; j <= i; ++j) {
    if (j >= start) ++seen.local;
    if (j < start && j >= start - memory) ++seen.remembered;
  }
  return seen;
}

/// Slots behind the memory: tokens that left it, `ratio` to a slot, the newest `slots` of them.
Seen seen_by_compressive(int i, int segment, int memory, int slots, int ratio) {
  Seen seen = seen_by_transformer_xl(i, segment, memory);
  int left = 0;
  for (int j = 0; j < i / segment * segment - memory; ++j) ++left;
  int whole = 0;
  for (int filled = ratio; filled <= left; filled += ratio) ++whole;
  seen.remembered += std::min(whole, slots);
  return seen;
}

Seen seen_by_memorizing(int i, int segment, int memory, int top_k) {
  Seen seen = seen_by_transformer_xl(i, segment, segment);
  for (int j = i / segment * segment - 1; j >= 0 && seen.searched < memory; --j) ++seen.searched;
  seen.remembered += std::min(seen.searched, top_k);
  return seen;
}

}  // namespace

TEST_CASE("Transformer-XL: pairs, remembered rows and their projections, query by query") {
  for (int segment = 1; segment < 5; ++segment) {
    for (int memory = 0; memory < 9; ++memory) {
      const auto mixer =
          make_mixer("transformer_xl", small_shape(), {{"segment", count(segment)}, {"memory", count(memory)}});
      int linear = 0;
      for (int n = 0; n < 18; ++n) {
        const auto all = queries(n, [&](int i) { return seen_by_transformer_xl(i, segment, memory); });
        const auto exact = mixer->prefill(count(n), PairRule::exact);
        CHECK(exact->scores_per_head == count(pairs_of(all)));
        CHECK(exact->scores == count(kHeads * pairs_of(all)));
        CHECK(exact->macs == count(kHeads * pairs_of(all) * (kKey + kKey + kValue)));
        CHECK(mixer->prefill(count(n), PairRule::reach)->scores_per_head == count(reach_of(all)));
        if (n == 0) continue;
        CHECK(mixer->decode(count(n))->scores_per_head == count(all.back().keys()));
        CHECK(mixer->rows_read(0, count(n)) == count(kHeads * all.back().local));
        // A token's q, k, v, position and output; at the start of a segment also k, v and position of what it
        // remembers.
        const int again = kModel * kHeads * (kKey + kValue + kKey);
        int step = kModel * kHeads * (kKey + kValue) + again;
        if ((n - 1) % segment == 0) step += all.back().remembered * again;
        linear += step;
        CHECK(mixer->decode_linear_macs(count(n)) == count(step));
        CHECK(mixer->linear_macs(count(n)) == count(linear));
      }
      CHECK(cached_elements(*mixer, 100) == count(segment * kHeads * (kKey + kValue)));
      CHECK(state_elements(*mixer, "memory") == count(memory * kModel));
    }
  }
}

TEST_CASE("Transformer-XL: docs/cost-model.md section 3, and the parameters beside those of attention") {
  const MixerShape shape = mixer_shape(8, 128, 1024);
  const auto mixer = make_mixer("transformer_xl", shape, {{"segment", Count{512}}, {"memory", Count{2048}}});
  CHECK(mixer->prefill(4096, PairRule::exact)->scores_per_head == Count{6817792});
  CHECK(mixer->prefill(4096, PairRule::reach)->scores_per_head == Count{4096 * 2560});
  CHECK(parameters(*mixer) == Count{5} * 1024 * 1024 + 2 * 1024);
  for (const StatePart& part : mixer->state()) CHECK(part.type == StateType::cache);
}

TEST_CASE("Compressive Transformer: memory and compressed slots, query by query") {
  for (int segment = 1; segment < 5; ++segment) {
    for (int memory = 0; memory < 6; memory += 1) {
      for (int slots = 0; slots < 5; slots += 2) {
        for (int ratio = 1; ratio < 5; ++ratio) {
          const auto mixer = make_mixer("compressive", small_shape(),
                                        {{"segment", count(segment)},
                                         {"memory", count(memory)},
                                         {"compressed", count(slots)},
                                         {"ratio", count(ratio)}});
          int remembered = 0;
          for (int n = 0; n < 26; ++n) {
            const auto all = queries(n, [&](int i) { return seen_by_compressive(i, segment, memory, slots, ratio); });
            // A full segment is compressed to segment / ratio slots, each from ratio * d_model inputs to d_model
            // outputs.
            const int compression = n / segment * segment * kModel * kModel;
            const auto exact = mixer->prefill(count(n), PairRule::exact);
            CHECK(exact->scores_per_head == count(pairs_of(all)));
            CHECK(exact->macs == count(kHeads * pairs_of(all) * (2 * kKey + kValue) + compression));
            CHECK(mixer->prefill(count(n), PairRule::reach)->scores_per_head == count(reach_of(all)));
            if (n == 0) continue;
            if ((n - 1) % segment == 0) remembered += all.back().remembered;
            const int each = kModel * kHeads * (kKey + kValue + kKey);
            CHECK(mixer->linear_macs(count(n)) ==
                  count(n * (kModel * kHeads * (kKey + kValue) + each) + remembered * each));
            CHECK(mixer->decode(count(n))->macs == exact->macs - mixer->prefill(count(n - 1), PairRule::exact)->macs);
          }
        }
      }
    }
  }
}

TEST_CASE("Compressive Transformer of 24 layers, 512 and 512 at ratio 3 reaches 49,152 tokens") {
  const auto mixer =
      make_mixer("compressive", mixer_shape(16, 64, 1024),
                 {{"segment", Count{512}}, {"memory", Count{512}}, {"compressed", Count{512}}, {"ratio", Count{3}}});
  CHECK(state_elements(*mixer, "memory") == 512 * 1024);
  CHECK(state_elements(*mixer, "compressed memory") == 512 * 1024);
  // All slots are taken once 512 + 3 * 512 = 2,048 tokens have gone before: 24 layers of them are 49,152.
  CHECK(mixer->decode(2048)->scores_per_head < Count{512 + 512 + 512});
  CHECK(mixer->decode(2048 + 512)->scores_per_head == Count{512 + 512 + 512});
  CHECK(24 * 2048 == 49152);
  // A convolution of 3 * 1024 inputs for each of 1024 outputs, beside Transformer-XL's own.
  CHECK(parameters(*mixer) == Count{5} * 1024 * 1024 + 2 * 1024 + 3 * 1024 * 1024);
}

TEST_CASE("Memorizing Transformer: local pairs, searched keys and retrieved pairs, query by query") {
  for (int segment = 1; segment < 5; ++segment) {
    for (int memory = 1; memory < 12; memory += 2) {
      for (int top_k = 1; top_k < 6; top_k += 2) {
        const auto mixer =
            make_mixer("memorizing", small_shape(),
                       {{"segment", count(segment)}, {"memory", count(memory)}, {"top_k", count(top_k)}});
        for (int n = 0; n < 20; ++n) {
          const auto all = queries(n, [&](int i) { return seen_by_memorizing(i, segment, memory, top_k); });
          const auto exact = mixer->prefill(count(n), PairRule::exact);
          CHECK(exact->scores_per_head == count(pairs_of(all)));
          CHECK(exact->macs == count(kHeads * (pairs_of(all) * (kKey + kValue) + searched_of(all) * kKey)));
          const auto reach = mixer->prefill(count(n), PairRule::reach);
          CHECK(reach->scores_per_head == count(reach_of(all)));
          CHECK(reach->macs == count(kHeads * (reach_of(all) * (kKey + kValue) + searched_of(all) * kKey)));
          if (n == 0) continue;
          CHECK(mixer->decode(count(n))->macs ==
                count(kHeads * (all.back().keys() * (kKey + kValue) + all.back().searched * kKey)));
          CHECK(mixer->rows_read(2, count(n)) == count(kHeads * all.back().searched));
        }
      }
    }
  }
}

TEST_CASE("Memorizing Transformer: docs/cost-model.md sections 9.3 and 9.4") {
  const auto mixer =
      make_mixer("memorizing", mixer_shape(8, 128, 1024), {{"memory", Count{262144}}, {"segment", Count{512}}});
  // The first token of a segment, a full store behind it.
  const Count keys = 262144 + 512 + 1;
  const Count local = 512 + 1;
  CHECK(flop2(mixer->decode(keys)) == 8 * (Count{67108864} + 16384 + local * 4 * 128));
  // The store holds 2 * 8 * 128 * 262,144 elements; the local cache of one segment is beside it.
  CHECK(cached_elements(*mixer, 1000000) * 2 == Count{1073741824} + Count{512} * 2 * 1024 * 2);
  // Infini-attention's table: 65,000 on one layer and a cache of 2,048 tokens on each of 12.
  const auto table =
      make_mixer("memorizing", mixer_shape(8, 128, 1024), {{"memory", Count{65000}}, {"segment", Count{2048}}});
  const auto local_layer =
      make_mixer("transformer_xl", mixer_shape(8, 128, 1024), {{"segment", Count{2048}}, {"memory", Count{0}}});
  CHECK(cached_elements(*table, 1000000) + 11 * cached_elements(*local_layer, 1000000) == 183451648);
  CHECK(12 * cached_elements(*local_layer, 1000000) == 50331648);
}

TEST_CASE("Infini-attention: a full segment, the delta rule, a remainder, a step") {
  const auto mixer = make_mixer("infini", mixer_shape(1, 128), {{"segment", Count{2048}}});
  CHECK(flop2(mixer->prefill(2048, PairRule::exact)) == 1209008128);
  CHECK(flop2(mixer->prefill(3 * 2048, PairRule::exact)) == Count{3} * 1209008128);
  const auto delta = make_mixer("infini", mixer_shape(1, 128), {{"segment", Count{2048}}, {"delta", true}});
  CHECK(flop2(delta->prefill(2048, PairRule::exact)) == Count{1209008128} + 2 * (2048 * 16384 + 2048 * 128));

  for (int segment = 1; segment < 6; ++segment) {
    const auto small = make_mixer("infini", small_shape(), {{"segment", count(segment)}});
    int macs = 0, pairs = 0;
    for (int n = 1; n < 20; ++n) {
      const int local = (n - 1) % segment + 1;
      // Local pairs; the read of matrix and normaliser, and the write of this token.
      const int step = kHeads * (local * (kKey + kValue) + kKey * kValue + kKey + kKey * kValue);
      macs += step;
      pairs += local;
      CHECK(small->decode(count(n))->macs == count(step));
      CHECK(small->prefill(count(n), PairRule::exact)->macs == count(macs));
      CHECK(small->prefill(count(n), PairRule::exact)->scores_per_head == count(pairs));
      CHECK(small->prefill(count(n), PairRule::reach)->scores_per_head == count(n * std::min(n, segment)));
      CHECK(cached_elements(*small, count(n)) == count(std::min(n, segment) * kHeads * (kKey + kValue)));
    }
  }
}

TEST_CASE("Infini-attention remembers 1.6M elements in 12 layers of 8 heads of 128") {
  const auto mixer = make_mixer("infini", mixer_shape(8, 128), {{"segment", Count{2048}}});
  CHECK(12 * state_elements(*mixer, "memory") == 1585152);
  CHECK(mixer->state()[0].type == StateType::cache);
  CHECK_FALSE(mixer->tensors().has_value());
}

TEST_CASE("Titans, memory as context: every row of persistent, retrieved and own tokens") {
  const MixerShape shape = mixer_shape(2, 128, 256);
  const auto mixer = make_mixer("titans", shape, {{"variant", std::string("mac")}, {"segment", Count{128}}});
  CHECK(mixer->prefill(4096, PairRule::exact)->scores_per_head == Count{1085760});
  CHECK(mixer->prefill(4096, PairRule::reach)->scores_per_head == Count{1085760});
  CHECK(state_elements(*mixer, "memory weights") == 262144);
  CHECK(state_elements(*mixer, "memory momentum") == 262144);
  for (const StatePart& part : mixer->state()) CHECK(part.type == StateType::fp32);
  CHECK(mixer->prefill(4096, PairRule::exact)->macs == Count{2} * 1085760 * 256 + Count{4096} * 4 * 262144);
  // One update a segment: 32 of 5 operations a weight.
  CHECK(mixer->prefill(4096, PairRule::exact)->scalar_operations == Count{32} * 5 * 262144);

  for (int segment = 1; segment < 6; ++segment) {
    for (int persistent = 0; persistent < 3; ++persistent) {
      const auto small =
          make_mixer("titans", small_shape(),
                     {{"variant", std::string("mac")}, {"segment", count(segment)}, {"persistent", count(persistent)}});
      for (int n = 0; n < 17; ++n) {
        int rows = 0;
        for (int start = 0; start < n; start += segment) {
          const int length = persistent + 2 * std::min(segment, n - start);
          for (int i = 0; i < length; ++i) {
            for (int j = 0; j <= i; ++j) ++rows;
          }
        }
        CHECK(small->prefill(count(n), PairRule::exact)->scores_per_head == count(rows));
        const int tokens = n == 0 ? 0 : persistent + 2 * std::min(n, segment);
        CHECK(cached_elements(*small, count(n)) == count(tokens * kHeads * (kKey + kValue)));
        if (n == 0) continue;
        const int keys = persistent + 2 * ((n - 1) % segment + 1);
        CHECK(small->decode(count(n))->scores_per_head == count(keys));
        CHECK(small->rows_read(1, count(n)) == count(kHeads * keys));
      }
    }
  }
}

TEST_CASE("Titans, memory as a gate or as a layer: a window and the persistent tokens") {
  for (const std::string variant : {"mag", "mal"}) {
    const auto mixer = make_mixer("titans", mixer_shape(2, 128, 256), {{"variant", variant}, {"window", Count{256}}});
    CHECK(mixer->prefill(4096, PairRule::exact)->scores_per_head == Count{1032320});
    CHECK(mixer->prefill(4096, PairRule::reach)->scores_per_head == Count{4096 * 260});
    const auto small =
        make_mixer("titans", small_shape(), {{"variant", variant}, {"window", Count{4}}, {"persistent", Count{3}}});
    int pairs = 0, updates = 0;
    for (int n = 1; n < 15; ++n) {
      pairs += 3 + std::min(n, 4);
      updates += n % 4 == 0 ? 1 : 0;
      CHECK(small->prefill(count(n), PairRule::exact)->scores_per_head == count(pairs));
      CHECK(small->prefill(count(n), PairRule::exact)->scalar_operations ==
            count(updates * 5 * 2 * 2 * kModel * kModel));
      CHECK(small->decode(count(n))->scores_per_head == count(3 + std::min(n, 4)));
      CHECK(cached_elements(*small, count(n)) == count((3 + std::min(n, 4)) * kHeads * (kKey + kValue)));
    }
    CHECK(cached_elements(*small, 0) == 0);
  }
}

TEST_CASE("the memory network of Titans: its matrices by depth and expansion") {
  const auto weights = [](std::uint32_t depth, std::uint32_t expansion) {
    return state_elements(*make_mixer("titans", mixer_shape(1, 10, 10),
                                      {{"variant", std::string("mag")},
                                       {"window", Count{8}},
                                       {"depth", Count{depth}},
                                       {"expansion", Count{expansion}}}),
                          "memory weights");
  };
  CHECK(weights(1, 2) == 10 * 10);
  CHECK(weights(2, 2) == 10 * 20 + 20 * 10);
  CHECK(weights(4, 3) == 10 * 30 + 30 * 30 + 30 * 30 + 30 * 10);
}

TEST_CASE("memories refuse what they cannot use") {
  const MixerShape shape = mixer_shape(4, 8, 32);
  CHECK(fault_of("titans", shape, {{"variant", std::string("mac")}}) ==
        "segment: missing; variant \"mac\" needs a positive integer");
  CHECK(fault_of("titans", shape, {{"variant", std::string("mag")}, {"segment", Count{4}}}) ==
        "segment: not a key of variant \"mag\"");
  CHECK(fault_of("titans", shape, {{"variant", std::string("mat")}, {"segment", Count{4}}}) ==
        "variant: expected one of mac|mag|mal, found \"mat\"");
  CHECK(fault_of("infini", shape, {{"segment", Count{0}}}) == "segment: expected a positive integer, found 0");
}

TEST_CASE("without d_model a memory of hidden states is unknown, its cache is not") {
  const MixerShape shape = mixer_shape(4, 8);
  const auto recurrent = make_mixer("transformer_xl", shape, {{"segment", Count{4}}, {"memory", Count{6}}});
  CHECK_FALSE(recurrent->state_known());
  CHECK(recurrent->notes().size() == 1);
  CHECK(recurrent->prefill(4, PairRule::exact)->scores_per_head == Count{10});
  CHECK(make_mixer("transformer_xl", shape, {{"segment", Count{4}}, {"memory", Count{0}}})->state_known());
  const auto titans = make_mixer("titans", shape, {{"variant", std::string("mag")}, {"window", Count{4}}});
  CHECK_FALSE(titans->state_known());
  // 4 persistent tokens for each query and a causal window of 4: 4 * 4 + 10.
  CHECK_FALSE(titans->prefill(4, PairRule::exact)->macs_known);
  CHECK(titans->prefill(4, PairRule::exact)->scores_per_head == Count{26});
  CHECK(cached_elements(*titans, 100) == (4 + 4) * 4 * 16);
  const auto compressive =
      make_mixer("compressive", shape,
                 {{"segment", Count{4}}, {"memory", Count{4}}, {"compressed", Count{4}}, {"ratio", Count{2}}});
  CHECK_FALSE(compressive->state_known());
  CHECK_FALSE(compressive->decode(4)->macs_known);
  CHECK(compressive->decode(4)->scores_per_head == Count{4});
  CHECK(cached_elements(*compressive, 100) == 4 * 4 * 16);
}

TEST_CASE("local attention of a memory still takes biases, norms, sinks, and another layer's cache") {
  MixerShape shape = mixer_shape(4, 8, 32);
  shape.shares_cache = true;
  const auto mixer = make_mixer("infini", shape, {{"segment", Count{4}}});
  CHECK(cached_elements(*mixer, 100) == 0);
  CHECK(parameters(*mixer) == 32 * 32 + 32 * 32 + 4);
}

TEST_CASE("an unknown memory makes state and reserve null, and leaves cache and scores alone") {
  const Model model = parse_model(
      R"({"layers": 2, "heads": 4, "d_k": 8, "attention": {"kind": "transformer_xl", "segment": 4, "memory": 6}})",
      "test");
  const Estimator estimator(model, Workload{});
  const Estimate estimate = estimator.at(8, 3);
  CHECK_FALSE(estimate.count(Metric::state_bytes).has_value());
  CHECK_FALSE(estimate.count(Metric::kv_reserved_bytes).has_value());
  CHECK_FALSE(estimator.details(8, 3).groups[0].state_bytes_per_layer.has_value());
  // 3 sequences, 2 layers, 4 tokens of 4 heads of 8 + 8, fp16
  CHECK(estimate.count(Metric::kv_cache_bytes) == Count{3 * 2 * 4 * 4 * 16 * 2});
  // 8 queries, each charged its segment's 4 tokens and the 4 before it
  CHECK(estimate.count(Metric::scores_per_head) == Count{8 * 8});

  const Model wide = parse_model(R"({"layers": 2, "heads": 4, "d_k": 8, "d_model": 32,
      "attention": {"kind": "transformer_xl", "segment": 4, "memory": 6}})",
                                 "test");
  // 6 hidden states of 32 in fp16
  CHECK(Estimator(wide, Workload{}).at(8, 3).count(Metric::state_bytes) == Count{3 * 2 * 6 * 32 * 2});
}
