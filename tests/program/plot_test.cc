// Charts of `scale` and bars of `fit`.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "program.h"

namespace {

const std::vector<std::string> kUnicode = {"LC_ALL=C.UTF-8"};

bool is_ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("scale --plot draws a metric against the context") {
  // article-7b keeps 2 x 2 bytes x 32 x 4,096 of each token: 536.9 MB at 1K, 0.73 powers of ten above 100 MB, and 549.8
  // GB at 1M, 3.74 above it. A power is 4 rows: rows 3 and 15. Between them the 30 columns rise by 12/29 each.
  CHECK(run({"article-7b", "-n", "1K,1M", "--columns", "kv_cache_bytes", "--plot", "-q", "--width", "40"}).out ==
        "  1.0 TB +\n"
        "         |                            .*\n"
        "         |                          ..\n"
        "         |                       ...\n"
        "100.0 GB +                     ..\n"
        "         |                   ..\n"
        "         |                ...\n"
        "         |              ..\n"
        " 10.0 GB +           ...\n"
        "         |         ..\n"
        "         |       ..\n"
        "         |    ...\n"
        "  1.0 GB +  ..\n"
        "         |*.\n"
        "         |\n"
        "         |\n"
        "100.0 MB +\n"
        "         ++----------------------------+\n"
        "          1K                          1M\n"
        "\n"
        "* KV Cache\n");
}

TEST_CASE("a chart for each unit, a mark for each series, and a word on what is not drawn") {
  const std::string text = run({"llama-3.1-8b", "gpt2", "-n", "0,512,1K", "-b", "1,2", "--plot", "--columns",
                                "model,kv_cache_bytes,attention_flops,weights_bytes"},
                               {.environment = kUnicode})
                               .out;
  CHECK(has(text, "across: tokens; both axes are logarithmic, and have no place for 0\n"));
  CHECK(has(text,
            "\n● KV Cache, Llama-3.1-8B, batch 1\n"
            "■ KV Cache, Llama-3.1-8B, batch 2\n"
            "▲ KV Cache, gpt2, batch 1\n"
            "◆ KV Cache, gpt2, batch 2\n"
            "○ Weights, Llama-3.1-8B, batch 1\n"
            "□ Weights, Llama-3.1-8B, batch 2\n"
            "△ Weights, gpt2, batch 1\n"
            "◇ Weights, gpt2, batch 2\n"
            "✱ several of them\n\n"));
  CHECK(has(text, "\n● Attn FLOPs (total), Llama-3.1-8B, batch 1\n"));
  CHECK(text.find("Attn FLOPs") > text.find("Weights"));  // in the order of the columns

  CHECK(has(run({"mamba-1.4b-hf", "-n", "1K,2K", "--plot", "--columns", "kv_cache_bytes,state_bytes"}).out,
            "* State\nnot drawn: KV Cache where it is 0\n"));

  // Without columns: attention and what grows with the context; a state of zero bytes has no line.
  const std::string usual = run({"article-7b", "--plot"}).out;
  CHECK(has(usual, "* Attn FLOPs (total)\n"));
  CHECK(has(usual, "* KV Cache\n"));
  CHECK_FALSE(has(usual, "State"));
  CHECK_FALSE(has(usual, "not drawn"));
  CHECK(has(run({"llama-3.1-8b", "-n", "1K..8K", "--plot", "--engine", "vllm"}).out, "o KV Reserved\n"));
  CHECK(has(run({"mamba-1.4b-hf", "-n", "1K..8K", "--plot"}).out, "* State\n"));
  CHECK(has(run({"gemma-3-27b-it", "-n", "1K,2K", "--plot", "--columns", "scores_per_head,scores"}).out,
            "not drawn: Attn Scores where it is unknown\n"));
}

TEST_CASE("a chart fits any width, in Unicode and in ASCII") {
  const std::vector<std::vector<std::string>> questions = {
      {"article-7b", "--plot"},
      {"llama-3.1-8b", "mamba-1.4b-hf", "-n", "1K..1M", "--plot", "--units", "iec"},
      {"llama-3.1-8b", "-n", "1000..9000:+1000", "--plot", "--columns", "growth_kv_cache,batch,kv_cache_bytes"},
      {"fit", "llama-3.1-8b", "-n", "32K", "-b", "8", "--gpu", "h100-sxm-80gb", "--plot", "-v"},
      {"fit", "llama-3.1-8b", "-n", "128K", "-b", "8", "--gpu", "l4-24gb:4,l4-24gb:8", "--plot", "--exit-zero"},
  };
  for (std::vector<std::string> question : questions) {
    question.insert(question.end(), {"--width", ""});
    for (const std::size_t width : {40U, 80U, 200U}) {
      question.back() = std::to_string(width);
      for (const bool unicode : {false, true}) {
        const Run result = run(question, {.environment = unicode ? kUnicode : std::vector<std::string>{}});
        CHECK(result.status == 0);
        std::size_t longest = 0;
        std::istringstream lines(result.out);
        for (std::string line; std::getline(lines, line);) {
          const auto columns = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; });
          longest = std::max(longest, static_cast<std::size_t>(columns));
          // What is drawn, in ASCII.
          if (!unicode && (has(line, " +") || line.starts_with("|"))) CHECK_MESSAGE(is_ascii(line), line);
        }
        CHECK(longest == width);
        CHECK(has(result.out, "┤") == (unicode && question[0] != "fit"));
      }
    }
  }
}

TEST_CASE("the locale says whether a chart may be Unicode") {
  struct Case {
    std::vector<std::string> environment;
    bool unicode;
  };
  const Case cases[] = {
      {{}, false},
      {{"LC_ALL=C"}, false},
      {{"LANG=de_DE.UTF-8"}, true},
      {{"LANG=de_DE.utf8"}, true},
      {{"LANG=de_DE.ISO-8859-1"}, false},
      {{"LC_ALL=C", "LANG=de_DE.UTF-8"}, false},
      {{"LC_ALL=", "LC_CTYPE=C.UTF-8", "LANG=C"}, true},
      {{"LC_CTYPE=POSIX", "LANG=C.UTF-8"}, false},
  };
  for (const Case& one : cases) {
    const std::string text =
        run({"article-7b", "--plot", "-q", "--columns", "kv_cache_bytes"}, {.environment = one.environment}).out;
    CHECK(is_ascii(text) == !one.unicode);
  }
}

TEST_CASE("in Markdown a chart is a block of code; documents for programs have none") {
  const std::string markdown = run({"article-7b", "--plot", "-q", "--format", "markdown"}).out;
  CHECK(markdown.starts_with("```text\n   1.0 ExaFLOPs +"));
  CHECK(has(markdown, "1M\n```\n\n- \\* Attn FLOPs (total)\n"));
  const std::string bars =
      run({"fit", "llama-3.1-8b", "-n", "4K", "--gpu", "l4-24gb", "--plot", "--format", "markdown"}).out;
  CHECK(has(bars, "\n```text\n|##"));
  for (const char* format : {"json", "ndjson", "csv"}) {
    CHECK(run({"article-7b", "--plot", "--format", format}).out == run({"article-7b", "--format", format}).out);
  }
}

TEST_CASE("fit --plot draws a device as one bar") {
  // 16,060,522,496 bytes of weights, 34,359,738,368 of cache and 1.13 GiB of activations in 81,559 MiB: of 78 cells
  // they end at 14.65, 45.99 and 47.1.
  const std::string fits = run({"fit", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "-n", "32K", "-b", "8", "--plot"},
                               {.environment = kUnicode})
                               .out;
  std::string bar = "\n|";
  for (int i = 0; i < 15; ++i) bar += "█";
  for (int i = 0; i < 31; ++i) bar += "▓";
  bar += "▒";
  for (int i = 0; i < 31; ++i) bar += "·";
  CHECK(has(fits, bar + "|\n"
                        "  █ weights                14.96 GiB   18.8%\n"
                        "  ▓ KV cache               32.00 GiB   40.2%\n"
                        "      keys                 16.00 GiB\n"
                        "      values               16.00 GiB\n"
                        "  ▒ activations             1.13 GiB    1.4%\n"
                        "  · free                   31.56 GiB   39.6%\n"));
  CHECK_FALSE(has(fits, "#"));

  // 40 columns: 37 cells and the capacity, 22.49 of 34.34 GiB: 24.2 cells.
  const std::string over = run({"fit", "llama-3.1-8b", "-n", "128K", "-b", "8", "--gpu", "l4-24gb:4,l4-24gb:8",
                                "--weights", "fp8", "--plot", "--width", "40"})
                               .out;
  CHECK(has(over, "\n|##======================!============+|\n"));
  CHECK(has(over, "\nfits: 8 x l4-24gb (tp=8): 17.29 GiB of\n  22.49 GiB\n|"));
  CHECK(has(over, "\n# weights, = KV cache, + activations, %\n  overhead, . free, ! capacity\n"));
  // What differs names the bar.
  CHECK(has(run({"fit", "llama-3.1-8b", "-n", "4K", "-b", "1,2", "--gpu", "l4-24gb", "--plot"}).out,
            "\nfits: 1 x l4-24gb, Batch 2: 16."));
}

TEST_CASE("what has no numbers cannot be drawn") {
  CHECK(run({"article-7b", "--plot", "--columns", "window_status"}).err ==
        "ctxcost: --plot: \"window_status\" is a word, which no chart shows\n");
  CHECK(run({"article-7b", "--plot", "--columns", "model"}).err ==
        "ctxcost: --plot: expected a metric to draw, found labels alone\n");
  CHECK(run({"diff", "gpt2", "gpt2", "--plot"}).err == "ctxcost: --plot: is an option of scale, fit\n");
}
