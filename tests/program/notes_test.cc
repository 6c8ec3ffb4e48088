// Notes: what --quiet leaves out and what it does not, and the note on FLOPs that count one per multiply-add.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "program.h"

namespace {

/// Without num_key_value_heads, max_position_embeddings and torch_dtype: the class LlamaConfig has no key-value heads
/// of its own (as many as heads) and 2048 positions. [transformers configuration_llama.py]
constexpr const char* kBareConfig =
    R"({"model_type": "llama", "hidden_size": 512, "intermediate_size": 1024, "num_hidden_layers": 2,
        "num_attention_heads": 4, "vocab_size": 1000, "rms_norm_eps": 1e-5, "tie_word_embeddings": false})";

std::vector<std::string> with(std::vector<std::string> arguments, const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("--quiet leaves out the notes, and what the figures take for granted goes to standard error") {
  const TemporaryDirectory directory;
  write_file(directory.path("bare.json"), kBareConfig);
  write_file(directory.path("log"), read_file(std::string(CTXCOST_SOURCE_DIR) + "/tests/data/logs/vllm-0.7.log"));
  const auto in_directory = [&](const std::vector<std::string>& arguments) {
    return run(arguments, {.directory = directory.path()});
  };
  const std::vector<std::vector<std::string>> questions = {
      {"scale", "bare.json", "-n", "1K"},
      {"scale", "bare.json", "-n", "1K", "--format", "csv"},
      {"explain", "bare.json", "kv_cache_bytes", "-n", "1K"},
      {"compare", "bare.json", "-n", "1K", "--with", "flash=off"},
      {"fit", "bare.json", "-n", "1K", "--gpu", "l4-24gb"},
      {"solve", "batch", "bare.json", "-n", "1K", "--gpu", "l4-24gb"},
      {"diff", "bare.json", "gpt2", "-n", "1K"},
      {"train", "bare.json", "--stage", "1K:100000"},
      {"evaluate", "needle", "bare.json", "-n", "1K", "--depths", "1"},
      {"reconcile", "log", "bare.json", "--exit-zero"},
  };
  for (const std::vector<std::string>& question : questions) {
    CAPTURE(question[0]);
    const Run quiet = in_directory(with(question, {"-q"}));
    CHECK(quiet.status == 0);
    CHECK(contains(quiet.err, "ctxcost: bare.json: note: absent keys, class defaults taken: "));
    CHECK(contains(quiet.err, "max_position_embeddings 2048"));
    CHECK(contains(quiet.err, "ctxcost: bare.json: note: no torch_dtype or dtype: counted in bf16\n"));
    CHECK_FALSE(contains(quiet.out, "note: "));
    CHECK(in_directory(question).err == "");
  }
  // Of a stream each line, of budgets each model once.
  write_file(directory.path("budgets.json"), R"({"budgets": [
      {"name": "a", "model": "bare.json", "context": "1K", "limits": {"kv_cache_bytes": {"max": "1 GB"}}},
      {"name": "b", "model": "bare.json", "context": "4K", "limits": {"kv_cache_bytes": {"max": "1 GB"}}}]})");
  const std::string kept = "no torch_dtype or dtype: counted in bf16\n";
  const std::string judged = in_directory({"check", "budgets.json", "-q"}).err;
  CHECK(contains(judged, "ctxcost: bare.json: note: " + kept));
  CHECK(judged.find(kept) == judged.rfind(kept));
  CHECK(contains(judged, "ctxcost: bare.json: note: 4K is beyond the trained context of 2,048 tokens\n"));
  CHECK(in_directory({"check", "budgets.json"}).err == "");
  std::string line = kBareConfig;
  line.erase(std::remove(line.begin(), line.end(), '\n'), line.end());
  const RunOptions piped{.input = line + "\n" + line + "\n"};
  const std::vector<std::string> stream = {"scale", "-", "--ndjson", "-n", "4K"};
  const std::string said = run(with(stream, {"-q"}), piped).err;
  for (const char* name : {"-:1", "-:2"}) {
    CHECK(contains(said, "ctxcost: " + std::string(name) + ": note: " + kept));
    CHECK(contains(said, "ctxcost: " + std::string(name) + ": note: 4K is beyond "));
  }
  CHECK(run(stream, piped).err == "");
  // find tells which of the models that it found take class defaults.
  const std::vector<std::string> find = {"find", "--gpu", "l4-24gb", "-n", "2K", "--family", "gpt_neox"};
  const std::string defaults = "note: counted with class defaults for absent keys (`ctxcost show NAME` says which): ";
  CHECK(contains(run(find).out, "\n" + defaults));
  CHECK(run(find).err == "");
  CHECK(run(with(find, {"-q"})).err.starts_with("ctxcost: " + defaults + "gpt-neox-20b, pythia-12b, "));
  CHECK(contains(run({"find", "--gpu", "l4-24gb", "-n", "4K", "--family", "gpt_neox", "--beyond-window", "-q"}).err,
                 "ctxcost: note: the context is beyond the window: "));
  // Other notes stay hidden, and a file that says all has none.
  const std::vector<std::string> fit = {"fit", "llama-3.1-8b", "--gpu", "l4-24gb", "-n", "8K", "--engine", "vllm"};
  CHECK(contains(run(fit).out, "note: not counted (overhead): "));
  CHECK(run(with(fit, {"-q"})).err == "");
}

TEST_CASE("--quiet does not hide a context beyond the model's window, nor what a name was taken for") {
  // Llama 3.1 was trained on 131,072 tokens and says so.
  const std::string beyond = "1M is beyond ";
  for (const std::vector<std::string>& question : std::vector<std::vector<std::string>>{
           {"scale", "llama-3.1-8b"},
           {"scale", "llama-3.1-8b", "-n", "4K", "-n", "1K,1M"},
           {"compare", "llama-3.1-8b", "-n", "1M", "--with", "flash=off"},
           {"fit", "llama-3.1-8b", "-n", "1M", "--gpu", "h100-sxm-80gb", "--exit-zero"},
           {"explain", "llama-3.1-8b", "-n", "1M"},
           {"diff", "llama-3.1-8b", "article-7b"},
       }) {
    CAPTURE(question[0]);
    const Run quiet = run(with(question, {"-q"}));
    CHECK(quiet.status == 0);
    CHECK(contains(quiet.err, "ctxcost: llama-3.1-8b: note: " + beyond));
    CHECK(quiet.err.find('\n') == quiet.err.size() - 1);
    CHECK_FALSE(contains(quiet.out, beyond));
  }
  const std::string said = run({"scale", "llama-3.1-8b", "-q"}).err;
  const std::string note = said.substr(said.find(beyond));
  CHECK(contains(run({"scale", "llama-3.1-8b"}).out, "note: " + note));
  for (const char* context : {"4K", "128K"}) CHECK(run({"scale", "llama-3.1-8b", "-n", context, "-q"}).err == "");
  // A model without a stated window.
  CHECK(run({"scale", "article-7b", "-q"}).err == "");
  CHECK(run({"fit", "llama-3.1-8b", "--gpu", "h200", "-n", "8K", "-q"}).err ==
        "ctxcost: note: \"h200\" is taken as h200-sxm-141gb, not h200-nvl-141gb\n");
  CHECK(run({"scale", "Llama-3.1-8B-Instruct-Q8_0", "-n", "4K", "-q"})
            .err.starts_with("ctxcost: Llama-3.1-8B-Instruct-Q8_0: note: \"Llama-3.1-8B-Instruct-Q8_0\" is counted as "
                             "meta-llama/Llama-3.1-8B of the catalogue: "));
}

TEST_CASE(
    "FLOPs of the whole model that count one per multiply-add carry a note, unless the convention was asked for") {
  const auto note = [](const std::vector<std::string>& question) {
    const std::string out = run(question).out;
    const std::size_t begin =
        out.find(" 1 FLOP per multiply-add, as the article convention does; `fit` and its times count 2");
    if (begin == std::string::npos) return std::string();
    const std::size_t line = out.rfind("note: ", begin) + 6;
    return out.substr(line, begin - line);
  };
  const std::vector<std::string> forward = {"scale", "llama-3.1-8b", "-n", "4K", "--columns", "context,forward_flops"};
  CHECK(note(forward) == "forward_flops counts");
  CHECK(note({"scale", "llama-3.1-8b", "-n", "4K", "--columns", "decode_flops,linear_flops,attention_flops"}) ==
        "linear_flops, decode_flops count");
  CHECK(note({"explain", "llama-3.1-8b", "logits_flops", "-n", "4K"}) == "logits_flops counts");
  CHECK(note({"compare", "llama-3.1-8b", "-n", "4K", "--with", "flash=off", "-v"}) ==
        "linear_flops, forward_flops count");
  CHECK(note({"diff", "llama-2-7b", "llama-3.1-8b", "-n", "4K", "--columns", "forward_flops"}) ==
        "forward_flops counts");
  // The article's own figures, a convention that was asked for, one that counts two.
  CHECK(note({"scale", "llama-3.1-8b", "-n", "4K"}) == "");
  CHECK(note({"explain", "llama-3.1-8b", "attention_flops", "-n", "4K"}) == "");
  for (const char* convention : {"article", "causal", "standard"}) {
    CHECK(note(with(forward, {"--convention", convention})) == "");
  }
  CHECK(note(with(forward, {"-q"})) == "");
  // CSV has the name in each row.
  CHECK(contains(run(with(forward, {"--format", "csv", "--columns", "convention"})).out, "article"));
}
