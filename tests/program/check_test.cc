// Budgets, good and bad: whole outputs and exit statuses, in every format.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "program.h"

namespace {

using Json = nlohmann::json;

const std::string kSource = CTXCOST_SOURCE_DIR;
const std::vector<std::string> kFormats = {"table", "json", "ndjson", "csv", "markdown", "junit", "sarif", "github"};

// By hand, a token's cache: 2 layers * (K and V) * 2 KV heads * 64 * 2 bytes = 1,024 bytes; 544 with q8_0 (34 bytes for
// 32 elements). Parameters: 2 * (256*256 + 2*256*128 + 256*256 + 3*256*512 + 2*256) + 2*1000*256 + 256 = 1,692,928, of
// 2 bytes each. Activations of n <= 2048 tokens: n*(2*256 + 2*512)*2 + 1000*4 bytes.
constexpr const char* kTiny =
    R"({"layers": 2, "heads": 4, "kv_heads": 2, "d_k": 64, "d_model": 256, "d_ff": 512, "vocab": 1000})";
constexpr const char* kTrained =
    R"({"layers": 2, "heads": 4, "kv_heads": 2, "d_k": 64, "positions": {"encoding": "rope", "trained_context": 4096}})";
constexpr const char* kTypo = R"({"layers": 2, "heads": 4, "d_k": 64, "kv_head": 2})";
constexpr const char* kCard =
    R"({"id": "card", "name": "Card", "vendor": "none", "memory_bytes": 8000000,
        "memory_bandwidth_bytes_per_s": 1000000000, "peak_dense_flops": {"fp16": 1000000000000}, "source": "a test"})";

/// A directory with the models and the device that the budgets name.
class Workspace {
 public:
  Workspace() {
    write("tiny.json", kTiny);
    write("trained.json", kTrained);
    write("typo.json", kTypo);
    write("card.json", kCard);
  }
  void write(const std::string& name, const std::string& text) const { write_file(directory_.path(name), text); }
  std::string read(const std::string& name) const { return read_file(directory_.path(name)); }
  std::string path(const std::string& name) const { return directory_.path(name); }
  Run check(std::vector<std::string> arguments, const std::string& input = {}) const {
    arguments.insert(arguments.begin(), "check");
    return run(arguments, {.input = input, .directory = directory_.path()});
  }

 private:
  TemporaryDirectory directory_;
};

/// Runs a tool of the system, which has to be there: scripts/install-dependencies --tests.
void run_tool(std::vector<std::string> arguments) {
  const Run result = run(arguments, {.program = "/usr/bin/env"});
  CHECK_MESSAGE(result.status == 0, result.err);
}

void validate_junit(const std::vector<std::string>& files) {
  std::vector<std::string> arguments = {"xmllint", "--noout", "--nonet", "--schema",
                                        kSource + "/tests/schemas/junit.xsd"};
  arguments.insert(arguments.end(), files.begin(), files.end());
  run_tool(arguments);
}

void validate_sarif(const std::vector<std::string>& files) {
  std::vector<std::string> arguments = {kSource + "/tests/schemas/validate",
                                        kSource + "/tests/schemas/sarif-2.1.0.json"};
  arguments.insert(arguments.end(), files.begin(), files.end());
  run_tool(arguments);
}

struct Row {
  const char* what;
  const char* budgets;
  int status;
  const char* output;  ///< the table, or what standard error says with status 2
};

const std::vector<Row>& rows() {
  static const std::vector<Row> kRows = {
      {"a limit holds at its very value",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"kv_cache_bytes": {"max": 4194304}}}]})~",
       0,
       R"~(| Verdict | Budget | Model     | Context | Batch | Limits met |
|---------|--------|-----------|--------:|------:|-----------:|
| pass    | a      | tiny.json |      4K |     1 |     1 of 1 |

1 budget: 1 passed
)~"},
      {"one byte less does not",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"kv_cache_bytes": {"max": 4194303}}}]})~",
       1,
       R"~(| Verdict | Budget | Model     | Context | Batch | Limits met |
|---------|--------|-----------|--------:|------:|-----------:|
| fail    | a      | tiny.json |      4K |     1 |     0 of 1 |

b.json:1:104: fail: a: kv_cache_bytes is 4.00 MiB at 4K tokens, batch 1: max 4194303, 1 B (<0.1%) over
  would pass with context 4095, or kv_precision q8_0

1 budget: 0 passed, 1 failed
)~"},
      {"a part of a byte cannot be used",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"kv_cache_bytes": {"max": "4194303.9 B"}}}]})~",
       1,
       R"~(| Verdict | Budget | Model     | Context | Batch | Limits met |
|---------|--------|-----------|--------:|------:|-----------:|
| fail    | a      | tiny.json |      4K |     1 |     0 of 1 |

b.json:1:104: fail: a: kv_cache_bytes is 4.00 MiB at 4K tokens, batch 1: max 4194303.9 B, 1 B (<0.1%) over
  would pass with context 4095, or kv_precision q8_0

1 budget: 0 passed, 1 failed
)~"},
      {"MiB is 2^20 bytes and MB 10^6",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"kv_cache_bytes": {"min": "4MiB", "max": "4 MB"}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/limits/kv_cache_bytes: expected a "min" of at most "max", found 4MiB and 4 MB
)~"},
      {"a least value",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"kv_cache_bytes": {"min": "5 MiB"}}}]})~",
       1,
       R"~(| Verdict | Budget | Model     | Context | Batch | Limits met |
|---------|--------|-----------|--------:|------:|-----------:|
| fail    | a      | tiny.json |      4K |     1 |     0 of 1 |

b.json:1:104: fail: a: kv_cache_bytes is 4.00 MiB at 4K tokens, batch 1: min 5 MiB, 1.00 MiB (20.0%) short

1 budget: 0 passed, 1 failed
)~"},
      {"FLOPs by the causal convention",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": 1024, "limits": {"attention_flops": {"max": "1.07 GFLOPs"}}}]})~",
       1,
       R"~(| Verdict | Budget | Model     | Context | Batch | Limits met |
|---------|--------|-----------|--------:|------:|-----------:|
| fail    | a      | tiny.json |      1K |     1 |     0 of 1 |

b.json:1:105: fail: a: attention_flops is 1.1 GigaFLOPs at 1K tokens, batch 1: max 1.07 GFLOPs, 4.8 MegaFLOPs (0.4%) over
  would pass with context 1021

1 budget: 0 passed, 1 failed
)~"},
      {"FLOPs by the convention of the budget",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "1K", "convention": "article", "limits": {"attention_flops": {"min": 1073741824, "max": 1073741824}}}]})~",
       0,
       R"~(| Verdict | Budget | Model     | Context | Batch | Limits met |
|---------|--------|-----------|--------:|------:|-----------:|
| pass    | a      | tiny.json |      1K |     1 |     2 of 2 |

1 budget: 1 passed
)~"},
      {"multiply-adds with a letter alone",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "1K", "limits": {"attention_macs": {"max": "1G"}}}]})~",
       0,
       R"~(| Verdict | Budget | Model     | Context | Batch | Limits met |
|---------|--------|-----------|--------:|------:|-----------:|
| pass    | a      | tiny.json |      1K |     1 |     1 of 1 |

1 budget: 1 passed
)~"},
      {"a breach of a warning does not fail",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "level": "warning", "limits": {"kv_cache_bytes": {"max": "4MB"}}}]})~",
       0,
       R"~(| Verdict | Budget | Model     | Context | Batch | Limits met |
|---------|--------|-----------|--------:|------:|-----------:|
| warn    | a      | tiny.json |      4K |     1 |     0 of 1 |

b.json:1:124: warn: a: kv_cache_bytes is 4.00 MiB at 4K tokens, batch 1: max 4MB, 189.75 KiB (4.9%) over
  would pass with context 3906, or kv_precision q8_0

1 budget: 0 passed, 1 warned
)~"},
      {"every pair of contexts and batches",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "contexts": ["1K", 4096], "batches": [1, 4], "limits": {"kv_cache_bytes": {"max": "16MB"}}}]})~",
       1,
       R"~(| Verdict | Budget | Model     | Context | Batch | Limits met |
|---------|--------|-----------|--------:|------:|-----------:|
| fail    | a      | tiny.json |  1K, 4K |  1, 4 |     3 of 4 |

b.json:1:132: fail: a: kv_cache_bytes is 16.00 MiB at 4K tokens, batch 4: max 16MB, 759.00 KiB (4.9%) over
  would pass with context 3906, or batch 3, or kv_precision q8_0

1 budget: 0 passed, 1 failed
)~"},
      {"a range of contexts",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "contexts": "1K..16K", "limits": {"kv_cache_bytes": {"max": "16MiB"}}}]})~",
       0,
       R"~(| Verdict | Budget | Model     |       Context | Batch | Limits met |
|---------|--------|-----------|--------------:|------:|-----------:|
| pass    | a      | tiny.json | 1K to 16K (5) |     1 |     5 of 5 |

1 budget: 1 passed
)~"},
      {"growth over the contexts",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "contexts": ["1K", "4K"], "limits": {"growth_kv_cache": {"max": "3x"}, "growth_attention_flops": {"max": 16}}}]})~",
       1,
       R"~(| Verdict | Budget | Model     | Context | Batch | Limits met |
|---------|--------|-----------|--------:|------:|-----------:|
| fail    | a      | tiny.json |  1K, 4K |     1 |     3 of 4 |

b.json:1:114: fail: a: growth_kv_cache is 4x at 4K tokens, batch 1: max 3x, 1x (33.3%) over

1 budget: 0 passed, 1 failed
)~"},
      {"levels are ordered",
       R"~({"budgets": [{"name": "a", "model": "trained.json", "context": "8K", "limits": {"window_status": {"max": "scaled"}}}]})~",
       1,
       R"~(| Verdict | Budget | Model        | Context | Batch | Limits met |
|---------|--------|--------------|--------:|------:|-----------:|
| fail    | a      | trained.json |      8K |     1 |     0 of 1 |

b.json:1:106: fail: a: window_status is beyond at 8K tokens, batch 1: max scaled
  would pass with context 4096

1 budget: 0 passed, 1 failed
)~"},
      {"a share of the GPU",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "1K", "gpu": "card.json", "limits": {"device_bytes": {"max": "90% of gpu"}}}]})~",
       1,
       R"~(| Verdict | Budget | Model     | Context | Batch | Limits met |
|---------|--------|-----------|--------:|------:|-----------:|
| fail    | a      | tiny.json |      1K |     1 |     0 of 1 |

b.json:1:122: fail: a: device_bytes is 7.23 MiB at 1K tokens, batch 1: max 90% of gpu (6.87 MiB), 375.16 KiB (5.3%) over
  would pass with context 930, or kv_precision q8_0, or weights fp8, or gpus 2

1 budget: 0 passed, 1 failed
)~"},
      {"headroom below zero",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "gpu": "card.json", "contexts": ["1K", "2K"], "limits": {"headroom_bytes": {"min": 0}}}]})~",
       1,
       R"~(| Verdict | Budget | Model     | Context | Batch | Limits met |
|---------|--------|-----------|--------:|------:|-----------:|
| fail    | a      | tiny.json |  1K, 2K |     1 |     1 of 2 |

b.json:1:133: fail: a: headroom_bytes is -3.60 MiB at 2K tokens, batch 1: min 0, 3.60 MiB short
  would pass with context 1125, or gpus 2

1 budget: 0 passed, 1 failed
)~"},
      {"seconds",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": 1024, "gpu": "card.json", "limits": {"decode_seconds_per_token": {"max": "4ms"}, "decode_tokens_per_second": {"min": 250}}}]})~",
       0,
       R"~(| Verdict | Budget | Model     | Context | Batch | Limits met |
|---------|--------|-----------|--------:|------:|-----------:|
| pass    | a      | tiny.json |      1K |     1 |     2 of 2 |

1 budget: 1 passed
)~"},
      {"answers of searches",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": 1024, "gpu": "card.json", "limits": {"max_context": {"min": "1K", "max": 1122}, "max_batch": {"max": 1}, "min_gpus": {"max": 1}}}]})~",
       1,
       R"~(| Verdict | Budget | Model     | Context | Batch | Limits met |
|---------|--------|-----------|--------:|------:|-----------:|
| fail    | a      | tiny.json |      1K |     1 |     3 of 4 |

b.json:1:134: fail: a: max_context is 1,125 at 1K tokens, batch 1: max 1122, 3 (0.3%) over

1 budget: 0 passed, 1 failed
)~"},
      {"two GPUs",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": 1024, "gpu": "card.json:2", "limits": {"device_bytes": {"max": "5 MB"}, "total_bytes": {"max": "10 MB"}}}]})~",
       0,
       R"~(| Verdict | Budget | Model     | Context | Batch | Limits met |
|---------|--------|-----------|--------:|------:|-----------:|
| pass    | a      | tiny.json |      1K |     1 |     2 of 2 |

1 budget: 1 passed
)~"},
      {"defaults, and what replaces them",
       R"~({"$schema": "x", "defaults": {"model": "tiny.json", "context": "1K", "kv_precision": "q8_0"}, "budgets": [{"name": "a", "limits": {"kv_cache_bytes": {"max": 557056}}}, {"name": "b", "contexts": [2048], "kv_precision": "fp16", "limits": {"kv_cache_bytes": {"max": "2MiB"}}}]})~",
       0,
       R"~(| Verdict | Budget | Model     | Context | Batch | Limits met |
|---------|--------|-----------|--------:|------:|-----------:|
| pass    | a      | tiny.json |      1K |     1 |     1 of 1 |
| pass    | b      | tiny.json |      2K |     1 |     1 of 1 |

2 budgets: 2 passed
)~"},
      {"columns count characters",
       R"~({"budgets": [{"name": "Größe €", "model": "tiny.json", "context": "4K", "limits": {"kv_cache_bytes": {"max": 1024}}}]})~",
       1,
       R"~(| Verdict | Budget  | Model     | Context | Batch | Limits met |
|---------|---------|-----------|--------:|------:|-----------:|
| fail    | Größe € | tiny.json |      4K |     1 |     0 of 1 |

b.json:1:110: fail: Größe €: kv_cache_bytes is 4.00 MiB at 4K tokens, batch 1: max 1024, 4.00 MiB (409500.0%) over
  would pass with context 1

1 budget: 0 passed, 1 failed
)~"},
      {"names are text in every format",
       R"~({"budgets": [{"name": "<a & \"b\"> | 100%, c: `d`\n", "model": "tiny.json", "context": "4K", "limits": {"kv_cache_bytes": {"max": 1024}}}]})~",
       1,
       R"~(| Verdict | Budget                       | Model     | Context | Batch | Limits met |
|---------|------------------------------|-----------|--------:|------:|-----------:|
| fail    | <a & "b"> | 100%, c: `d`\x0a | tiny.json |      4K |     1 |     0 of 1 |

b.json:1:131: fail: <a & "b"> | 100%, c: `d`\x0a: kv_cache_bytes is 4.00 MiB at 4K tokens, batch 1: max 1024, 4.00 MiB (409500.0%) over
  would pass with context 1

1 budget: 0 passed, 1 failed
)~"},
      {"logits of every token",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "logits": "all", "limits": {"logits_flops": {"max": "2.097152 GFLOPs"}}}]})~",
       0,
       R"~(| Verdict | Budget | Model     | Context | Batch | Limits met |
|---------|--------|-----------|--------:|------:|-----------:|
| pass    | a      | tiny.json |      4K |     1 |     1 of 1 |

1 budget: 1 passed
)~"},
      {"a model of the catalogue",
       R"~({"budgets": [{"name": "a", "model": "llama-3.1-8b", "context": "4K", "limits": {"parameters": {"max": "8B"}}}]})~",
       1,
       R"~(| Verdict | Budget | Model        | Context | Batch | Limits met |
|---------|--------|--------------|--------:|------:|-----------:|
| fail    | a      | llama-3.1-8b |      4K |     1 |     0 of 1 |

b.json:1:103: fail: a: parameters is 8.0B at 4K tokens, batch 1: max 8B, 30.3M (0.4%) over

1 budget: 0 passed, 1 failed
)~"},
      {"a misspelt metric",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"kv_cache_byte": {"max": "4MB"}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/limits/kv_cache_byte: unknown metric; did you mean "kv_cache_bytes"?
)~"},
      {"an unknown key",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"kv_cache_bytes": {"max": 1}}, "contxt": 3}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/contxt: unknown key of a budget; did you mean "context"?
)~"},
      {"an unknown key of a limit",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"kv_cache_bytes": {"maximum": 1}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/limits/kv_cache_bytes/maximum: unknown key of a limit
)~"},
      {"an unknown key of the file", R"~({"budget": [], "defaults": {"name": "x"}})~", 2,
       R"~(ctxcost: b.json: /budget: unknown key; did you mean "budgets"?
ctxcost: b.json: /defaults/name: unknown key of defaults
)~"},
      {"seconds of bytes",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"kv_cache_bytes": {"max": "20ms"}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/limits/kv_cache_bytes/max: expected bytes ("72GiB", "24 GB", "90% of gpu" or an integer), found "20ms"
)~"},
      {"bytes of seconds",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"prefill_seconds": {"max": "20GB"}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/limits/prefill_seconds/max: expected seconds ("20ms", "1.5 s" or a number), found "20GB"
)~"},
      {"a rate is no number of FLOPs",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"forward_flops": {"max": "1 PFLOP/s"}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/limits/forward_flops/max: expected FLOPs ("1.5 PFLOPs", "2T" or an integer), found "1 PFLOP/s"
)~"},
      {"G alone is no unit",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"kv_cache_bytes": {"max": "72Gx"}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/limits/kv_cache_bytes/max: expected bytes ("72GiB", "24 GB", "90% of gpu" or an integer), found "72Gx"
)~"},
      {"half a byte",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"kv_cache_bytes": {"max": 0.5}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/limits/kv_cache_bytes/max: expected bytes ("72GiB", "24 GB", "90% of gpu" or an integer), found 0.5
)~"},
      {"a negative limit",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"kv_cache_bytes": {"max": -1}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/limits/kv_cache_bytes/max: expected bytes ("72GiB", "24 GB", "90% of gpu" or an integer), found -1
)~"},
      {"digits in quotes",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"kv_cache_bytes": {"max": "72"}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/limits/kv_cache_bytes/max: expected bytes ("72GiB", "24 GB", "90% of gpu" or an integer), found "72" (remove the quotes)
)~"},
      {"limits that every value keeps",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"kv_cache_bytes": {"min": 0}, "window_status": {"max": "impossible"}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/limits/kv_cache_bytes/min: expected a limit that can fail, found 0 (every value is within)
ctxcost: b.json: /budgets/0/limits/window_status/max: expected a limit that can fail, found "impossible" (every value is within)
)~"},
      {"a misspelt level",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"window_status": {"max": "trainde"}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/limits/window_status/max: expected "trained", "scaled", "beyond" or "impossible", found "trainde"; did you mean "trained"?
)~"},
      {"no budgets", R"~({"budgets": []})~", 2,
       R"~(ctxcost: b.json: /budgets: expected a list of budgets, found an empty list
)~"},
      {"no limits", R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {}}]})~", 2,
       R"~(ctxcost: b.json: /budgets/0/limits: expected an object of metrics and their limits, found an empty object
)~"},
      {"a limit without max or min",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"kv_cache_bytes": {}}}]})~", 2,
       R"~(ctxcost: b.json: /budgets/0/limits/kv_cache_bytes: expected "max" or "min", found an empty object
)~"},
      {"a limit that is a number",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"kv_cache_bytes": 4}}]})~", 2,
       R"~(ctxcost: b.json: /budgets/0/limits/kv_cache_bytes: expected an object with "max" or "min", found 4 (write {"max": …})
)~"},
      {"more than most",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"kv_cache_bytes": {"min": "4GB", "max": "3GB"}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/limits/kv_cache_bytes: expected a "min" of at most "max", found 4GB and 3GB
)~"},
      {"two budgets of one name",
       R"~({"defaults": {"model": "tiny.json", "context": 1}, "budgets": [{"name": "a", "limits": {"scores": {"max": 1}}}, {"name": "a", "limits": {"scores": {"max": 1}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/1/name: repeated name: /budgets/0 is "a", too
)~"},
      {"a repeated key",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"kv_cache_bytes": {"max": 1}, "kv_cache_bytes": {"max": 2}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/limits/kv_cache_bytes: repeated key (keep one of them)
)~"},
      {"what has to be there", R"~({"budgets": [{}]})~", 2,
       R"~(ctxcost: b.json: /budgets/0/name: expected a string, found nothing
ctxcost: b.json: /budgets/0/limits: expected an object of metrics and their limits, found nothing
ctxcost: b.json: /budgets/0/model: expected a file, a directory or a catalogue name, found nothing
ctxcost: b.json: /budgets/0/context: expected an integer or a length like "32K", found nothing
)~"},
      {"a model that is not there",
       R"~({"budgets": [{"name": "a", "model": "tiny.jsn", "context": "4K", "limits": {"scores": {"max": 1}}}]})~", 2,
       R"~(ctxcost: b.json: /budgets/0/model: no file "tiny.jsn", and no model of that name in the catalogue (`ctxcost list models` shows the catalogue)
)~"},
      {"a misspelt name of the catalogue",
       R"~({"budgets": [{"name": "a", "model": "llama-3.1-8c", "context": "4K", "limits": {"scores": {"max": 1}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/model: no file "llama-3.1-8c", and no model of that name in the catalogue; did you mean "llama-3.1-8b"?
)~"},
      {"a model with a fault",
       R"~({"budgets": [{"name": "a", "model": "typo.json", "context": "4K", "limits": {"scores": {"max": 1}}}]})~", 2,
       R"~(ctxcost: b.json: /budgets/0/model: the model "typo.json" cannot be used
ctxcost: typo.json: /kv_head: unknown key; did you mean "kv_heads"?
)~"},
      {"context and contexts",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "contexts": [1], "limits": {"scores": {"max": 1}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/contexts: stands beside "context" (keep one of them)
)~"},
      {"no contexts",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "contexts": [], "batch": 0, "limits": {"scores": {"max": 1}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/contexts: expected a list of integers or lengths, or a range like "4K..64K", found an empty list
ctxcost: b.json: /budgets/0/batch: expected a positive integer, found 0
)~"},
      {"settings that are none",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "level": "fatal", "utilization": 1.5, "mfu": "90%", "engine": "vlm", "kv_precision": "fp7", "convention": "casual", "overhead": "2 X", "logits": "some", "limits": {"scores": {"max": 1}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/level: expected "error" or "warning", found "fatal"
ctxcost: b.json: /budgets/0/utilization: expected a number above 0 and at most 1, found 1.5
ctxcost: b.json: /budgets/0/mfu: expected a number above 0 and at most 1, found "90%" (a share is written 0.9 for 90%)
ctxcost: b.json: /budgets/0/engine: unknown engine "vlm"; did you mean "vllm"?
ctxcost: b.json: /budgets/0/kv_precision: unknown precision "fp7"; did you mean "fp8"?
ctxcost: b.json: /budgets/0/convention: unknown convention "casual"; did you mean "causal"?
ctxcost: b.json: /budgets/0/overhead: expected bytes ("72GiB", "24 GB" or an integer), found "2 X"
ctxcost: b.json: /budgets/0/logits: expected "last" or "all", found "some"
)~"},
      {"a metric that the file does not tell",
       R"~({"budgets": [{"name": "a", "model": "trained.json", "context": "4K", "limits": {"weights_bytes": {"max": "1GB"}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/limits/weights_bytes/max: "weights_bytes" of "trained.json" is unknown (its file does not say enough for this metric)
)~"},
      {"a metric that needs a GPU",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"device_bytes": {"max": "1GB"}, "headroom_bytes": {"min": "1GB"}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/limits/headroom_bytes/min: "headroom_bytes" needs a "gpu" (`ctxcost list gpus` shows all)
)~"},
      {"a share of no GPU",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"kv_cache_bytes": {"max": "90% of gpu"}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/limits/kv_cache_bytes/max: "90% of gpu" needs a "gpu"
)~"},
      {"an unknown GPU",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "gpu": "h100-sxm-80bg", "limits": {"device_bytes": {"max": "1GB"}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/gpu: unknown GPU "h100-sxm-80bg"; did you mean "h100-sxm-80gb"?
)~"},
      {"GPUs that disagree",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "gpu": "card.json:2", "gpus": 4, "limits": {"device_bytes": {"max": "1GB"}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/gpu: "card.json:2" disagrees with "gpus": 4 (keep one of them)
)~"},
      {"a split that is impossible",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "gpu": "card.json", "parallel": "tp=8", "limits": {"device_bytes": {"max": "1GB"}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0: tp=8: expected at most the 4 query heads
)~"},
      {"growth over one context",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "limits": {"growth_kv_cache": {"max": 2}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0/limits/growth_kv_cache/max: growth over one context is always 1 (give several "contexts")
)~"},
      {"more points than anybody means",
       R"~({"budgets": [{"name": "a", "model": "tiny.json", "contexts": "1..100000:+1", "limits": {"scores": {"max": 1}}}]})~",
       2,
       R"~(ctxcost: b.json: /budgets/0: expected at most 10,000 pairs of context and batch, found 100000 contexts and 1 batches
)~"},
      {"no JSON", R"~({"budgets": [)~", 2,
       R"~(ctxcost: b.json:1:14: expected a value or ']', found the end of the file
)~"},
      {"no object", R"~([])~", 2,
       R"~(ctxcost: b.json: expected an object with "budgets", found an empty list
)~"},
  };
  return kRows;
}

const char* kTwo =
    R"({"defaults": {"model": "tiny.json", "context": "4K"}, "budgets": [
        {"name": "cache", "limits": {"kv_cache_bytes": {"max": "5MB"}}},
        {"name": "work", "limits": {"attention_flops": {"max": "100 GFLOPs"}}}]})";

}  // namespace

TEST_CASE("budget files, good and bad, with their whole outputs") {
  const Workspace workspace;
  for (const Row& row : rows()) {
    CAPTURE(row.what);
    workspace.write("b.json", row.budgets);
    const Run result = workspace.check({"b.json"});
    CHECK(result.status == row.status);
    CHECK(result.out == (row.status == 2 ? "" : row.output));
    CHECK(result.err == (row.status == 2 ? row.output : ""));
  }
}

/// Every row in every format, and every fifth where each run of the program is slow.
constexpr std::size_t kFormatSample = CTXCOST_TEST_SAMPLE > 1 ? 5 : 1;

TEST_CASE("every format has the same exit status, and nothing but the document on standard output") {
  const Workspace workspace;
  std::vector<std::string> junit, sarif;
  for (std::size_t i = 0; i < rows().size(); i += kFormatSample) {
    const Row& row = rows()[i];
    const std::string input = row.budgets;
    for (const std::string& format : kFormats) {
      CAPTURE(row.what);
      CAPTURE(format);
      // Standard input is a file in the working directory.
      const Run result = workspace.check({"-", "--format", format, "--color", "auto"}, input);
      CHECK(result.status == row.status);
      CHECK((result.status == 2) == !result.err.empty());
      if (result.status == 2) {
        // As many faults in the document as lines on standard error.
        const auto lines = std::count(result.err.begin(), result.err.end(), '\n');
        const auto times = [&](const std::string& part) {
          std::ptrdiff_t count = 0;
          for (std::size_t at = result.out.find(part); at != std::string::npos; at = result.out.find(part, at + 1))
            ++count;
          return count;
        };
        CHECK(times("<error ") == (format == "junit" ? lines : 0));
        CHECK(times("::error ") == (format == "github" ? lines : 0));
        CHECK(times("- **error**") == (format == "markdown" ? lines : 0));
        if (format == "table") CHECK(result.out == "");
        if (format == "sarif") {
          const Json run = Json::parse(result.out)["runs"][0];
          CHECK(run["results"] == Json::array());
          CHECK(run["invocations"][0]["executionSuccessful"] == false);
          CHECK(static_cast<std::ptrdiff_t>(run["invocations"][0]["toolExecutionNotifications"].size()) == lines);
        }
        if (format == "json" || format == "ndjson") {
          const Json document = Json::parse(result.out);
          CHECK(document["verdict"] == "error");
          CHECK(static_cast<std::ptrdiff_t>(document["errors"].size()) == lines);
        }
      }
      if (format == "csv") {
        // A header, then a line a point; one of a file in error names that alone.
        std::istringstream stream(result.out);
        std::string line;
        REQUIRE(std::getline(stream, line));
        CHECK(line.starts_with("verdict,budget,file,gpu,"));
        bool failed = false;
        std::size_t lines = 0;
        for (; std::getline(stream, line); ++lines) {
          failed = failed || line.starts_with("fail,");
          if (result.status == 2) CHECK(line.starts_with("error,,-,,"));
        }
        CHECK(lines > 0);
        CHECK(failed == (row.status == 1));
      }
      if (result.status != 2 && format == "ndjson") {
        std::string worst = "pass";
        std::istringstream stream(result.out);
        for (std::string line; std::getline(stream, line);) {
          const std::string verdict = Json::parse(line)["verdict"];
          if (verdict == "fail" || (verdict == "warn" && worst == "pass")) worst = verdict;
        }
        CHECK((worst == "fail") == (row.status == 1));
      } else if (result.status != 2 && format == "json") {
        CHECK(Json::parse(result.out)["verdict"] == (row.status == 1 ? "fail"
                                                     : std::string(row.output).find("| warn ") != std::string::npos
                                                         ? "warn"
                                                         : "pass"));
      } else if (format == "junit" || format == "sarif") {
        const std::string name = format + std::to_string(i);
        workspace.write(name, result.out);
        (format == "junit" ? junit : sarif).push_back(workspace.path(name));
      }
    }
  }
  validate_junit(junit);
  validate_sarif(sarif);
}

TEST_CASE("activations of a budget choose the peak of its times, and the option overrides them") {
  // 8,192 tokens take 133.3 ms in bf16 and 66.65 ms in 8 bits.
  const Workspace workspace;
  workspace.write("b.json", R"({"defaults": {"activations": "fp8"}, "budgets": [{"name": "a", "model": "llama-3.1-8b",
    "context": "8K", "gpu": "h100-sxm-80gb", "limits": {"prefill_seconds": {"max": 0.1}}}]})");
  CHECK(workspace.check({"b.json"}).status == 0);
  CHECK(workspace.check({"b.json", "--activations", "bf16"}).status == 1);
  workspace.write("c.json", R"({"defaults": {"activations": "int4"}, "budgets": [{"name": "a", "model": "llama-3.1-8b",
    "context": "8K", "gpu": "h100-sxm-80gb", "limits": {"prefill_seconds": {"max": 0.1}}}]})");
  CHECK(workspace.check({"c.json"}).status == 2);
}

TEST_CASE("--exit-zero turns 1 into 0 and keeps 2; --fail-on warning fails where a warning is breached") {
  const Workspace workspace;
  for (const Row& row : rows()) {
    CAPTURE(row.what);
    workspace.write("b.json", row.budgets);
    CHECK(workspace.check({"b.json", "--exit-zero"}).status == (row.status == 2 ? 2 : 0));
    const bool warned = row.status == 0 && std::string(row.output).find("| warn ") != std::string::npos;
    CHECK(workspace.check({"b.json", "--fail-on", "warning"}).status == (warned ? 1 : row.status));
  }
}

TEST_CASE("whole documents: a breach that fails, one that warns, and a name full of markup") {
  // 4,096 tokens * 1,024 bytes are 4,194,304 bytes, 194,304 (4.9%) above 4 MB, which holds 3,906 tokens; two sequences
  // are 388,608 above 8 MB.
  const Workspace workspace;
  const std::string golden = kSource + "/tests/golden/check/budgets.";
  workspace.write("budgets.json", read_file(golden + "json"));
  for (const auto& row : {std::pair("table", "txt"), std::pair("markdown", "md"), std::pair("junit", "xml"),
                          std::pair("sarif", "sarif"), std::pair("github", "github")}) {
    const auto& [format, extension] = row;
    CAPTURE(row.first);
    const Run result = workspace.check({"budgets.json", "--format", format});
    CHECK(result.status == 1);
    CHECK(result.err == "");
    CHECK(result.out == read_file(golden + extension));
  }
  validate_junit({golden + "xml"});
  validate_sarif({golden + "sarif"});
}

TEST_CASE("clean documents: no results, no annotations") {
  const Workspace workspace;
  workspace.write("b.json", kTwo);
  const Json sarif = Json::parse(workspace.check({"b.json", "--format", "sarif"}).out);
  CHECK(sarif["runs"][0]["results"] == Json::array());
  CHECK(workspace.check({"b.json", "--format", "github"}).out == "");
  CHECK(workspace.check({"b.json", "--format", "junit"}).out ==
        R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="ctxcost check" tests="2" failures="0" errors="0">
  <testsuite name="b.json" tests="2" failures="0" errors="0" skipped="0">
    <testcase classname="cache" name="kv_cache_bytes max 5MB at 4K tokens, batch 1"/>
    <testcase classname="work" name="attention_flops max 100 GFLOPs at 4K tokens, batch 1"/>
  </testsuite>
</testsuites>
)");
}

TEST_CASE("the JSON document carries verdicts, exact numbers and the results behind them") {
  const Workspace workspace;
  workspace.write("b.json",
                  R"({"budgets": [{"name": "a", "model": "tiny.json", "contexts": ["1K", "4K"], "gpu": "card.json",
    "limits": {"kv_cache_bytes": {"max": "4MB"}, "headroom_bytes": {"min": 1}}}]})");
  const Json document = Json::parse(workspace.check({"b.json", "--format", "json"}).out);
  CHECK(document["schema_version"] == 1);
  CHECK(document["command"] == "check");
  CHECK(document["conventions"]["name"] == "causal");
  CHECK(document["verdict"] == "fail");
  const Json& budget = document["budgets"][0];
  CHECK(budget["name"] == "a");
  CHECK(budget["verdict"] == "fail");
  CHECK(budget["limits"].size() == 4);
  const Json& limit = budget["limits"][1];
  CHECK(limit["metric"] == "kv_cache_bytes");
  CHECK(limit["context"] == 4096);
  CHECK(limit["actual"] == 4194304);
  CHECK(limit["max"] == 4000000);
  CHECK(limit["verdict"] == "fail");
  CHECK(limit["pointer"] == "/budgets/0/limits/kv_cache_bytes/max");
  CHECK(limit["line"] == 2);
  CHECK(limit["remedies"][0] == Json{{"setting", "context"}, {"value", "3906"}});
  // 8,000,000 - 3,385,856 - 4,194,304 - (2,048 * 3,072 + 4,000)
  CHECK(budget["limits"][3]["actual"] == -5875616);
  CHECK(document["results"].size() == 2);
  CHECK(document["results"][1]["kv_cache_bytes"] == 4194304);
  CHECK(document["results"][1]["headroom_bytes"] == -5875616);
  CHECK(document["results"][1]["budget"] == "a");
  CHECK(document["results"][1]["gpu"]["id"] == "card");
}

TEST_CASE("many files, one of them standard input; every fault of every file") {
  const Workspace workspace;
  workspace.write("b.json", kTwo);
  const Run both = workspace.check({"b.json", "-", "--format", "json"}, kTwo);
  CHECK(both.status == 0);
  const Json budgets = Json::parse(both.out)["budgets"];
  CHECK(budgets.size() == 4);
  CHECK(budgets[3]["file"] == "-");
  workspace.write("c.json", "{}");
  workspace.write("d.json", "{\"budgets\": 1}");
  const Run bad = workspace.check({"c.json", "b.json", "d.json", "e.json"});
  CHECK(bad.status == 2);
  // The good one is judged all the same.
  CHECK(bad.out == R"(| Verdict | Budget | Model     | Context | Batch | Limits met |
|---------|--------|-----------|--------:|------:|-----------:|
| pass    | cache  | tiny.json |      4K |     1 |     1 of 1 |
| pass    | work   | tiny.json |      4K |     1 |     1 of 1 |

2 budgets: 2 passed; 3 files in error
)");
  CHECK(bad.err ==
        "ctxcost: c.json: /budgets: expected a list of budgets, found nothing\n"
        "ctxcost: d.json: /budgets: expected a list of budgets, found 1\n"
        "ctxcost: e.json: cannot be read: No such file or directory\n");
  CHECK(workspace.check({"-", "-"}, kTwo).err == "ctxcost: -: standard input can be read once only\n");
  CHECK(workspace.check({}).status == 2);
}

TEST_CASE("a file in error is one in the asked format, at its line, and no baseline") {
  const Workspace workspace;
  workspace.write("good.json", kTwo);
  workspace.write("bad.json",
                  "{\"budgets\": [{\"name\": \"a\", \"model\": \"tiny.json\", \"context\": \"4K\",\n"
                  "  \"limits\": {\"kv_cache_byte\": {\"max\": 1}}}]}");
  workspace.write("text.json", "{\"budgets\": [\n  nonsense]}");
  const std::string unknown = "/budgets/0/limits/kv_cache_byte: unknown metric; did you mean \"kv_cache_bytes\"?";
  const Run json = workspace.check({"bad.json", "good.json", "--format", "json", "--save", "saved.json"});
  CHECK(json.status == 2);
  CHECK(json.err == "ctxcost: bad.json: " + unknown + "\n");
  const Json document = Json::parse(json.out);
  CHECK(document["verdict"] == "error");
  CHECK(document["errors"] == Json::array({{{"file", "bad.json"},
                                            {"pointer", "/budgets/0/limits/kv_cache_byte"},
                                            {"line", 2},
                                            {"column", 14},
                                            {"message", "unknown metric"},
                                            {"hint", "did you mean \"kv_cache_bytes\"?"}}}));
  CHECK(document["budgets"].size() == 2);
  CHECK(document["budgets"][0]["verdict"] == "pass");
  CHECK(workspace.read("saved.json") == json.out);
  CHECK(
      workspace.check({"good.json", "--baseline", "saved.json"}).err ==
      "ctxcost: saved.json: /verdict: expected a report without errors, found \"error\" (mend what its \"errors\" name "
      "and save it again)\n");

  CHECK(workspace.check({"bad.json", "good.json", "--format", "github"}).out ==
        "::error file=bad.json,line=2,col=14,title=budget file in error::" + unknown + "\n");
  // Standard input is no file that GitHub could show.
  const std::string piped = workspace.check({"-", "--format", "github"}, workspace.read("bad.json")).out;
  CHECK(piped == "::error line=2,col=14,title=budget file in error::" + unknown + "\n");
  CHECK(workspace.check({"bad.json", "--format", "markdown"}).out.find("- **error** (bad.json:2:14): ") !=
        std::string::npos);
  CHECK(workspace.check({"bad.json", "good.json", "--format", "junit"})
            .out.find("<testsuite name=\"bad.json\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\">") !=
        std::string::npos);
  const Json lines = Json::parse(workspace.check({"bad.json", "--format", "ndjson"}).out);
  CHECK(lines["verdict"] == "error");
  CHECK(lines["errors"] == document["errors"]);
  const Json sarif = Json::parse(workspace.check({"bad.json", "good.json", "--format", "sarif"}).out);
  const Json& notification = sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"][0];
  CHECK(notification["level"] == "error");
  CHECK(notification["message"]["text"] == unknown);
  CHECK(notification["locations"][0]["physicalLocation"]["region"] == Json{{"startLine", 2}, {"startColumn", 14}});

  const Json text = Json::parse(workspace.check({"text.json", "--format", "json", "--exit-zero"}).out)["errors"][0];
  CHECK(text["line"] == 2);
  CHECK(text["column"] == 3);
  CHECK(workspace.check({"text.json", "--exit-zero"}).status == 2);

  // Found while judging: a device that nobody named, and a count that is too large.
  workspace.write("late.json", R"({"defaults": {"model": "tiny.json", "context": "4K"}, "budgets": [
    {"name": "a", "limits": {"kv_cache_bytes": {"max": "5MB"}}}, {"name": "b", "limits": {"headroom_bytes": {"min": 1}}}]})");
  const Json late = Json::parse(workspace.check({"late.json", "good.json", "--format", "json"}).out);
  CHECK(late["budgets"].size() == 2);
  CHECK(late["budgets"][0]["file"] == "good.json");
  CHECK(late["errors"][0]["pointer"] == "/budgets/1/limits/headroom_bytes/min");
  // A model that cannot be used is the fault of each file that names it.
  workspace.write("one.json", R"({"budgets": [{"name": "a", "model": "typo.json", "context": 1,
    "limits": {"kv_cache_bytes": {"max": "5MB"}}}]})");
  workspace.write("two.json", workspace.read("one.json"));
  const Json unusable = Json::parse(workspace.check({"one.json", "two.json", "--format", "json"}).out);
  CHECK(unusable["budgets"] == Json::array());
  CHECK(unusable["errors"].size() == 3);
  CHECK(unusable["errors"][2]["file"] == "two.json");
}

TEST_CASE("a failure by the baseline is one in the table, the headline and the counts") {
  const Workspace workspace;
  workspace.write("b.json", R"({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K",
    "limits": {"kv_cache_bytes": {"max": "50MB"}}}]})");
  CHECK(workspace.check({"b.json", "--save", "base.json"}).status == 0);
  // Twice the KV heads: 8,388,608 bytes of cache instead of 4,194,304.
  workspace.write("tiny.json", R"({"layers": 2, "heads": 4, "kv_heads": 4, "d_k": 64, "d_model": 256, "d_ff": 512,
    "vocab": 2000})");
  const std::vector<std::string> arguments = {"b.json", "--baseline", "base.json", "--max-increase",
                                              "kv_cache_bytes=5%"};
  const Run table = workspace.check(arguments);
  CHECK(table.status == 1);
  CHECK(table.out.find("| fail (baseline) | a ") != std::string::npos);
  CHECK(table.out.find("b.json:1:23: fail (baseline): a: kv_cache_bytes grew from 4.00 MiB to 8.00 MiB") !=
        std::string::npos);
  CHECK(table.out.ends_with("\n1 budget: 0 passed, 1 failed (baseline)\n"));
  // The key that did it, not the one beside it.
  CHECK(table.out.find("\n  because of /kv_heads: 2 → 4\n") != std::string::npos);
  CHECK(table.out.find("/vocab") == std::string::npos);
  const auto in = [&](const std::string& format) {
    std::vector<std::string> formatted = arguments;
    formatted.insert(formatted.end(), {"--format", format});
    return workspace.check(formatted).out;
  };
  CHECK(in("markdown").starts_with("**1 budget: 0 passed, 1 failed (baseline)**\n"));
  const Json document = Json::parse(in("json"));
  CHECK(document["budgets"][0]["verdict"] == "fail");
  CHECK(Json::parse(in("ndjson"))["verdict"] == "fail");
  const Json& changes = document["baseline"]["changes"];
  const auto cache = std::find_if(changes.begin(), changes.end(),
                                  [](const Json& change) { return change["metric"] == "kv_cache_bytes"; });
  REQUIRE(cache != changes.end());
  CHECK((*cache)["causes"] == Json::array({{{"key", "/kv_heads"}, {"before", "2"}, {"after", "4"}}}));
  CHECK(in("github").find("; because of /kv_heads: 2 → 4\n") != std::string::npos);
  CHECK(in("junit").find(", allowed 5%; because of /kv_heads: 2 → 4\">b.json:1:23</failure>\n") != std::string::npos);
  CHECK(in("sarif").find(", allowed 5%; because of /kv_heads: 2 → 4.\"\n") != std::string::npos);

  // A setting of the budget: an 8-bit cache that became a 16-bit one.
  const auto budget = [](const std::string& kv) {
    return R"({"budgets": [{"name": "a", "model": "tiny.json", "context": "4K", "kv_precision": ")" + kv + R"(",
    "limits": {"kv_cache_bytes": {"max": "50MB"}}}]})";
  };
  workspace.write("b.json", budget("fp8"));
  CHECK(workspace.check({"b.json", "--save", "base.json"}).status == 0);
  workspace.write("b.json", budget("fp16"));
  const std::string out = workspace.check(arguments).out;
  CHECK(out.find("\n  because of kv_precision: fp8 → fp16\n") != std::string::npos);
  CHECK(out.find("kv_heads") == std::string::npos);
}

TEST_CASE("-o takes the format of its extension, and a model is found beside the budget file") {
  const Workspace workspace;
  workspace.write("b.json", kTwo);
  const Run result = run({"check", workspace.path("b.json"), "-o", workspace.path("r.xml")});
  CHECK(result.status == 0);
  CHECK(result.out == "");
  CHECK(workspace.read("r.xml").find("<testsuites") != std::string::npos);
}

TEST_CASE("CSV: a line for each budget at each context and batch, and one for each file in error") {
  const Workspace workspace;
  workspace.write("b.json", R"({"defaults": {"model": "tiny.json"}, "budgets": [
    {"name": "a, b", "contexts": [1024, 4096], "batches": [1, 2], "limits": {"kv_cache_bytes": {"max": "4MiB"}}},
    {"name": "card", "context": 1024, "gpu": "card.json", "kv_precision": "q8_0", "level": "warning",
     "limits": {"max_batch": {"min": 1000000}}}]})");
  workspace.write("bad.json", R"({"budgets": 1})");
  const Run result = workspace.check({"b.json", "bad.json", "--format", "csv"});
  CHECK(result.status == 2);

  // Fields are parted by commas outside of quotes.
  std::vector<std::vector<std::string>> lines;
  std::istringstream stream(result.out);
  for (std::string line; std::getline(stream, line);) {
    lines.emplace_back(1);
    bool quoted = false;
    for (const char c : line) {
      if (c == '"') quoted = !quoted;
      if (c == ',' && !quoted) {
        lines.back().emplace_back();
      } else if (c != '"') {
        lines.back().back() += c;
      }
    }
  }
  REQUIRE(lines.size() == 1 + 1 + 4 + 1);
  const std::vector<std::string>& head = lines.front();
  const auto cells = [&](const char* name) {
    const auto column = static_cast<std::size_t>(std::find(head.begin(), head.end(), name) - head.begin());
    std::vector<std::string> found;
    for (std::size_t i = 1; i < lines.size(); ++i) {
      REQUIRE(lines[i].size() == head.size());
      found.push_back(lines[i].at(column));
    }
    return found;
  };
  using Cells = std::vector<std::string>;
  CHECK(cells("file") == Cells{"bad.json", "b.json", "b.json", "b.json", "b.json", "b.json"});
  CHECK(cells("budget") == Cells{"", "a, b", "a, b", "a, b", "a, b", "card"});
  CHECK(cells("gpu") == Cells{"", "", "", "", "", "card"});
  CHECK(cells("model") == Cells{"", "tiny", "tiny", "tiny", "tiny", "tiny"});
  CHECK(cells("kv_precision") == Cells{"", "fp16", "fp16", "fp16", "fp16", "q8_0"});
  CHECK(cells("convention") == Cells{"", "causal", "causal", "causal", "causal", "causal"});
  CHECK(cells("context") == Cells{"", "1024", "4096", "1024", "4096", "1024"});
  CHECK(cells("batch") == Cells{"", "1", "1", "2", "2", "1"});
  // 1,024 bytes a token and sequence, 544 of q8_0: 4 MiB hold 4,096 tokens of one sequence, and not of two.
  CHECK(cells("kv_cache_bytes") == Cells{"", "1048576", "4194304", "2097152", "8388608", "557056"});
  CHECK(cells("verdict") == Cells{"error", "pass", "pass", "pass", "fail", "warn"});
  // What a limit has to search for stands in the column of its metric, as in JSON.
  const Json document = Json::parse(workspace.check({"b.json", "--format", "json"}).out);
  CHECK(cells("max_batch").back() == document["results"].back()["max_batch"].dump());
}

TEST_CASE("the command line's device wins over the files'") {
  const Workspace workspace;
  workspace.write("b.json", R"({"budgets": [{"name": "a", "model": "tiny.json", "context": 1024, "gpu": "h100-sxm-80gb",
    "limits": {"headroom_bytes": {"min": "1GB"}}}]})");
  CHECK(workspace.check({"b.json"}).status == 0);
  CHECK(workspace.check({"b.json", "--gpu", "card.json"}).status == 1);
  CHECK(workspace.check({"b.json", "--overhead", "200GB"}).status == 1);
  CHECK(workspace.check({"b.json", "--overhead", "200B"}).status == 0);
  CHECK(workspace.check({"b.json", "--overhead", "2X"}).err ==
        "ctxcost: --overhead: expected bytes, found \"2X\" (write 2GiB, 500MB or an integer)\n");
}

TEST_CASE("a baseline: what is worse, by how much, and whether that is too much") {
  const Workspace workspace;
  workspace.write("b.json", kTwo);
  CHECK(workspace.check({"b.json", "--save", "base.json"}).status == 0);
  const Run same = workspace.check({"b.json", "--baseline", "base.json", "--max-increase", "0%"});
  CHECK(same.status == 0);
  CHECK(same.out.find("\nbaseline base.json: 2 points compared, 0 metrics changed\n2 budgets: 2 passed\n") !=
        std::string::npos);

  // Twice the KV heads: twice the cache, 8,388,608 bytes.
  workspace.write("tiny.json", R"({"layers": 2, "heads": 4, "kv_heads": 4, "d_k": 64, "d_model": 256, "d_ff": 512,
    "vocab": 1000})");
  const auto status = [&](std::vector<std::string> increases) {
    std::vector<std::string> arguments = {"b.json", "--baseline", "base.json"};
    for (const std::string& increase : increases) arguments.insert(arguments.end(), {"--max-increase", increase});
    return workspace.check(arguments).status;
  };
  // Without the budget whose own limit that breaches.
  workspace.write("b.json", R"({"defaults": {"model": "tiny.json", "context": "4K"}, "budgets": [
        {"name": "work", "limits": {"attention_flops": {"max": "100 GFLOPs"}}}]})");
  CHECK(status({}) == 0);
  CHECK(status({"99.9%"}) == 1);
  CHECK(status({"100%"}) == 0);
  CHECK(status({"100%", "kv_cache_bytes=99%"}) == 1);
  CHECK(status({"kv_cache_bytes=100%", "0%"}) == 1);
  CHECK(status({"kv_cache_bytes=100%"}) == 0);
  const Json document = Json::parse(
      workspace.check({"b.json", "--baseline", "base.json", "--max-increase", "50%", "--format", "json"}).out);
  CHECK(document["verdict"] == "fail");
  bool seen = false;
  for (const Json& change : document["baseline"]["changes"]) {
    if (change["metric"] != "kv_cache_bytes") continue;
    seen = true;
    CHECK(change["budget"] == "work");
    CHECK(change["before"] == 4194304);
    CHECK(change["after"] == 8388608);
    CHECK(change["change"] == 4194304);
    CHECK(change["percent"] == 100);
    CHECK(change["allowed"] == "50%");
    CHECK(change["verdict"] == "fail");
  }
  CHECK(seen);
  const Run github = workspace.check(
      {"b.json", "--baseline", "base.json", "--max-increase", "kv_cache_bytes=5%", "--format", "github"});
  CHECK(github.out ==
        "::error file=b.json,line=2,col=18,title=work::kv_cache_bytes grew from 4.00 MiB to 8.00 MiB at 4K tokens, "
        "batch 1: "
        "+4.00 MiB (+100.0%25), allowed 5%25; because of /kv_heads: 2 → 4\n");
  for (const std::string format : {"junit", "sarif"}) {
    workspace.write(
        format, workspace.check({"b.json", "--baseline", "base.json", "--max-increase", "5%", "--format", format}).out);
  }
  validate_junit({workspace.path("junit")});
  validate_sarif({workspace.path("sarif")});
}

TEST_CASE("fewer tokens a second are worse, more headroom is not") {
  const Workspace workspace;
  const std::string budget = R"({"budgets": [{"name": "a", "model": "tiny.json", "context": 1024, "gpu": "card.json",
    "limits": {"scores": {"max": "1T"}}}]})";
  workspace.write("b.json", budget);
  CHECK(workspace.check({"b.json", "--save", "base.json"}).status == 0);
  CHECK(workspace
            .check(
                {"b.json", "--mbu", "0.5", "--baseline", "base.json", "--max-increase", "decode_tokens_per_second=10%"})
            .status == 1);
  CHECK(workspace.check({"b.json", "--mbu", "0.5", "--baseline", "base.json", "--max-increase", "headroom_bytes=0%"})
            .status == 0);
  CHECK(workspace
            .check({"b.json", "--overhead", "1000B", "--baseline", "base.json", "--max-increase", "headroom_bytes=0%"})
            .status == 1);
}

TEST_CASE("a baseline that says nothing, or by another convention, is no pass") {
  const Workspace workspace;
  workspace.write("b.json", kTwo);
  CHECK(workspace.check({"b.json", "--save", "base.json"}).status == 0);
  struct Bad {
    std::vector<std::string> arguments;
    const char* lines;
  };
  workspace.write("other.json", R"({"defaults": {"model": "tiny.json", "context": "8K"}, "budgets": [
        {"name": "cache", "limits": {"kv_cache_bytes": {"max": "50MB"}}}]})");
  workspace.write("article.json", R"({"defaults": {"model": "tiny.json", "context": "4K", "convention": "article"},
        "budgets": [{"name": "cache", "limits": {"kv_cache_bytes": {"max": "50MB"}}}]})");
  const Bad bads[] = {
      {{"other.json", "--baseline", "base.json"},
       "ctxcost: base.json: expected a budget, context and batch of this check, found none (`ctxcost check FILE "
       "--save` "
       "writes a baseline)\n"},
      {{"article.json", "--baseline", "base.json"},
       "ctxcost: base.json: /conventions: expected the convention of budget \"cache\", article "
       "(flops_per_mac=1,pairs=reach,logits=last), found causal (flops_per_mac=2,pairs=exact,logits=last) (save a "
       "report "
       "again, or set the budget's \"convention\")\n"},
      {{"b.json", "--max-increase", "5%"}, "ctxcost: --max-increase: needs --baseline FILE\n"},
      {{"b.json", "--baseline", "base.json", "--max-increase", "5"},
       "ctxcost: --max-increase: expected a percentage, found \"5\" (write 5% or kv_cache_bytes=5%)\n"},
      {{"b.json", "--baseline", "base.json", "--max-increase", "kv_cache_byte=5%"},
       "ctxcost: --max-increase: unknown metric \"kv_cache_byte\"; did you mean \"kv_cache_bytes\"?\n"},
      {{"b.json", "--baseline", "base.json", "--max-increase", "context=5%"},
       "ctxcost: --max-increase: neither direction of \"context\" is worse (limit it in a budget)\n"},
  };
  for (const Bad& bad : bads) {
    const Run result = workspace.check(bad.arguments);
    CHECK(result.status == 2);
    CHECK(result.out == "");
    CHECK(result.err == bad.lines);
  }
}

TEST_CASE("encoders have budgets, too") {
  const Workspace workspace;
  workspace.write("b.json", R"({"budgets": [{"name": "a", "model": "bert-base-uncased", "context": 512,
    "gpu": "t4-16gb", "limits": {"kv_cache_bytes": {"max": 0}, "headroom_bytes": {"min": "10GB"}}}]})");
  const Run result = workspace.check({"b.json"});
  CHECK(result.status == 0);
  CHECK(result.err == "");
}

TEST_CASE("a list of a budget that looks like one number in digit groups gets a note, and stays a list") {
  const Workspace workspace;
  workspace.write("b.json", R"({"budgets": [{"name": "a", "model": "article-7b", "contexts": "8,192",
    "batches": ["1,124", 4], "limits": {"kv_cache_bytes": {"max": "1PB"}}}]})");
  const Run result = workspace.check({"b.json", "--format", "ndjson"});
  CHECK(result.status == 0);
  CHECK(std::count(result.out.begin(), result.out.end(), '\n') == 2 * 3);
  CHECK(
      result.err ==
      "ctxcost: b.json: /budgets/0/contexts: note: \"8,192\" is the list 8 and 192; the one number is written 8192\n"
      "ctxcost: b.json: /budgets/0/batches/0: note: \"1,124\" is the list 1 and 124; the one number is written 1124\n");
  // One value is no list: there it is a fault.
  workspace.write("b.json", R"({"budgets": [{"name": "a", "model": "article-7b", "context": "8,192",
    "limits": {"kv_cache_bytes": {"max": "1PB"}}}]})");
  CHECK(workspace.check({"b.json"}).err ==
        "ctxcost: b.json: /budgets/0/context: expected a length, found \"8,192\"; did you mean \"8192\"?\n");
}

TEST_CASE("the budgets of the repository pass") {
  std::vector<std::string> arguments = {"check"};
  for (const auto& entry : std::filesystem::directory_iterator(kSource + "/configs/budgets")) {
    arguments.push_back(entry.path().string());
  }
  CHECK(arguments.size() > 2);
  const Run result = run(arguments);
  CHECK(result.status == 0);
  CHECK(result.err == "");
}

TEST_CASE("a window breaches a budget through max_context and window_status alone") {
  const Workspace workspace;
  // Trained for 4,096 tokens; 8,192 of them take 4.3 GB of cache on a card that holds many more.
  const std::string budget =
      R"({"name": "a", "model": "llama-2-7b", "context": "8K", "gpu": "h100-sxm-80gb", "limits": )";
  const struct {
    const char* limits;
    const char* settings;
    int status;
  } rows[] = {
      {R"({"device_bytes": {"max": "72GiB"}, "max_batch": {"min": 2}, "min_gpus": {"max": 1}})", "", 0},
      {R"({"max_context": {"max": 4096}})", "", 0},
      {R"({"max_context": {"min": "8K"}})", "", 1},
      {R"({"max_context": {"min": "8K"}})", R"(, "beyond_window": true)", 0},
      {R"({"max_context_memory": {"min": "8K"}})", "", 0},
      {R"({"window_status": {"max": "scaled"}})", "", 1},
  };
  for (const auto& row : rows) {
    CAPTURE(std::string(row.limits));
    workspace.write("b.json", R"({"budgets": [)" + budget + row.limits + row.settings + "}]}");
    CHECK(workspace.check({"b.json"}).status == row.status);
  }
  workspace.write("b.json", R"({"budgets": [)" + budget + R"({"max_context": {"min": "8K"}}}]})");
  CHECK(workspace.check({"b.json", "--beyond-window"}).status == 0);
  // The window is the cause, and the one setting that helps.
  CHECK(workspace.check({"b.json"}).out.find("would pass with beyond_window true\n") != std::string::npos);
}

TEST_CASE("a budget's devices over which its model does not divide are an error") {
  const Workspace workspace;
  workspace.write("uneven.json", R"({"budgets": [{"name": "three", "model": "tiny.json", "context": 1024,
    "gpu": "h100-sxm-80gb:3", "limits": {"device_bytes": {"max": "72GiB"}}}]})");
  const Run result = workspace.check({"uneven.json"});
  CHECK(result.status == 2);
  CHECK(result.out == "");
  CHECK(result.err.find("uneven.json: ") != std::string::npos);
  CHECK(result.err.find("tp=3") != std::string::npos);
}

TEST_CASE("a budget may set a margin; it passes with a note where less stays free") {
  const Workspace workspace;
  // By hand: 3,385,856 bytes of weights, 1,048,576 of cache, 3,149,728 of activations: 7,584,160 of 8,000,000.
  const auto budget = [&](const std::string& margin) {
    workspace.write("margin.json",
                    R"({"budgets": [{"name": "one", "model": "tiny.json", "context": 1024, "gpu": "card.json",)" +
                        margin + R"("limits": {"kv_cache_bytes": {"max": "72GiB"}}}]})");
    return workspace.check({"margin.json"});
  };
  CHECK(budget("").out.find(
            "note: one: 1K tokens, batch 1: tight: less than 5.5% of the 8,000,000 usable bytes of card stays free") ==
        std::string::npos);
  const Run tight = budget(R"("margin": "5.5%", )");
  CHECK(tight.status == 0);
  CHECK(tight.out.find(
            "note: one: 1K tokens, batch 1: tight: less than 5.5% of the 8,000,000 usable bytes of card stays free "
            "(margin)\n") != std::string::npos);
  CHECK(budget(R"("margin": 415840, )").out.find("tight") == std::string::npos);
  CHECK(budget(R"("margin": 415841, )").out.find("less than 415,841 bytes of the 8,000,000 usable bytes") !=
        std::string::npos);
  CHECK(budget(R"("margin": 0, )").out.find("tight") == std::string::npos);
  const Run wrong = budget(R"("margin": "105%", )");
  CHECK(wrong.status == 2);
  CHECK(wrong.err.find("/budgets/0/margin: expected a percentage") != std::string::npos);
}

TEST_CASE("weights are advised by the names of the engine's files, caches by what engines keep on the card") {
  const Workspace workspace;
  const auto remedies = [&](const std::string& settings) {
    workspace.write("advice.json",
                    R"({"budgets": [{"name": "one", "model": "llama-3.1-8b", "context": "32K", )" + settings +
                        R"("limits": {"device_bytes": {"max": "13.5GB"}, "kv_cache_bytes": {"max": "1.3GB"}}}]})");
    return workspace.check({"advice.json"}).out;
  };
  const std::string gguf = remedies(R"("gpu": "l40s-48gb", "engine": "llama.cpp", )");
  CHECK(gguf.find("weights Q8_0") != std::string::npos);
  CHECK(gguf.find("weights fp8") == std::string::npos);
  const std::string l40s = remedies(R"("gpu": "l40s-48gb", )");
  CHECK(l40s.find("weights fp8") != std::string::npos);
  CHECK(l40s.find("kv_precision q4_0") != std::string::npos);  // 18 bytes for 32 elements, as nvfp4
  CHECK(l40s.find("nvfp4") == std::string::npos);
}
