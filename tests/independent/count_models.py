#!/usr/bin/env python3
"""Models made by a grammar, counted here by going over every pair of positions, against what the program prints:
count_models.py PROGRAM [SEED [MODELS]]

Nothing here knows a closed form of a small model: masks are tested key by key, caches are what later queries still see,
and matrices are multiplied out one by one. Large models have masks whose sums are known; their counts go up to and beyond
2^128, where the program must refuse and never print a wrong number.
"""
import json
import random
import subprocess
import sys

PROGRAM = sys.argv[1]
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 1
MODELS = int(sys.argv[3]) if len(sys.argv) > 3 else 300
LIMIT = 1 << 128
TYPE_BITS = {"fp32": 32, "fp16": 16, "bf16": 16, "fp8": 8}

# A kind: its keys, drawn at random; whether query i sees key j; the tokens that the cache holds of n.
KINDS = {
    "full": (lambda r: {}, lambda i, j, a: j <= i),
    "sliding_window": (lambda r: {"window": r.randint(1, 40)}, lambda i, j, a: 0 <= i - j < a["window"]),
    "chunked": (lambda r: {"chunk": r.randint(1, 40)}, lambda i, j, a: j <= i and i // a["chunk"] == j // a["chunk"]),
    "dilated": (lambda r: {"window": r.randint(1, 9), "dilation": r.randint(1, 6)},
                lambda i, j, a: j <= i and (i - j) % a["dilation"] == 0 and (i - j) // a["dilation"] < a["window"]),
    "sink_window": (lambda r: {"sinks": r.randint(1, 5), "window": r.randint(1, 30)},
                    lambda i, j, a: j <= i and (j < a["sinks"] or i - j < a["window"])),
    "latent": (lambda r: {"kv_rank": r.randint(1, 32), "rope_dim": 2 * r.randint(1, 4), "q_rank": r.choice([0, 12])},
               lambda i, j, a: j <= i),
}


def heads_of(random_):
    kv_heads = random_.choice([1, 2, 3, 8])
    shape = {"heads": kv_heads * random_.choice([1, 2, 5]), "kv_heads": kv_heads, "d_k": 2 * random_.randint(4, 16)}
    if random_.random() < 0.3:
        shape["d_v"] = random_.randint(1, 24)
    return shape


def layer_of(random_, kinds):
    kind = random_.choice(kinds)
    layer = {"attention": {"kind": kind, **KINDS[kind][0](random_)}, **heads_of(random_)}
    if kind == "latent":  # keys of a head are partly rotated; every head has keys of its own
        layer["kv_heads"] = layer["heads"]
        layer["d_k"] += layer["attention"]["rope_dim"]
    if random_.random() < 0.5:
        layer["ffn"] = random_.choice(["gated", "plain", "none"])
    if layer.get("ffn") != "none":
        layer["d_ff"] = random_.randint(1, 300)
        if random_.random() < 0.3:
            count = random_.randint(1, 16)
            layer["experts"] = {"count": count, "active": random_.randint(1, count), "shared": random_.randint(0, 2),
                                "d_ff": random_.randint(1, 64)}
    if random_.random() < 0.3 and kind != "latent":
        layer["qk_norm"] = random_.choice([True, "full"])
    layer["norms_per_layer"] = random_.randint(0, 4)
    return layer


def model_of(random_, kinds):
    model = {"layers": random_.randint(1, 12), "d_model": random_.randint(1, 128), "vocab": random_.randint(1, 1000),
             "tied_embeddings": random_.random() < 0.5, "precision": random_.choice(list(TYPE_BITS)),
             "norm": random_.choice(["rms", "layer"])}
    if random_.random() < 0.5:
        return {**model, **layer_of(random_, kinds)}
    # An entry's keys win over the model's own.
    return {**model, **heads_of(random_), "d_ff": 1, "pattern": [{"repeat": random_.randint(1, 4), **layer_of(random_, kinds)}
                                 for _ in range(random_.randint(1, 3))]}


def layers_of(model):
    inherited = {key: model[key] for key in ("heads", "kv_heads", "d_k", "d_v", "d_ff") if key in model}
    entries = [{**inherited, **entry} for entry in model.get("pattern", [model])]
    run = [entry for entry in entries for _ in range(entry.get("repeat", 1))]
    return [run[i % len(run)] for i in range(model["layers"])]


def matrices(layer, d):
    """Rows times columns of what every token passes, of what only some tokens pass, and vectors."""
    heads, kv_heads, d_k = layer["heads"], layer["kv_heads"], layer["d_k"]
    d_v = layer.get("d_v", d_k)
    attention = layer["attention"]
    if attention["kind"] == "latent":
        rank, rope, q_rank = attention["kv_rank"], attention["rope_dim"], attention["q_rank"]
        queries = d * q_rank + q_rank * heads * d_k if q_rank else d * heads * d_k
        always = queries + d * (rank + rope) + rank * heads * (d_k - rope + d_v) + heads * d_v * d
        vectors = rank + q_rank
    else:
        always = d * heads * d_k + d * kv_heads * (d_k + d_v) + heads * d_v * d
        vectors = {False: 0, True: 2 * d_k, "full": (heads + kv_heads) * d_k}[layer.get("qk_norm", False)]
    ffn = {"gated": 3, "plain": 2, "none": 0}[layer.get("ffn", "gated")]
    experts = layer.get("experts")
    if ffn == 0:
        return always, 0, 0, vectors
    if experts is None:
        return always + ffn * d * layer["d_ff"], 0, 0, vectors
    one = ffn * d * experts["d_ff"]
    return (always + d * experts["count"] + experts["shared"] * one, experts["active"] * one, experts["count"] * one,
            vectors)


def masked(layer, n):
    attention = layer["attention"]
    sees = KINDS[attention["kind"]][1]
    return [[j for j in range(n) if sees(i, j, attention)] for i in range(n)]


def cached(layer, n):
    """The most tokens that the cache holds while n are read: at query t those that it or a later query sees."""
    attention = layer["attention"]
    sees = KINDS[attention["kind"]][1]
    horizon = 60  # no window here reaches further back
    return max(sum(any(sees(i, j, attention) for i in range(t, t + horizon)) for j in range(t + 1)) for t in range(n))


def count(model, n, batch):
    d, bits = model["d_model"], TYPE_BITS[model["precision"]]
    norm = 2 if model["norm"] == "layer" else 1
    totals = dict.fromkeys(["scores", "reach", "attention_macs", "kv_cache_bytes", "linear_macs", "parameters"], 0)
    known = {}
    for layer in layers_of(model):
        key = json.dumps(layer)
        if key not in known:
            seen = masked(layer, n)
            pairs, most = sum(map(len, seen)), max(map(len, seen))
            attention = layer["attention"]
            d_k, d_v = layer["d_k"], layer.get("d_v", layer["d_k"])
            if attention["kind"] == "latent":
                elements = attention["kv_rank"] + attention["rope_dim"]
            else:
                elements = layer["kv_heads"] * (d_k + d_v)
            always, active, routed, vectors = matrices(layer, d)
            heads = layer["heads"]
            known[key] = {
                "scores": heads * pairs * batch,
                "reach": heads * n * most * batch,
                "attention_macs": heads * pairs * (d_k + d_v) * batch,
                "kv_cache_bytes": cached(layer, n) * elements * bits // 8 * batch,
                "linear_macs": (always + active) * n * batch,
                "parameters": always + routed + vectors + layer["norms_per_layer"] * d * norm,
            }
        for name, value in known[key].items():
            totals[name] += value
    totals["parameters"] += d * norm + model["vocab"] * d * (1 if model["tied_embeddings"] else 2)
    return totals


def answers(models, n, batch, convention):
    """One line for each model that the program answers, and the lines that it refuses."""
    result = subprocess.run(
        [PROGRAM, "scale", "-", "--ndjson", "--keep-going", "-n", str(n), "-b", str(batch), "--convention", convention],
        input="".join(json.dumps(model) + "\n" for model in models), capture_output=True, text=True, check=False)
    refused = {int(line.split(":")[2]): line for line in result.stderr.splitlines()}
    if result.returncode != (2 if refused else 0):
        sys.exit(f"exit status {result.returncode} with {len(refused)} lines refused: {result.stderr[:500]}")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    return {int(row["model"]["origin"].split(":")[1]): row for row in rows}, refused


def small(random_):
    faults = 0
    for n in (1, 7, 33, 70):
        models = [model_of(random_, list(KINDS)) for _ in range(MODELS // 4)]
        batch = random_.randint(1, 3)
        exact, refused = answers(models, n, batch, "causal")
        reach, _ = answers(models, n, batch, "article")
        for line, model in enumerate(models, 1):
            if line in refused:
                sys.exit(f"refused: {refused[line]}\n{json.dumps(model)}")
            expected = count(model, n, batch)
            found = {"scores": exact[line]["scores"], "reach": reach[line]["scores"],
                     "attention_macs": exact[line]["attention_macs"], "kv_cache_bytes": exact[line]["kv_cache_bytes"],
                     "linear_macs": exact[line]["linear_flops"] // 2, "parameters": exact[line]["parameters"]}
            for name, value in expected.items():
                if found[name] != value:
                    faults += 1
                    print(f"{name} of {n} tokens, batch {batch}: expected {value}, found {found[name]}\n"
                          f"  {json.dumps(model)}", file=sys.stderr)
    return faults


def large(random_):
    """Full attention alone, whose sums are known, at sizes whose products pass 2^128."""
    faults = answered = overflowing = 0
    for power in (20, 40, 50, 55, 60):
        n, batch = 2**power + random_.randint(-3, 3), random_.randint(1, 3)
        models = []
        for _ in range(MODELS // 10):
            model = model_of(random_, ["full"])
            for layer in model.get("pattern", [model]):
                layer["heads"] = layer["kv_heads"] = random_.randint(1, 1 << 16)
            models.append(model)
        exact, refused = answers(models, n, batch, "causal")
        for line, model in enumerate(models, 1):
            scores = sum(layer["heads"] * n * (n + 1) // 2 * batch for layer in layers_of(model))
            if line in refused:
                overflowing += 1
                if "128 bits" not in refused[line] and "2^128" not in refused[line]:
                    sys.exit(f"refused: {refused[line]}\n{json.dumps(model)}")
                # What fits by far must be answered: nothing else that is printed is larger.
                if scores * 1000 * n.bit_length() < 1 << 100:
                    sys.exit(f"refused, though {scores} scores fit: {json.dumps(model)}")
                continue
            answered += 1
            if scores >= LIMIT or exact[line]["scores"] != scores:
                faults += 1
                print(f"scores of {n} tokens, batch {batch}: expected {scores}, found {exact[line]['scores']}\n"
                      f"  {json.dumps(model)}", file=sys.stderr)
    if answered == 0 or overflowing == 0:
        sys.exit(f"{answered} large models were answered and {overflowing} were not: expected some of each")
    return faults


def main():
    random_ = random.Random(SEED)
    faults = small(random_) + large(random_)
    if faults:
        sys.exit(f"{faults} figures differ (seed {SEED})")


main()
