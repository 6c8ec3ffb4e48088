// Names, keys, paths and notes of other people's files: nothing of them reaches a terminal or a log as a command, and
// every format stays what it is.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "../markdown_table.h"
#include "../tensor_files.h"
#include "program.h"

using ctxcost::test::markdown_tables;
using ctxcost::test::MarkdownTable;

namespace {

// As in a JSON file: line end and workflow command, CSI as ESC [ and as C1, an override, a line separator, a byte order
// mark, and what CSV, Markdown, HTML, XML and workflow commands take for themselves.
constexpr std::string_view kHostile =
    R"(x\n::error::z\r\u001b[31m\u009b2J\u202eevil\u202c\u2028\ufeff\u007f|<b>&amp;\\,\"%`*_[y](z))";
// A file name may hold bytes that are not UTF-8, too.
// Of a GPU's file no comma and no colon: they part names.
const std::string kCard = "card\n\x1b[31m\xc2\x9b\xe2\x80\xae\xff|<b>%.json";
const std::string kFileName = "m\n::error::f\x1b[31m\xc2\x9b\xe2\x80\xae\xff|<b>,%.json";

/// The first byte that must not be in an output, as "at 12: U+009B"; empty where there is none.
std::string raw_byte(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xc2 ? 0
                               : lead < 0xe0 ? 2
                               : lead < 0xf0 ? 3
                               : lead < 0xf5 ? 4
                                             : 0;
    if (length == 0 || i + length > text.size()) return "at " + std::to_string(i) + ": not UTF-8";
    unsigned value = length == 1 ? lead : lead & (0xffU >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0) != 0x80) return "at " + std::to_string(i) + ": not UTF-8";
      value = value << 6 | (next & 0x3f);
    }
    const auto within = [value](unsigned first, unsigned last) { return value >= first && value <= last; };
    if ((value != '\n' && within(0, 0x1f)) || within(0x7f, 0x9f) || value == 0x61c || within(0x200b, 0x200f) ||
        within(0x2028, 0x202e) || within(0x2060, 0x206f) || value == 0xfeff || within(0xd800, 0xdfff)) {
      return "at " + std::to_string(i) + ": code point " + std::to_string(value) + " in " +
             text.substr(i < 60 ? 0 : i - 60, 80);
    }
    i += length;
  }
  return {};
}

/// The words for a failure's message, which shall not be hostile itself.
std::string shown(const std::vector<std::string>& arguments) {
  std::string line;
  for (const std::string& argument : arguments) {
    for (const char c : argument) line += c >= 0x20 && c < 0x7f ? c : '?';
    line += ' ';
  }
  return line;
}

/// A line that a CI runner would take for a workflow command.
bool has_command(const std::string& text) { return text.starts_with("::") || text.find("\n::") != std::string::npos; }

/// RFC 4180: records of equally many fields.
void check_csv(const std::string& text) {
  std::vector<std::size_t> fields;
  std::size_t count = 1;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && text[i] == ',') {
      ++count;
    } else if (!quoted && text[i] == '\n') {
      fields.push_back(count);
      count = 1;
    }
  }
  CHECK(!quoted);
  REQUIRE(fields.size() >= 2);
  for (const std::size_t one : fields) CHECK(one == fields.front());
}

/// Every row has as many cells as the head, the second line is one of rules, and no cell holds HTML.
void check_markdown(const std::string& text, bool foreign_names) {
  const std::vector<MarkdownTable> tables = markdown_tables(text);
  CHECK(!tables.empty());
  for (const MarkdownTable& table : tables) {
    REQUIRE(table.size() >= 2);
    for (const std::string& rule : table[1]) CHECK((rule == "---" || rule == "---:"));
    for (const auto& row : table) CHECK(row.size() == table.front().size());
  }
  if (!foreign_names) return;
  CHECK(text.find('<') == std::string::npos);
  CHECK(text.find("*_[") == std::string::npos);
}

void check_json(const std::string& text) { CHECK(nlohmann::json::accept(text)); }

void check_xml(const std::string& text) {
  const Run lint = run({"xmllint", "--noout", "--nonet", "-"}, {.program = "/usr/bin/env", .input = text});
  CHECK_MESSAGE(lint.status == 0, lint.err);
}

void check_format(const std::string& format, const std::string& out) {
  CHECK(raw_byte(out) == "");
  if (format != "github") CHECK(!has_command(out));
  if (format == "json" || format == "sarif") return check_json(out);
  if (format == "csv") return check_csv(out);
  if (format == "markdown") return check_markdown(out, true);
  if (format == "ndjson") {
    for (std::size_t start = 0; start < out.size();) {
      const std::size_t end = out.find('\n', start);
      check_json(out.substr(start, end - start));
      start = end + 1;
    }
  }
  if (format == "github") {
    for (std::size_t start = 0; start < out.size();) {
      const std::size_t end = out.find('\n', start);
      const std::string line = out.substr(start, end - start);
      CHECK_MESSAGE((line.starts_with("::error file=") || line.starts_with("::warning file=")), line);
      // Properties are parted by commas and end at the next "::".
      const std::string properties = line.substr(0, line.find("::", 2));
      CHECK(std::count(properties.begin(), properties.end(), ',') == 3);
      start = end + 1;
    }
  }
  if (format == "junit") check_xml(out);
}

class HostileFiles {
 public:
  HostileFiles() {
    const std::string name(kHostile);
    const std::string shape = R"("layers": 4, "heads": 8, "d_k": 64, "d_model": 512, "d_ff": 1024, "vocab": 1000,
      "positions": {"trained_context": 2048}, "source": ")" +
                              name + R"(", "notes": ")" + name + R"(")";
    write(kFileName, R"({"name": ")" + name + R"(", )" + shape + "}");
    write("other.json", R"({"name": "other )" + name + R"(", "kv_heads": 2, )" + shape + "}");
    write(kCard, R"({"id": "card )" + name + R"(", "name": ")" + name + R"(", "vendor": ")" + name +
                     R"(", "memory_bytes": 1000000000, "memory_bandwidth_bytes_per_s": 1000000000000,
      "peak_dense_flops": {"bf16": 1000000000000}, "source": ")" +
                     name + R"(", "notes": ")" + name + R"("})");
    const auto budget = [&](const std::string& number, const std::string& rest) {
      return R"({"name": ")" + name + number + R"(", "model": "other.json", "context": "4K", )" + rest + "}";
    };
    const std::string exceeded = R"("limits": {"kv_cache_bytes": {"max": "1MB"}})";
    write("budgets" + kFileName,
          R"({"budgets": [)" + budget("1", exceeded) + "," + budget("2", exceeded + R"(, "level": "warning")") + "," +
              budget("3", R"("gpu": "gpu.json", "limits": {"device_bytes": {"max": "1TB"}})") + "]}");
    write("gpu.json", read_file(directory_.path(kCard)));
  }

  Run operator()(const std::vector<std::string>& arguments) const {
    return run(arguments, {.directory = directory_.path()});
  }
  void write(const std::string& name, const std::string& text) const { write_file(directory_.path(name), text); }

 private:
  TemporaryDirectory directory_;
};

const std::vector<std::string> kFormats = {"table", "json", "ndjson", "csv", "markdown"};
const std::vector<std::string> kCheckFormats = {"table",    "json",  "ndjson", "csv",
                                                "markdown", "junit", "sarif",  "github"};

void check_run(const HostileFiles& files, std::vector<std::string> arguments, const std::string& format) {
  arguments.insert(arguments.end(), {"--format", format});
  CAPTURE(shown(arguments));
  const Run result = files(arguments);
  CHECK_MESSAGE(result.status < 2, result.err);
  CHECK(result.err == "");
  check_format(format, result.out);
}

}  // namespace

TEST_CASE("hostile names, paths and notes are escaped by every command in every format") {
  const HostileFiles files;

  for (const std::string& format : kFormats) {
    check_run(files, {"scale", kFileName, "other.json", "-v", "-n", "1K,4K", "-b", "1,2"}, format);
    check_run(files, {"scale", kFileName, "-v", "--columns", "model,weights,window_status,kv_cache_bytes"}, format);
    check_run(files, {"fit", kFileName, "--gpu", kCard, "-n", "1K", "-v", "--engine", "vllm"}, format);
    check_run(files, {"fit", kFileName, "--gpu", kCard, "-n", "1M", "-v"}, format);
    check_run(files, {"fit", kFileName, "other.json", "--gpu", kCard + ":1,l4-24gb", "-n", "1K,2K"}, format);
    for (const char* what : {"context", "batch", "gpus", "kv-precision", "weights"}) {
      std::vector<std::string> arguments = {"solve", what, kFileName, "other.json", "--gpu", kCard};
      if (std::string(what) != "context") arguments.insert(arguments.end(), {"-n", "1K"});
      check_run(files, arguments, format);
    }
    check_run(files, {"diff", kFileName, "other.json", "-n", "1K,4K", "--fail-if", "kv_cache_bytes > +5%"}, format);
  }
  files.write("old.json", files({"scale", kFileName, "--format", "json"}).out);
  files.write("new.json", files({"scale", "other.json", "--format", "json"}).out);
  for (const std::string& format : kFormats) check_run(files, {"diff", "old.json", "new.json"}, format);
}

TEST_CASE("hostile budgets are escaped in every format of check") {
  const HostileFiles files;
  const std::string budgets = "budgets" + kFileName;
  const std::string saved = "saved" + kFileName;
  CHECK(files({"check", budgets, "--format", "json", "-o", saved}).status == 1);
  for (const std::string& format : kCheckFormats) {
    check_run(files, {"check", budgets}, format);
    check_run(files, {"check", budgets, "--baseline", saved}, format);
  }
}

TEST_CASE("a broken budget file with a hostile name and hostile keys leaves every format what it is") {
  const HostileFiles files;
  const std::string budgets = "budgets" + kFileName;
  const std::string broken = "broken" + kFileName;
  files.write(broken, R"({"budgets": [{"name": "n", "model": "other.json", "context": "4K", "limits": {")" +
                          std::string(kHostile) + R"(": {"max": "1GB"}}}]})");
  for (const std::string& format : kCheckFormats) {
    CAPTURE(format);
    const Run result = files({"check", budgets, broken, "--format", format});
    CHECK(result.status == 2);
    CHECK(raw_byte(result.out) == "");
    CHECK(raw_byte(result.err) == "");
    CHECK(!has_command(result.err));
    if (format != "github") CHECK(!has_command(result.out));
    if (result.out.empty()) continue;
    if (format == "json" || format == "sarif") check_json(result.out);
    if (format == "junit") check_xml(result.out);
    if (format == "csv") check_csv(result.out);
    if (format == "markdown") CHECK(result.out.find('<') == std::string::npos);
  }
}

TEST_CASE("hostile strings of a HuggingFace config and of a GGUF file are escaped") {
  const HostileFiles files;
  const std::string shape =
      R"("hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
      "vocab_size": 100, "max_position_embeddings": 2048, "_name_or_path": ")" +
      std::string(kHostile) + R"(", "layer_types": [")" + std::string(kHostile) + R"(", "full_attention"],
      "rope_scaling": {"type": ")" +
      std::string(kHostile) + R"(", "factor": 2},
      "quantization_config": {"quant_method": ")" +
      std::string(kHostile) + R"("})";
  files.write("old.json", R"({"model_type": "llama", ")" + std::string(kHostile) + R"(": 1, )" + shape + "}");
  files.write("new.json", R"({"model_type": "llama", ")" + std::string(kHostile) + R"(2": ")" + std::string(kHostile) +
                              R"(", "num_key_value_heads": 2, )" + shape + "}");
  const std::string word = "g\n::error::g\x1b[31m\xc2\x9b\xe2\x80\xae\xff|<b>,";
  ctxcost::test::Gguf gguf;
  gguf.text("general.architecture", "llama")
      .text("general.name", word)
      .text(word, word)
      .number("llama.block_count", 1)
      .number("llama.context_length", 64)
      .number("llama.embedding_length", 8)
      .number("llama.feed_forward_length", 16)
      .number("llama.attention.head_count", 2)
      .tensor("token_embd.weight", ctxcost::test::kGgmlF16, {8, 32}, 512)
      .tensor(word, ctxcost::test::kGgmlF16, {8}, 16);
  files.write("g.gguf", gguf.file());
  for (const std::string& format : kFormats) {
    check_run(files, {"diff", "old.json", "new.json", "--assume", "full", "-n", "1K"}, format);
    check_run(files, {"scale", "old.json", "g.gguf", "--assume", "full", "-v", "-n", "1K"}, format);
  }
}

TEST_CASE("colours are the only escapes, also around hostile names") {
  const HostileFiles files;
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"scale", kFileName, "other.json"},
                                                    {"fit", kFileName, "--gpu", kCard, "-n", "1K"},
                                                    {"check", "budgets" + kFileName}}) {
    std::vector<std::string> words = arguments;
    words.insert(words.end(), {"--color", "always"});
    std::string out = files(words).out;
    std::size_t colors = 0;
    for (const std::string_view color : {"\x1b[0m", "\x1b[1m", "\x1b[32m", "\x1b[33m", "\x1b[1;31m"}) {
      for (std::size_t at = out.find(color); at != std::string::npos; at = out.find(color, at), ++colors) {
        out.erase(at, color.size());
      }
    }
    CHECK(colors > 0);
    CHECK(colors % 2 == 0);
    CHECK(raw_byte(out) == "");
  }
}

TEST_CASE("complaints about hostile words and files are escaped") {
  const HostileFiles files;
  const std::string word = "a\n::error::b\x1b[31m\xc2\x9b\xe2\x80\xae\xff";
  files.write("key.json", R"({"layers": 1, "heads": 1, "d_k": 1, ")" + std::string(kHostile) + R"(": 1})");
  files.write("value.json",
              R"({"layers": 1, "heads": 1, "d_k": 1, "attention": {"kind": ")" + std::string(kHostile) + R"("}})");
  files.write("type.json", R"({"model_type": ")" + std::string(kHostile) + R"("})");
  files.write("syntax.json", "{\"a\": \xff\x1b}");
  files.write("text.json", "{\"layers\": 1, \"heads\": 1, \"d_k\": 1, \"name\": \"a\xff\x1b\"}");
  files.write("limits.json", R"({"budgets": [{"name": "n", "model": "other.json", "context": "4K", "limits": {")" +
                                 std::string(kHostile) + R"(": {"max": ")" + std::string(kHostile) + R"("}}}]})");
  std::vector<std::vector<std::string>> lines = {
      {word},
      {"scale", word},
      {"fit", word},
      {"solve", word},
      {"solve", "context", word},
      {"check", word},
      {"diff", word, word},
      {"list", word},
      {"show", word},
      {"schema", word},
      {"help", word},
      {"--" + word},
      {"scale", "key.json"},
      {"scale", "value.json"},
      {"scale", "type.json"},
      {"scale", "syntax.json"},
      {"scale", "text.json"},
      {"check", "limits.json"},
      {"check", "key.json"},
      {"diff", "key.json", "other.json"},
      {"fit", "other.json", "--gpu", "key.json"},
      {"scale", "article-7b", "-o", word + "/x.csv"},
  };
  for (const char* option :
       {"-n",       "-b",         "--kv-precision", "--weights",  "--engine",    "--convention",
        "--logits", "--format",   "--columns",      "--units",    "--assume",    "--color",
        "--gpu",    "--parallel", "--utilization",  "--overhead", "--kv-memory", "--host-bandwidth",
        "--mfu",    "--mbu",      "--lora",         "--draft",    "--images"}) {
    lines.push_back({"fit", "article-7b", option, word});
    lines.push_back({"scale", "article-7b", option, word});
  }
  lines.push_back({"scale", "article-7b", "--engine", "vllm:" + word + "=1"});
  lines.push_back({"diff", "other.json", "other.json", "--fail-if", word});
  lines.push_back({"check", "limits.json", "--max-increase", word, "--baseline", word});
  for (const auto& arguments : lines) {
    CAPTURE(shown(arguments));
    const Run result = files(arguments);
    CHECK(result.status == 2);
    CHECK(raw_byte(result.out) == "");
    CHECK(raw_byte(result.err) == "");
    CHECK(!has_command(result.err));
    CHECK(result.err.starts_with("ctxcost: "));
  }
}

TEST_CASE("a name keeps its characters in JSON, and shows them as escapes in text") {
  const HostileFiles files;
  files.write(
      "bidi.json",
      R"({"name": "a\u202eevil\u202c", "layers": 32, "heads": 32, "d_k": 128, "d_model": 64, "d_ff": 64, "vocab": 64})");
  files.write(
      "c1.json",
      R"({"name": "a\u009b31mX\u009d0;t\u009c", "layers": 32, "heads": 32, "d_k": 128, "d_model": 64, "d_ff": 64, "vocab": 64})");
  files.write(
      "line.json",
      R"({"name": "x\n::error::z\u001b[31m", "layers": 4, "heads": 8, "d_k": 64, "d_model": 64, "d_ff": 64, "vocab": 64})");
  const auto first_line = [&](const std::string& file) {
    const std::string out = files({"solve", "context", file, "--gpu", "l4-24gb"}).out;
    return out.substr(0, out.find('\n'));
  };
  CHECK(first_line("bidi.json").ends_with(R"((a\u202eevil\u202c x 1 on 1 x l4-24gb))"));
  CHECK(first_line("c1.json").ends_with(R"((a\u009b31mX\u009d0;t\u009c x 1 on 1 x l4-24gb))"));
  CHECK(first_line("line.json").ends_with(R"((x\x0a::error::z\x1b[31m x 1 on 1 x l4-24gb))"));
  const std::string json = files({"scale", "bidi.json", "-n", "1K", "--format", "json"}).out;
  CHECK(json.find(R"("name": "a\u202eevil\u202c")") != std::string::npos);
  CHECK(nlohmann::json::parse(json)["results"][0]["model"]["name"] ==
        "a\xe2\x80\xae"
        "evil\xe2\x80\xac");
}

TEST_CASE("every Markdown table of every command has as many cells in each row as headings") {
  for (const char* kind : {"models", "gpus", "precisions", "mechanisms", "engines", "metrics"}) {
    CAPTURE(kind);
    const Run list = run({"list", kind, "--format", "markdown"});
    CHECK(list.status == 0);
    CHECK(markdown_tables(list.out).size() == 1);
    check_markdown(list.out, false);
  }
  const std::string folder = std::string(CTXCOST_SOURCE_DIR) + "/configs/budgets/";
  const std::vector<std::vector<std::string>> lines = {
      {"scale", "article-7b"},
      {"scale", "article-7b", "llama-3.1-8b", "--engine", "vllm", "--engine", "llama.cpp"},
      {"fit", "llama-3.1-8b", "--gpu", "l4-24gb,h100-sxm-80gb", "-n", "8K"},
      {"solve", "context", "llama-3.1-8b", "--gpu", "l4-24gb"},
      {"find", "--gpu", "l4-24gb", "-n", "32K"},
      {"diff", "llama-2-7b", "llama-3.1-8b", "-n", "4K"},
      {"check", folder + "chat.json", folder + "laptop.json"},
  };
  for (std::vector<std::string> arguments : lines) {
    CAPTURE(arguments.front());
    arguments.insert(arguments.end(), {"--format", "markdown"});
    const Run result = run(arguments);
    CHECK(result.status < 2);
    check_markdown(result.out, false);
  }
}

TEST_CASE("numbers are right-aligned in scale's Markdown") {
  const std::string out = run({"scale", "article-7b", "llama-3.1-8b", "-n", "1K", "--format", "markdown", "-q",
                               "--columns", "kv_cache_bytes,window_status"})
                              .out;
  CHECK(out.find("| Model | Weights | KV | Context | KV Cache | Window |\n|---|---|---|---|---:|---|\n") == 0);
}
