// Who can see a key through one layer and through all of them, against paths found one pair at a time.
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "ctxcost/answer/position_access.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/input.h"
#include "ctxcost/render/answer_text.h"

using namespace ctxcost;

namespace {

using Seen = std::function<bool(unsigned i, unsigned j)>;

/// A model of layers of two kinds, in this order; "b" stands for the second.
SharedModel model_of(const std::string& order, const std::string& a, const std::string& b) {
  std::string pattern;
  for (const char layer : order) {
    pattern += (pattern.empty() ? "" : ", ") + ("{\"attention\": " + (layer == 'b' ? b : a) + "}");
  }
  return parse_model("{\"layers\": " + std::to_string(order.size()) +
                         ", \"heads\": 4, \"kv_heads\": 4, \"d_k\": 16, \"d_model\": 64, \"pattern\": [" + pattern +
                         "]}",
                     "test");
}

/// Queries that position j reaches through the layers in turn, itself among them.
unsigned paths(unsigned n, unsigned j, const std::vector<Seen>& layers) {
  std::vector<bool> reached(n, false);
  reached[j] = true;
  for (const Seen& seen : layers) {
    std::vector<bool> next = reached;
    for (unsigned i = 0; i < n; ++i) {
      for (unsigned key = 0; key < n; ++key) {
        if (reached[key] && seen(i, key)) next[i] = true;
      }
    }
    reached = next;
  }
  unsigned count = 0;
  for (const bool one : reached) count += one ? 1 : 0;
  return count;
}

struct Kind {
  std::string text;
  Seen exact;
  Seen all;
};

const Seen kNothing = [](unsigned, unsigned) { return false; };
const Seen kEarlier = [](unsigned i, unsigned j) { return j <= i; };

std::vector<Kind> kinds() {
  const Seen window = [](unsigned i, unsigned j) { return j <= i && i - j < 3; };
  const Seen chunk = [](unsigned i, unsigned j) { return j <= i && i / 5 == j / 5; };
  const Seen sinks = [](unsigned i, unsigned j) { return j <= i && (j < 2 || i - j < 3); };
  const Seen dilated = [](unsigned i, unsigned j) { return j <= i && (i - j) % 3 == 0 && (i - j) / 3 < 2; };
  const Seen recent = [](unsigned i, unsigned j) { return j <= i && j + 2 >= i / 4 * 4; };
  return {{R"({"kind": "full"})", kEarlier, kEarlier},
          {R"({"kind": "sliding_window", "window": 3})", window, window},
          {R"({"kind": "chunked", "chunk": 5})", chunk, chunk},
          {R"({"kind": "sink_window", "sinks": 2, "window": 3})", sinks, sinks},
          {R"({"kind": "dilated", "window": 2, "dilation": 3})", dilated, dilated},
          {R"({"kind": "transformer_xl", "segment": 4, "memory": 2})", recent, recent},
          {R"({"kind": "infini", "segment": 5})", chunk, kEarlier},
          {R"({"kind": "linear"})", kNothing, kEarlier}};
}

void check_position(const PositionAccess& access, unsigned n, const std::vector<Seen>& exact,
                    const std::vector<Seen>& all) {
  const unsigned j = static_cast<unsigned>(access.position.u64());
  REQUIRE(access.through.exact == Count{paths(n, j, exact)});
  REQUIRE(access.through.all == Count{paths(n, j, all)});
}

}  // namespace

TEST_CASE("through all layers a key reaches the queries that paths of visible keys lead to") {
  const std::vector<Kind> all_kinds = kinds();
  for (const Kind& a : all_kinds) {
    for (const Kind& b : all_kinds) {
      for (const std::string& order : {std::string("a"), std::string("ab"), std::string("aab"), std::string("baab")}) {
        if (order == "a" && &a != &b) continue;
        std::vector<Seen> exact;
        std::vector<Seen> seen;
        for (const char layer : order) {
          exact.push_back(layer == 'b' ? b.exact : a.exact);
          seen.push_back(layer == 'b' ? b.all : a.all);
        }
        CAPTURE(a.text);
        CAPTURE(b.text);
        CAPTURE(order);
        const SharedModel model = model_of(order, a.text, b.text);
        for (const unsigned n : {1U, 2U, 11U, 23U}) {
          const PositionAnswer answer = access_by_position(model, n);
          REQUIRE(answer.layers == Count{order.size()});
          REQUIRE(answer.strip.size() == n);  // below 64 tokens every position has a cell
          for (const PositionAccess& access : answer.strip) check_position(access, n, exact, seen);
          for (const PositionAccess& access : answer.positions) check_position(access, n, exact, seen);
          for (const PositionAccess& access : answer.positions) {
            const unsigned j = static_cast<unsigned>(access.position.u64());
            unsigned direct = 0;
            for (unsigned i = 0; i < n; ++i) direct += exact.back()(i, j) ? 1 : 0;
            // The top layer's kind is that of the last group or of the only one.
            const std::size_t group = answer.groups[0].layers.back() + 1 == order.size() ? 0 : 1;
            REQUIRE(access.direct[group].exact == Count{direct});
          }
        }
      }
    }
  }
}

TEST_CASE("sinks reach all, and what lies behind them as far as their window reaches through all layers") {
  const SharedModel model = model_of("aaaa", R"({"kind": "sink_window", "sinks": 4, "window": 60})", "");
  const PositionAnswer answer = access_by_position(model, 640);
  const auto at = [&answer](unsigned position) {
    for (const PositionAccess& access : answer.positions) {
      if (access.position == Count{position}) return access.through.all;
    }
    FAIL("not listed: ", position);
    return Count{};
  };
  CHECK(at(3) == Count{637});
  CHECK(at(4) == Count{1 + 4 * 59});
  CHECK(at(640 - 237) == Count{1 + 4 * 59});  // the last one whose reach ends with the context
  CHECK(at(640 - 236) == Count{4 * 59});
}

TEST_CASE("layers that see alike are one group, whatever else differs") {
  const PositionAnswer answer = access_by_position(load_model("gemma-3-27b-it"), 131072);
  REQUIRE(answer.groups.size() == 2);
  CHECK(answer.groups[0].mechanism == "sliding_window");
  CHECK(answer.groups[0].settings == "window=1024");
  CHECK(answer.groups[0].layers.size() == 52);
  CHECK(answer.groups[1].mechanism == "full");
  CHECK(answer.layers == Count{62});
  // Ends, quarters, and the first key with less than a window behind it.
  REQUIRE(answer.positions.size() == 7);
  CHECK(answer.positions[0].position == Count{0});
  CHECK(answer.positions[0].direct[0] == KeyAccess{1024, 1024});
  CHECK(answer.positions[0].direct[1] == KeyAccess{131072, 131072});
  CHECK(answer.positions[4].position == Count{130048});
  CHECK(answer.positions[5].position == Count{130049});
  CHECK(answer.positions[5].direct[0] == KeyAccess{1023, 1023});
  CHECK(answer.positions[6].through == KeyAccess{1, 1});
  CHECK(answer.strip.size() == kStripCells);
  CHECK(answer.strip[63].position == Count{129024});
}

TEST_CASE("settings that change no mask make no group of their own") {
  // Layers with an indexer and layers that share its selection.
  CHECK(access_by_position(load_model("glm-5.2"), 4096).groups.size() == 1);
  const PositionAnswer same = access_by_position(
      model_of("ab", R"({"kind": "linear", "chunk": 64})", R"({"kind": "linear", "chunk": 32})"), 4096);
  REQUIRE(same.groups.size() == 1);
  CHECK(same.groups[0].settings.empty());
  const PositionAnswer two = access_by_position(
      model_of("ab", R"({"kind": "sliding_window", "window": 64})", R"({"kind": "sliding_window", "window": 32})"),
      4096);
  REQUIRE(two.groups.size() == 2);
  CHECK(two.groups[1].settings == "window=32");
}

TEST_CASE("windows alone reach 1 + L (w - 1) tokens through L layers") {
  // docs/cost-model.md section 6.1. Mistral 7B: 32 layers of 4,096.
  const PositionAnswer answer = access_by_position(load_model("mistral-7b"), 1048576);
  CHECK(answer.positions.front().direct[0].exact == Count{4096});
  CHECK(answer.positions.front().through == KeyAccess{1 + 32 * 4095, 1 + 32 * 4095});
  // The border at which that reach meets the end of the context.
  bool found = false;
  for (const PositionAccess& access : answer.positions) {
    if (access.position != Count{1048576 - 32 * 4095}) continue;
    found = true;
    CHECK(access.through.all == Count{32 * 4095});
  }
  CHECK(found);
}

TEST_CASE("a token that sees itself alone reaches no other") {
  for (const char* kind : {R"({"kind": "sliding_window", "window": 1})", R"({"kind": "none"})"}) {
    const PositionAnswer answer = access_by_position(model_of("aa", kind, ""), 100);
    for (const PositionAccess& access : answer.positions) {
      CHECK(access.position < Count{100});
      CHECK(access.through == KeyAccess{1, 1});
    }
  }
}

TEST_CASE("many borders are cut to a screen, the first and the last ones kept") {
  std::string columns;
  for (unsigned i = 0; i < 60; ++i) columns += (i == 0 ? "" : ", ") + std::to_string(1000 + 10 * i);
  const SharedModel model =
      model_of("a", R"({"kind": "vertical_slash", "vertical": [)" + columns + R"(], "slash": 5})", "");
  const PositionAnswer answer = access_by_position(model, 4096);
  CHECK(answer.positions.size() <= kMostPositions);
  std::size_t main = 0;
  for (const PositionAccess& access : answer.positions) main += access.main ? 1 : 0;
  CHECK(main <= kMainPositions);
  CHECK(main < answer.positions.size());
  CHECK(answer.notes.size() == 1);
}

TEST_CASE("encoders see both ways; an encoder-decoder is asked about its decoder") {
  const PositionAnswer bert = access_by_position(load_model("bert-base-uncased"), 512);
  for (const PositionAccess& access : bert.positions) CHECK(access.direct[0] == KeyAccess{512, 512});
  const PositionAnswer t5 = access_by_position(load_model("t5-small"), 512);
  CHECK(t5.stack == Stack::decoder);
  CHECK(t5.positions.front().through.all == Count{512});
  CHECK(t5.positions.back().through.all == Count{1});
  REQUIRE(t5.notes.size() == 2);
  CHECK(t5.notes[0] == "cross_attention: the encoder's tokens have positions of their own");
  CHECK(t5.notes[1] == "these are positions of the decoder; the layers of the encoder are left out");
}

TEST_CASE("what cannot be counted is refused") {
  const auto fault = [](const SharedModel& model, Count context) {
    try {
      access_by_position(model, context);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("no fault");
  };
  CHECK(fault(load_model("llama-3.1-8b"), 0) == "context: expected at least 1 token, found 0");
  CHECK(fault(model_of("a", R"({"kind": "dilated", "window": 1000000, "dilation": 2})", ""), 10'000'000) ==
        "context: expected fewer tokens: what a key reaches falls into more than 131,072 ranges of this mask");
  CHECK(render(access_by_position(load_model("llama-3.1-8b"), 8), "csv").find("Llama-3.1-8B,8,0,0-31,full,,8,8,1\n") !=
        std::string::npos);
}
