// MiniCPM-V and MiniCPM-o: another family's language model, whose keys stand in the file's root. The version tells
// which. [vllm model_executor/models/minicpmv.py, minicpmo.py; openbmb modeling_minicpmv.py, modeling_minicpmo.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

struct MinicpmvVersion {
  std::string_view version, language_model;
};
constexpr MinicpmvVersion kMinicpmvVersions[] = {
    {"2.0", "minicpm"}, {"2.5", "llama"}, {"2.6", "qwen2"}, {"4.0", "llama"}, {"4.5", "qwen3"},
};
constexpr std::string_view kMinicpmvKnown = "2.0, 2.5, 2.6, 4.0 and 4.5 are known";

void read_minicpmv(const Config& config, Model& model) {
  const Config::Found found = config.find("version");
  std::string version;
  if (found && !found.value->is(JsonValue::Type::null)) {
    version = found.value->is(JsonValue::Type::string) ? found.value->text : config.number("version");
    if (version.find('.') == std::string::npos) version += ".0";
  } else {
    // Only the first two do not state it; they differ in width and in the queries of the resampler.
    const bool first = config.count("hidden_size", 2304) == 2304 && config.count("query_num", 64) == 64;
    version = first ? "2.0" : "2.5";
  }
  const Family* family = nullptr;
  for (const MinicpmvVersion& row : kMinicpmvVersions) {
    if (row.version == version) family = find_family(row.language_model);
  }
  if (family == nullptr) {
    config.fault("version", "unknown version \"" + version + "\"", std::string(kMinicpmvKnown));
    return;
  }
  const std::string inner(words(family->model_types).front());
  config.note("\"" + model.family + "\" of version " + version + " is counted as its language model, \"" + inner +
              "\"; what else it consists of is not counted");
  model.family = inner;
  model.gguf = family->gguf;
  family->read(config, model);
}

}  // namespace

CTXCOST_FAMILY(kMinicpmv) = {
    .model_types = "minicpmv minicpmo",
    .architectures = "MiniCPMV MiniCPMO",
    .read = read_minicpmv,
};

}  // namespace ctxcost::huggingface
