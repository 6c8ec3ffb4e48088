// Devices of the catalogue and of files.
#include <doctest/doctest.h>

#include <string>

#include "ctxcost/accelerator.h"
#include "ctxcost/catalogue.h"
#include "ctxcost/diagnostic.h"

using namespace ctxcost;

namespace {

std::string error_of(std::string_view text) {
  try {
    parse_accelerator(text, "card.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("every built-in device is read, with memory, bandwidth, a peak and a source") {
  CHECK(accelerator_catalogue().size() >= 40);
  for (const CatalogueEntry& entry : accelerator_catalogue()) {
    CAPTURE(entry.id);
    const Accelerator gpu = load_accelerator(entry.id);
    CHECK(gpu.id == entry.id);
    CHECK(gpu.bandwidth_bytes_per_s > Count{100'000'000'000});
    // What a driver reports is near the nominal size.
    CHECK(gpu.memory() * 100 <= gpu.memory_bytes * 104);
    CHECK(gpu.memory() * 10 >= gpu.memory_bytes * 9);
    CHECK_FALSE(gpu.source.empty());
    CHECK(gpu.peak(parse_precision("bf16", "test")).flops_per_s > Count{0});
  }
}

TEST_CASE("an H100 by its id, whatever the case") {
  const Accelerator gpu = load_accelerator("H100-SXM-80GB");
  CHECK(gpu.memory() == Count{81559} * Count{1 << 20});
  CHECK(gpu.bandwidth_bytes_per_s == Count{3'350'000'000'000});
  CHECK(gpu.link == "NVLink");
  CHECK(gpu.link_bytes_per_s == Count{450'000'000'000});
  CHECK(gpu.peak(parse_precision("bf16", "test")).flops_per_s == Count{989'500'000'000'000});
  CHECK_FALSE(gpu.peak(parse_precision("bf16", "test")).fallback);
}

TEST_CASE("a type without a published peak takes that of a 16-bit type") {
  const Accelerator::Peak peak = load_accelerator("v100-pcie-16gb").peak(parse_precision("bf16", "test"));
  CHECK(peak.type == "fp16");
  CHECK(peak.fallback);
  CHECK(peak.flops_per_s == Count{112'000'000'000'000});
}

TEST_CASE("links of both directions together are halved, the fastest counts") {
  CHECK(load_accelerator("mi300x-192gb").link_bytes_per_s == Count{448'000'000'000});
  CHECK(load_accelerator("l40s-48gb").link == "PCIe");
  CHECK_FALSE(load_accelerator("m4-max-128gb").link_bytes_per_s);
}

TEST_CASE("names and numbers of devices") {
  CHECK(parse_gpu("l4-24gb:8").count == Count{8});
  CHECK_FALSE(parse_gpu("l4-24gb").count);
  CHECK_THROWS_WITH_AS(parse_gpu("l4-24bg"), "--gpu: unknown GPU \"l4-24bg\"; did you mean \"l4-24gb\"?", InputError);
  for (const char* text : {"l4-24gb:0", "l4-24gb:", "l4-24gb:x", "l4-24gb:65537", "", "no/such.json"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_gpu(text), InputError);
  }
}

TEST_CASE("a file describes one device in the catalogue's keys") {
  const Accelerator gpu = parse_accelerator(
      R"({"name": "My Card", "memory_bytes": 1000, "memory_bandwidth_bytes_per_s": 10,
          "peak_dense_flops": {"fp16": 7, "bf16": null}})",
      "card.json");
  CHECK(gpu.memory() == Count{1000});
  CHECK(gpu.peak(parse_precision("bf16", "test")).flops_per_s == Count{7});
  CHECK(error_of("[1]") == "card.json: expected an object that describes a GPU, found a list");
  CHECK(error_of(R"({"memory_bytes": 1, "memory_bandwidth_bytes_per_s": 1, "peak_dense_flops": {}})") ==
        "card.json: /peak_dense_flops: expected the peak of one type at least, found none");
  CHECK(error_of(R"({"memory_byte": 1, "memory_bandwidth_bytes_per_s": "1", "peak_dense_flops": {"fp16": 1}})") ==
        "card.json: /memory_byte: unknown key of a GPU; did you mean \"memory_bytes\"?\n"
        "card.json: /memory_bandwidth_bytes_per_s: expected a positive integer, found \"1\" (remove the quotes)");
}
