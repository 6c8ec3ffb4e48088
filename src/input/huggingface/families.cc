// The list of families. A new one is a file of its own and a line here.
#include "readers.h"

namespace ctxcost::huggingface {
namespace {

constexpr Family kFamilies[] = {
    {"llama", "LlamaForCausalLM LLaMAForCausalLM", read_llama},
};

}  // namespace

std::span<const Family> families() { return kFamilies; }

}  // namespace ctxcost::huggingface
