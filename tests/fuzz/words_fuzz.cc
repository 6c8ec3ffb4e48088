// Values of options: the first byte chooses the reader, the others are the value.
#include <array>

#include "cli/value_readers.h"
#include "ctxcost/answer/baseline.h"
#include "ctxcost/answer/claim.h"
#include "ctxcost/answer/comparison.h"
#include "ctxcost/answer/evaluation_grid.h"
#include "ctxcost/answer/strategy.h"
#include "ctxcost/core/fraction.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/core/precision.h"
#include "ctxcost/deployment/parallelism.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/workload.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/load_accelerator.h"
#include "ctxcost/input/training_schedule.h"
#include "ctxcost/render/render.h"
#include "ctxcost/weights/weight_scheme.h"
#include "fuzz.h"

using namespace ctxcost;

namespace {

using Reader = void (*)(std::string_view);

/// Reads a list of lengths to its second element: ranges are never expanded.
void read_lengths(std::string_view text) {
  const LengthList lengths = parse_lengths(text, "-n");
  auto at = lengths.begin();
  if (at != lengths.end()) ++at;
  if (lengths.largest() < lengths.smallest()) std::abort();
}

constexpr std::array kReaders = {
    Reader(read_lengths),
    Reader([](std::string_view text) { parse_length(text, "-n"); }),
    Reader([](std::string_view text) { cli::parse_size(text, "--overhead"); }),
    Reader([](std::string_view text) { parse_fraction(text, "--mfu"); }),
    Reader([](std::string_view text) { parse_precision(text, "x"); }),
    Reader([](std::string_view text) { parse_kv_precision(text, "--kv-precision"); }),
    Reader([](std::string_view text) { parse_weight_scheme(text, "--weights"); }),
    Reader([](std::string_view text) { parse_activations(text, "--activations"); }),
    Reader([](std::string_view text) { parse_engines(text); }),
    Reader([](std::string_view text) { parse_parallelism(text); }),
    Reader([](std::string_view text) { parse_convention(text); }),
    Reader([](std::string_view text) { parse_columns(text, "--columns"); }),
    Reader([](std::string_view text) { parse_claim(text, "--claim"); }),
    Reader([](std::string_view text) { parse_threshold(text, "--fail-if"); }),
    Reader([](std::string_view text) { parse_allowed_increase(text, "--max-increase"); }),
    Reader([](std::string_view text) { parse_depths(text, "--depths"); }),
    Reader([](std::string_view text) { parse_stage(text, "--stage"); }),
    Reader([](std::string_view text) { parse_schedule(text, "schedule.json"); }),
    // A name with a slash or of a JSON file is a file's.
    Reader([](std::string_view text) {
      if (text.find('/') == std::string_view::npos && text.find(".json") == std::string_view::npos) parse_gpu(text);
    }),
    Reader([](std::string_view text) { match_model(text); }),
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  return fuzz::refuse_or_read(data + 1, size - 1, kReaders[data[0] % kReaders.size()]);
}
