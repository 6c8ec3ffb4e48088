// A model's directory: the files that loaders read, one behind the other in the input, each begun by a byte that names
// it.
#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>

#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/input.h"
#include "fuzz.h"

using namespace ctxcost;

namespace {

constexpr std::array kNames = {"config.json",
                               "generation_config.json",
                               "hf_quant_config.json",
                               "adapter_config.json",
                               "params.json",
                               "model.safetensors",
                               "model.safetensors.index.json",
                               "model-00001-of-00002.safetensors",
                               "model-00002-of-00002.safetensors",
                               "model-00001-of-00002.gguf",
                               "model-00002-of-00002.gguf"};
constexpr char kSeparator = '\x1e';

const std::string& folder() {
  static const std::string kFolder = [] {
    char name[] = "/tmp/ctxcost-fuzz-XXXXXX";
    if (mkdtemp(name) == nullptr) std::abort();
    atexit([] { rmdir(folder().c_str()); });
    return std::string(name) + "/";
  }();
  return kFolder;
}

void write(const std::string& path, std::string_view content) {
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) std::abort();
  std::fwrite(content.data(), 1, content.size(), file);
  std::fclose(file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int result = fuzz::refuse_or_read(data, size, [](std::string_view bytes) {
    while (!bytes.empty()) {
      const std::string_view part = bytes.substr(0, bytes.find(kSeparator));
      bytes.remove_prefix(part.size() + (part.size() < bytes.size() ? 1 : 0));
      if (part.empty()) continue;
      const auto choice = static_cast<unsigned char>(part[0]);
      write(folder() + kNames[choice % kNames.size()], part.substr(1));
    }
    const SharedModel model = load_model(folder());
    static_cast<void>(Estimator(model, Workload{}).at(1000, 1));
  });
  for (const char* name : kNames) unlink((folder() + name).c_str());
  return result;
}
