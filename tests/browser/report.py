#!/usr/bin/env python3
"""Drives the page of `ctxcost report` in a headless Chromium, as its readers do.

No console error, no exception, no request but for the file itself; what the page shows is what `fit --format json` says,
for many settings of its controls; keyboard, both themes, a phone's width, paper, and without scripts.

    report.py PROGRAM

Needs Debian's `chromium` and Python's standard library. Talks to the browser by --remote-debugging-pipe: JSON messages
that end in a NUL, on descriptors 3 and 4. [Chrome DevTools Protocol]
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

PROGRAM = os.path.abspath(sys.argv[1])
MODELS = ["llama-3.1-8b", "gemma-3-27b-it", "qwen3-30b-a3b"]
PLACES = ["h100-sxm-80gb", "l4-24gb:8"]
faults = []


def check(good, what):
    if not good:
        faults.append(what)
        print("FAILED:", what)


class Chromium:
    """A browser with one page."""

    def __init__(self, program):
        self.profile = tempfile.mkdtemp(prefix="ctxcost-browser-")
        to_read, self.out = os.pipe()
        self.into, to_write = os.pipe()

        def place_pipes():
            # Beyond 4 first, so that neither is closed by the other.
            reading, writing = os.dup(to_read), os.dup(to_write)
            os.dup2(reading, 13)
            os.dup2(writing, 14)
            os.dup2(13, 3)
            os.dup2(14, 4)

        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync",
                 "--force-color-profile=srgb", "--remote-debugging-pipe", "--user-data-dir=" + self.profile]
        self.process = subprocess.Popen([program, *flags, "about:blank"], preexec_fn=place_pipes, close_fds=False,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.buffer = b""
        self.last = 0
        self.session = None
        self.events = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def read(self):
        while b"\0" not in self.buffer:
            piece = os.read(self.into, 1 << 16)
            if not piece:
                sys.exit("FAILED: chromium ended")
            self.buffer += piece
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.last += 1
        message = {"id": self.last, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.last:
                if "error" in answer:
                    sys.exit(f"FAILED: {method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, path):
        loaded = sum(event.get("method") == "Page.loadEventFired" for event in self.events)
        self.call("Page.navigate", url="file://" + path)
        while sum(event.get("method") == "Page.loadEventFired" for event in self.events) == loaded:
            self.events.append(self.read())

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            sys.exit(f"FAILED: {expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def key(self, key, code=0, text=""):
        for kind in ("keyDown", "keyUp"):
            pressed = {"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code}
            if text and kind == "keyDown":
                pressed["text"] = text
            self.call("Input.dispatchKeyEvent", **pressed)

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def media(self, kind="", scheme="light"):
        self.call("Emulation.setEmulatedMedia", media=kind,
                  features=[{"name": "prefers-color-scheme", "value": scheme}])

    def close(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False).stdout


def write(path, *arguments):
    subprocess.run([PROGRAM, "report", *arguments, "-o", path], check=True, stderr=subprocess.DEVNULL)


# Every figure of the cards with all its digits; those of the row of the chosen context beside them.
SHOWN = """(() => {
  const names = JSON.parse(document.getElementById("data").textContent).figures;
  const all = [];
  for (const element of document.querySelectorAll("article [data-s][data-f]:not([data-exact]), tr.now [data-s][data-f]"))
    all.push([Number(element.dataset.s), names[element.dataset.f], element.textContent, element.title]);
  return all;
})()"""


def digits_of(title, text):
    return (title or text).replace(",", "")


def expected(model, place, weights, kv, batch, context):
    """What fit says of one point, by the names that the page has."""
    arguments = ["fit", model, "--gpu", place, "-n", context, "-b", batch, "--convention", "article", "--units", "si"]
    if weights != "as stored":
        arguments += ["--weights", weights]
    if kv != "the model's own":
        arguments += ["--kv-precision", kv]
    # Integers of any size stay what is written.
    document = json.loads(run(*arguments, "--format", "json"), parse_int=str)
    result = document["results"][0]
    devices = max(result["devices"], key=lambda device: int(device["device_bytes"]))
    result.update(device_weights_bytes=devices["weights_bytes"], device_kv_reserved_bytes=devices["kv_reserved_bytes"],
                  device_activation_bytes=devices["activation_bytes"], device_overhead_bytes=devices["overhead_bytes"])
    for kind, device in enumerate(result["devices"]):
        count = device["count"]
        device["name"] = f"stage {device['stage']}, {count} {'device' if count == '1' else 'devices'}"
        device["headroom_bytes"] = str(int(result["gpu"]["capacity_bytes"]) - int(device["device_bytes"]))
        result.update({f"devices/{kind}/{member}": value for member, value in device.items()})
    result["memory_bytes"] = str(sum(int(result[part]) for part in ("weights_bytes", "kv_cache_bytes", "state_bytes")))
    return result


def check_numbers(page):
    """Steps through choices, and compares all that is shown with fit."""
    settings = [  # indices of weights, KV cache, place, batch, context
        (0, 0, 0, 0, 7), (1, 1, 1, 3, 10), (2, 0, 1, 6, 4), (0, 1, 0, 2, 0)]
    compared = 0
    for choice in settings:
        labels = page.evaluate("""((values) => ["weights", "kv", "place", "batch", "context"].map((id, i) => {
            const select = document.getElementById(id);
            select.selectedIndex = values[i];
            select.dispatchEvent(new Event("change", {bubbles: true}));
            return select.selectedOptions[0].textContent;
        }))(%s)""" % json.dumps(choice))
        weights, kv, place, batch, context = labels
        facts = [expected(model, PLACES[choice[2]], weights, kv, batch, context) for model in MODELS]
        for series, name, text, title in page.evaluate(SHOWN):
            want = facts[series].get(name)
            where = f"{MODELS[series]} {labels} {name}"
            if name in ("refusal", "weights", "kv_precision"):
                continue
            if name == "limit":
                check((text != "") == (facts[series]["verdict"] == "does not fit"), f"{where}: {text}")
            elif want is None:
                check(text == "–", f"{where}: expected nothing, found {text}")
            elif name in ("verdict", "window_status") or name.endswith("/name"):
                check(text == want, f"{where}: expected {want}, found {text}")
            elif isinstance(want, float):
                check(float(digits_of(title, text)) == want, f"{where}: expected {want}, found {title or text}")
            else:
                check(digits_of(title, text) == want, f"{where}: expected {want}, found {title or text}")
            compared += 1
        said = page.evaluate("document.getElementById('choice').textContent")
        check(f"context {context}, batch {batch}, KV cache {kv}, weights {weights}" in said, f"choice: {said}")
        lines = page.evaluate("[...document.querySelectorAll('#chart-memory .legend .value')].map(v => v.title || "
                              "v.textContent)")
        check(lines[1].replace(",", "") == facts[0]["kv_cache_bytes"], f"legend: {lines[1]}")
    check(compared > 250, f"only {compared} figures compared")


def check_keyboard(page):
    page.evaluate("document.getElementById('theme').focus()")
    page.key("Tab", 9)
    check(page.evaluate("document.activeElement.id") == "context", "Tab goes from the theme to the context")
    check(page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", "the focus is not visible")
    page.evaluate("document.getElementById('context').selectedIndex = 3")
    page.key("ArrowDown", 40)
    check(page.evaluate("document.getElementById('context').selectedIndex") == 4, "an arrow steps the context")
    page.evaluate("document.querySelector('#chart-attention .plot').focus()")
    before = page.evaluate("document.getElementById('status').textContent")
    page.key("End", 35)
    page.key("ArrowLeft", 37)
    after = page.evaluate("document.getElementById('status').textContent")
    check(after != before and after.startswith("512K tokens: "), f"a chart reads its values: {after}")
    check("512K" in page.evaluate("document.querySelector('#chart-attention .at').textContent"), "values at 512K")
    place = page.evaluate("""(() => {
        const plot = document.querySelector("#chart-attention .u-over");
        plot.scrollIntoView({block: "center"});
        const {left, top, width, height} = plot.getBoundingClientRect();
        return [left + width - 2, top + height / 2];
    })()""")
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=place[0], y=place[1])
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    at = page.evaluate("[...document.querySelectorAll('.at')].map((e) => e.textContent).filter((t) => t.includes('At'))")
    check(len(at) == 4 and set(at) == {"At 1M tokens:"}, f"all charts have the values under the pointer: {at}")
    pressed = "document.querySelector('#chart-memory .legend button').getAttribute('aria-pressed')"
    page.evaluate("document.querySelector('#chart-memory .legend button').focus()")
    check(page.evaluate(pressed) == "true", "lines are shown")
    page.key(" ", 32, " ")
    check(page.evaluate(pressed) == "false", "the space bar switches a line")
    unnamed = page.evaluate("""[...document.querySelectorAll("button, select, [tabindex], svg[role=img]")].filter((e) =>
        !(e.textContent.trim() || e.getAttribute("aria-label") || e.labels?.length)).map((e) => e.outerHTML)""")
    check(unnamed == [], f"without a name: {unnamed}")


def luminance(color):
    red, green, blue = (int(part) / 255 for part in color[color.index("(") + 1:-1].split(",")[:3])
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def check_contrast(page, theme):
    """Texts stand out at least 4.5:1. [WCAG 2.2, 1.4.3]"""
    pairs = page.evaluate("""["body", ".verdict", ".exact", "dt", "td", "header p", "footer"].map((which) => {
        const element = document.querySelector(which);
        let below = element;
        while (getComputedStyle(below).backgroundColor === "rgba(0, 0, 0, 0)") below = below.parentElement;
        return [which, getComputedStyle(element).color, getComputedStyle(below).backgroundColor];
    })""")
    for which, ink, paper in pairs:
        light, dark = sorted((luminance(ink), luminance(paper)), reverse=True)
        ratio = (light + 0.05) / (dark + 0.05)
        check(ratio >= 4.5, f"{theme}: contrast of {which} is {ratio:.2f}")


def check_themes(page):
    paper = "getComputedStyle(document.body).backgroundColor"
    page.media(scheme="dark")
    check(luminance(page.evaluate(paper)) < 0.1, "dark where the reader's system is")
    check_contrast(page, "dark")
    page.evaluate("document.getElementById('theme').focus()")
    page.key("Enter", 13, "\r")
    check(luminance(page.evaluate(paper)) > 0.9, "the button makes it light")
    check_contrast(page, "light")
    page.key("Enter", 13, "\r")
    check(luminance(page.evaluate(paper)) < 0.1, "and dark again")
    page.media()


def check_widths(page):
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for width in (390, 320, 768, 1280):
        page.size(width, 844)
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        check(page.evaluate(overflow) == 0, f"{width} px: the page is wider by {page.evaluate(overflow)}")
    page.media(kind="print")
    check(page.evaluate("getComputedStyle(document.getElementById('controls')).display") == "none", "controls on paper")
    page.media()


def check_without_scripts(page, path):
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.open(path)
    check(page.evaluate("document.getElementById('controls').offsetHeight") == 0, "controls without scripts")
    check(page.evaluate("document.querySelectorAll('table.scaling td').length") > 100, "tables without scripts")
    check(page.evaluate("document.querySelectorAll('.plot svg path').length") > 3, "charts without scripts")
    check(page.evaluate("document.querySelector('.verdict strong').textContent") == "fits", "verdict without scripts")
    page.call("Emulation.setScriptExecutionDisabled", value=False)


def check_hostile(page, directory):
    hostile = "</script><script>window.opened = 1</script><img src=x onerror='window.opened = 2'>\u2028<!--"
    path = os.path.join(directory, "hostile.json")
    model = json.loads(run("show", "article-7b", "--format", "json"))
    model["name"] = hostile
    with open(path, "w", encoding="utf-8") as file:
        json.dump(model, file)
    out = os.path.join(directory, "hostile.html")
    write(out, path, "-n", "1K,2K")
    page.open(out)
    check(page.evaluate("window.opened") is None, "a name is run")
    check("window.opened" in page.evaluate("document.querySelector('h1').textContent"), "a name is shown")


def check_silence(page, allowed):
    for event in page.events:
        method, facts = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            check(False, f"exception: {facts['exceptionDetails']}")
        elif method == "Runtime.consoleAPICalled":
            check(False, f"console: {facts['args']}")
        elif method == "Log.entryAdded":
            check(False, f"log: {facts['entry']['text']}")
        elif method == "Network.requestWillBeSent":
            url = facts["request"]["url"]
            check(url in allowed or url.startswith("data:"), f"request: {url}")


def main():
    browser = shutil.which("chromium")
    if browser is None:
        sys.exit("FAILED: no chromium here: apt-get install chromium, or scripts/install-dependencies --tests")
    began = time.monotonic()
    page = Chromium(browser)
    directory = tempfile.mkdtemp(prefix="ctxcost-report-")
    try:
        path = os.path.join(directory, "report.html")
        write(path, *MODELS, "--gpu", ",".join(PLACES))
        size = os.path.getsize(path)
        check(size < 500_000, f"{size} bytes for three models")
        large = os.path.join(directory, "large.html")
        write(large, "article-7b")
        page.size(1280, 900)
        page.media()
        page.open(path)
        check_numbers(page)
        check_keyboard(page)
        check_themes(page)
        check_widths(page)
        page.open(large)
        page.evaluate("""for (const id of ["batch", "context"]) {
            const select = document.getElementById(id);
            select.selectedIndex = select.options.length - 1;
            select.dispatchEvent(new Event("change", {bubbles: true}));
        }""")
        # 32 layers, 32 heads of 128, 64 sequences of 2^20 tokens: 2^64 FLOPs.
        check("18,446,744,073,709,551,616" in page.evaluate("document.querySelector('article').textContent"), "2^64")
        # One context, an encoder, a model whose cache does not grow, strategies, IEC units.
        odd = os.path.join(directory, "odd.html")
        write(odd, "gpt2", "bert-base-uncased", "mamba-1.4b-hf", "-n", "512", "--units", "iec", "--gpu", "l4-24gb",
              "--with", "flash=off")
        page.open(odd)
        check(page.evaluate("document.querySelectorAll('.plot canvas').length") == 4, "four charts of one context")
        check_hostile(page, directory)
        check_without_scripts(page, path)
        allowed = ["file://" + os.path.join(directory, name) for name in ("report.html", "large.html", "odd.html", "hostile.html")]
        check_silence(page, allowed)
    finally:
        page.close()
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{len(faults)} faults, {size} bytes for three models, {time.monotonic() - began:.1f} s")
    sys.exit(1 if faults else 0)


main()
