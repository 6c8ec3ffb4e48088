#!/usr/bin/env python3
"""The program's own JSON Schemas against its files, its documents and its readers: own_schemas.py PROGRAM SOURCE_DIR [EVERY]

What the schema and the reader can both judge (names, types, ranges, choices) they must judge alike: examples are changed
key by key, and each change is given to both. EVERY takes a sample: every third change, say, where the program is slow.
"""
import copy
import glob
import itertools
import json
import re
import subprocess
import sys
import tempfile

import jsonschema

PROGRAM, SOURCE = sys.argv[1:3]
EVERY = int(sys.argv[3]) if len(sys.argv) > 3 else 1
faults = []


def run(*arguments, text=None):
    return subprocess.run([PROGRAM, *arguments], input=text, capture_output=True, text=True, encoding="utf-8")


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def keys_once(pairs):
    """An object; two definitions of one name would leave one of them unseen."""
    keys = [key for key, _ in pairs]
    for key in set(keys):
        if keys.count(key) > 1:
            faults.append(f"a schema says {key} twice")
    return dict(pairs)


def schema(kind):
    document = json.loads(run("schema", kind).stdout, object_pairs_hook=keys_once)
    validator = jsonschema.Draft202012Validator
    validator.check_schema(document)
    return validator(document)


def check_references(kind, document):
    """A reference that no document reaches would dangle unseen."""
    open_values = [document]
    while open_values:
        value = open_values.pop()
        if isinstance(value, list):
            open_values += value
        if not isinstance(value, dict):
            continue
        open_values += value.values()
        if not isinstance(value.get("$ref"), str):
            continue
        target = document
        for part in value["$ref"].removeprefix("#/").split("/"):
            target = target.get(part) if isinstance(target, dict) else None
        if target is None:
            faults.append(f"{kind}: {value['$ref']} is nowhere")


VALIDATORS = {kind: schema(kind) for kind in ("model", "budget", "output", "gpu")}

for validated, validator in VALIDATORS.items():
    check_references(validated, validator.schema)


def accepts(kind, document):
    return VALIDATORS[kind].is_valid(document)


def good(kind, name, document):
    for error in VALIDATORS[kind].iter_errors(document):
        place = "/".join(map(str, error.absolute_path))
        faults.append(f"{kind}: {name}: /{place}: refused: {error.message[:200]}")


def bad(kind, name, document):
    if accepts(kind, document):
        faults.append(f"{kind}: accepted: {name}")


# Everything that is in the repository.

for path in glob.glob(f"{SOURCE}/configs/models/*.json"):
    document = load(path)
    if "config" not in document:
        good("model", path, document)
for path in glob.glob(f"{SOURCE}/configs/budgets/*.json"):
    good("budget", path, load(path))
for device in load(f"{SOURCE}/configs/accelerators.json"):
    good("gpu", device["id"], device)
good("output", "article-7b.json", load(f"{SOURCE}/tests/golden/article-7b.json"))
with open(f"{SOURCE}/tests/golden/article-7b.ndjson", encoding="utf-8") as file:
    for line in file:
        good("output", "article-7b.ndjson", json.loads(line))

examples = 0
for path in [f"{SOURCE}/README.md", *glob.glob(f"{SOURCE}/docs/**/*.md", recursive=True)]:
    with open(path, encoding="utf-8") as file:
        for block in re.findall(r"```json\n(.*?)```", file.read(), re.S):
            try:
                document = json.loads(block)
            except ValueError:
                continue  # a part of a document
            if not isinstance(document, dict):
                continue
            kinds = {"layers": "model", "budgets": "budget", "memory_bandwidth_bytes_per_s": "gpu", "schema_version": "output"}
            for key, kind in kinds.items():
                if key in document and not (key == "budgets" and "schema_version" in document):
                    good(kind, path, document)
                    examples += 1

# Everything that the program writes.

directory = tempfile.TemporaryDirectory()


def written(name, document):
    path = f"{directory.name}/{name}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(document if isinstance(document, str) else json.dumps(document))
    return path


def saved(name, *arguments):
    return written(name, json.loads(run(*arguments, "--format", "json").stdout))


LISTED = ("models", "gpus", "precisions", "mechanisms", "engines", "metrics")


def named(kind):
    """Of each kind what `show` has: precisions that are a table of types have no entry."""
    rows = json.loads(run("list", kind, "--format", "json").stdout)[kind]
    return [row["name"] for row in rows if row.get("block", 1) is not None]


GPUS = frozenset(named("gpus"))
CONFIG = {
    "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 512, "intermediate_size": 1024,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 4, "vocab_size": 1000,
    "max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
}
for arguments in (
    ("scale", "article-7b", "-n", "1K,3000"),
    ("scale", "llama-3.1-8b", "mamba-1.4b-hf", "t5-small", "-b", "1,8", "--engine", "vllm", "--units", "iec"),
    ("scale", "llama-3.1-8b", "-n", "8K", "--parallel", "tp=2,pp=2"),
    ("scale", "llama-3.1-8b", "--columns", "kv_cache_bytes", "--logits", "all", "--convention", "causal"),
    ("scale", "deepseek-v3", "gpt-oss-20b", "--kv-precision", "fp16,q8_0/q4_0", "-n", "8K"),
    ("explain", "llama-3.1-8b"),
    ("explain", "ai21-jamba-1.5-mini", "state_bytes", "window_status", "growth_kv_cache", "kv_reserved_bytes", "--engine", "llama.cpp"),
    ("explain", "llama-3.1-8b", "-n", "8K", "--claim", "8 GB"),
    ("explain", "gemma-3-27b-it", "-n", "8K", "--positions"),
    ("explain", "t5-small", "decode_bytes", "scores_per_head", "parameters", "-n", "512", "-v"),
    ("fit", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "-n", "4K"),
    ("fit", "llama-3.1-70b", "--gpu", "h100-sxm-80gb", "-n", "1M"),
    ("fit", "llama-3.1-8b", "-n", "4K", "--kv-memory", "1GiB"),
    ("fit", "llama-3.1-8b", "-n", "4K,64K", "--gpu", "l4-24gb,m3-max-128gb", "--engine", "llama.cpp", "--parallel", "pp=2"),
    ("fit", "qwen3-30b-a3b", "-n", "8K", "--gpu", "rtx-4090-24gb", "--engine", "llama.cpp:ngl=20,n_cpu_moe=all", "--host-bandwidth", "80GB"),
    ("solve", "context", "llama-3.1-8b", "--gpu", "h100-sxm-80gb"),
    ("solve", "context", "mamba-1.4b-hf", "--kv-memory", "1GiB"),
    ("solve", "batch", "llama-3.2-1b", "--gpu", "h100-sxm-80gb", "-n", "4K", "--engine", "llama.cpp"),
    ("solve", "gpus", "llama-3.1-405b", "--gpu", "t4-16gb", "-n", "128K", "-b", "64"),
    ("solve", "kv-precision", "llama-3.1-8b", "--gpu", "rtx-4090-24gb", "-n", "128K"),
    ("find", "--gpu", "rtx-3090-24gb", "-n", "32K", "-b", "2"),
    ("find", "--gpu", "rtx-3090-24gb:2", "--family", "qwen3,gemma3", "--parameters", "..40B"),
    ("train", "llama-3.1-8b", "--stage", "8K:1M", "--stage", "128K:1M", "--gpu", "h100-sxm-80gb:8", "--mfu", "0.4"),
    ("train", "article-7b", "--stage", "4K:10000"),
    ("compare", "llama-3.1-8b", "-n", "8K,128K", "--with", "infini:segment=2048", "--with", "rope:type=yarn,factor=4",
     "--gpu", "h100-sxm-80gb:8"),
    ("compare", "bert-base-uncased", "mamba2-2.7b", "-n", "512", "--with", "flash=off"),
    ("evaluate", "needle", "llama-3-8b", "--prefix-reuse", "on", "--gpu", "h100-sxm-80gb:2", "--price", "2"),
    ("evaluate", "lost-in-the-middle", "mamba-1.4b-hf", "--examples", "3"),
    ("evaluate", "needle", "-n", "1K", "--depths", "3", "--needles", "2", "--plan"),
    ("evaluate", "lost-in-the-middle", "--examples", "1", "--plan"),
    ("evaluate", "needle", "-n", "1000", "--depths", "3", "--results",
     written("scored.ndjson", {"id": 1, "task": "needle", "length": 1000, "score": 0.5})),
    ("evaluate", "lost-in-the-middle", "--results",
     written("asked.ndjson", {"id": 1, "task": "multi_document_qa", "length": 2000, "score": True})),
    ("reconcile", f"{SOURCE}/tests/data/logs/vllm-0.7.log", "llama-3.2-1b", "llama-3.1-8b"),
    ("reconcile", f"{SOURCE}/tests/data/logs/llama-server.log", "llama-3-8b", "--weights", "Q4_K_M"),
    ("solve", "weights", "gpt2", "llama-2-7b", "--gpu", "rtx-4090-24gb", "-n", "64K"),
    ("check", f"{SOURCE}/configs/budgets/chat.json", f"{SOURCE}/configs/budgets/laptop.json"),
    ("diff", "llama-2-7b", "llama-3.1-8b", "-n", "4K", "--fail-if", "kv_cache_bytes > 5%"),
    ("diff", "llama-3.1-8b", "llama-2-7b", "-n", "4K,8K", "-b", "1,2", "--fail-if", "kv_cache_bytes", "--fail-if", "scores < -1%"),
    ("diff", "gpt2", "t5-small", "-n", "512", "--columns", "parameters,growth_kv_cache,window_status"),
    ("diff", saved("old.json", "scale", "llama-2-7b", "-n", "4K"), saved("new.json", "scale", "llama-3.1-8b", "-n", "4K,8K")),
    ("diff", saved("roomy.json", "fit", "gpt2", "-n", "1K", "--gpu", "h100-sxm-80gb"),
     saved("small.json", "fit", "gpt2", "-n", "1K", "--gpu", "t4-16gb")),
    ("diff", written("old-config.json", CONFIG), written("new-config.json", {**CONFIG, "num_key_value_heads": 2, "mine": [1, {"a": None}]})),
    ("diff", written("old-config.json", CONFIG), written("no-model.json", {**CONFIG, "num_attention_heads": 8, "num_key_value_heads": 8})),
    *(("list", kind) for kind in LISTED),
    *(("show", name) for kind in LISTED if kind != "models" for name in named(kind)),
):
    for output in ("json", "ndjson"):
        if output == "json" and arguments[0] == "show" and arguments[1] in GPUS:
            continue  # its file: below
        result = run(*arguments, "--format", output)
        if result.returncode not in (0, 1):
            faults.append(f"{' '.join(arguments)}: exit {result.returncode}: {result.stderr.strip()}")
            continue
        lines = [result.stdout] if output == "json" else result.stdout.splitlines()
        if not lines:
            faults.append(f"{' '.join(arguments)}: no {output}")
        for text in lines:
            good("output", " ".join(arguments), json.loads(text))

# A device and a model are shown as their files, which are no documents.
for name in GPUS:
    shown = json.loads(run("show", name, "--format", "json").stdout)
    good("gpu", f"show {name}", shown)
    bad("output", "a device's file", shown)
for output in ("json", "ndjson"):
    shown = json.loads(run("show", "article-7b", "--format", output).stdout)
    good("model", "show article-7b", shown)
    bad("output", "a model's file", shown)


def refused(arguments, changes, output="json"):
    """The document of a run, with each of the changes."""
    document = json.loads(run(*arguments, "--format", output).stdout)
    good("output", " ".join(arguments), document)
    for name, change in changes.items():
        changed = copy.deepcopy(document)
        change(changed)
        bad("output", name, changed)


# Budgets that pass, warn, fail, are worse than in a baseline, or cannot be judged.


def budgets(precision):
    limits = {"kv_cache_bytes": {"max": "6GiB", "min": 1}, "window_status": {"max": "trained"}}
    card = {"device_bytes": {"max": "90% of gpu"}, "max_context": {"min": "1M"}, "headroom_bytes": {"min": "1GB"}}
    return {"defaults": {"model": "llama-3.1-8b", "kv_precision": precision}, "budgets": [
        {"name": "a", "contexts": ["4K", "64K"], "batches": [1, 2], "limits": limits, "level": "warning"},
        {"name": "b", "context": "128K", "gpu": "rtx-4090-24gb", "engine": "vllm", "limits": card},
        {"name": "c", "model": "mamba-1.4b-hf", "context": 64, "gpu": "l4-24gb", "limits": {"max_context": {"max": 1}}},
    ]}


path = written("budgets.json", budgets("fp8"))
report = saved("report.json", "check", path)
written("budgets.json", budgets("bf16"))
missing = written("missing.json", {"budgets": [{"name": "a", "model": "nothing", "context": 1, "limits": {"scores": {"max": 1}}}]})
text = written("text.json", "{nonsense")
verdicts = set()
for arguments in ((path,), (path, "--baseline", report, "--max-increase", "5%"), (path, missing, text), (text,)):
    for output in ("json", "ndjson"):
        result = run("check", *arguments, "--format", output)
        lines = [result.stdout] if output == "json" else result.stdout.splitlines()
        for document in map(json.loads, lines):
            good("output", f"check of {len(arguments)}, {output}", document)
            verdicts.add(document["verdict"])
if verdicts != {"pass", "warn", "fail", "error"}:
    faults.append(f"check: no example of every verdict, but of {sorted(verdicts)}")

refused(("check", path, "--baseline", report, "--max-increase", "5%"), {
    "a verdict that is none": lambda d: d.update(verdict="fine"),
    "a budget in error": lambda d: d["budgets"][0].update(verdict="error"),
    "a limit without its place": lambda d: d["budgets"][0]["limits"][0].pop("line"),
    "an unknown key of a remedy": lambda d: d["budgets"][1]["limits"][0]["remedies"][0].update(option=1),
    "a change without its metric": lambda d: d["baseline"]["changes"][0].pop("metric"),
    "a cause without its key": lambda d: next(c for c in d["baseline"]["changes"] if c.get("causes"))["causes"][0].pop("key"),
    "no configs": lambda d: d.pop("configs"),
    "a result of no budget": lambda d: d["results"][0].pop("budget"),
    "a card by its name": lambda d: d["results"][-1].update(gpu="l4-24gb"),
})

refused(("scale", "article-7b", "-n", "4K"), {
    "a metric as text": lambda d: d["results"][0].update(kv_cache_bytes="1"),
    "a fraction of a byte": lambda d: d["results"][0].update(kv_cache_bytes=0.5),
    "less than no bytes": lambda d: d["results"][0].update(kv_cache_bytes=-1),
    "a metric that is none": lambda d: d["results"][0].update(kv_cache_byte=1),
    "an unknown level": lambda d: d["results"][0].update(window_status="good"),
    "another version": lambda d: d.update(schema_version=2),
    "no convention": lambda d: d.pop("conventions"),
    "no results": lambda d: d.pop("results"),
    "another pair rule": lambda d: d["conventions"].update(pairs="some"),
    "an unknown key of a group": lambda d: d["results"][0]["layer_groups"][0].update(color=1),
})
refused(("diff", "llama-2-7b", "llama-3.1-8b", "-n", "4K", "--fail-if", "kv_cache_bytes < -5%"), {
    "a difference without a verdict": lambda d: d.pop("verdict"),
    "a verdict that is none": lambda d: d.update(verdict="maybe"),
    "a series without a model": lambda d: d["results"][0]["old"].pop("model"),
    "a series whose engine is a number": lambda d: d["results"][0]["new"].update(engine=1),
    "a change in words": lambda d: d["results"][0]["changes"][0].update(percent="5%"),
    "a breach without its point": lambda d: d["thresholds"][0]["holds_at"][0].pop("context"),
    "a key that became something else": lambda d: d["config_changes"][0].update(change="moved"),
    "a key without a pointer": lambda d: d["config_changes"][0].pop("pointer"),
    "points of one side left out": lambda d: d.pop("only_new"),
    "conventions in a row of the document": lambda d: d["results"][0].update(conventions=d["conventions"]),
})
refused(("list", "gpus"), {
    "rows of another kind": lambda d: d.update(models=d.pop("gpus")),
    "a column of another kind": lambda d: d["gpus"][0].update(summary=""),
    "a column left out": lambda d: d["gpus"][0].pop("tdp_watts"),
    "a memory that is not known": lambda d: d["gpus"][0].update(memory_bytes=None),
})
refused(("show", "h100-sxm-80gb"), {
    "an entry of another kind": lambda d: d.update(kind="engine"),
    "an entry without a name": lambda d: d["entry"].pop("name"),
    "a peak in words": lambda d: d["entry"]["peak_dense_flops"].update(bf16="fast"),
    "a fact of another kind": lambda d: d["entry"].update(settings={}),
}, "ndjson")
refused(("show", "vllm"), {
    "a setting that is a word": lambda d: d["entry"]["settings"].update(block="16"),
    "a setting without a meaning": lambda d: d["entry"]["settings"]["block"].pop("meaning"),
})

# Examples with every key, changed key by key.

MECHANISMS = [
    {"kind": "full", "gate": True, "sink_logits": True, "shares_cache": False},
    {"kind": "none"},
    {"kind": "bidirectional", "half_window": 64},
    {"kind": "sliding_window", "window": 4096},
    {"kind": "chunked", "chunk": 8192},
    {"kind": "dilated", "window": 64, "dilation": 2},
    {"kind": "sink_window", "sinks": 4, "window": 64},
    {"kind": "latent", "kv_rank": 512, "rope_dim": 32, "q_rank": 0},
    {"kind": "indexed_latent", "kv_rank": 512, "rope_dim": 32, "q_rank": 64, "index_heads": 4, "index_dim": 128, "top_k": 64},
    {"kind": "compressed_sparse", "window": 128, "compress_ratio": 4, "overlap": True, "q_rank": 64, "output_rank": 64,
     "output_groups": 1, "index_heads": 4, "index_dim": 128, "top_k": 64},
    {"kind": "indexed_blocks", "index_heads": 4, "index_dim": 128, "block": 64, "top_k": 8},
    {"kind": "longformer", "window": 512, "global_tokens": 1},
    {"kind": "bigbird", "block": 64, "random_blocks": 3},
    {"kind": "lsh", "hashes": 2, "chunk": 64, "chunks_before": 1, "chunks_after": 0, "buckets": 32},
    {"kind": "routing", "clusters": 8},
    {"kind": "strided", "stride": 128},
    {"kind": "fixed", "stride": 128, "summary": 8},
    {"kind": "native_sparse", "compress_block": 32, "compress_stride": 16, "select_block": 64, "select_count": 16, "window": 512},
    {"kind": "linear", "feature_dim": 64, "chunk": 64},
    {"kind": "retention", "chunk": 64},
    {"kind": "lightning", "block": 256},
    {"kind": "gated_delta", "key_heads": 4, "conv": 4, "chunk": 64},
    {"kind": "kimi_delta", "conv": 4, "chunk": 64},
    {"kind": "mamba", "state": 16, "inner": 1024, "expand": 2, "conv": 4, "dt_rank": 32},
    {"kind": "mamba2", "state": 128, "head_dim": 64, "groups": 1, "inner": 1024, "expand": 2, "conv": 4, "chunk": 256},
    {"kind": "rg_lru", "width": 512, "conv": 4, "blocks": 8},
    {"kind": "rwkv", "version": 6, "head_dim": 64},
    {"kind": "transformer_xl", "segment": 512, "memory": 512},
    {"kind": "compressive", "segment": 512, "memory": 512, "compressed": 512, "ratio": 4},
    {"kind": "memorizing", "memory": 4096, "top_k": 32, "segment": 512},
    {"kind": "infini", "segment": 512, "delta": True},
    {"kind": "titans", "variant": "mac", "segment": 512, "persistent": 4, "depth": 2, "expansion": 2, "chunk": 64},
    {"kind": "vertical_slash", "vertical": 64, "slash": [0, 1, 5]},
    {"kind": "short_conv", "conv": 3},
]
MODEL = {
    "$schema": "ctxcost-model.schema.json", "name": "all", "source": "here", "aliases": ["a"], "notes": "n",
    "layers": 4, "heads": 8, "kv_heads": 4, "d_k": 128, "d_v": 128, "d_model": 512, "d_ff": 1024, "ffn": "gated",
    "experts": {"count": 8, "active": 2, "shared": 1, "d_ff": 256}, "vocab": 1000, "tied_embeddings": True, "bias": "qkv",
    "norm": "layer", "norms_per_layer": 4, "qk_norm": True, "precision": "Q4_0", "kv_precision": "q8_0/q4_0", "batch": 2,
    "attention": [{"kind": "full"}, {"kind": "mamba2"}],
    "pattern": [{"repeat": 2, "heads": 4, "experts": None, "attention": {"kind": "full"}}, {"norm": "rms"}],
    "positions": {"encoding": "rope", "trained_context": 4096, "scaling": {"type": "yarn", "factor": 4.0, "original": 1024}},
    "cross_attention": {"tokens": 1500},
}
GPU = {
    "id": "mine", "name": "Mine", "vendor": "Me", "memory_bytes": 10**10, "memory_reported_mib": None,
    "memory_bandwidth_bytes_per_s": "1 TB/s", "peak_dense_flops": {"bf16": 1e14, "fp16": "100 TFLOP/s", "fp8": None},
    "interconnect": {"pcie_bytes_per_s_per_direction": 10**10, "pcie": "4.0 x16"}, "tdp_watts": 300, "source": "s", "notes": "n",
    "price": {"usd_per_hour": 2.49, "date": "2026-09-20", "source": "s"},
}
BUDGETS = {
    "$schema": "s", "defaults": {"model": "llama-3.1-8b", "context": "4K", "engine": "vllm:block=32", "level": "warning"},
    "budgets": [
        {"name": "a", "gpu": "h100-sxm-80gb", "gpus": 1, "parallel": "tp=1", "utilization": 0.9, "mfu": 0.5, "mbu": 1,
         "overhead": "1GiB", "kv_memory": 2**33, "host_bandwidth": "80GB", "lora": "rank=16,count=4", "draft": "llama-3.2-1b", "price": 2.49, "power": 700, "batch": 4, "kv_precision": "fp8", "weights": "Q4_K_M", "level": "error",
         "convention": "standard:pairs=exact", "logits": "all",
         "limits": {"device_bytes": {"max": "90% of gpu"}, "kv_cache_bytes": {"max": "1.5 GB", "min": 1},
                    "forward_flops": {"max": "300 PFLOPs"}, "attention_macs": {"max": "1T"}, "parameters": {"max": "9B"},
                    "prefill_seconds": {"max": "30 s"}, "decode_seconds_per_token": {"max": 0.5}, "max_context": {"min": "1K"},
                    "decode_tokens_per_second": {"min": 1.5}, "usd_per_million_decode_tokens": {"max": "9 USD"},
                    "joules_per_decode_token": {"max": "5 J"}, "min_gpus": {"max": 2}, "window_status": {"max": "scaled"}}},
        {"name": "b", "model": "gemma-3-4b-it", "images": "2", "contexts": ["4K", 8192, "1K..8K:x2"], "batches": "1..4",
         "limits": {"growth_kv_cache": {"max": "9x"}}},
    ],
}

def read_model(document):
    return run("scale", "-", "-n", "1K", "--format", "csv", "--columns", "context", text=json.dumps(document))


def read_budget(document):
    return run("check", "-", "--exit-zero", text=json.dumps(document))


def read_gpu(document):
    return run("fit", "llama-3.1-8b", "-n", "1K", "--gpu", written("gpu.json", document), "--exit-zero")


READERS = {"model": read_model, "budget": read_budget, "gpu": read_gpu}


def places(value, path=()):
    """Every object key in a document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


def changes(document):
    """(what was done, the changed document) for every key, or a sample of them."""
    return itertools.islice(all_changes(document), 0, None, EVERY)


def all_changes(document):
    for path in places(document):
        def parent_of(root):
            for step in path[:-1]:
                root = root[step]
            return root

        def changed(change):
            result = copy.deepcopy(document)
            change(parent_of(result))
            return result

        key = path[-1]
        name = "/" + "/".join(map(str, path))
        yield f"{name} misspelt", changed(lambda parent: parent.update({key + "_": parent.pop(key)}))
        yield f"{name} left out", changed(lambda parent: parent.pop(key))
        for wrong in ({}, [], None, True, -1, 0, 1.5, "", "32", "nonsense"):
            yield f"{name} = {json.dumps(wrong)}", changed(lambda parent: parent.update({key: wrong}))


# What a schema of one file does not see: sums and products of keys, files and devices that must be there, the meaning of
# names with settings. Then the reader refuses what the schema takes; never the other way round.
def judged_alike(kind, name, document, strict):
    by_schema = accepts(kind, document)
    result = READERS[kind](document)
    by_reader = result.returncode == 0
    if result.returncode not in (0, 2):
        faults.append(f"{kind}: {name}: exit {result.returncode}: {result.stderr.strip()[:200]}")
    elif by_reader and not by_schema:
        faults.append(f"{kind}: {name}: the reader takes it, the schema does not")
    elif strict and by_schema and not by_reader:
        faults.append(f"{kind}: {name}: the schema takes it, the reader does not: {result.stderr.strip()[:200]}")


# A change after which the reader must agree with the schema on a refusal: one of names and types. Empty defaults leave
# out what budgets need, empty peaks what a device needs: no key of its own says so.
def is_structural(name):
    if name in ("/defaults = {}", "/peak_dense_flops = {}"):
        return False
    return name.endswith(("misspelt", "= {}", "= []", "= true", "= -1", "= 1.5"))


count = 0
for kind, document in (("model", MODEL), ("gpu", GPU), ("budget", BUDGETS)):
    good(kind, "the full example", document)
    judged_alike(kind, "the full example", document, True)
    for name, changed in changes(document):
        judged_alike(kind, name, changed, is_structural(name))
        count += 1
for mechanism in MECHANISMS:
    document = {"layers": 2, "heads": 8, "d_k": 64, "d_model": 512, "attention": mechanism}
    good("model", mechanism["kind"], document)
    judged_alike("model", mechanism["kind"], document, True)
    for name, changed in changes({"attention": mechanism}):
        if name.startswith("/attention/"):
            judged_alike("model", f"{mechanism['kind']}: {name}", {**document, **changed}, is_structural(name))
            count += 1

kinds = {entry["properties"]["kind"]["const"] for entry in VALIDATORS["model"].schema["$defs"]["mechanism"]["oneOf"]}
missing = kinds - {mechanism["kind"] for mechanism in MECHANISMS}
if missing:
    faults.append(f"no example of {sorted(missing)}")
if examples == 0:
    faults.append("no example in README or docs")

for name, document in {
    "no heads": {"layers": 2, "d_k": 64},
    "a misspelt key": {"layers": 2, "heads": 8, "d_k": 64, "kv_head": 2},
    "heads in quotes": {"layers": 2, "heads": "8", "d_k": 64},
    "no layers": {"layers": 0, "heads": 8, "d_k": 64},
    "too many layers": {"layers": 1000001, "heads": 8, "d_k": 64},
    "an unknown type": {"layers": 2, "heads": 8, "d_k": 64, "precision": "fp17"},
    "a type of the cache alone": {"layers": 2, "heads": 8, "d_k": 64, "precision": "kivi"},
    "an unknown mechanism": {"layers": 2, "heads": 8, "d_k": 64, "attention": {"kind": "slidng_window", "window": 8}},
    "a window without its size": {"layers": 2, "heads": 8, "d_k": 64, "attention": {"kind": "sliding_window"}},
    "a key of another mechanism": {"layers": 2, "heads": 8, "d_k": 64, "attention": {"kind": "full", "window": 8}},
    "softmax keys without softmax": {"layers": 2, "heads": 8, "d_k": 64, "attention": {"kind": "linear", "gate": True}},
    "no mechanism in the list": {"layers": 2, "heads": 8, "d_k": 64, "attention": []},
    "an unknown scaling": {"layers": 2, "heads": 8, "d_k": 64, "positions": {"scaling": {"type": "mine"}}},
    "null for experts of the model": {"layers": 2, "heads": 8, "d_k": 64, "experts": None},
}.items():
    bad("model", name, document)
    if READERS["model"](document).returncode != 2:
        faults.append(f"model: the reader takes {name}")

for name, limit in {
    "a misspelt metric": {"kv_cache_byte": {"max": 1}},
    "a unit of another metric": {"kv_cache_bytes": {"max": "5 PFLOPs"}},
    "a letter that is no unit": {"kv_cache_bytes": {"max": "5X"}},
    "seconds of bytes": {"prefill_seconds": {"max": "5GB"}},
    "digits in quotes": {"kv_cache_bytes": {"max": "5"}},
    "an unknown level": {"window_status": {"max": "fine"}},
    "an unknown bound": {"kv_cache_bytes": {"maximum": 1}},
    "no bound": {"kv_cache_bytes": {}},
    "no limit": {},
}.items():
    document = {"budgets": [{"name": "a", "model": "llama-3.1-8b", "context": 1024, "limits": limit}]}
    bad("budget", name, document)
    if READERS["budget"](document).returncode != 2:
        faults.append(f"budget: the reader takes {name}")

for fault in faults:
    print(fault, file=sys.stderr)
print(f"{count} changed documents, {examples} examples, {len(faults)} faults")
sys.exit(1 if faults else 0)
