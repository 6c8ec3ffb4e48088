#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "program.h"

namespace {

using Json = nlohmann::json;

const std::string kSource = CTXCOST_SOURCE_DIR;
const std::string kArticle = kSource + "/configs/models/article-7b.json";

std::string golden(const std::string& name) { return read_file(kSource + "/tests/golden/" + name); }

Json json_of(std::vector<std::string> arguments, const std::string& input = {}) {
  arguments.insert(arguments.end(), {"--format", "json"});
  const Run result = run(arguments, {.input = input});
  REQUIRE_MESSAGE(result.status == 0, result.err);
  return Json::parse(result.out);
}

}  // namespace

TEST_CASE("the table of the article's model is the article's table, in every format") {
  const std::pair<const char*, const char*> formats[] = {{"table", "article-7b.txt"},
                                                         {"markdown", "article-7b.md"},
                                                         {"json", "article-7b.json"},
                                                         {"ndjson", "article-7b.ndjson"},
                                                         {"csv", "article-7b.csv"}};
  for (const auto& [format, file] : formats) {
    const Run result = run({"scale", "article-7b", "--format", format});
    CHECK(result.status == 0);
    CHECK(result.err == "");
    CHECK(result.out == golden(file));
  }
  CHECK(run({"article-7b"}).out == golden("article-7b.txt"));
  CHECK(run({kArticle}).out == golden("article-7b.txt"));
}

TEST_CASE("the table of the article's model fits 80 columns") {
  const std::string table = run({"article-7b", "-q"}).out;
  CHECK(table.find("1K → 4K") == std::string::npos);
  CHECK(table.find("convention") == std::string::npos);
  std::size_t start = 0;
  while (start < table.size()) {
    const std::size_t end = table.find('\n', start);
    std::size_t width = 0;
    for (const char c : table.substr(start, end - start)) width += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    CHECK(width == 80);
    start = end + 1;
  }
}

TEST_CASE("attention FLOPs of a layer follow the named convention") {
  // docs/cost-model.md section 2.1, 131,072 tokens: 2 H n^2 d_k; twice that; 4 H d_k n (n + 1) / 2.
  struct Row {
    const char* convention;
    std::uint64_t flops;
    std::uint64_t macs;
    const char* pairs;
  };
  const Row rows[] = {
      {"article", 140737488355328, 140737488355328, "reach"},
      {"standard", 281474976710656, 140737488355328, "reach"},
      {"causal", 140738562097152, 70369281048576, "exact"},
      {"article:flops_per_mac=2", 281474976710656, 140737488355328, "reach"},
      {"standard:pairs=exact", 140738562097152, 70369281048576, "exact"},
  };
  for (const Row& row : rows) {
    const Json document = json_of({"scale", "article-7b", "--convention", row.convention});
    CHECK(document["conventions"]["name"] == row.convention);
    CHECK(document["conventions"]["pairs"] == row.pairs);
    CHECK(document["results"][4]["attention_flops_per_layer"] == row.flops);
    CHECK(document["results"][4]["attention_macs_per_layer"] == row.macs);
    CHECK(document["results"][5]["kv_cache_bytes"] == 549755813888);
  }
}

TEST_CASE("the article's prose at 128,000 tokens") {
  const Json result = json_of({"article-7b", "-n", "128000", "--convention", "standard"})["results"][0];
  CHECK(result["scores_per_head"] == 16384000000);
  CHECK(result["attention_flops_per_layer"] == 268435456000000);  // its "268 TeraFLOPs"
  CHECK(result["attention_flops"] == 8589934592000000);
  CHECK(result["kv_cache_bytes"] == 67108864000);
}

TEST_CASE("Llama 3.1 8B from the catalogue, from its file and from standard input") {
  // docs/cost-model.md section 4.1.
  const std::string file = kSource + "/configs/models/llama-3.1-8b.json";
  const std::vector<std::string> tail = {"-n", "8192", "--convention", "causal"};
  for (const std::string& model : {std::string("llama-3.1-8b"), file, std::string("-")}) {
    std::vector<std::string> arguments = {"scale", model};
    arguments.insert(arguments.end(), tail.begin(), tail.end());
    const Json result = json_of(arguments, model == "-" ? read_file(file) : "")["results"][0];
    CHECK(result["parameters"] == 8030261248);
    CHECK(result["kv_precision"] == "bf16");
    CHECK(result["kv_cache_bytes"] == 1073741824);
    CHECK(result["attention_flops"] == 17594333528064);
    CHECK(result["linear_flops"] == 114349209288704);
    CHECK(result["logits_flops"] == 1050673152);
    CHECK(result["forward_flops"] == 131944593489920);
  }
}

TEST_CASE("the grid runs over models, weights, KV types, engines, batches and contexts, the context fastest") {
  const Run result = run({"article-7b", kArticle, "-n", "1K,2K", "-b", "1,3", "--kv-precision", "fp16,q8_0/q4_0",
                          "--weights", "fp16", "--weights", "int4:group=64,zero,q8_0", "--format", "csv", "--columns",
                          "weights,kv_precision,batch,context,kv_cache_bytes"});
  CHECK(result.status == 0);
  std::string expected = "weights,kv_precision,batch,context,kv_cache_bytes\n";
  // 32 layers of 32 heads of 128: fp16 2 * 2 * 128 bytes a token and head; q8_0 4 * 34 for K, q4_0 4 * 18 for V.
  for (int model = 0; model < 2; ++model) {
    for (const char* weights : {"fp16", "\"int4:group=64,zero\"", "q8_0"}) {
      for (const auto& [kv, bytes] : {std::pair("fp16", 512), std::pair("q8_0/q4_0", 208)}) {
        for (const int batch : {1, 3}) {
          for (const int context : {1024, 2048}) {
            expected += std::string(weights) + "," + kv + "," + std::to_string(batch) + "," + std::to_string(context) +
                        "," + std::to_string(1024L * bytes * batch * context) + "\n";
          }
        }
      }
    }
  }
  CHECK(result.out == expected);
}

TEST_CASE("columns that vary lead the table; the others are in its headings and caption") {
  const Run result = run({"article-7b", "-n", "4K", "-b", "1,2", "--kv-precision", "fp16,q8_0", "--units", "iec"});
  CHECK(result.out ==
        "article convention: 1 FLOP per multiply-add, every query charged all n keys; IEC units, 1 GiB = 2^30 bytes; "
        "approx. 7B\n"
        "\n"
        "| KV   | Batch | Context | Tokens (n) | Attn Scores (n²) | Attn FLOPs/layer | KV Cache |\n"
        "|------|------:|---------|-----------:|-----------------:|-----------------:|---------:|\n"
        "| fp16 |     1 | 4K      |      4,096 |            16.8M |  137.4 GigaFLOPs | 2.00 GiB |\n"
        "| fp16 |     2 | 4K      |      4,096 |            16.8M |  274.9 GigaFLOPs | 4.00 GiB |\n"
        "| q8_0 |     1 | 4K      |      4,096 |            16.8M |  137.4 GigaFLOPs | 1.06 GiB |\n"
        "| q8_0 |     2 | 4K      |      4,096 |            16.8M |  274.9 GigaFLOPs | 2.13 GiB |\n");
}

TEST_CASE("a model of unlike layers shows totals, and each group's own numbers in JSON") {
  // Two layers of full attention and two of a window of 1,024, at 2,048 tokens; one head of 64.
  const std::string model =
      R"({"name": "mixed", "layers": 4, "heads": 1, "d_k": 64,
          "pattern": [{"attention": {"kind": "sliding_window", "window": 1024}}, {"attention": {"kind": "full"}}]})";
  const Run table = run({"-", "-n", "2K", "-q"}, {.input = model});
  CHECK(table.out ==
        "| Context | Tokens (n) | Attn Scores (total) | Attn FLOPs/layer | KV Cache (FP16) |\n"
        "|---------|-----------:|--------------------:|-----------------:|----------------:|\n"
        "| 2K      |      2,048 |               12.6M |  402.7 MegaFLOPs |          1.6 MB |\n");
  // 2 n^2 + 2 n w pairs of 128 multiply-adds; 2 n + 2 w tokens of 256 bytes.
  const Json result = json_of({"-", "-n", "2K"}, model)["results"][0];
  CHECK(result["scores_per_head"].is_null());
  CHECK(result["scores"] == 12582912);
  CHECK(result["attention_macs"] == 1610612736);
  CHECK(result["attention_macs_per_layer"] == 402653184);
  CHECK(result["kv_cache_bytes"] == 1572864);
  REQUIRE(result["layer_groups"].size() == 2);
  CHECK(result["layer_groups"][0]["indices"] == "0,2");
  CHECK(result["layer_groups"][0]["mixers"][0]["kind"] == "sliding_window");
  CHECK(result["layer_groups"][0]["scores_per_head"] == 2097152);
  CHECK(result["layer_groups"][0]["kv_cache_bytes_per_layer"] == 262144);
  CHECK(result["layer_groups"][1]["scores_per_head"] == 4194304);
  CHECK(result["layer_groups"][1]["kv_cache_bytes_per_layer"] == 524288);
}

TEST_CASE("integers above 64 bits keep all their digits") {
  // n = 10^12: scores 1024 n^2, multiply-adds 256 times that.
  const Run result =
      run({"article-7b", "-n", "1000000000000", "--format", "csv", "--columns", "scores,attention_macs"});
  CHECK(result.out == "scores,attention_macs\n1024000000000000000000000000,262144000000000000000000000000\n");
}

TEST_CASE("growth is relative to the first context of the same series") {
  const Run result = run({"article-7b", "-n", "2K,1K,3K", "-b", "1,2", "--format", "csv", "--columns",
                          "batch,growth_attention_flops,growth_kv_cache"});
  CHECK(result.out ==
        "batch,growth_attention_flops,growth_kv_cache\n"
        "1,1,1\n1,0.25,0.5\n1,2.25,1.5\n"
        "2,1,1\n2,0.25,0.5\n2,2.25,1.5\n");
}

TEST_CASE("the format follows the file's extension unless it is named") {
  const TemporaryDirectory directory;
  const std::pair<const char*, const char*> files[] = {
      {"a.txt", "article-7b.txt"},      {"a.md", "article-7b.md"},         {"a.json", "article-7b.json"},
      {"a.jsonl", "article-7b.ndjson"}, {"a.ndjson", "article-7b.ndjson"}, {"a.csv", "article-7b.csv"}};
  for (const auto& [file, expected] : files) {
    const Run result = run({"article-7b", "-o", directory.path(file)});
    CHECK(result.status == 0);
    CHECK(result.out == "");
    CHECK(read_file(directory.path(file)) == golden(expected));
  }
  CHECK(run({"article-7b", "-o", directory.path("b.csv"), "--format", "table"}).status == 0);
  CHECK(read_file(directory.path("b.csv")) == golden("article-7b.txt"));
}

TEST_CASE("counts from 10^15 are shown with P") {
  // n^2: 35,136,418^2 = 1,234,567,869,870,724 and 31,622,776^2 = 999,999,961,946,176
  const std::string out = run({"article-7b", "-n", "31622776,35136418", "-q", "--columns", "scores_per_head"}).out;
  CHECK(out.find(" 1.2P |") != std::string::npos);
  CHECK(out.find(" 1.0P |") != std::string::npos);
  CHECK(out.find(" 999.9T |") == std::string::npos);
}

TEST_CASE("--ndjson answers a stream of models line by line") {
  // 2 x 8,192 tokens x 32 heads x 128 x 2 bytes a layer
  const std::string one = R"({"layers": 1, "heads": 32, "d_k": 128})";
  const std::string three = R"({"name": "three", "layers": 3, "heads": 32, "d_k": 128})";
  const std::vector<std::string> asked = {"scale", "-", "--ndjson", "-n", "8K", "--columns", "model,kv_cache_bytes"};
  const auto with = [&asked](std::vector<std::string> more) {
    more.insert(more.begin(), asked.begin(), asked.end());
    return more;
  };
  Run result = run(with({"--format", "csv"}), {.input = one + "\n\n" + three + "\n"});
  CHECK(result.status == 0);
  CHECK(result.err == "");
  CHECK(result.out == "model,kv_cache_bytes\n-:1,134217728\nthree,402653184\n");

  // NDJSON is the default: what comes in lines goes out in lines.
  result = run(asked, {.input = one + "\n" + three + "\n"});
  CHECK(result.status == 0);
  CHECK(std::count(result.out.begin(), result.out.end(), '\n') == 2);
  CHECK(Json::parse(result.out.substr(result.out.find('\n') + 1))["kv_cache_bytes"] == 402653184);
  CHECK(json_of(asked, one + "\n" + three + "\n")["results"].size() == 2);

  // A bad line ends the stream with what was answered before it; --keep-going goes on. Both exit 2.
  const std::string broken = one + "\n{\"layers\": 1}\n" + three + "\nno JSON\n";
  result = run(with({"--format", "csv"}), {.input = broken});
  CHECK(result.status == 2);
  CHECK(result.out == "model,kv_cache_bytes\n-:1,134217728\n");
  CHECK(result.err == "ctxcost: -:2: /heads: expected a positive integer, found nothing (and 1 more)\n");
  result = run(with({"--format", "csv", "--keep-going"}), {.input = broken});
  CHECK(result.status == 2);
  CHECK(result.out == "model,kv_cache_bytes\n-:1,134217728\nthree,402653184\n");
  CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 2);
  CHECK(result.err.find("ctxcost: -:4") != std::string::npos);
}

TEST_CASE("--ndjson refuses what it cannot stream") {
  const auto complaint = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"scale"});
    const Run result = run(arguments);
    CHECK(result.status == 2);
    CHECK(result.out == "");
    return result.err;
  };
  CHECK(complaint({"-", "--ndjson", "--format", "table"}) ==
        "ctxcost: --format: expected ndjson, json or csv, found \"table\"\n");
  CHECK(complaint({"-", "--ndjson", "--format", "csv", "-o", "/nowhere/a", "--format", "json"}) ==
        "ctxcost: --ndjson: expected one output, found 2 (a stream is read once: give one --format or --output)\n");
  CHECK(complaint({"-", "--ndjson", "--jobs", "2"}) ==
        "ctxcost: --jobs: divides the contexts of a grid, not a stream of models (leave --jobs or --ndjson out)\n");
  CHECK(complaint({"nosuch.ndjson", "--ndjson"}) ==
        "ctxcost: nosuch.ndjson: cannot be read: No such file or directory\n");
  CHECK(complaint({"article-7b", "--keep-going"}).find("needs --ndjson") != std::string::npos);
}

TEST_CASE("--jobs: the same bytes for any number of threads, and in any format") {
  for (const char* format : {"csv", "ndjson", "json", "markdown"}) {
    CAPTURE(format);
    const std::vector<std::string> question = {"scale", "gemma-3-27b-it", "-n",  "1..2600:+1", "-b",
                                               "1,2",   "--format",       format};
    const std::string alone = run(question).out;
    for (const char* jobs : {"1", "2", "7"}) {
      std::vector<std::string> several = question;
      several.insert(several.end(), {"--jobs", jobs});
      const Run result = run(several);
      CHECK(result.status == 0);
      CHECK(result.err == "");  // no progress: stderr is no terminal
      CHECK(result.out == alone);
    }
  }
  for (const char* jobs : {"0", "1025", "two", "-1"}) {
    const Run result = run({"scale", "article-7b", "--jobs", jobs});
    CHECK(result.status == 2);
    CHECK(result.err.find("expected a number of threads from 1 to 1,024") != std::string::npos);
  }
}

TEST_CASE("--parallel: cache, state and weights of the fullest device, and all else of the whole model") {
  struct Row {
    const char* model;
    const char* split;
    std::uint64_t weights, kv_cache;
  };
  // Llama 3.1 70B: 80 layers, d 8192, 64 query and 8 KV heads of 128, feed-forward 28672, 128,256 rows, bf16. A device
  // of tp=t holds, 2 bytes each, 80 (2 d 128 64/t + 2 d 128 max(8/t, 1) + 3 d 28672/t + 2 d) + 2 d 128256/t + d weights
  // and 80 layers * 8192 tokens * 2 * 128 * max(8/t, 1) of cache. Of 27, 27 and 26 layers the first stage is the
  // fullest, since it has the embedding, too: 27 (2 d 8192 + 2 d 1024 + 3 d 28672 + 2 d) + 128256 d.
  // DeepSeek-V3: each device holds the whole latent, 61 layers * 8192 tokens * (512 + 64) * 2 bytes.
  static constexpr Row kRows[] = {
      {"llama-3.1-70b", "tp=8", 17'640'734'720, 335'544'320},
      {"llama-3.1-70b", "tp=16", 8'989'458'432, 335'544'320},
      {"llama-3.1-70b", "pp=3", 48'306'683'904, 905'969'664},
      {"llama-3.1-70b", "tp=8,dp=2", 17'640'734'720, 335'544'320},
      {"deepseek-v3", "tp=8", 0, 575'668'224},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.model);
    CAPTURE(row.split);
    const Json whole = json_of({"scale", row.model, "-n", "8K"})["results"][0];
    Json held = json_of({"scale", row.model, "-n", "8K", "--parallel", row.split})["results"][0];
    if (row.weights != 0) CHECK(held["weights_bytes"] == row.weights);
    CHECK(held["kv_cache_bytes"] == row.kv_cache);
    CHECK(held["kv_reserved_bytes"] == row.kv_cache);
    CHECK(held["parallel"] == row.split);
    std::uint64_t parts = 0;
    for (const Json& part : held["cache_parts"]) parts += part.get<std::uint64_t>();
    CHECK(parts == row.kv_cache);
    // All else is that of the whole model.
    for (const char* key : {"weights_bytes", "kv_cache_bytes", "kv_reserved_bytes", "cache_parts", "reserved_parts"}) {
      held[key] = whole[key];
    }
    held.erase("parallel");
    held["notes"] = whole["notes"];
    CHECK(held == whole);
  }
}

TEST_CASE("--parallel: the bytes are those of fit") {
  const std::vector<std::vector<std::string>> questions = {
      {"llama-3.1-8b", "--parallel", "tp=4,pp=2", "-n", "100,8K,100K", "-b", "1,7"},
      {"deepseek-v3", "--parallel", "ep=16,dp=16", "-n", "32K", "-b", "4"},
      {"qwen3-next-80b-a3b", "--parallel", "pp=3", "-n", "1K,200K"},
      {"gemma-3-27b-it", "--parallel", "tp=2,cp=2", "-n", "9000", "--kv-precision", "q8_0"},
      {"gpt-oss-20b", "--parallel", "tp=4", "-n", "30000", "--engine", "sglang"},
      {"deepseek-v3", "--parallel", "tp=8,dcp=4", "-n", "30000", "--engine", "vllm"},
      {"llama-3.2-1b", "--parallel", "pp=2", "-n", "4K", "--engine", "llama.cpp:ngl=9", "--weights", "Q4_K_M"},
      {"llama-3.2-1b", "--parallel", "pp=2", "-n", "4K", "--engine", "llama.cpp:kv_offload=0", "--weights", "F16"},
  };
  for (const std::vector<std::string>& question : questions) {
    CAPTURE(question.front());
    std::vector<std::string> scale = question;
    scale.insert(scale.begin(), "scale");
    std::vector<std::string> fit = question;
    fit.insert(fit.begin(), "fit");
    fit.insert(fit.end(), {"--gpu", "b300-sxm-288gb", "--beyond-window", "--exit-zero"});
    const Json held = json_of(scale)["results"];
    const Json fits = json_of(fit)["results"];
    REQUIRE(held.size() == fits.size());
    for (const Json& row : held) {
      const auto same = std::find_if(fits.begin(), fits.end(), [&](const Json& one) {
        return one["context"] == row["context"] && one["batch"] == row["batch"];
      });
      REQUIRE(same != fits.end());
      CHECK(row["parallel"] == (*same)["parallel"]);
      CHECK(row["kv_reserved_bytes"] == (*same)["device_kv_bytes"]);
      const Json& devices = (*same)["devices"];
      const auto fullest = std::find_if(devices.begin(), devices.end(), [&](const Json& device) {
        return device["device_bytes"] == (*same)["device_bytes"];
      });
      REQUIRE(fullest != devices.end());
      CHECK(row["weights_bytes"] == (*fullest)["weights_bytes"]);
    }
  }
}

TEST_CASE("--parallel: states are split by their heads") {
  // Qwen3-Next: 36 layers of 32 value heads with 128 x 128 states in fp32, and 3 rows of 2 * 16 * 128 + 32 * 128
  // channels before them in bf16; half of each on each of two devices.
  const Json held = json_of({"scale", "qwen3-next-80b-a3b", "-n", "8K", "--parallel", "tp=2"})["results"][0];
  CHECK(held["state_bytes"] == 36 * (16 * 128 * 128 * 4 + 3 * (8 * 2 + 16) * 128 * 2));
  CHECK(held["kv_cache_bytes"] == 12 * 8192 * 2 * 256 * 2);  // of 2 KV heads one
}

TEST_CASE("--parallel: another device may be the fullest at another context") {
  // Two layers with a window of 16 tokens and wide feed-forwards, then two that keep every token: 16 rows against n.
  const std::string model =
      R"({"name": "halves", "layers": 4, "heads": 8, "d_k": 64, "d_model": 512, "d_ff": 1024, "vocab": 1000,)"
      R"( "pattern": [{"repeat": 2, "d_ff": 4096, "attention": {"kind": "sliding_window", "window": 16}},)"
      R"( {"repeat": 2}]})";
  // fp16. Layers of 4 * 512^2 + 3 * 512 d_ff + 2 * 512; 1000 rows of 512 on both ends, the last norm.
  const std::string first = std::to_string(2 * (2 * (4 * 512 * 512 + 3 * 512 * 4096 + 1024) + 512'000));
  const std::string last = std::to_string(2 * (2 * (4 * 512 * 512 + 3 * 512 * 1024 + 1024) + 512'000 + 512));
  const std::string table = "context,weights_bytes,kv_cache_bytes\n16," + first + ",65536\n65536," + last +
                            ",268435456\n131072," + last + ",536870912\n";
  const std::vector<std::string> question = {"--parallel", "pp=2", "-n",        "16,64K,128K",
                                             "--format",   "csv",  "--columns", "context,weights_bytes,kv_cache_bytes"};
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"scale", "-"}, {"scale", "-", "--ndjson"}}) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), question.begin(), question.end());
    const Run result = run(arguments, {.input = model + "\n"});
    CHECK(result.err == "");
    CHECK(result.out == table);
  }
}

TEST_CASE("--parallel: the same rows in every format, whole or in parts") {
  const std::vector<std::string> question = {"scale", "qwen3-next-80b-a3b", "-n", "1..2100:+1", "--parallel", "pp=2"};
  for (const char* format : {"csv", "ndjson"}) {
    CAPTURE(format);
    std::vector<std::string> asked = question;
    asked.insert(asked.end(), {"--format", format});
    const std::string alone = run(asked).out;
    asked.insert(asked.end(), {"--jobs", "3"});
    CHECK(run(asked).out == alone);
  }
  const Json rows = json_of({"scale", "llama-3.1-8b", "-n", "1..40:+1", "--parallel", "tp=2"})["results"];
  const std::string lines =
      run({"scale", "llama-3.1-8b", "-n", "1..40:+1", "--parallel", "tp=2", "--format", "ndjson"}).out;
  std::size_t start = 0;
  for (const Json& row : rows) {
    Json line = Json::parse(lines.substr(start, lines.find('\n', start) - start));
    start = lines.find('\n', start) + 1;
    for (const char* key : {"schema_version", "tool", "command", "conventions"}) line.erase(key);
    CHECK(line == row);
  }
}

TEST_CASE("--parallel: the caption and CSV say so, and what is not counted is refused") {
  const std::string table = run({"scale", "llama-3.1-70b", "-n", "8K", "--parallel", "tp=16"}).out;
  CHECK(table.find("; cache, state and weights: the fullest of 16 devices (tp=16), all else: the whole model\n") !=
        std::string::npos);
  CHECK(table.find("note: tp=16: several devices hold copies of") != std::string::npos);
  CHECK(table.find("335.5 MB") != std::string::npos);
  const std::string csv = run({"scale", "llama-3.1-70b", "-n", "8K", "--parallel", "tp=16", "--format", "csv"}).out;
  CHECK(csv.substr(0, csv.find('\n')).ends_with(",parallel"));
  CHECK(csv.ends_with(",tp=16\n"));
  // A cache in host memory is on no device.
  const Json held = json_of(
      {"scale", "llama-3.2-1b", "-n", "4K", "--parallel", "pp=2", "--engine", "llama.cpp:kv_offload=0"})["results"][0];
  for (const char* key : {"kv_cache_bytes", "kv_reserved_bytes", "state_bytes"}) CHECK(held[key] == 0);
  CHECK(held["reserved_parts"] == Json::object());
  const auto complaint = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "scale");
    const Run result = run(arguments);
    CHECK(result.status == 2);
    CHECK(result.out == "");
    return result.err;
  };
  CHECK(complaint({"llama-3.1-8b", "--parallel", "tp=64"}) ==
        "ctxcost: --parallel: tp=64: expected at most the 32 query heads\n");
  CHECK(complaint({"llama-3.1-8b", "--parallel", "pp=2", "--engine", "llama.cpp:draft=llama-3.2-1b"}) ==
        "ctxcost: --parallel: the bytes that draft loads beside the model are not among those of a split model "
        "(`ctxcost fit` counts them)\n");
  CHECK(complaint({"llama-3.1-8b", "--parallel", "tp=2", "--parallel", "tp=4"}).find("--parallel") !=
        std::string::npos);
}

TEST_CASE("--parallel: diff of saved reports names the split") {
  const TemporaryDirectory directory;
  const std::string whole = directory.path("whole.json");
  const std::string split = directory.path("split.json");
  CHECK(run({"scale", "llama-3.1-8b", "-n", "8K", "-o", whole}).status == 0);
  CHECK(run({"scale", "llama-3.1-8b", "-n", "8K", "--parallel", "tp=2", "-o", split}).status == 0);
  const std::string changes = run({"diff", whole, split}).out;
  CHECK(changes.find("\nparallel:  → tp=2\n") != std::string::npos);
  CHECK(changes.find("kv_cache_bytes") != std::string::npos);
  CHECK(changes.find("forward_flops") == std::string::npos);
}
