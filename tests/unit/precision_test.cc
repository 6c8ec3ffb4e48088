// How caches are stored: docs/cost-model.md sections 11.1 and 11.2, with block sizes of ggml-common.h, vllm and KIVI's
// new_pack.py.
#include "ctxcost/core/precision.h"

#include <doctest/doctest.h>

#include "ctxcost/core/diagnostic.h"

using namespace ctxcost;

namespace {

Precision precision(std::string_view text) { return parse_precision(text, "test"); }

}  // namespace

TEST_CASE("a row takes whole blocks, scales included") {
  struct Row {
    const char* format;
    Count width, bytes;
  };
  const Row rows[] = {
      {"fp32", 128, 512},
      {"fp16", 128, 256},
      {"bf16", 128, 256},
      {"fp8", 128, 128},
      {"int8", 128, 128},
      {"fp8_per_token_head", 128, 132},  // one fp32 scale
      {"int8_per_token_head", 64, 68},
      {"q8_0", 128, 136},  // 34 bytes for 32: fp16 scale
      {"q8_0", 32, 34},
      {"q8_0", 33, 68},  // a started block is whole
      {"q5_1", 128, 96},
      {"q5_0", 128, 88},
      {"q4_1", 128, 80},
      {"q4_0", 128, 72},
      {"iq4_nl", 128, 72},
      {"mxfp4", 128, 68},
      {"nvfp4", 128, 72},
      {"int4", 128, 66},  // fp16 scale, no zero point
      {"int4", 256, 132},
      {"int4:group=32", 128, 72},
      {"int4:group=32,zero", 128, 80},
      {"int4:group=64,zero", 128, 72},
      {"nf4", 128, 72},  // fp32 absmax for 64
      {"nf4", 65, 72},
      {"q6_k", 256, 210},
      {"q4_k", 256, 144},
  };
  for (const Row& row : rows) {
    CAPTURE(row.format);
    CHECK(precision(row.format).row_bytes(row.width) == row.bytes);
  }
}

TEST_CASE("one layer of 131,072 tokens, 8 heads of 128, keys and values") {
  struct Row {
    const char* format;
    Count bytes;
  };
  const Row rows[] = {
      {"fp16", 536870912},
      {"q8_0", 285212672},
      {"q5_1", 201326592},
      {"q5_0", 184549376},
      {"q4_1", 167772160},
      {"q4_0", 150994944},
      {"iq4_nl", 150994944},
      {"nvfp4", 150994944},
      {"mxfp4", 142606336},
      {"fp8", 268435456},
      {"fp8_per_token_head", 276824064},
      {"int4", 138412032},
      {"nf4", 150994944},
  };
  for (const Row& row : rows) {
    CAPTURE(row.format);
    const Precision type = precision(row.format);
    CHECK(cache_bytes(type, CacheRole::key, 8, 128, 131072) + cache_bytes(type, CacheRole::value, 8, 128, 131072) ==
          row.bytes);
  }
}

TEST_CASE("a cached row narrower than a group is a group of its own") {
  struct Row {
    const char* format;
    Count width, bytes;
  };
  const Row rows[] = {
      {"int4", 64, 34},  // 32 bytes of elements, an fp16 scale
      {"int4", 128, 66},
      {"int4", 192, 132},  // wider rows take whole groups
      {"int4", 1, 3},
      {"int4:group=128,zero", 64, 36},
      {"int4:group=32", 64, 36},
      {"int8:group=64,zero", 128, 136},  // two groups of 64 bytes, a scale and a zero point of 2
      {"int8:group=128", 64, 66},
      {"nf4", 32, 20},  // 16 bytes of elements, an fp32 absmax
      {"nf4", 64, 36},
      {"q8_0", 16, 34},  // a file format's block stays whole
      {"mxfp4", 16, 17},
  };
  for (const Row& row : rows) {
    CAPTURE(row.format);
    CHECK(cache_bytes(precision(row.format), CacheRole::key, 3, row.width, 5) == 15 * row.bytes);
  }
}

TEST_CASE("keys and values may differ") {
  const KvPrecision kv = parse_kv_precision("q8_0/q4_0", "test");
  CHECK(kv.key.name() == "q8_0");
  CHECK(kv.value.name() == "q4_0");
  CHECK(kv.name() == "q8_0/q4_0");
  CHECK(parse_kv_precision("F16", "test").name() == "fp16");
}

TEST_CASE("KIVI quantises whole groups and keeps the newest tokens in fp16") {
  struct Row {
    const char* format;
    Count tokens, keys, values;  // bytes of one head of 128
  };
  // K: n_k = n - n mod 128 tokens at 2 bits and 4 bytes for 32 tokens of a channel, the rest in fp16.
  // V: n - 128 tokens at 2 bits and 4 bytes for 32 elements, the newest 128 in fp16.
  const Row rows[] = {
      {"kivi", 0, 0, 0},
      {"kivi", 1, 256, 256},
      {"kivi", 127, 127 * 256, 127 * 256},
      {"kivi", 128, 128 * 48, 128 * 256},
      {"kivi", 129, 128 * 48 + 256, 128 * 256 + 48},
      {"kivi", 4096, 4096 * 48, 3968 * 48 + 32768},            // 419,840 in all
      {"kivi", 5000, 4992 * 48 + 8 * 256, 4872 * 48 + 32768},  // 508,288
      {"kivi:bits=4", 4096, 4096 * 80, 3968 * 80 + 32768},
      {"kivi:group=64,residual=64", 4096, 4096 * 40, 4032 * 40 + 16384},
  };
  for (const Row& row : rows) {
    CAPTURE(row.format);
    CAPTURE(to_string(row.tokens));
    const Precision type = precision(row.format);
    CHECK(cache_bytes(type, CacheRole::key, 1, 128, row.tokens) == row.keys);
    CHECK(cache_bytes(type, CacheRole::value, 1, 128, row.tokens) == row.values);
  }
  const Precision kivi = precision("kivi");
  const auto both = [&](Count heads, Count n) {
    return cache_bytes(kivi, CacheRole::key, heads, 128, n) + cache_bytes(kivi, CacheRole::value, heads, 128, n);
  };
  CHECK(both(1, 4096) == 419840);
  CHECK(both(1, 5000) == 508288);
  CHECK(both(8, 4096) == 8 * 419840);
  CHECK_THROWS_WITH_AS(precision("kivi:group=48"), doctest::Contains("residual"), InputError);
}

TEST_CASE("a latent record is 656 bytes; an index key a byte an element and a scale") {
  // 512 bytes of fp8, 4 fp32 scales, 64 rotated elements in bf16 [vllm flashmla_sparse.py].
  CHECK(cache_bytes(precision("fp8_ds_mla"), CacheRole::latent, 1, 576, 131072) * 61 == 5244977152);
  for (const char* type : {"bf16", "fp8", "fp8_ds_mla"}) {
    CHECK(cache_bytes(precision(type), CacheRole::index, 1, 128, 131072) * 61 == 1055391744);
  }
}

TEST_CASE("unknown precisions and settings are named") {
  CHECK_THROWS_WITH_AS(precision("q8_O"), doctest::Contains("did you mean \"q8_0\"?"), InputError);
  CHECK_THROWS_WITH_AS(precision("q8_0:group=64"), doctest::Contains("it takes no settings"), InputError);
  CHECK_THROWS_WITH_AS(precision("int4:group=33"), doctest::Contains("int4 takes group=N (even) and zero"), InputError);
  const std::pair<const char*, const char*> rows[] = {
      {"int4:group=0", "unusable setting \"group=0\" (int4 takes group=N (even) and zero: int4:group=64,zero)"},
      {"int8:group=3", "unusable setting \"group=3\" (int8 takes group=N (even) and zero: int8:group=64,zero)"},
      {"int4:group", "unusable setting \"group\" (int4 takes group=N (even) and zero: int4:group=64,zero)"},
      {"int4:zero=2", "unusable setting \"zero=2\" (int4 takes group=N (even) and zero: int4:group=64,zero)"},
      {"int4:", "unusable setting \"\" (int4 takes group=N (even) and zero: int4:group=64,zero)"},
      {"int4:zero,", "unusable setting \"\" (int4 takes group=N (even) and zero: int4:group=64,zero)"},
      {"kivi:", "unusable setting \"\" (kivi takes bits=2|4, group=N (even), residual=N)"},
      {"fp8:", "unusable setting \"\" (it takes no settings)"},
      {"int4:bits=4", "unusable setting \"bits=4\" (int4 takes group=N (even) and zero: int4:group=64,zero)"},
      {"int4:residual=4", "unusable setting \"residual=4\" (int4 takes group=N (even) and zero: int4:group=64,zero)"},
      {"kivi:bits=3", "unusable setting \"bits=3\" (kivi takes bits=2|4, group=N (even), residual=N)"},
      {"kivi:residual=0", "unusable setting \"residual=0\" (kivi takes bits=2|4, group=N (even), residual=N)"},
      {"kivi:residual", "unusable setting \"residual\" (kivi takes bits=2|4, group=N (even), residual=N)"},
      {"kivi:zero", "unusable setting \"zero\" (kivi takes bits=2|4, group=N (even), residual=N)"},
      {"fp8:zero", "unusable setting \"zero\" (it takes no settings)"},
  };
  for (const auto& row : rows) {
    const auto& [text, message] = row;
    CAPTURE(row.first);
    CHECK_THROWS_WITH_AS(precision(text), doctest::Contains(message), InputError);
  }
  CHECK_THROWS_WITH_AS(precision("qqqq"), doctest::Contains("`ctxcost list precisions` shows all"), InputError);
  // zero=0 and zero=1 say what its absence and presence do.
  CHECK(precision("int4:zero=0").row_bytes(128) == precision("int4").row_bytes(128));
  CHECK(precision("int4:zero=1").row_bytes(128) == precision("int4:zero").row_bytes(128));
  CHECK_THROWS_WITH_AS(parse_kv_precision("q4_k", "test"), doctest::Contains("stores weights, not a cache"),
                       InputError);
}
