// Build step: writes the models of configs/models/, the devices of configs/accelerators.json and the results of
// configs/measured-context.json as C++ tables, so that the program looks names up without reading JSON or a file.
// Refuses what the catalogue promises not to hold: invalid JSON, a name for two models, a model without what a list
// shows of it, a file under another name than its id's.
//
//   embed OUTPUT ACCELERATORS MEASURED MODEL…

#include <algorithm>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/character.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/load_accelerator.h"
#include "input/json/json.h"

namespace ctxcost {
namespace {

struct Entry {
  std::string id;
  std::string text;
  std::vector<std::string> names;
  std::string listed;  ///< a ListedModel or ListedAccelerator, as C++
};

std::string read_file(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) throw std::runtime_error("cannot be read");
  std::string text;
  char buffer[1 << 16];
  for (std::size_t got = 0; (got = std::fread(buffer, 1, sizeof buffer, file)) > 0;) text.append(buffer, got);
  const bool failed = std::ferror(file) != 0;
  std::fclose(file);
  if (failed) throw std::runtime_error("cannot be read");
  return text;
}

/// Without the space between tokens; numbers and strings stay as written.
std::string minified(std::string_view text) {
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!quoted && (c == ' ' || c == '\n' || c == '\t' || c == '\r')) continue;
    out += c;
    if (quoted && c == '\\') out += text[++i];
    if (c == '"') quoted = !quoted;
  }
  return out;
}

/// Keys of a model's file that describe the model or check it: nothing that the program reads.
constexpr std::string_view kDescribing[] = {
    "aliases",       "context_window",   "listed", "notes", "params_check", "params_computed", "params_computed_parts",
    "params_source", "position_encoding"};

/// The text of a published model's file without those keys, minified. A file of the own format is left whole.
std::string embedded(const JsonDocument& document) {
  const JsonValue& root = document.root;
  if (root.find("config") == nullptr) return minified(document.text);
  std::string out;
  for (std::size_t i = 0; i < root.members.size(); ++i) {
    const JsonMember& member = root.members[i];
    if (std::find(std::begin(kDescribing), std::end(kDescribing), member.key) != std::end(kDescribing)) continue;
    const std::size_t begin = member.offset;
    // A member ends before the comma that the next one stands behind, the last one before the closing brace.
    const bool last = i + 1 == root.members.size();
    const std::size_t next = last ? document.text.rfind('}') : document.text.rfind(',', root.members[i + 1].offset);
    out += out.empty() ? '{' : ',';
    out += minified(std::string_view(document.text).substr(begin, next - begin));
  }
  return out + '}';
}

std::string after_last_slash(const std::string& text) { return text.substr(text.rfind('/') + 1); }

/// The string at a key; `fallback` where the key is absent and there is one.
std::string text_at(const JsonValue& object, std::string_view key, const std::string& fallback = {}) {
  const JsonValue* value = object.find(key);
  if (value == nullptr && !fallback.empty()) return fallback;
  if (value == nullptr || !value->is(JsonValue::Type::string)) {
    throw std::runtime_error("expected a string \"" + std::string(key) + "\"");
  }
  return value->text;
}

/// The digits at a key: "{}" for null or where it is absent, which is no figure.
std::string digits_at(const JsonValue& object, std::string_view key) {
  const JsonValue* value = object.find(key);
  if (value == nullptr || value->is(JsonValue::Type::null)) return "{}";
  if (!value->is(JsonValue::Type::integer)) throw std::runtime_error("expected an integer \"" + std::string(key) + '"');
  return value->text + "u";
}

/// The members of a ListedModel, in its order.
std::string listed(const JsonValue& root) {
  // A file of the own format has no published parts, and its sizes may be open.
  if (root.find("config") == nullptr) return "{\"own\", {}, {}, 0u, {}, {}, {}, {{}}}";
  const JsonValue* shown = root.find("listed");
  if (shown == nullptr) throw std::runtime_error("expected a \"listed\": run scripts/update-catalogue");
  std::string text = "{\"" + text_at(*shown, "family") + "\", ";
  text += digits_at(*shown, "parameters") + ", " + digits_at(*shown, "active_parameters") + ", ";
  text += digits_at(*shown, "checkpoint_parts") + ", " + digits_at(root, "params_exact") + ", ";
  text += digits_at(*shown, "trained_context") + ", " + digits_at(*shown, "effective_context") + ", {{";
  // Absent bytes are unknown: a test then says that they are to be written.
  const JsonValue* bytes = shown->find("weights_bytes");
  if (bytes == nullptr) return text + "}}}";
  text += digits_at(*bytes, "own");
  for (const std::string_view type : kListedWeights) (text += ", ") += digits_at(*bytes, type);
  return text + "}}}";
}

Entry read_entry(const std::string& path) {
  const std::string file = after_last_slash(path);
  constexpr std::string_view kExtension = ".json";
  if (!file.ends_with(kExtension)) throw std::runtime_error("expected a name that ends in .json");
  const std::string stem = file.substr(0, file.size() - kExtension.size());

  Entry entry;
  const JsonDocument document = parse_json(read_file(path), path);
  entry.text = embedded(document);
  // A file of the own format has no id: its name is one.
  entry.id = text_at(document.root, "id", stem);
  if (lower_case(after_last_slash(entry.id)) != stem) {
    throw std::runtime_error("expected the last part of its id, in lower case, as its name");
  }
  if (document.root.find("source") == nullptr) throw std::runtime_error("expected a \"source\"");
  entry.listed = listed(document.root);
  entry.names = {lower_case(entry.id), stem};
  if (const JsonValue* aliases = document.root.find("aliases")) {
    for (const JsonValue& alias : aliases->items) entry.names.push_back(lower_case(alias.text));
  }
  std::sort(entry.names.begin(), entry.names.end());
  entry.names.erase(std::unique(entry.names.begin(), entry.names.end()), entry.names.end());
  return entry;
}

std::string known(const std::optional<Count>& count) { return count ? to_string(*count) + "u" : "{}"; }

/// The members of a ListedAccelerator, in its order.
std::string listed(const Accelerator& gpu) {
  const Accelerator::Peak peak = gpu.peak("bf16");
  std::string text = "{" + to_string(gpu.memory_bytes) + "u, " + known(gpu.memory_reported_mib) + ", ";
  text += to_string(gpu.bandwidth_bytes_per_s) + "u, \"" + peak.type + "\", " + to_string(peak.flops_per_s) + "u, ";
  text += known(gpu.link_bytes_per_s) + ", " + known(gpu.tdp_watts) + "}";
  return text;
}

/// One entry for each object of a list, called by what stands at `id_key`.
std::vector<Entry> read_list(const std::string& path, std::string_view id_key) {
  std::vector<Entry> entries;
  const JsonDocument document = parse_json(read_file(path), path);
  const std::vector<JsonValue>& rows = document.root.items;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    // Its text ends where the next one begins, or the list ends.
    const std::size_t begin = rows[i].offset;
    const std::size_t next = i + 1 < rows.size() ? rows[i + 1].offset : document.text.size();
    const std::size_t end = document.text.rfind('}', next - 1) + 1;
    Entry entry;
    entry.id = text_at(rows[i], id_key);
    entry.text = minified(std::string_view(document.text).substr(begin, end - begin));
    if (rows[i].find("source") == nullptr) throw std::runtime_error(entry.id + ": expected a \"source\"");
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<Entry> read_accelerators(const std::string& path) {
  std::vector<Entry> entries = read_list(path, "id");
  std::map<std::string, int> seen;
  for (Entry& entry : entries) {
    if (entry.id != lower_case(entry.id)) throw std::runtime_error(entry.id + ": expected an id in lower case");
    entry.listed = listed(parse_accelerator(entry.text, entry.id));
    if (++seen[entry.id] > 1) throw std::runtime_error(entry.id + " stands twice");
  }
  return entries;
}

/// A literal of any length is more than C++ promises; the longest file has a tenth of the limit. With "sv" it says its
/// length, which clang would otherwise count character by character, up to a limit for a whole table.
std::string literal(const std::string& text) {
  constexpr std::size_t kLongestLiteral = 65535;
  constexpr std::string_view kMark = ")json\"";
  if (text.size() > kLongestLiteral || text.find(kMark) != std::string::npos) {
    throw std::runtime_error("does not fit a string literal of C++");
  }
  return "R\"json(" + text + ")json\"sv";
}

void write_entries(std::FILE* out, const std::vector<Entry>& entries) {
  for (const Entry& entry : entries) {
    std::fprintf(out, "    {%s,\n     %s},\n", literal(entry.id).c_str(), literal(entry.text).c_str());
  }
}

void write_listed(std::FILE* out, const std::vector<Entry>& entries) {
  for (const Entry& entry : entries) std::fprintf(out, "    %s,\n", entry.listed.c_str());
}

void write_tables(std::FILE* out, const std::vector<Entry>& entries, const std::map<std::string, std::size_t>& names,
                  const std::vector<Entry>& accelerators, const std::vector<Entry>& measured) {
  std::fputs(
      "// Made by src/input/catalogue/embed.cc from configs/.\n"
      "#include \"ctxcost/input/catalogue.h\"\n\n"
      "namespace ctxcost {\n\n"
      "using namespace std::literals;\n\n"
      "namespace {\n\n"
      "constexpr CatalogueEntry kEntries[] = {\n",
      out);
  write_entries(out, entries);
  std::fputs("};\n\nconstexpr ListedModel kListed[] = {\n", out);
  write_listed(out, entries);
  std::fputs("};\n\nconstexpr CatalogueEntry kAccelerators[] = {\n", out);
  write_entries(out, accelerators);
  std::fputs("};\n\nconstexpr ListedAccelerator kListedAccelerators[] = {\n", out);
  write_listed(out, accelerators);
  std::fputs("};\n\nconstexpr CatalogueEntry kMeasured[] = {\n", out);
  write_entries(out, measured);
  std::fputs("};\n\nconstexpr CatalogueName kNames[] = {\n", out);
  for (const auto& [name, entry] : names) std::fprintf(out, "    {%s, %zu},\n", literal(name).c_str(), entry);
  std::fputs(
      "};\n\n"
      "}  // namespace\n\n"
      "std::span<const CatalogueEntry> catalogue() { return kEntries; }\n"
      "std::span<const ListedModel> listed_models() { return kListed; }\n"
      "std::span<const CatalogueName> catalogue_names() { return kNames; }\n"
      "std::span<const CatalogueEntry> accelerator_catalogue() { return kAccelerators; }\n"
      "std::span<const ListedAccelerator> listed_accelerators() { return kListedAccelerators; }\n"
      "std::span<const CatalogueEntry> measured_catalogue() { return kMeasured; }\n\n"
      "}  // namespace ctxcost\n",
      out);
}

int embed(int argc, char** argv) {
  if (argc < 5) {
    std::fputs("usage: embed OUTPUT ACCELERATORS MEASURED MODEL...\n", stderr);
    return 2;
  }
  std::vector<Entry> entries;
  bool good = true;
  const auto refuse = [&good](const char* path, const std::string& why) {
    std::fprintf(stderr, "%s: %s\n", path, why.c_str());
    good = false;
  };
  const auto list = [&refuse](const char* path, const auto& read) {
    try {
      return read(path);
    } catch (const std::exception& error) {
      refuse(path, error.what());
      return std::vector<Entry>();
    }
  };
  const std::vector<Entry> accelerators = list(argv[2], read_accelerators);
  const std::vector<Entry> measured = list(argv[3], [](const char* path) { return read_list(path, "benchmark"); });
  for (int i = 4; i < argc; ++i) {
    try {
      entries.push_back(read_entry(argv[i]));
    } catch (const std::exception& error) {
      refuse(argv[i], error.what());
    }
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.id < b.id; });
  std::map<std::string, std::size_t> names;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    for (const std::string& name : entries[i].names) {
      const auto [row, fresh] = names.emplace(name, i);
      if (!fresh) refuse(name.c_str(), "names " + entries[row->second].id + " and " + entries[i].id);
    }
  }
  if (!good) return 1;

  std::FILE* out = std::fopen(argv[1], "wb");
  if (out == nullptr) {
    std::perror(argv[1]);
    return 1;
  }
  try {
    write_tables(out, entries, names, accelerators, measured);
  } catch (const std::exception& error) {
    refuse(argv[1], error.what());
  }
  if (std::fclose(out) != 0) refuse(argv[1], "cannot be written");
  if (!good) std::remove(argv[1]);
  return good ? 0 : 1;
}

}  // namespace
}  // namespace ctxcost

int main(int argc, char** argv) { return ctxcost::embed(argc, argv); }
