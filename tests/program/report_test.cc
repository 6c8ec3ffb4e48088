// ctxcost report: the files that it writes, and what it refuses. What a page does is tested in tests/browser.
#include <doctest/doctest.h>

#include "program.h"

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

bool is_xml(const std::string& path) { return run({"--noout", path}, {.program = "/usr/bin/xmllint"}).status == 0; }

/// Exit status 2, nothing on standard output, one line on standard error.
void check_refused(const std::vector<std::string>& arguments, const std::string& line) {
  std::vector<std::string> words = {"report"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const Run result = run(words);
  CHECK(result.status == 2);
  CHECK(result.out == "");
  CHECK(result.err == "ctxcost: " + line + "\n");
}

}  // namespace

TEST_CASE("a report is an HTML page or an SVG chart, by the name of its file") {
  const TemporaryDirectory directory;
  const std::string page = directory.path("report.html");
  const std::string chart = directory.path("slide.svg");
  const Run both = run({"report", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "-o", page, "-o", chart});
  CHECK(both.status == 0);
  CHECK(both.out == "");
  CHECK(both.err == "");
  CHECK(read_file(page).starts_with("<!DOCTYPE html>\n"));
  CHECK(is_xml(chart));
  const std::string drawn = read_file(chart);
  for (const char* text : {"KV cache and weights", "Llama-3.1-8B: KV cache", "memory of 1 x h100-sxm-80gb", ">128K<",
                           "batch 1, KV cache the model&#39;s own, weights as stored, devices 1 x h100-sxm-80gb"}) {
    CHECK_MESSAGE(has(drawn, text), text);
  }
  // No formula of a page depends on where it goes.
  CHECK(run({"report", "llama-3.1-8b", "--gpu", "h100-sxm-80gb"}).out == read_file(page));
  const std::string attention = run({"report", "llama-3.1-8b", "--format", "svg"}).out;
  CHECK(has(attention, "Attention FLOPs"));
  for (const char* name : {"attention", "memory", "prefill", "decode"}) {
    const std::string path = directory.path(std::string(name) + ".svg");
    CHECK(run({"report", "jamba-v0.1", "gpt2", "--gpu", "l4-24gb", "--units", "iec", "--chart", name, "-o", path})
              .status == 0);
    CHECK_MESSAGE(is_xml(path), name);
  }
}

TEST_CASE("a page says what its figures take for granted, and has its tables without scripts") {
  const std::string page =
      run({"report", "gemma-3-27b-it", "--gpu", "h100-sxm-80gb", "--with", "sliding_window:window=1024"}).out;
  for (const char* text :
       {"class default taken: tie_word_embeddings true", "times: bounds at full peak and bandwidth, h100-sxm-80gb",
        "52 of 62 layers", "article convention: 1 FLOP per multiply-add",
        "gemma-3-27b-it with sliding_window:window=1024", "gives up", "less than the first"}) {
    CHECK_MESSAGE(has(page, text), text);
  }
  CHECK(has(page, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "));
}

TEST_CASE("a report's scores are the heatmap of a needle test") {
  const TemporaryDirectory directory;
  const std::string scores = directory.path("scored.ndjson");
  write_file(scores,
             "{\"id\":0,\"task\":\"needle\",\"length\":8192,\"depth_percent\":0,\"score\":1}\n"
             "{\"id\":1,\"task\":\"needle\",\"length\":8192,\"depth_percent\":100,\"score\":0.25}\n");
  const std::vector<std::string> asked = {"report", "gpt2",      "-n",   "8K",       "--depths",
                                          "0,100",  "--results", scores, "--format", "html"};
  const Run result = run(asked);
  CHECK(result.status == 0);
  CHECK(result.err == "");
  for (const char* text : {">100.0%</td>", ">25.0%</td>", ">62.5%</td>", ">0%</th>", ">100%</th>"}) {
    CHECK_MESSAGE(has(result.out, text), text);
  }
  check_refused({"gpt2", "llama-3.1-8b", "--results", scores},
                "--results: expected one MODEL beside it, found 2 (the scores are those of one model)");
  check_refused({"gpt2", "--depths", "3"}, "--depths: belongs to --results, which is not given");
}

TEST_CASE("what a report cannot be asked is an error") {
  check_refused({},
                "report: expected a MODEL, found nothing (a JSON file, a directory with a config.json, - for standard "
                "input, or a catalogue name)");
  check_refused({"gpt2", "-o", "x.pdf"},
                "--output: expected one of the extensions .html, .htm, .svg, found \"x.pdf\" (or name the format: "
                "--format NAME)");
  check_refused({"gpt2", "--format", "json"}, "--format: expected html or svg, found \"json\"");
  check_refused({"gpt2", "--chart", "memory"}, "--chart: belongs to an .svg file, and none is written");
  check_refused({"gpt2", "--format", "svg", "--chart", "prefill"},
                "--chart: there is nothing to draw for \"prefill\" (times need --gpu NAME)");
  check_refused({"gpt2", "--mfu", "0.5"}, "--mfu: expected --gpu NAME beside it, found nothing");
  check_refused({"gpt2", "--parallel", "tp=2"}, "--parallel: expected --gpu NAME beside it, found nothing");
  check_refused({"gpt2", "--engine", "vllm:block=16,32"}, "--engine: expected one value, found 2");
  const std::string unknown = run({"compare", "gpt2", "--with", "sliding_windw:window=4"}).err;
  CHECK(has(unknown, "did you mean \"sliding_window\"?"));
  CHECK(run({"report", "gpt2", "--with", "sliding_windw:window=4"}).err == unknown);
  const Run many = run({"report", "gpt2", "-n", "1..20000:+1"});
  CHECK(many.status == 2);
  CHECK(has(many.err, "expected at most 10,000 points, found 20,000"));
  const Run terminal = run({"report", "gpt2"}, {.terminal = true});
  CHECK(terminal.status == 2);
  CHECK(has(terminal.err, "--output: expected a FILE, found nothing"));
  // One of two models is no model: the other has its page, and the status says so.
  const Run one = run({"report", "gpt2", "no-such-model"});
  CHECK(one.status == 2);
  CHECK(has(one.out, "What context costs: gpt2"));
}
