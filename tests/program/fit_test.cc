// fit and solve as their users run them.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "program.h"

namespace {

using Json = nlohmann::json;

Json json_of(std::vector<std::string> arguments, int status = 0) {
  arguments.insert(arguments.end(), {"--format", "json"});
  const Run result = run(arguments);
  REQUIRE_MESSAGE(result.status == status, result.err);
  return Json::parse(result.out);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

TEST_CASE("fit: a verdict in the first line, the parts below it") {
  const Run result = run({"fit", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "-n", "8192"});
  CHECK(result.status == 0);
  CHECK(result.err == "");
  CHECK(first_line(result.out) ==
        "fits: Llama-3.1-8B, 8,192 tokens x 1 on 1 x h100-sxm-80gb: 16.10 GiB of 79.65 GiB a device (20.2%), 63.55 GiB "
        "free");
  for (const char* text :
       {"\n  weights              14.96 GiB   18.8%  ########\n",
        "\n  KV cache              1.00 GiB    1.3%  #\n    keys              512.00 MiB\n    values            512.00 "
        "MiB\n",
        "memory: IEC units, 1 GiB = 2^30 bytes\n", "989.5 TeraFLOPs/s in bf16 and 3.4 TB/s\n",
        "binds first as the context grows: the model's window, above 131,072 tokens\n",
        "memory alone would allow 528,784 tokens\n",
        "prefill: bound 133.3 ms, compute-bound (compute 133.3 ms, memory 4.821 ms)\n",
        "decode:  bound 4.801 ms a token, 208.3 tokens/s, memory-bound (compute 19.51 µs, memory 4.801 ms)\n",
        "at batch 296,", "at 114,517 tokens\n"}) {
    CHECK_MESSAGE(result.out.find(text) != std::string::npos, text);
  }
  const Run quiet = run({"fit", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "-n", "8192", "-q"});
  CHECK(quiet.out == first_line(result.out) + "\n");
}

TEST_CASE("fit: --units says what bytes are shown in") {
  // 16,060,522,496 bytes of weights, 2^30 of cache, 151,507,968 of activations: 17,285,772,288 of 81,559 MiB.
  const auto first = [](std::initializer_list<std::string> units) {
    std::vector<std::string> arguments = {"fit", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "-n", "8192"};
    arguments.insert(arguments.end(), units);
    return run(arguments).out;
  };
  const std::string si = first({"--units", "si"});
  CHECK(first_line(si) ==
        "fits: Llama-3.1-8B, 8,192 tokens x 1 on 1 x h100-sxm-80gb: 17.3 GB of 85.5 GB a device (20.2%), 68.2 GB free");
  CHECK(si.find("memory: SI units, 1 GB = 10^9 bytes\n") != std::string::npos);
  CHECK(si.find("GiB") == std::string::npos);
  CHECK(first({"--units", "iec"}) == first({}));
  CHECK(first({"--format", "markdown"}).find("| 16.10 GiB | 1.00 GiB | 63.55 GiB |") != std::string::npos);
}

TEST_CASE("fit: parts of the cache add up on each device, and are K, V or states where the engine tells them apart") {
  for (const char* model : {"llama-3.1-8b", "deepseek-v3", "qwen3-next-80b-a3b-instruct"}) {
    for (const char* engine : {"ideal", "vllm", "llama.cpp"}) {
      CAPTURE(model);
      CAPTURE(engine);
      const Json report =
          json_of({"fit", model, "--engine", engine, "--gpu", "b200-sxm-180gb:8", "-n", "4K", "--weights", "Q4_K_M"});
      for (const Json& device : report["results"][0]["devices"]) {
        std::uint64_t sum = 0;
        for (const auto& [name, bytes] : device["kv_parts"].items()) sum += bytes.get<std::uint64_t>();
        CHECK(sum == device["kv_reserved_bytes"].get<std::uint64_t>());
      }
    }
  }
}

TEST_CASE("fit: --activations names the type in which kernels multiply, and where a card has no peak a note says so") {
  const auto fit_of = [](const char* gpu, std::vector<std::string> more) {
    std::vector<std::string> arguments = {"fit", "llama-3.1-8b", "-n", "8K", "--weights", "fp8", "--gpu", gpu};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return json_of(arguments)["results"][0];
  };
  const Json own = fit_of("h100-sxm-80gb", {});
  CHECK(own["gpu"]["peak_type"] == "fp8");
  CHECK(own["assumptions"]["activations"].is_null());
  const Json given = fit_of("h100-sxm-80gb", {"--activations", "half"});
  CHECK(given["gpu"]["peak_type"] == "fp16");
  CHECK(given["gpu"]["peak_flops_per_s"] == 989'500'000'000'000);
  CHECK(given["assumptions"]["activations"] == "fp16");
  CHECK(given["prefill"]["compute_seconds"].get<double>() ==
        doctest::Approx(own["prefill"]["compute_seconds"].get<double>() * 2).epsilon(1e-12));
  CHECK(given["device_bytes"] == own["device_bytes"]);
  CHECK(fit_of("a100-sxm4-80gb", {})["device_notes"].dump().find(
            "no peak is published for fp8 on a100-sxm4-80gb: that of bf16 is taken") != std::string::npos);
  const Run refused = run({"fit", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "--activations", "int4"});
  CHECK(refused.status == 2);
  CHECK(refused.err ==
        "ctxcost: --activations: expected a type in which cards multiply, found \"int4\" (fp32, fp16, bf16, fp8, int8, "
        "nvfp4 or mxfp4)\n");
  const Run alone = run({"train", "llama-3.1-8b", "--stage", "8K:1m", "--activations", "fp8"});
  CHECK(alone.status == 2);
  CHECK(alone.err == "ctxcost: --activations: expected --gpu NAME beside it, found nothing\n");
}

TEST_CASE("fit: exit status 1 where it does not fit, 0 with --exit-zero, and each way out is one") {
  const std::vector<std::string> question = {
      "fit", "llama-3.3-70b-instruct", "--weights", "fp8", "-n", "128K", "-b", "8", "--gpu", "h100-sxm-80gb:2"};
  const Json report = json_of(question, 1);
  CHECK(report["verdict"] == "does not fit");
  const Json& result = report["results"][0];
  CHECK(result["limit"] == "kv_cache");
  CHECK(result["headroom_bytes"].get<std::int64_t>() < 0);
  CHECK(result["headroom_bytes"].get<std::int64_t>() ==
        result["gpu"]["capacity_bytes"].get<std::int64_t>() - result["device_bytes"].get<std::int64_t>());
  std::vector<std::string> zero = question;
  zero.push_back("--exit-zero");
  CHECK(run(zero).status == 0);

  CHECK(result["fixes"].size() >= 3);
  for (const Json& fix : result["fixes"]) {
    std::vector<std::string> changed = question;
    const std::string option = fix["option"];
    const std::string letter = option == "--context" ? "-n" : option == "--batch" ? "-b" : option;
    for (std::size_t i = 0; i < changed.size(); ++i) {
      if (changed[i] == letter) changed[i + 1] = fix["value"];
    }
    if (std::find(changed.begin(), changed.end(), letter) == changed.end()) {
      changed.insert(changed.end(), {option, fix["value"]});
    }
    CHECK_MESSAGE(run(changed).status == 0, option);
  }
}

TEST_CASE("fit: alternatives, cheapest first") {
  const Json report = json_of({"fit", "llama-3.1-8b", "-n", "32K", "-b", "4", "--weights", "bf16,int4", "--gpu",
                               "l4-24gb,l4-24gb:4,h100-sxm-80gb"});
  CHECK(report["results"].size() == 6);
  std::vector<std::tuple<bool, int, std::uint64_t>> keys;
  for (const Json& result : report["results"]) {
    keys.emplace_back(result["verdict"] != "fits", result["gpus"].get<int>(),
                      result["total_bytes"].get<std::uint64_t>());
  }
  CHECK(std::is_sorted(keys.begin(), keys.end()));
  CHECK(report["verdict"] == "fits");
  for (const char* format : {"table", "markdown", "csv", "ndjson"}) {
    const Run result = run({"fit", "llama-3.1-8b", "-n", "32K", "--gpu", "l4-24gb,h100-sxm-80gb", "--format", format});
    CHECK(result.status == 0);
    CHECK(result.out.find("h100-sxm-80gb") != std::string::npos);
  }
}

TEST_CASE("fit: the line over several points names the largest that fits, and how many do") {
  const auto headline = [](std::vector<std::string> more) {
    more.insert(more.begin(), {"fit", "llama-3.1-8b", "--gpu", "l4-24gb"});
    return first_line(run(more).out);
  };
  // 8,030,261,248 parameters of 2 bytes are 14.96 GiB, a token of cache 131,072 bytes; an L4 reports 22.5 GiB: about
  // 61,000 tokens beside the weights.
  const std::string contexts = headline({"-n", "4K,32K,128K"});
  CHECK(contexts.starts_with("fits: Llama-3.1-8B, 32,768 tokens x 1 on 1 x l4-24gb: "));
  CHECK(contexts.ends_with("; 2 of 3 fit, this is the largest"));
  // Of as many tokens the longer context; what is listed first does not count.
  const std::string both = headline({"-n", "16K,4K", "-b", "1,2,4,8"});
  CHECK(both.find("16,384 tokens x 2 on") != std::string::npos);
  CHECK(both.ends_with("; 6 of 8 fit, this is the largest"));
  const std::string none = headline({"-n", "128K,64K"});
  CHECK(none.starts_with("does not fit: "));
  CHECK(none.ends_with("; none of 2 fits"));
  // At one point the cheapest is named.
  const std::string one_point = headline({"-n", "32K", "--gpu", "l4-24gb:2", "--weights", "bf16,fp8"});
  CHECK(one_point.starts_with("fits: Llama-3.1-8B, 32,768 tokens x 1 on 1 x l4-24gb: "));
  CHECK(one_point.ends_with("; 4 of 4 fit"));
}

TEST_CASE("fit: parts add up on every device, devices to the total") {
  const Json result = json_of({"fit", "mixtral-8x7b-v0.1", "-n", "32K", "-b", "3", "--gpu", "h100-sxm-80gb",
                               "--parallel", "tp=2,pp=2,ep=2", "--overhead", "2GiB"})["results"][0];
  std::uint64_t total = 0;
  std::uint64_t largest = 0;
  for (const Json& device : result["devices"]) {
    const std::uint64_t bytes = device["weights_bytes"].get<std::uint64_t>() +
                                device["kv_reserved_bytes"].get<std::uint64_t>() +
                                device["activation_bytes"].get<std::uint64_t>() + (2ull << 30);
    CHECK(device["device_bytes"] == bytes);
    total += bytes * device["count"].get<std::uint64_t>();
    largest = std::max(largest, bytes);
  }
  CHECK(result["total_bytes"] == total);
  CHECK(result["device_bytes"] == largest);
  CHECK(result["gpus"] == 4);
}

TEST_CASE("solve: the answer fits, one more does not") {
  for (const std::string question : {"context", "batch"}) {
    std::vector<std::string> arguments = {"solve",    question, "llama-3.1-8b", "--gpu", "rtx-4090-24gb",
                                          "--engine", "vllm",   "--weights",    "int4"};
    if (question == "batch") arguments.insert(arguments.end(), {"-n", "4K"});
    const Json result = json_of(arguments)["results"][0];
    const std::uint64_t answer = result["answer"];
    CHECK(result["proof"]["fits"]["value"] == answer);
    CHECK(result["proof"]["does_not_fit"]["value"] == answer + 1);
    CHECK(result["unlocks"].size() >= (question == "context" ? 1 : 2));
    for (const std::uint64_t more : {0u, 1u}) {
      const std::string value = std::to_string(answer + more);
      std::vector<std::string> fit = {"fit",      "llama-3.1-8b", "--gpu",     "rtx-4090-24gb",
                                      "--engine", "vllm",         "--weights", "int4"};
      if (question == "batch") {
        fit.insert(fit.end(), {"-n", "4K", "-b", value});
      } else {
        fit.insert(fit.end(), {"-n", value});
      }
      CHECK(run(fit).status == static_cast<int>(more));
    }
  }
}

TEST_CASE("fit and solve: the window belongs to the verdict, --beyond-window lifts it") {
  const std::vector<std::string> long_context = {"fit", "llama-2-7b", "-n", "128K", "--gpu", "h100-sxm-80gb"};
  const Json report = json_of(long_context, 1);
  const Json& row = report["results"][0];
  CHECK(row["limit"] == "window");
  CHECK(row["window_status"] == "beyond");
  CHECK(row["bound"] == "window");
  CHECK(row["max_context"] == 4096);
  // (81,559 MiB - weights - activations) / 524,288 bytes a token.
  const std::uint64_t room =
      81559ull * 1048576 - row["weights_bytes"].get<std::uint64_t>() - row["activation_bytes"].get<std::uint64_t>();
  CHECK(row["max_context_memory"] == room / 524288);
  CHECK(row["fixes"] == Json::parse(R"([{"option": "--beyond-window", "value": ""},
                                        {"option": "--context", "value": "4096"}])"));
  std::vector<std::string> lifted = long_context;
  lifted.push_back("--beyond-window");
  const Json beyond = json_of(lifted)["results"][0];
  CHECK(beyond["verdict"] == "tight");
  CHECK(beyond["max_context"] == room / 524288);
  CHECK(beyond["bound"] == "memory");
  CHECK(beyond["window_status"] == "beyond");

  const std::vector<std::string> solve = {"solve",    "context", "gpt-oss-120b",  "--gpu", "h100-sxm-80gb",
                                          "--engine", "vllm",    "--utilization", "0.95"};
  const Json capped = json_of(solve)["results"][0];
  CHECK(capped["answer"] == 131072);
  CHECK(capped["max_context"] == 131072);
  CHECK(capped["bound"] == "window");
  CHECK(capped["window_status"] == "scaled");
  CHECK(capped["unlocks"][0]["option"] == "--beyond-window");
  CHECK(capped["unlocks"][0]["answer"] == capped["max_context_memory"]);
  CHECK(capped["max_context_memory"].get<std::uint64_t>() > 131072);
  CHECK(json_of({"solve", "batch", "llama-2-7b", "-n", "8K", "--gpu", "h100-sxm-80gb"}, 1)["results"][0]["bound"] ==
        "window");
  for (const char* format : {"table", "markdown", "csv"}) {
    std::vector<std::string> listed = long_context;
    listed.insert(listed.end(), {"--format", format});
    CHECK(run(listed).out.find("beyond") != std::string::npos);
  }
}

TEST_CASE("fit: the note on an enlarged block names that of a device, not of the whole model") {
  // 400,896 bytes of state and 1,024 of a token on each of eight devices; 3,207,168 and 4,096 on one.
  for (const char* format : {"table", "json"}) {
    const std::string text = run({"fit", "qwen3.5-27b", "-n", "4K", "--gpu", "h100-sxm-80gb", "--parallel", "tp=8",
                                  "--engine", "vllm", "--format", format})
                                 .out;
    CHECK(text.find("enlarges the block to 400 tokens") != std::string::npos);
    CHECK(text.find("784 tokens") == std::string::npos);
  }
}

TEST_CASE("fit and solve: a search never fails at a point that nobody asked for") {
  const Json fit = json_of({"fit", "llama-3.2-1b", "--gpu", "h100-sxm-80gb", "-n", "4096", "--engine", "llama.cpp"});
  CHECK(fit["results"][0]["max_batch"] == 256);
  const Json solve = json_of({"solve", "batch", "llama-3.2-1b", "--gpu", "h100-sxm-80gb", "-n", "4096", "--engine",
                              "llama.cpp"})["results"][0];
  CHECK(solve["answer"] == 256);
  CHECK(solve["proof"]["does_not_fit"]["impossible"] == "it serves at most 256 sequences, found 257");
  // One that was asked for is refused.
  CHECK(run({"fit", "llama-3.2-1b", "--gpu", "h100-sxm-80gb", "-b", "257", "--engine", "llama.cpp"}).status == 2);

  TemporaryDirectory directory;
  const std::string encoder = directory.path("encoder.json");
  write_file(encoder, R"({"layers": 2, "heads": 4, "d_k": 64, "d_model": 256, "d_ff": 512, "vocab": 1000,
                          "attention": {"kind": "bidirectional"}})");
  const Json endless = json_of({"fit", encoder, "--gpu", "h100-sxm-80gb", "-n", "512", "-b", "2048"})["results"][0];
  CHECK(endless["max_context"].is_null());
  CHECK(endless["bound"].is_null());
  CHECK(endless["device_notes"].dump().find("memory binds no context") != std::string::npos);
}

// Qwen2.5-32B has 40 query heads over 8 KV heads: 65.5 GB of weights and 8.6 GB of cache are less than three cards of
// 25.8 GB hold, which 40 heads do not divide by. Layers do.
TEST_CASE("solve gpus: what no engine splits is no answer, and the answer's split is shown") {
  const std::vector<std::string> question = {"solve", "gpus", "qwen2.5-32b", "--gpu", "rtx-3090-24gb", "-n", "32K"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), question.begin(), question.end());
    return more;
  };
  for (const char* engine : {"ideal", "transformers", "vllm:max_batched_tokens=2048"}) {
    const Json result = json_of(with({"--engine", engine, "--utilization", "1"}))["results"][0];
    CHECK_MESSAGE(result["answer"] == 4, engine);
    CHECK(result["parallel"] == "tp=4");
    CHECK(result["gpus"] == 4);
    CHECK(result["proof"]["does_not_fit"]["value"] == 2);
  }
  CHECK(run(with({"--format", "csv"})).out.find(",tp=4,") != std::string::npos);
  const Json layers = json_of(with({"--engine", "llama.cpp"}))["results"][0];
  CHECK(layers["answer"] == 3);
  CHECK(layers["parallel"] == "pp=3");
  const Json placed = json_of({"fit", "qwen2.5-32b", "--gpu", "rtx-3090-24gb:3", "-n", "32K", "--engine", "llama.cpp"});
  CHECK(placed["results"][0]["parallel"] == "pp=3");
  const Json one = json_of({"fit", "qwen2.5-32b", "--gpu", "rtx-3090-24gb", "-n", "32K"}, 1);
  for (const Json& fix : one["results"][0]["fixes"]) {
    CHECK(fix["value"] != "rtx-3090-24gb:3");
  }
}

TEST_CASE("solve: types and devices") {
  const Json kv = json_of({"solve", "kv-precision", "llama-3.1-8b", "--gpu", "rtx-4090-24gb", "-n", "128K"});
  CHECK(kv["results"][0]["answer"] == "q8_0");
  CHECK(kv["results"][0]["proof"]["does_not_fit"]["limit"] == "kv_cache");
  const Json gpus = json_of({"solve", "gpus", "llama-3.3-70b-instruct", "--gpu", "h100-sxm-80gb", "-n", "32K"});
  CHECK(gpus["results"][0]["min_gpus"] == 2);
  const Json none = json_of({"solve", "gpus", "llama-3.1-405b", "--gpu", "t4-16gb", "-n", "128K", "-b", "64"}, 1);
  CHECK(none["verdict"] == "does not fit");
  CHECK(none["results"][0]["answer"] == nullptr);
  const Json endless = json_of({"solve", "context", "mamba-1.4b-hf", "--gpu", "h100-sxm-80gb"});
  CHECK(endless["results"][0]["answer"] == nullptr);
  CHECK(endless["results"][0]["notes"].back() == "nothing bounds the answer");
}

TEST_CASE("the help of fit and solve fits 80 columns") {
  for (const char* command : {"fit", "solve"}) {
    const std::string help = run({"help", command}).out;
    for (std::size_t start = 0; start < help.size();) {
      const std::size_t end = help.find('\n', start);
      CHECK_MESSAGE(end - start <= 80, help.substr(start, end - start));
      start = end + 1;
    }
  }
}

TEST_CASE("a GPU of one's own") {
  const TemporaryDirectory directory;
  const std::string card = directory.path("my-card.json");
  write_file(card, R"({"name": "My Card", "memory_bytes": 20000000000, "memory_bandwidth_bytes_per_s": 500000000000,
                       "peak_dense_flops": {"fp16": 100000000000000}})");
  const Json result = json_of({"fit", "llama-3.1-8b", "--gpu", card, "-n", "8K"})["results"][0];
  CHECK(result["gpu"]["id"] == "my-card");
  CHECK(result["gpu"]["capacity_bytes"] == 20000000000);
  CHECK(result["gpu"]["peak_type"] == "fp16");
}

TEST_CASE("a million layers are counted, but not placed on devices") {
  const auto model_of = [](const char* layers) {
    return std::string(R"({"name": "m", "heads": 32, "d_k": 128, "d_model": 4096, "d_ff": 14336, "vocab": 128256,)") +
           "\"layers\": " + layers + "}";
  };
  const std::string error =
      "ctxcost: m: expected at most 16,384 layers to place on devices, found 16,385 (`ctxcost scale` counts more)\n";
  const std::vector<std::vector<std::string>> questions = {
      {"fit", "-", "-n", "8K", "--gpu", "h100-sxm-80gb"},
      {"solve", "context", "-", "--gpu", "h100-sxm-80gb"},
      {"solve", "gpus", "-", "-n", "8K", "--gpu", "h100-sxm-80gb"},
      {"scale", "-", "-n", "8K", "--parallel", "tp=2"},
  };
  for (const std::vector<std::string>& question : questions) {
    const Run result = run(question, {.input = model_of("16385")});
    CHECK(result.status == 2);
    CHECK(result.err == error);
  }
  CHECK(run(questions.front(), {.input = model_of("16384")}).status == 1);
  CHECK(run({"scale", "-", "-n", "8K"}, {.input = model_of("1000000")}).status == 0);
}

TEST_CASE("fit and solve: what cannot be answered is one line and status 2") {
  struct Row {
    std::vector<std::string> arguments;
    const char* error;
  };
  const Row rows[] = {
      {{"fit", "llama-3.1-8b", "-n", "4K"},
       "ctxcost: fit: expected --gpu NAME or --kv-memory SIZE, found neither (`ctxcost list gpus` shows the "
       "devices)\n"},
      {{"fit", "llama-3.1-8b", "--gpu", "h100-sxm-80bg", "-n", "4K"},
       "ctxcost: --gpu: unknown GPU \"h100-sxm-80bg\"; did you mean \"h100-sxm-80gb\"?\n"},
      {{"fit", "llama-3.1-8b", "--gpu", "h100-sxm-80gb:64", "-n", "4K"},
       "ctxcost: --parallel: tp=64: expected at most the 32 query heads\n"},
      {{"fit", "llama-3.1-8b", "--gpu", "h100-sxm-80gb:3", "-n", "4K", "--engine", "vllm"},
       "ctxcost: --parallel: tp=3: 32 query heads do not divide by 3 (tp=2 or tp=4)\n"},
      {{"fit", "qwen2.5-32b", "--gpu", "rtx-3090-24gb", "--parallel", "tp=5", "-n", "4K"},
       "ctxcost: --parallel: tp=5: of 8 KV heads and 5 devices neither divides the other (tp=4 or tp=8)\n"},
      {{"fit", "mamba2-2.7b", "--gpu", "rtx-3090-24gb:3", "-n", "4K", "--engine", "transformers"},
       "ctxcost: --parallel: tp=3: 80 heads of \"mamba2\" do not divide by 3 (tp=2 or tp=4)\n"},
      {{"fit", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "--parallel", "ep=2", "-n", "4K"},
       "ctxcost: --parallel: ep=2: the model has no experts\n"},
      {{"fit", "llama-3.1-8b", "--gpu", "h100-sxm-80gb:4", "--parallel", "tp=2", "-n", "4K"},
       "ctxcost: --parallel: tp=2 has 2 devices, --gpu h100-sxm-80gb:4 has 4 (leave out the count in --gpu)\n"},
      {{"fit", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "--overhead", "2X", "-n", "4K"},
       "ctxcost: --overhead: expected bytes, found \"2X\" (write 2GiB, 500MB or an integer)\n"},
      {{"fit", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "--overhead", "9EiB"},
       "ctxcost: --overhead: expected at most 8EiB, found \"9EiB\"\n"},
      {{"fit", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "--overhead", "2", "-n", "4K"},
       "ctxcost: --overhead: expected a size with its unit, found \"2\": bytes? (write 2GiB, 2MB or, for bytes, 2B)\n"},
      {{"fit", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "--overhead", "1048575", "-n", "4K"},
       "ctxcost: --overhead: expected a size with its unit, found \"1048575\": bytes? (write 1048575GiB, 1048575MB or, "
       "for bytes, 1048575B)\n"},
      {{"fit", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "--utilization", "90%", "-n", "4K"},
       "ctxcost: --utilization: expected a number above 0 and at most 1, found \"90%\" (write 0.9 for 90%)\n"},
      {{"fit", "article-7b", "--gpu", "h100-sxm-80gb", "-n", "4K"},
       "ctxcost: approx. 7B: its weights and activations are not known, so that nothing can be said to fit (the file "
       "needs d_model, d_ff and vocab; or ask with a size of the cache (kv_memory), without a GPU)\n"},
      {{"fit", "Llama-3.1-8B-Instruct-GPTQ", "--gpu", "h100-sxm-80gb", "-n", "4K"},
       "ctxcost: Llama-3.1-8B: its weights are not known (GPTQ), so that nothing can be said to fit (the setting "
       "weights names their type)\n"},
      {{"solve", "contxt", "llama-3.1-8b"}, "ctxcost: solve: unknown question \"contxt\"; did you mean \"context\"?\n"},
      {{"solve", "context", "llama-3.1-8b", "--gpu", "l4-24gb", "-n", "4K"},
       "ctxcost: --context: `solve context` looks for this value (leave the option out)\n"},
  };
  for (const auto& [arguments, error] : rows) {
    const Run result = run(arguments);
    CHECK(result.status == 2);
    CHECK(result.out == "");
    CHECK(result.err == error);
  }
}

TEST_CASE("fit: tight in every format, in exit status 0") {
  // 62,998 tokens leave 5 % of the card free, one more does not; 72,824 is the last that fits.
  const std::vector<std::string> question = {"fit", "llama-3.1-8b", "--gpu", "rtx-4090-24gb", "-n", "62999"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), question.begin(), question.end());
    return run(more);
  };
  const Run text = with({});
  CHECK(text.status == 0);
  CHECK(first_line(text.out).starts_with("tight: Llama-3.1-8B, 62,999 tokens x 1 on 1 x rtx-4090-24gb: "));
  CHECK(text.out.find(
            "note: tight: less than 5% of the 25,757,220,864 usable bytes of rtx-4090-24gb stays free (margin)\n") !=
        std::string::npos);
  const Json report = json_of(question);
  CHECK(report["verdict"] == "tight");
  CHECK(report["results"][0]["verdict"] == "tight");
  const Run csv = with({"--format", "csv"});
  CHECK(csv.out.substr(csv.out.find('\n') + 1).starts_with("tight,"));
  CHECK(with({"--format", "markdown"}).out.find("| tight") != std::string::npos);
  CHECK(Json::parse(with({"--format", "ndjson"}).out)["verdict"] == "tight");
  for (const char* margin : {"0", "0%", "4.9%", "1GB"}) {
    CAPTURE(margin);
    CHECK(first_line(with({"--margin", margin}).out).starts_with("fits: "));
  }
  CHECK(first_line(with({"--margin", "2GiB"}).out).starts_with("tight: "));
  for (const char* margin : {"0.05", "105%", "x%", "%", "-5%"}) {
    CAPTURE(margin);
    const Run refused = with({std::string("--margin=") + margin});
    CHECK(refused.status == 2);
    CHECK(refused.err == "ctxcost: --margin: expected a percentage up to 100% or a size, found \"" +
                             std::string(margin) + "\" (write 5% or 2GiB)\n");
  }
  CHECK(with({"--margin", "5.0000001%"}).err ==
        "ctxcost: --margin: expected at most six decimals or a size, found \"5.0000001%\" (write 5% or 2GiB)\n");
  const Run solved = run({"solve", "context", "llama-3.1-8b", "--gpu", "rtx-4090-24gb"});
  CHECK(solved.status == 0);
  CHECK(first_line(solved.out).starts_with("context: 72,824 tokens"));
  CHECK(solved.out.find("note: tight: less than 5% of the 25,757,220,864 usable bytes") != std::string::npos);
  CHECK(run({"solve", "context", "llama-3.1-8b", "--gpu", "rtx-4090-24gb", "--margin", "0"}).out.find("tight") ==
        std::string::npos);
}

TEST_CASE("fit: unified memory is not all a program's") {
  // 75.0 GB of weights and 42.9 GB of cache are more than 3/4 of 128 GiB.
  std::vector<std::string> question = {"fit",
                                       "llama-3.3-70b-instruct",
                                       "--weights",
                                       "Q8_0",
                                       "--kv-precision",
                                       "f16",
                                       "--engine",
                                       "llama.cpp",
                                       "-n",
                                       "128K",
                                       "--gpu",
                                       "m3-max-128gb"};
  const Json report = json_of(question, 1);
  CHECK(report["verdict"] == "does not fit");
  CHECK(report["results"][0]["gpu"]["capacity_bytes"] == 103'079'215'104);
  CHECK(report["results"][0]["assumptions"]["utilization"] == 0.75);
  question.insert(question.end(), {"--utilization", "1"});
  CHECK(json_of(question, 0)["verdict"] == "tight");
  CHECK(run({"show", "m3-max-128gb"}).out.find("unified memory, usable by default: 75%, 103,079,215,104 bytes\n") !=
        std::string::npos);
}

TEST_CASE("solve and fit advise only what engines keep on the card, by the names of the engine's files") {
  const Json offered = json_of({"solve", "context", "llama-3.1-8b", "--gpu", "t4-16gb", "--weights", "int4"});
  for (const Json& unlock : offered["results"][0]["unlocks"]) CHECK(unlock["value"] != "fp8");
  const Run asked = run({"fit", "llama-3.1-8b", "-n", "8K", "--kv-precision", "nvfp4", "--gpu", "l40s-48gb"});
  CHECK(asked.status == 0);
  CHECK(asked.out.find("note: engines do not keep a cache in nvfp4 on l40s-48gb\n") != std::string::npos);
}

TEST_CASE("fit and solve: one name for one thing in every format, and every row says how it was counted") {
  const std::vector<std::string> on = {"llama-3.1-8b", "-b", "2", "--gpu", "l4-24gb:2", "--convention", "standard"};
  const auto ask = [&](std::vector<std::string> what, const char* format) {
    what.insert(what.end(), on.begin(), on.end());
    if (what[0] == "fit") what.insert(what.end(), {"-n", "4K"});
    what.insert(what.end(), {"--format", format});
    return run(what).out;
  };
  const auto column = [](const std::string& csv, std::string_view name) {
    const auto cells = [](const std::string& line) {
      std::vector<std::string> all;
      for (std::size_t start = 0; start <= line.size();) {
        const std::size_t end = std::min(line.find(',', start), line.size());
        all.push_back(line.substr(start, end - start));
        start = end + 1;
      }
      return all;
    };
    const std::vector<std::string> heads = cells(first_line(csv));
    const std::vector<std::string> values = cells(first_line(csv.substr(csv.find('\n') + 1)));
    const auto place = std::find(heads.begin(), heads.end(), name);
    return place == heads.end() ? std::string("none") : values[static_cast<std::size_t>(place - heads.begin())];
  };
  for (const std::vector<std::string>& what : {std::vector<std::string>{"fit"}, {"solve", "context"}}) {
    CAPTURE(what[0]);
    const std::string csv = ask(what, "csv");
    CHECK(column(csv, "gpus") == "2");
    CHECK(column(csv, "devices") == "none");
    CHECK(column(csv, "gpu") == "l4-24gb");
    CHECK(column(csv, "parallel") == "tp=2");
    CHECK(column(csv, "convention") == "standard");
    const Json line = Json::parse(ask(what, "ndjson"));
    CHECK(line["gpus"] == 2);
    CHECK(line["conventions"]["name"] == "standard");
    CHECK(line == [&] {
      Json row = Json::parse(ask(what, "json"))["results"][0];
      for (const char* key : {"schema_version", "tool", "command", "conventions"}) row[key] = line[key];
      return row;
    }());
  }
  const Json fitted = Json::parse(ask({"fit"}, "json"))["results"][0];
  const Json solved = Json::parse(ask({"solve", "context"}, "json"))["results"][0];
  CHECK(solved["gpu"] == fitted["gpu"]);
  CHECK(solved["gpu"]["id"] == "l4-24gb");
}

TEST_CASE("fit: what ends first is named in the first line and in its own") {
  // GPT-2 has 1,024 learned positions.
  const Run positions = run({"fit", "gpt2", "--gpu", "a100-sxm4-80gb", "-n", "2048"});
  CHECK(positions.status == 1);
  CHECK(first_line(positions.out) ==
        "does not fit: gpt2, 2,048 tokens x 1 on 1 x a100-sxm4-80gb: positions end at 1,024 tokens");
  for (const char* text : {"\nbinds first: the position table\n", "\n  --context 1024\n"}) {
    CHECK_MESSAGE(positions.out.find(text) != std::string::npos, text);
  }
  // 8,192 tokens of 131,072 bytes in 512 MiB; half of them fit.
  const Run memory = run({"fit", "llama-3.1-8b", "--kv-memory", "512MiB", "-n", "8192"});
  CHECK(memory.status == 1);
  CHECK(first_line(memory.out).ends_with(": 1.00 GiB of 512.00 MiB for the cache"));
  CHECK(memory.out.find("\nKV capacity: 4,096 tokens, 0.50 sequences of this length\n") != std::string::npos);
  // A state does not grow, and mfu and mbu make bounds times.
  const Run state =
      run({"fit", "mamba-130m-hf", "--gpu", "h100-sxm-80gb", "-n", "8192", "--mfu", "0.5", "--mbu", "0.5"});
  CHECK(state.status == 0);
  for (const char* text :
       {"\nbinds first as the context grows: nothing\n", "\nprefill: 44.96 ms", "\ntimes: at the given mfu and mbu,"}) {
    CHECK_MESSAGE(state.out.find(text) != std::string::npos, text);
  }
}

// Llama-3-8B as Q4_K_M: 32 layers, of which 19 are beside the head on the device; fp16 caches of 1 GiB at 8,192 tokens.
TEST_CASE(
    "fit, solve and check: what llama.cpp keeps in host memory is not on the device, and has no time of its own") {
  const std::vector<std::string> asked = {"fit",   "meta-llama-3-8b", "--weights", "Q4_K_M",
                                          "--gpu", "t4-16gb",         "-n",        "8192"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), asked.begin(), asked.end());
    return more;
  };
  const Json whole = json_of(with({"--engine", "llama.cpp"}))["results"][0];
  CHECK(whole["host_bytes"] == 295'501'824);  // the embedding, 128,256 rows of 4,096 in q4_k
  CHECK(whole["host"]["weights_bytes"] == 295'501'824);
  CHECK(whole["host"]["kv_reserved_bytes"] == 0);
  CHECK(whole["devices"][0]["activation_bytes"].is_null());
  CHECK(whole["devices"][0]["compute_buffer_bytes"] == 279'445'504);
  CHECK(whole["decode"]["host_seconds"].is_null());

  const Json part = json_of(with({"--engine", "llama.cpp:ngl=20"}))["results"][0];
  CHECK(part["devices"][0]["kv_reserved_bytes"] == 19 * 33'554'432);
  CHECK(part["host"]["kv_reserved_bytes"] == 13 * 33'554'432);
  CHECK(part["device_bytes"].get<std::int64_t>() + part["host_bytes"].get<std::int64_t>() ==
        whole["device_bytes"].get<std::int64_t>() + whole["host_bytes"].get<std::int64_t>());
  CHECK(part["total_bytes"] == part["device_bytes"]);
  CHECK(part["prefill"].is_null());
  CHECK(part["prefill_seconds"].is_null());
  CHECK(part["decode_seconds_per_token"].is_null());
  CHECK(part["device_notes"].dump().find("host_bandwidth") != std::string::npos);
  const Json timed = json_of(with({"--engine", "llama.cpp:ngl=20", "--host-bandwidth", "80GB"}))["results"][0];
  CHECK(timed["decode"]["host_seconds"].get<double>() * 80e9 > part["host_bytes"].get<double>() - 295'501'824);
  CHECK(timed["assumptions"]["host_bandwidth_bytes_per_s"] == 80'000'000'000);

  const std::string page = run(with({"--engine", "llama.cpp:ngl=20"})).out;
  CHECK(page.find("\n  compute buffer ") != std::string::npos);
  CHECK(page.find("\nin host memory: ") != std::string::npos);
  CHECK(page.find("note: no times: host memory holds a part of the model or of its cache") != std::string::npos);
  const std::string ideal = run(with({"--engine", "ideal"})).out;
  CHECK(ideal.find("host") == std::string::npos);
  CHECK(ideal.find("\n  activations ") != std::string::npos);
  const Json other = json_of(with({"--engine", "ideal"}))["results"][0];
  CHECK(other["host_bytes"].is_null());
  CHECK(other["host"].is_null());
  CHECK(other["devices"][0]["compute_buffer_bytes"].is_null());
  CHECK(run(with({"--engine", "llama.cpp:ngl=20", "--format", "csv"})).out.find(",host_bytes,") != std::string::npos);

  // An F16 file of 16.1 GB is too large for 15 GiB; with 20 of 33 layers there it is not.
  std::vector<std::string> large = {"fit", "meta-llama-3-8b", "--weights", "F16", "--gpu", "t4-16gb", "-n", "8192"};
  large.insert(large.end(), {"--engine", "llama.cpp"});
  CHECK(run(large).status == 1);
  large.back() = "llama.cpp:ngl=20";
  CHECK(run(large).status == 0);

  TemporaryDirectory directory;
  const std::string budget = directory.path("budget.json");
  const auto check = [&](const std::string& most) {
    write_file(budget, R"({"budgets": [{"name": "a", "model": "meta-llama-3-8b", "weights": "Q4_K_M", "context": 8192,
        "gpu": "t4-16gb", "engine": "llama.cpp:ngl=20", "host_bandwidth": "80GB",
        "limits": {"host_bytes": {"max": ")" +
                           most + R"("}, "decode_seconds_per_token": {"max": 1}}}]})");
    return run({"check", budget}).status;
  };
  CHECK(check("3GB") == 0);
  CHECK(check("2GB") == 1);
}

TEST_CASE("fit: settings of llama.cpp that place layers are checked") {
  const auto error = [](const std::string& engine, const std::string& gpu) {
    const Run result = run({"fit", "llama-3.1-8b", "-n", "4K", "--gpu", gpu, "--engine", engine});
    CHECK(result.status == 2);
    return result.err;
  };
  CHECK(error("llama.cpp:ngl=some", "l4-24gb") ==
        "ctxcost: --engine: ngl: expected an integer of at least 0, or all, found \"some\"\n");
  CHECK(error("llama.cpp:split=3,1", "l4-24gb:2").find("split: expected 2 proportions") != std::string::npos);
  CHECK(
      error("llama.cpp:split=3+1", "l4-24gb:3") ==
      "ctxcost: --engine llama.cpp: split: expected 3 proportions, one for each device, found \"3+1\" (give the number "
      "of devices with the GPU)\n");
  CHECK(error("llama.cpp:kv_offload=yes", "l4-24gb").find("one of 0|1") != std::string::npos);
  const Run bandwidth = run({"fit", "llama-3.1-8b", "-n", "4K", "--gpu", "l4-24gb", "--host-bandwidth", "80"});
  CHECK(bandwidth.status == 2);
  CHECK(bandwidth.err.find("--host-bandwidth") != std::string::npos);
}

TEST_CASE("show llama.cpp: what older releases and files of Ollama need") {
  const std::string text = run({"show", "llama.cpp"}).out;
  for (const char* line : {"setting legacy_mla: 1: files without key_length_mla", "Ollama",
                           "setting ngl: ", "as before December 2025", "setting split: "}) {
    CHECK_MESSAGE(text.find(line) != std::string::npos, line);
  }
}

TEST_CASE("fit and check: a draft model and a projector are loaded by name, or from files beside a budget") {
  const auto bytes = [](const std::string& engine) {
    return json_of({"fit", "llama-3.1-8b", "-n", "4K", "--gpu", "l40s-48gb", "--engine",
                    engine})["results"][0]["device_bytes"]
        .get<std::int64_t>();
  };
  CHECK(bytes("llama.cpp:draft=llama-3.2-1b") > bytes("llama.cpp") + 2'400'000'000);
  CHECK(bytes("llama.cpp:mmproj=qwen3-0.6b") > bytes("llama.cpp") + 1'100'000'000);
  const Run missing =
      run({"fit", "llama-3.1-8b", "-n", "4K", "--gpu", "l40s-48gb", "--engine", "llama.cpp:mmproj=none.gguf"});
  CHECK(missing.status == 2);
  CHECK(missing.err.find("none.gguf") != std::string::npos);
  TemporaryDirectory directory;
  const std::string budget = directory.path("budget.json");
  const auto check = [&](const std::string& draft) {
    write_file(budget, R"({"budgets": [{"name": "a", "model": "llama-3.1-8b", "context": 4096, "gpu": "l40s-48gb",
        "engine": "llama.cpp:draft=)" +
                           draft + R"(", "limits": {"device_bytes": {"max": "17GB"}}}]})");
    return run({"check", budget});
  };
  write_file(directory.path("small.json"), R"({"layers": 2, "heads": 2, "d_k": 64, "d_model": 128, "d_ff": 256,
                                               "vocab": 1000})");
  CHECK(check("small.json").status == 0);
  CHECK(check("llama-3.2-1b").status == 1);
  const Run fault = check("other.json");
  CHECK(fault.status == 2);
  CHECK(fault.err.find("other.json") != std::string::npos);
}

TEST_CASE("fit: a note says what vLLM's kernels pad, where the weights are of that type") {
  // A log shows 64.38 GiB for gpt-oss-120b.
  const auto noted = [](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"fit", "gpt-oss-120b", "-n", "8K", "--gpu", "h200-sxm-141gb:2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments).out.find("64.38 GiB") != std::string::npos;
  };
  CHECK(noted({"--engine", "vllm"}));
  CHECK_FALSE(noted({"--engine", "vllm", "--weights", "bf16"}));
  CHECK_FALSE(noted({"--engine", "ideal"}));
}

TEST_CASE("solve: of several answers a line says the best and how many fit, and each names what differs") {
  const auto lines = [](const std::vector<std::string>& question) {
    std::vector<std::string> all;
    std::istringstream text(run(question).out);
    for (std::string line; std::getline(text, line);) all.push_back(line);
    return all;
  };
  // What each answers alone is tested above.
  const auto alone = [](const char* gpu, const char* weights) {
    return json_of({"solve", "context", "llama-3.1-8b", "--gpu", gpu, "--weights", weights})["results"][0]["answer"]
        .get<std::uint64_t>();
  };
  CHECK(alone("rtx-4090-24gb", "fp8") == 131072);
  CHECK(alone("l4-24gb", "bf16") == 60584);
  CHECK(lines({"solve", "context", "llama-3.1-8b", "--gpu", "rtx-4090-24gb,l4-24gb", "--weights", "bf16,fp8", "-q"}) ==
        std::vector<std::string>{
            "context: 131,072 tokens at most (Llama-3.1-8B x 1 on 1 x rtx-4090-24gb, weights fp8); 4 of 4 fit",
            "",
            "context: 72,824 tokens (Llama-3.1-8B x 1 on 1 x rtx-4090-24gb, weights bf16)",
            "context: 60,584 tokens (Llama-3.1-8B x 1 on 1 x l4-24gb, weights bf16)",
            "context: 131,072 tokens (Llama-3.1-8B x 1 on 1 x rtx-4090-24gb, weights fp8)",
            "context: 121,850 tokens (Llama-3.1-8B x 1 on 1 x l4-24gb, weights fp8)",
        });
  // 2 x 72.4 GB of weights in bf16 do not fit one card.
  CHECK(lines({"solve", "gpus", "qwen2.5-72b", "--gpu", "h100-sxm-80gb", "-n", "8K", "--weights", "bf16,int4", "-q"})
            .front()
            .starts_with("gpus: 1 device at least ("));
  CHECK(lines({"solve", "context", "llama-3.1-405b", "--gpu", "t4-16gb,l4-24gb", "-q"}).front() ==
        "context: none of 2 fits");
  CHECK(lines({"solve", "context", "llama-3.1-8b", "llama-3.1-405b", "--gpu", "l4-24gb", "-q"}).front() ==
        "context: 60,584 tokens at most (Llama-3.1-8B x 1 on 1 x l4-24gb); 1 of 2 fits");
  CHECK(lines({"solve", "kv-precision", "llama-3.1-8b", "--gpu", "l4-24gb", "-n", "8K,128K", "-q"}).front() ==
        "kv-precision: 2 of 2 fit");
  // One answer needs no headline.
  CHECK(lines({"solve", "context", "llama-3.1-8b", "--gpu", "l4-24gb", "-q"}).size() == 1);
}
