#include "formats.h"

#include "input/catalogue/catalogue_record.h"
#include "input/huggingface/huggingface.h"
#include "input/own_format/own_format.h"
#include "input/params/params.h"

namespace ctxcost {

std::span<const InputFormat> input_formats() {
  static constexpr InputFormat kFormats[] = {
      {"catalogue record", looks_like_catalogue_record, read_catalogue_record},
      {"params.json", looks_like_params, read_params},
      {"HuggingFace config.json", looks_like_huggingface, read_huggingface, true},
      {"own format", looks_like_own_format, read_own_format},
  };
  return kFormats;
}

const InputFormat* input_format_of(const JsonValue& root) {
  for (const InputFormat& format : input_formats()) {
    if (format.recognises(root)) return &format;
  }
  return nullptr;
}

}  // namespace ctxcost
