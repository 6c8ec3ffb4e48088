// Every closed form of pairs.h against a count over its mask, for all small lengths and parameters, and the law that a
// causal form grows by the keys of its next query (docs/cost-model.md sections 2.2 and 3).
#include <doctest/doctest.h>

#include <initializer_list>
#include <string>

#include "ctxcost/mechanism/pairs.h"
#include "mask.h"

using namespace ctxcost;
using test::count_pairs;
using test::keys_of_query;
using test::most_keys;

namespace {

constexpr unsigned kMostTokens = 40;

/// Fails once for each difference, without a doctest assertion for each of the many agreements.
void same(const char* form, std::initializer_list<unsigned> arguments, Count found, Count counted) {
  if (found == counted) return;
  std::string call = form;
  for (const unsigned argument : arguments) call += " " + std::to_string(argument);
  FAIL_CHECK(call, " gave ", to_string(found), ", its mask has ", to_string(counted));
}

/// A causal mask, its pairs and its decode keys: the count, and pairs(n + 1) - pairs(n) = keys at T = n + 1.
template <class Pairs, class Decode, class Mask>
void check_causal(const char* form, std::initializer_list<unsigned> arguments, Pairs pairs_of, Decode keys_at,
                  Mask seen) {
  same(form, arguments, pairs_of(0), 0);
  same(form, arguments, keys_at(0), 0);
  for (unsigned n = 1; n <= kMostTokens; ++n) {
    same(form, arguments, pairs_of(n), count_pairs(n, seen));
    same(form, arguments, keys_at(n), keys_of_query(n, n - 1, seen));
    same(form, arguments, pairs_of(n), pairs_of(n - 1) + keys_at(n));
  }
}

bool in_prefix(unsigned x, unsigned count) { return x < count; }

}  // namespace

TEST_CASE("causal attention counts its mask, and the chunks of a prefill sum to it") {
  check_causal(
      "causal", {}, pairs::causal, [](Count keys) { return keys; }, [](unsigned i, unsigned j) { return j <= i; });
  for (unsigned n = 0; n <= kMostTokens; ++n) {
    for (unsigned cached = 0; cached <= n; ++cached) {
      same("extend", {n, cached}, pairs::causal(cached) + pairs::extend(cached, n - cached), pairs::causal(n));
    }
  }
  Count chunks;
  for (unsigned cached = 0; cached < 8192; cached += 512) chunks += pairs::extend(cached, 512);
  CHECK(chunks == Count{33558528});
}

TEST_CASE("windows, chunks and dilated windows count their masks") {
  for (unsigned w = 1; w <= kMostTokens + 2; ++w) {
    check_causal(
        "sliding", {w}, [w](Count n) { return pairs::sliding(n, w); },
        [w](Count keys) { return pairs::sliding_decode(keys, w); },
        [w](unsigned i, unsigned j) { return j <= i && i - j < w; });
    check_causal(
        "chunked", {w}, [w](Count n) { return pairs::chunked(n, w); },
        [w](Count keys) { return pairs::chunked_decode(keys, w); },
        [w](unsigned i, unsigned j) { return j <= i && i / w == j / w; });
  }
  for (unsigned w = 1; w <= 12; ++w) {
    for (unsigned dilation = 1; dilation <= kMostTokens + 2; ++dilation) {
      check_causal(
          "dilated", {w, dilation}, [=](Count n) { return pairs::dilated(n, w, dilation); },
          [=](Count keys) { return pairs::dilated_decode(keys, w, dilation); },
          [=](unsigned i, unsigned j) { return j <= i && (i - j) % dilation == 0 && (i - j) / dilation < w; });
    }
  }
}

TEST_CASE("sinks beside a window count as one window of both") {
  for (unsigned sinks = 0; sinks <= 12; ++sinks) {
    for (unsigned w = 1; w <= kMostTokens; ++w) {
      check_causal(
          "sink window", {sinks, w}, [=](Count n) { return pairs::sliding(n, sinks + w); },
          [=](Count keys) { return pairs::sliding_decode(keys, sinks + w); },
          [=](unsigned i, unsigned j) { return j <= i && (j < sinks || i - j < w); });
    }
  }
}

TEST_CASE("the Sparse Transformer's patterns count their masks") {
  for (unsigned l = 1; l <= kMostTokens + 2; ++l) {
    check_causal(
        "strided A", {l}, [l](Count n) { return pairs::sliding(n, l + 1); },
        [l](Count keys) { return pairs::sliding_decode(keys, l + 1); },
        [l](unsigned i, unsigned j) { return j <= i && j + l >= i; });
    check_causal(
        "strided B", {l}, [l](Count n) { return pairs::strided(n, l); },
        [l](Count keys) { return pairs::strided_decode(keys, l); },
        [l](unsigned i, unsigned j) { return j <= i && (i - j) % l == 0; });
    for (unsigned c = 0; c <= l; ++c) {
      check_causal(
          "fixed B", {l, c}, [=](Count n) { return pairs::fixed(n, l, c); },
          [=](Count keys) { return pairs::fixed_decode(keys, l, c); },
          [=](unsigned i, unsigned j) { return j <= i && j % l >= l - c; });
    }
  }
}

TEST_CASE("NSA's compressed and selected branches count their masks") {
  for (unsigned length = 1; length <= 12; ++length) {
    for (unsigned stride = 1; stride <= 12; ++stride) {
      // Key c stands for the tokens from c * stride on, and is seen when the last of them is.
      check_causal(
          "compressed", {length, stride}, [=](Count n) { return pairs::compressed(n, length, stride); },
          [=](Count keys) { return pairs::compressed_decode(keys, length, stride); },
          [=](unsigned i, unsigned c) { return c * stride + length - 1 <= i; });
    }
  }
  for (unsigned block = 1; block <= 12; ++block) {
    for (unsigned count = 1; count <= 12; ++count) {
      // Which past blocks are chosen does not matter: here the last ones.
      check_causal(
          "selected", {block, count}, [=](Count n) { return pairs::selected(n, block, count); },
          [=](Count keys) { return pairs::selected_decode(keys, block, count); },
          [=](unsigned i, unsigned j) { return j <= i && i / block - j / block < count; });
    }
  }
}

TEST_CASE("Transformer-XL's segments with memory count their mask") {
  for (unsigned segment = 1; segment <= 12; ++segment) {
    for (unsigned memory = 0; memory <= kMostTokens; ++memory) {
      check_causal(
          "segment_memory", {segment, memory}, [=](Count n) { return pairs::segment_memory(n, segment, memory); },
          [=](Count keys) { return pairs::segment_memory_decode(keys, segment, memory); },
          [=](unsigned i, unsigned j) { return j <= i && j + memory >= i / segment * segment; });
    }
  }
}

TEST_CASE("two-sided bands and Longformer count their masks") {
  for (unsigned n = 0; n <= kMostTokens; ++n) {
    same("full", {n}, pairs::full(n), count_pairs(n, [](unsigned, unsigned) { return true; }));
    for (unsigned half = 0; half <= kMostTokens + 2; ++half) {
      const auto band = [half](unsigned i, unsigned j) { return i <= j + half && j <= i + half; };
      same("band", {n, half}, pairs::band(n, half), count_pairs(n, band));
      for (unsigned globals = 0; globals <= 14; ++globals) {
        same("longformer", {n, half, globals}, pairs::longformer(n, half, globals),
             count_pairs(n, [=](unsigned i, unsigned j) { return band(i, j) || i < globals || j < globals; }));
      }
    }
  }
}

TEST_CASE("BigBird counts its rows of blocks, and is full where the library is") {
  for (unsigned block = 1; block <= 4; ++block) {
    for (unsigned random = 0; random <= 3; ++random) {
      const unsigned switches = (5 + 2 * random) * block;
      for (unsigned n = 0; n <= switches; ++n) {
        same("bigbird", {n, block, random}, pairs::bigbird(n, block, random), Count{n} * n);
      }
      for (unsigned n = switches + 1; n <= switches + 20 * block; ++n) {
        const unsigned m = (n + block - 1) / block;
        // First and last block see and are seen by all; the others see their neighbours, and of the blocks left over
        // as many as there are random ones (here the first).
        const auto kept = [=](unsigned row, unsigned column) {
          const auto always = [=](unsigned c) {
            return row == 0 || row == m - 1 || c == 0 || c == m - 1 || (c + 1 >= row && c <= row + 1);
          };
          if (always(column)) return true;
          unsigned left_over_before = 0;
          for (unsigned c = 0; c < column; ++c) left_over_before += always(c) ? 0 : 1;
          return left_over_before < random;
        };
        same("bigbird", {n, block, random}, pairs::bigbird(n, block, random), count_pairs(m, kept) * block * block);
      }
    }
  }
}

TEST_CASE("vertical-slash counts its mask, with counts and with lists") {
  for (unsigned n = 0; n <= 24; ++n) {
    for (unsigned v = 0; v <= 26; ++v) {
      for (unsigned s = 0; s <= 26; ++s) {
        const auto seen = [=](unsigned i, unsigned j) { return j <= i && (in_prefix(j, v) || in_prefix(i - j, s)); };
        same("vertical_slash", {n, v, s}, pairs::vertical_slash(n, v, s), count_pairs(n, seen));
        same("vertical_slash_most", {n, v, s}, pairs::vertical_slash_most(n, v, s), most_keys(n, seen));
      }
    }
  }
  // All sets of {0 .. 5}, spread out so that columns and offsets meet in some places and not in others.
  const auto member = [](unsigned set, unsigned x) { return x % 3 == 0 && x / 3 < 6 && (set >> (x / 3) & 1) != 0; };
  const auto list = [member](unsigned set) {
    std::vector<Count> all;
    for (unsigned x = 0; x < 18; ++x) {
      if (member(set, x)) all.emplace_back(x);
    }
    return all;
  };
  for (const unsigned n : {0U, 1U, 2U, 7U, 12U, 17U, 23U, 36U, 40U}) {
    for (unsigned columns = 0; columns < 64; ++columns) {
      const std::vector<Count> listed = list(columns);
      for (unsigned offsets = 0; offsets < 64; ++offsets) {
        const auto seen = [=](unsigned i, unsigned j) {
          return j <= i && (member(columns, j) || member(offsets, i - j));
        };
        same("vertical_slash of lists", {n, columns, offsets}, pairs::vertical_slash(n, listed, list(offsets)),
             count_pairs(n, seen));
        same("vertical_slash_most of lists", {n, columns, offsets},
             pairs::vertical_slash_most(n, listed, list(offsets)), most_keys(n, seen));
      }
      for (unsigned s = 0; s <= 20; ++s) {
        const auto slashed = [=](unsigned i, unsigned j) {
          return j <= i && (member(columns, j) || in_prefix(i - j, s));
        };
        const auto headed = [=](unsigned i, unsigned j) {
          return j <= i && (in_prefix(j, s) || member(columns, i - j));
        };
        same("vertical_slash, columns listed", {n, columns, s}, pairs::vertical_slash(n, listed, s),
             count_pairs(n, slashed));
        same("vertical_slash, offsets listed", {n, columns, s}, pairs::vertical_slash(n, s, listed),
             count_pairs(n, headed));
        same("vertical_slash_most, columns listed", {n, columns, s}, pairs::vertical_slash_most(n, listed, s),
             most_keys(n, slashed));
        same("vertical_slash_most, offsets listed", {n, columns, s}, pairs::vertical_slash_most(n, s, listed),
             most_keys(n, headed));
      }
    }
  }
}

TEST_CASE("degenerate parameters give full or causal attention") {
  for (unsigned n = 1; n <= kMostTokens; ++n) {
    CHECK(pairs::sliding(n, n) == pairs::causal(n));
    CHECK(pairs::chunked(n, n) == pairs::causal(n));
    CHECK(pairs::dilated(n, n, 1) == pairs::causal(n));
    CHECK(pairs::strided(n, 1) == pairs::causal(n));
    CHECK(pairs::fixed(n, 3, 3) == pairs::causal(n));
    CHECK(pairs::vertical_slash(n, n, 0) == pairs::causal(n));
    CHECK(pairs::selected(n, 4, n) == pairs::causal(n));
    CHECK(pairs::compressed(n, 1, 1) == pairs::causal(n));
    CHECK(pairs::segment_memory(n, 3, n) == pairs::causal(n));
    CHECK(pairs::band(n, n - 1) == pairs::full(n));
    CHECK(pairs::longformer(n, 0, n) == pairs::full(n));
    CHECK(pairs::routed(n, 1) == pairs::full(n));
  }
}
