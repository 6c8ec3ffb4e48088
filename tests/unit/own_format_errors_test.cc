// Whole error texts beside bad model files.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/input.h"

using namespace ctxcost;

namespace {

std::string error_of(std::string_view text) {
  try {
    parse_model(text, "m.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

/// A whole model around the keys that a row is about.
std::string model_with(const std::string& keys) { return R"({"layers": 4, "heads": 32, "d_k": 8, )" + keys + "}"; }

}  // namespace

TEST_CASE("numbers: type, range, digits") {
  struct Row {
    const char* heads;
    const char* error;
  };
  const Row rows[] = {
      {R"("32")", "m.json: /heads: expected a positive integer, found \"32\" (remove the quotes)"},
      {R"("many")", "m.json: /heads: expected a positive integer, found \"many\""},
      {"0", "m.json: /heads: expected a positive integer, found 0"},
      {"-0", "m.json: /heads: expected a positive integer, found -0"},
      {"-1", "m.json: /heads: expected a positive integer, found -1"},
      {"32.0", "m.json: /heads: expected a positive integer, found 32.0 (write 32)"},
      {"32.5", "m.json: /heads: expected a positive integer, found 32.5"},
      {"3.2e1", "m.json: /heads: expected a positive integer, found 3.2e1"},
      {"true", "m.json: /heads: expected a positive integer, found true"},
      {"null", "m.json: /heads: expected a positive integer, found null (leave the key out)"},
      {"[32]", "m.json: /heads: expected a positive integer, found a list"},
      {"{}", "m.json: /heads: expected a positive integer, found an object"},
      {"NaN", "m.json: /heads: expected a positive integer, found NaN"},
      {"-Infinity", "m.json: /heads: expected a positive integer, found -Infinity"},
      {"340282366920938463463374607431768211456",
       "m.json: /heads: expected an integer below 2^128, found 340282366920938463463374607431768211456"},
      {"1000000000000000000000000000000000000000000000000",
       "m.json: /heads: expected an integer below 2^128, found 1000000000000000000000000000000000000000…"},
  };
  for (const Row& row : rows) {
    CHECK(error_of(R"({"layers": 4, "d_k": 8, "heads": )" + std::string(row.heads) + "}") == row.error);
  }
  CHECK(error_of(R"({"layers": 1000001, "heads": 1, "d_k": 8})") ==
        "m.json: /layers: expected a positive integer of at most 1000000, found 1000001");
  CHECK(error_of(R"({"layers": 4, "heads": 340282366920938463463374607431768211455, "d_k": 8})") == "no error");
}

TEST_CASE("a key, its value or its company is wrong") {
  struct Row {
    const char* keys;
    const char* error;
  };
  const Row rows[] = {
      // Unknown and repeated keys.
      {R"("kv_head": 8)", "m.json: /kv_head: unknown key; did you mean \"kv_heads\"?"},
      {R"("KV_Heads": 8)", "m.json: /KV_Heads: unknown key; did you mean \"kv_heads\"?"},
      {R"("colour": 8)", "m.json: /colour: unknown key"},
      {R"("a/b": 8)", "m.json: /a~1b: unknown key"},
      {R"("tab\tbed\nkey": 8)", "m.json: /tab\\x09bed\\x0akey: unknown key"},
      {R"("heads": 32)", "m.json: /heads: repeated key (keep one of them)"},
      {R"("positions": {"rows": 4, "rows": 4})", "m.json: /positions/rows: repeated key (keep one of them)"},
      // Head counts.
      {R"("kv_heads": 7)", "m.json: /kv_heads: expected a divisor of \"heads\" (32), found 7"},
      {R"("kv_heads": 64)", "m.json: /kv_heads: expected a divisor of \"heads\" (32), found 64"},
      {R"("kv_heads": 8, "pattern": [{"heads": 12}])",
       "m.json: /pattern/0/heads: expected a multiple of \"kv_heads\" (8), found 12"},
      {R"("pattern": [{}, {"kv_heads": 5}])",
       "m.json: /pattern/1/kv_heads: expected a divisor of \"heads\" (32), found 5"},
      // Words.
      {R"("ffn": "gatd")",
       "m.json: /ffn: expected \"gated\", \"plain\" or \"none\", found \"gatd\"; did you mean \"gated\"?"},
      {R"("ffn": false)", "m.json: /ffn: expected \"gated\", \"plain\" or \"none\", found false"},
      {R"("norm": "rmsnorm")", "m.json: /norm: expected \"rms\" or \"layer\", found \"rmsnorm\""},
      {R"("bias": "q")", "m.json: /bias: expected true, false or \"qkv\", found \"q\""},
      {R"("bias": "true")", "m.json: /bias: expected true, false or \"qkv\", found \"true\" (remove the quotes)"},
      {R"("qk_norm": "ful")",
       "m.json: /qk_norm: expected true, false or \"full\", found \"ful\"; did you mean \"full\"?"},
      {R"("tied_embeddings": 1)", "m.json: /tied_embeddings: expected true or false, found 1"},
      {R"("norms_per_layer": 17)", "m.json: /norms_per_layer: expected a non-negative integer of at most 16, found 17"},
      {R"("name": 7)", "m.json: /name: expected a string, found 7"},
      {R"("aliases": ["a", 1])", "m.json: /aliases: expected a string or a list of strings, found a list"},
      {R"("batch": 0)", "m.json: /batch: expected a positive integer, found 0"},
      // Precisions.
      {R"("precision": "fp17")", "m.json: /precision: unknown precision \"fp17\"; did you mean \"fp16\"?"},
      {R"("precision": 16)", "m.json: /precision: expected a string, found 16"},
      {R"("precision": "kivi")",
       "m.json: /precision: expected a type that stores weights, found \"kivi\" (\"kv_precision\" takes types of the "
       "cache alone)"},
      {R"("kv_precision": "q4_k")",
       "m.json: /kv_precision: \"q4_k\" stores weights, not a cache (use q8_0, q4_0, fp8 or bf16)"},
      // Experts.
      {R"("experts": {"count": 8, "active": 9})", "m.json: /experts/active: expected at most \"count\" (8), found 9"},
      {R"("experts": {"count": 8})", "m.json: /experts/active: expected a positive integer, found nothing"},
      {R"("experts": {"count": 8, "active": 2, "width": 1})", "m.json: /experts/width: unknown key of \"experts\""},
      {R"("experts": 8)", "m.json: /experts: expected an object, found 8"},
      // Mechanisms.
      {R"("attention": {"kind": "slidng_window", "window": 4096})",
       "m.json: /attention/kind: unknown mechanism \"slidng_window\"; did you mean \"sliding_window\"?"},
      {R"("attention": {"kind": "magic"})",
       "m.json: /attention/kind: unknown mechanism \"magic\" (`ctxcost list mechanisms` shows all)"},
      {R"("attention": {"kind": "cross_attention"})",
       "m.json: /attention/kind: unknown mechanism \"cross_attention\" (`ctxcost list mechanisms` shows all)"},
      {R"("attention": {"window": 4096})",
       "m.json: /attention/kind: expected the name of a mechanism, found nothing (`ctxcost list mechanisms` shows "
       "all)"},
      {R"("attention": "full")",
       "m.json: /attention: expected an object such as {\"kind\": \"full\"}, found \"full\" (write {\"kind\": "
       "\"full\"})"},
      {R"("attention": [])",
       "m.json: /attention: expected a mechanism or a list of them, found an empty list ({\"kind\": \"none\"} mixes "
       "nothing)"},
      {R"("attention": {"kind": "sliding_window"})",
       "m.json: /attention/window: expected a positive integer, found nothing"},
      {R"("attention": {"kind": "sliding_window", "windw": 4})",
       "m.json: /attention/windw: unknown key of \"sliding_window\"; did you mean \"window\"?"},
      {R"("attention": {"kind": "sliding_window", "window": "4096"})",
       "m.json: /attention/window: expected a positive integer, found \"4096\" (remove the quotes)"},
      {R"("attention": {"kind": "sliding_window", "window": 0})",
       "m.json: /attention/window: expected a positive integer, found 0"},
      {R"("attention": [{"kind": "full"}, {"kind": "full", "window": 4}])",
       "m.json: /attention/1/window: unknown key of \"full\""},
      {R"("d_model": 256, "attention": {"kind": "mamba", "gate": true})",
       "m.json: /attention/gate: unknown key of \"mamba\""},
      {R"("attention": {"kind": "full", "gate": "true"})",
       "m.json: /attention/gate: expected true or false, found \"true\" (remove the quotes)"},
      {R"("attention": {"kind": "full", "shares_cach": true})",
       "m.json: /attention/shares_cach: unknown key of \"full\"; did you mean \"shares_cache\"?"},
      {R"("attention": {"kind": "vertical_slash", "vertical": [0, -1], "slash": 4})",
       "m.json: /attention/vertical/1: expected a non-negative integer, found -1"},
      {R"("attention": {"kind": "titans", "variant": "mak", "segment": 4})",
       "m.json: /attention/variant: expected \"mac\", \"mag\" or \"mal\", found \"mak\"; did you mean \"mac\"?"},
      {R"("attention": {"kind": "vertical_slash", "vertical": "4", "slash": 4})",
       "m.json: /attention/vertical: expected a non-negative integer or a list of them, found \"4\" (remove the "
       "quotes)"},
      {R"("attention": "slidng")",
       "m.json: /attention: expected an object such as {\"kind\": \"full\"}, found \"slidng\""},
      {R"("attention": {"kind": 3})",
       "m.json: /attention/kind: expected the name of a mechanism, found 3 (`ctxcost list mechanisms` shows all)"},
      // Patterns.
      {R"("pattern": [])", "m.json: /pattern: expected a list of layers, found an empty list"},
      {R"("pattern": {"repeat": 2})", "m.json: /pattern: expected a list of layers, found an object"},
      {R"("pattern": [{"repeat": 0}])",
       "m.json: /pattern/0/repeat: expected a positive integer of at most 1000000, found 0"},
      {R"("pattern": [7])", "m.json: /pattern/0: expected an object, found 7"},
      {R"("pattern": [{"d_model": 7}])", "m.json: /pattern/0/d_model: unknown key of a layer"},
      {R"("pattern": [{"attention": {"kind": "full"}}, {"attention": {"kind": "chunked", "chunks": 8}}])",
       "m.json: /pattern/1/attention/chunks: unknown key of \"chunked\"; did you mean \"chunk\"?"},
      // Positions.
      {R"("positions": {"encoding": "rotary"})",
       "m.json: /positions/encoding: expected \"rope\", \"learned\", \"sinusoidal\", \"alibi\", \"relative_bias\" or "
       "\"none\", found \"rotary\""},
      {R"("positions": {"encoding": "learned"})",
       "m.json: /positions/rows: expected the number of learned positions, found nothing"},
      {R"("positions": {"encoding": "rope", "rows": 8})",
       "m.json: /positions/rows: expected rows only of a learned encoding, found 8 (\"encoding\": \"learned\")"},
      {R"("positions": {"rows": 8, "trained_context": 9})",
       "m.json: /positions/trained_context: expected at most \"rows\" (8), found 9"},
      {R"("positions": {"trained_context": 8, "scaling": {"type": "linear"}})",
       "m.json: /positions/scaling/factor: expected a positive number, found nothing"},
      {R"("positions": {"trained_context": 8, "scaling": {"type": "linear", "factor": -2}})",
       "m.json: /positions/scaling/factor: expected a positive number, found -2"},
      {R"("positions": {"encoding": "alibi", "scaling": {"type": "linear", "factor": 2}})",
       "m.json: /positions/scaling: expected none beside an encoding other than \"rope\", found an object"},
      {R"("positions": {"trained_context": 8, "scaling": {"type": "dynamic"}})",
       "m.json: /positions/scaling/factor: expected a positive number, found nothing"},
      {R"("positions": {"trained_context": 8, "scaling": {"type": "linear", "factor": "2"}})",
       "m.json: /positions/scaling/factor: expected a positive number, found \"2\" (remove the quotes)"},
      {R"("positions": {"trained_context": 8, "scaling": {"type": "linear", "factor": true}})",
       "m.json: /positions/scaling/factor: expected a positive number, found true"},
      {R"("positions": {"encoding": "none", "rows": 8})",
       "m.json: /positions/rows: expected rows only of a learned encoding, found 8 (\"encoding\": \"learned\")"},
      {R"("positions": 8)", "m.json: /positions: expected an object, found 8"},
      {R"("aliases": [3])", "m.json: /aliases: expected a string or a list of strings, found a list"},
      {R"("notes": 3)", "m.json: /notes: expected a string or a list of strings, found 3"},
      // Encoders.
      {R"("cross_attention": {"token": 8})",
       "m.json: /cross_attention/token: unknown key of \"cross_attention\"; did you mean \"tokens\"?"},
      {R"("cross_attention": true)", "m.json: /cross_attention: expected an object, found true"},
  };
  for (const Row& row : rows) CHECK(error_of(model_with(row.keys)) == row.error);
}

TEST_CASE("a required key is missing, or misspelt") {
  CHECK(error_of(R"({"layers": 4, "heads": 32})") == "m.json: /d_k: expected a positive integer, found nothing");
  // One mistake, one line.
  CHECK(error_of(R"({"layers": 4, "head": 32, "d_k": 8})") == "m.json: /head: unknown key; did you mean \"heads\"?");
}

TEST_CASE("all faults are reported at once, in the order of the file") {
  CHECK(error_of(R"({
    "kv_heads": -1,
    "layers": 2.5,
    "heads": "32",
    "kv_head": 8,
    "attention": {"kind": "sliding_window", "window": 0, "sink": 4},
    "pattern": [{"attention": {"kind": "fulll"}}, {"repeat": "2", "d_ff": 0}],
    "precision": "fp17",
    "layers": 2
  })") ==
        "m.json: /d_k: expected a positive integer, found nothing\n"
        "m.json: /kv_heads: expected a positive integer, found -1\n"
        "m.json: /layers: expected a positive integer of at most 1000000, found 2.5\n"
        "m.json: /heads: expected a positive integer, found \"32\" (remove the quotes)\n"
        "m.json: /kv_head: unknown key; did you mean \"kv_heads\"?\n"
        "m.json: /attention/window: expected a positive integer, found 0\n"
        "m.json: /attention/sink: unknown key of \"sliding_window\"; did you mean \"sink_logits\"?\n"
        "m.json: /pattern/0/attention/kind: unknown mechanism \"fulll\"; did you mean \"full\"?\n"
        "m.json: /pattern/1/repeat: expected a positive integer of at most 1000000, found \"2\" (remove the quotes)\n"
        "m.json: /pattern/1/d_ff: expected a positive integer, found 0\n"
        "m.json: /precision: unknown precision \"fp17\"; did you mean \"fp16\"?\n"
        "m.json: /layers: repeated key (keep one of them)");
}

TEST_CASE("a hostile file is not answered with as many lines") {
  std::string keys;
  for (int i = 0; i < 5000; ++i) keys += ", \"unknown" + std::to_string(i) + "\": 1";
  const std::string error = error_of(R"({"layers": 4, "heads": 32, "d_k": 8)" + keys + "}");
  CHECK(std::count(error.begin(), error.end(), '\n') == 100);
  CHECK(error.ends_with("\nm.json: and 4900 more faults"));
}

TEST_CASE("what is no model says so in one line") {
  CHECK(error_of("[1]") == "m.json: expected an object that describes a model, found a list");
  CHECK(error_of("{}") ==
        "m.json: expected a model: \"layers\", \"heads\" and \"d_k\", or a published config.json with its "
        "\"model_type\", found neither");
}

TEST_CASE("widths whose products do not fit 128 bits are an error, not a wrong number") {
  const std::string error = error_of(
      R"({"layers": 1, "heads": 1, "d_k": 340282366920938463463374607431768211455, "attention": {"kind": "retention"}})");
  CHECK(error == "m.json: /attention: expected widths whose products fit 128 bits, found larger ones");
}
