// Points of each model of the catalogue, after what an estimator of many points prepares. `bench/points` counts the
// instructions of `measured`, and the last line here is the number of allocations in all of them.
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>

#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"

namespace {

std::size_t allocated = 0;

constexpr unsigned kPoints = 100;

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocated;
  void* const memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

extern "C" [[gnu::noinline]] void measured(const ctxcost::Estimator& estimator, ctxcost::Count first) {
  for (unsigned i = 0; i < kPoints; ++i) {
    const ctxcost::Estimate estimate = estimator.at(first + i * 101, 1 + i % 8);
    asm volatile("" : : "r"(&estimate) : "memory");
  }
}

int main(int argc, char** argv) {
  std::size_t in_points = 0;
  for (const ctxcost::CatalogueEntry& entry : ctxcost::catalogue()) {
    if (argc > 1 && entry.id.find(argv[1]) == std::string_view::npos) continue;
    const ctxcost::Estimator estimator(ctxcost::load_model(std::string(entry.id)), ctxcost::Workload{});
    for (unsigned i = 0; i < 100; ++i) static_cast<void>(estimator.at(20000 + i * 101, 1));
    const std::size_t before = allocated;
    measured(estimator, 20000);
    in_points += allocated - before;
    std::printf("%s\n", std::string(entry.id).c_str());
  }
  std::printf("%zu\n", in_points);
}
