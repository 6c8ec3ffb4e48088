// Headers of safetensors.
#include "ctxcost/input/tensor_file.h"
#include "fuzz.h"

using namespace ctxcost;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::refuse_or_read(data, size, [size](std::string_view bytes) {
    const TensorFile file = parse_safetensors(bytes, "fuzz.safetensors");
    // A header that is accepted accounts for every byte of its file.
    if (file.header_bytes + file.tensor_bytes() != Count{size}) std::abort();
  });
}
