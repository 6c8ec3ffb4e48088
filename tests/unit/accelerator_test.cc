// Devices of the catalogue and of files.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/load_accelerator.h"

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
  CHECK(accelerator_catalogue().size() >= 200);
  for (const CatalogueEntry& entry : accelerator_catalogue()) {
    CAPTURE(entry.id);
    const Accelerator gpu = load_accelerator(entry.id);
    CHECK(gpu.id == entry.id);
    CHECK(gpu.bandwidth_bytes_per_s > Count{60'000'000'000});  // an M1 has 68 GB/s
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
  CHECK(gpu.peak("bf16").missing.empty());
}

TEST_CASE("a type without a published peak takes that of a 16-bit type") {
  const Accelerator::Peak peak = load_accelerator("v100-pcie-16gb").peak(parse_precision("bf16", "test"));
  CHECK(peak.type == "fp16");
  CHECK(peak.missing == "bf16");
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
  CHECK_THROWS_WITH_AS(parse_gpu("l4-24bg"), "gpu: unknown GPU \"l4-24bg\"; did you mean \"l4-24gb\"?", InputError);
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

TEST_CASE("unified memory: what a program may take of it by default, exactly") {
  // Apple: 3/4 of the memory from 36 GB on; 128 GiB * 3/4 = 96 GiB.
  CHECK(load_accelerator("m3-max-128gb").unified_memory_usable == Fraction{75, 100});
  CHECK(load_accelerator("m3-max-128gb").usable_memory() == Count{103'079'215'104});
  for (const char* id : {"m2-ultra-192gb", "m4-max-128gb", "m3-ultra-512gb"}) {
    CHECK(load_accelerator(id).unified_memory_usable == Fraction{75, 100});
  }
  CHECK(load_accelerator("dgx-spark-gb10-128gb").unified_memory_usable == Fraction{1, 1});
  CHECK(load_accelerator("jetson-agx-orin-64gb").usable_memory() == Count{68'719'476'736});
  CHECK_FALSE(load_accelerator("h100-sxm-80gb").unified_memory_usable);

  const auto card = [](const std::string& usable) {
    return R"({"memory_bytes": 17179869184, "memory_bandwidth_bytes_per_s": 1, "unified_memory_usable": )" + usable +
           R"(, "peak_dense_flops": {"fp16": 1}})";
  };
  // Below 36 GB 2/3: of 16 GiB 11,453,246,122.67 bytes.
  CHECK(parse_accelerator(card("\"2/3\""), "card.json").usable_memory() == Count{11'453'246'122});
  CHECK(parse_accelerator(card("0.5"), "card.json").usable_memory() == Count{8'589'934'592});
  CHECK_FALSE(parse_accelerator(card("null"), "card.json").unified_memory_usable);
  for (const char* wrong : {"0", "1.5", "\"3/2\"", "\"0/2\"", "\"2/\"", "\"75%\"", "true"}) {
    CHECK_MESSAGE(error_of(card(wrong))
                          .find("/unified_memory_usable: expected a number above 0 and at most 1, or a "
                                "ratio like \"2/3\", found ") != std::string::npos,
                  wrong);
  }
  CHECK(error_of(card("0.66666666"))
            .find("/unified_memory_usable: expected at most six decimals, or a ratio like \"2/3\", found 0.66666666") !=
        std::string::npos);
}

TEST_CASE("cache types per card: fp8 from Ampere and MI300 on, nvfp4 on data-centre Blackwell, blocks everywhere") {
  const auto keeps = [](const char* id, const char* type) {
    return load_accelerator(id).keeps_cache(parse_precision(type, "test").format());
  };
  for (const char* id :
       {"v100-sxm2-32gb", "t4-16gb", "mi210-64gb", "mi250x-128gb", "rx-7900-xtx-24gb", "m3-max-128gb"}) {
    CAPTURE(id);
    CHECK_FALSE(keeps(id, "fp8"));
    CHECK_FALSE(keeps(id, "fp8_per_token_head"));
    CHECK_FALSE(keeps(id, "nvfp4"));
    for (const char* type : {"bf16", "int8_per_token_head", "q8_0", "q4_0", "iq4_nl"}) CHECK(keeps(id, type));
  }
  for (const char* id : {"a100-sxm4-80gb", "rtx-3090-24gb", "jetson-agx-orin-64gb", "l40s-48gb", "h100-sxm-80gb",
                         "rtx-5090-32gb", "rtx-pro-6000-blackwell-96gb", "dgx-spark-gb10-128gb", "mi300x-192gb"}) {
    CAPTURE(id);
    CHECK(keeps(id, "fp8"));
    CHECK_FALSE(keeps(id, "nvfp4"));
  }
  for (const char* id : {"b100-sxm-192gb", "b200-sxm-180gb", "gb200-186gb", "b300-sxm-288gb", "gb300-288gb"}) {
    CAPTURE(id);
    CHECK(keeps(id, "fp8"));
    CHECK(keeps(id, "nvfp4"));
    CHECK_FALSE(keeps(id, "kivi"));
  }
  const auto own = [](const std::string& rest) {
    return parse_accelerator(
               R"({"memory_bytes": 1, "memory_bandwidth_bytes_per_s": 1, "peak_dense_flops": )" + rest + "}",
               "card.json")
        .narrow_cache;
  };
  CHECK(own(R"({"fp16": 1})") == NarrowCache::none);
  CHECK(own(R"({"fp16": 1, "fp8": 2, "fp4": 4})") == NarrowCache::fp8);
  CHECK(own(R"({"fp16": 1}, "narrow_cache": "nvfp4")") == NarrowCache::nvfp4);
  CHECK(error_of(R"({"memory_bytes": 1, "memory_bandwidth_bytes_per_s": 1, "peak_dense_flops": {"fp16": 1},
                     "narrow_cache": "fp4"})")
            .find("/narrow_cache: expected \"none\", \"fp8\" or \"nvfp4\"") != std::string::npos);
}

TEST_CASE("no amount of a device is beyond what it can have") {
  // A share of memory near 2^128 bytes was above it.
  CHECK(error_of(R"({"memory_bytes": "9EiB", "memory_bandwidth_bytes_per_s": "10 EB/s",
                     "peak_dense_flops": {"fp16": 9223372036854775809}})") ==
        "card.json: /memory_bytes: expected at most 9223372036854775808, found \"9EiB\"\n"
        "card.json: /memory_bandwidth_bytes_per_s: expected at most 9223372036854775808, found \"10 EB/s\"\n"
        "card.json: /peak_dense_flops/fp16: expected at most 9223372036854775808, found 9223372036854775809");
  CHECK(parse_accelerator(R"({"memory_bytes": "8EiB", "memory_bandwidth_bytes_per_s": 1,
                              "peak_dense_flops": {"fp16": 1}})",
                          "card.json")
            .memory_bytes == Count{std::uint64_t{1} << 63U});
}

TEST_CASE("what was not read at the source is marked, key by key") {
  CHECK(load_accelerator("l4-24gb").unverified.empty());
  CHECK(load_accelerator("dgx-spark-gb10-128gb").unverified ==
        std::vector<std::string>{"peak_dense_flops/bf16", "peak_dense_flops/fp16", "peak_dense_flops/fp8"});
  const auto marked = [](const std::string& keys) {
    return R"({"memory_bytes": 1, "memory_bandwidth_bytes_per_s": 1, "peak_dense_flops": {"fp16": 1}, "unverified": )" +
           keys + "}";
  };
  CHECK(parse_accelerator(marked("\"tdp_watts\""), "card.json").unverified == std::vector<std::string>{"tdp_watts"});
  CHECK(parse_accelerator(marked("[\"memory_bytes\", \"peak_dense_flops/fp4\"]"), "card.json").unverified.size() == 2);
  for (const char* wrong : {"\"watts\"", "[\"peak_dense_flops/fp5\"]", "[3]", "true"}) {
    CHECK_MESSAGE(error_of(marked(wrong)).find("/unverified: expected keys of figures, found ") != std::string::npos,
                  wrong);
  }
}

TEST_CASE("the GeForce cards of 8 GB and up since 2018, with the bandwidth of their bus") {
  // Bits of the bus times the data rate in Gbit/s, divided by 8: GB/s.
  struct Card {
    const char* id;
    std::uint64_t bus_bits, tenths_of_gbit_per_s;
  };
  constexpr Card kCards[] = {
      {"rtx-2080-ti-11gb", 352, 140},     {"rtx-2070-8gb", 256, 140},        {"rtx-3060-12gb", 192, 150},
      {"rtx-3060-ti-8gb", 256, 140},      {"rtx-3070-ti-8gb", 256, 190},     {"rtx-3080-10gb", 320, 190},
      {"rtx-3080-ti-12gb", 384, 190},     {"rtx-3090-ti-24gb", 384, 210},    {"rtx-4060-8gb", 128, 170},
      {"rtx-4060-ti-16gb", 128, 180},     {"rtx-4070-12gb", 192, 210},       {"rtx-4070-ti-super-16gb", 256, 210},
      {"rtx-4080-16gb", 256, 224},        {"rtx-4080-super-16gb", 256, 230}, {"rtx-4090-24gb", 384, 210},
      {"rtx-4090-laptop-16gb", 256, 180}, {"rtx-5060-ti-16gb", 128, 280},    {"rtx-5070-12gb", 192, 280},
      {"rtx-5070-ti-16gb", 256, 280},     {"rtx-5080-16gb", 256, 300},       {"rtx-5090-32gb", 512, 280},
      {"rtx-5090-laptop-24gb", 256, 280},
  };
  for (const Card& card : kCards) {
    CAPTURE(card.id);
    CHECK(load_accelerator(card.id).bandwidth_bytes_per_s ==
          Count{card.bus_bits * card.tenths_of_gbit_per_s * 12'500'000});
  }
}
