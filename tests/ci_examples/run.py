#!/usr/bin/env python3
"""Follows the steps of docs/ci/, of the pre-commit hook and of the release workflow as their services would: the text of
each step goes to its shell, in a small repository whose budgets hold, and after a commit that breaks one. The download
comes from a folder of releases made here. Usage: tests/ci_examples/run.py PROGRAM SOURCE"""
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as xml

import yaml

PROGRAM, SOURCE = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
EXAMPLES = SOURCE / "docs/ci"
VERSION = re.search(r"^project\(ctxcost VERSION ([0-9.]+) ", (SOURCE / "CMakeLists.txt").read_text(), re.M)[1]
ZEROS = "0" * 64

# 32 layers, 8 heads of 128 for keys and values, 2 bytes: 4 GiB of cache at 32K tokens (2 * 32 * 8 * 128 * 2 * 32768), which
# a limit of 5 GiB allows. With 16 heads it is 8 GiB.
MODEL = {"layers": 32, "heads": 32, "kv_heads": 8, "d_k": 128}
BUDGET = """{
  "budgets": [
    {
      "name": "cache",
      "model": "../models/mine.json",
      "context": "32K",
      "limits": {
        "kv_cache_bytes": {"max": "5 GiB"}
      }
    }
  ]
}
"""
LIMIT_LINE = 1 + BUDGET[: BUDGET.index('{"max"')].count("\n")
# Breaches nothing, but takes 9/8 of the cache: more than 5 % above the main branch.
GROWN = {**MODEL, "kv_heads": 9, "heads": 36}
BROKEN = {**MODEL, "kv_heads": 16}


class Wrong(Exception):
    pass


def expect(holds, *what):
    if not holds:
        raise Wrong(" ".join(str(part) for part in what))


def git(repository, *arguments):
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments], cwd=repository, check=True,
                   stdout=subprocess.DEVNULL)


def make_repository(folder, model):
    """A repository with one budget of a model in a file, all committed."""
    for part in ("budgets", "models"):
        (folder / part).mkdir(parents=True)
    (folder / "budgets/cache.json").write_text(BUDGET)
    (folder / "models/mine.json").write_text(json.dumps(model))
    (folder / "README.md").write_text("a service\n")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "budgets")
    return folder


def make_releases(folder):
    """What a release holds of the .tar.gz, as scripts/package names and packs it; returns the checksum."""
    name = f"ctxcost-{VERSION}-linux-x86_64"
    archive = folder / f"v{VERSION}" / f"{name}.tar.gz"
    archive.parent.mkdir(parents=True)
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        tar.add(PROGRAM, f"{name}/bin/ctxcost")
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def run(command, environment, folder):
    return subprocess.run(command, env=environment, cwd=folder, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


class Place:
    """Where one example runs: a repository, the releases, and nothing of this machine but its programs."""

    def __init__(self, folder, model, releases, checksum):
        self.folder, self.releases, self.checksum = folder, releases, checksum
        self.repository = make_repository(folder / "repository", model)
        self.home = folder / "home"
        self.home.mkdir()
        self.environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.home), "LC_ALL": "C.UTF-8"}

    def variables(self, own):
        """The example's own variables, with this release in place of its placeholders."""
        expect(own["CTXCOST_VERSION"] == VERSION, "the example takes version", own["CTXCOST_VERSION"], "of", VERSION)
        expect(own["CTXCOST_SHA256"] == ZEROS, "the checksum is not the placeholder")
        expect(own["CTXCOST_RELEASES"].startswith("https://"), own["CTXCOST_RELEASES"])
        return {**own, "CTXCOST_RELEASES": f"file://{self.releases}", "CTXCOST_SHA256": self.checksum}


# GitHub Actions


def github_expression(text, context):
    """The value of an expression of the few forms that the examples use."""
    text = text.strip()
    if "==" in text:
        left, right = text.split("==")
        return github_expression(left, context) == github_expression(right, context)
    if text.startswith("'"):
        return text.strip("'")
    if text in ("always()",):
        return True
    expect(text in context, "no rule for the expression", text)
    return context[text]


def github_text(text, context):
    return re.sub(r"\$\{\{(.*?)\}\}", lambda match: github_expression(match[1], context), text)


def github(place, event, branch, cache):
    """Runs the workflow; returns whether it passed, what it printed, its summary, the SARIF file that it uploaded."""
    workflow = yaml.safe_load((EXAMPLES / "github-workflow.yml").read_text())
    # YAML 1.1 reads the key `on` as true.
    expect(event in workflow[True], "the workflow does not run on", event)
    context = {"github.event_name": event, "github.ref": f"refs/heads/{branch}", "github.sha": "c0ffee",
               "github.event.pull_request.base.sha": "c0ffee"}
    (job,) = workflow["jobs"].values()
    temporary = place.folder / "temporary"
    temporary.mkdir()
    environment = {**place.environment, **place.variables(workflow["env"]), "RUNNER_TEMP": str(temporary)}
    passed, printed, summary, sarif = True, "", "", None
    for index, step in enumerate(job["steps"]):
        condition = step.get("if", "")
        if not passed and condition != "always()":
            continue
        if condition and not github_expression(condition, context):
            continue
        inputs = {key: github_text(value, context) for key, value in step.get("with", {}).items()}
        if "run" in step:
            files = {name: place.folder / f"{name}{index}" for name in ("GITHUB_PATH", "GITHUB_STEP_SUMMARY")}
            for file in files.values():
                file.touch()
            result = run(["bash", "-e", "-c", step["run"]],
                         {**environment, **{name: str(file) for name, file in files.items()}}, place.repository)
            printed += result.stdout
            passed = result.returncode == 0
            summary += files["GITHUB_STEP_SUMMARY"].read_text()
            for line in files["GITHUB_PATH"].read_text().split():
                environment["PATH"] = f"{line}:{environment['PATH']}"
        elif step["uses"].startswith("actions/checkout@"):
            pass  # the repository is there
        elif step["uses"].startswith("actions/cache/save@"):
            cache[inputs["key"]] = (place.repository / inputs["path"]).read_bytes()
        elif step["uses"].startswith("actions/cache/restore@"):
            if inputs["key"] in cache:
                (place.repository / inputs["path"]).write_bytes(cache[inputs["key"]])
        elif step["uses"].startswith("github/codeql-action/upload-sarif@"):
            sarif = json.loads((place.repository / inputs["sarif_file"]).read_text())
        else:
            raise Wrong("no rule for the action", step["uses"])
    return passed, printed, summary, sarif


def check_github(place):
    cache = {}
    passed, printed, summary, sarif = github(place("main", MODEL), "push", "main", cache)
    expect(passed, "main fails:", printed)
    expect("::error" not in printed and "| cache" in summary and not sarif["runs"][0]["results"], printed, summary)
    expect(json.loads(cache["ctxcost-baseline-c0ffee"])["tool"]["version"] == VERSION, "no baseline is kept")

    passed, printed, summary, sarif = github(place("broken", BROKEN), "pull_request", "mine", cache)
    expect(not passed, "a breach passes")
    expect(f"::error file=budgets/cache.json,line={LIMIT_LINE}," in printed, "no annotation at the limit:", printed)
    expect("cache" in summary and "8.00 GiB" in summary, summary)
    (result, *_) = sarif["runs"][0]["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    expect(result["level"] == "error" and region["startLine"] == LIMIT_LINE, result)

    passed, printed, *_ = github(place("grown", GROWN), "pull_request", "mine", cache)
    expect(not passed and "12.5%" in printed, "an increase of 1/8 passes, where 5% is allowed:", printed)
    passed, printed, *_ = github(place("no-baseline", GROWN), "pull_request", "mine", {})
    expect(passed, "without a baseline:", printed)
    passed, printed, *_ = github(place("same", MODEL), "pull_request", "mine", cache)
    expect(passed, "a pull request that changes nothing:", printed)


# GitLab CI


def gitlab(place, branch, api):
    (job,) = yaml.safe_load((EXAMPLES / "gitlab-ci.yml").read_text()).values()
    own = place.variables({name: text for name, text in job["variables"].items() if name.startswith("CTXCOST_")})
    environment = {**place.environment, **own, "CI_API_V4_URL": f"file://{api}", "CI_PROJECT_ID": "1",
                   "CI_DEFAULT_BRANCH": "main", "CI_COMMIT_BRANCH": branch, "CI_JOB_TOKEN": "token"}
    # Variables may name others; of a file there is no query.
    environment["BASELINE"] = re.sub(r"\$(\w+)", lambda match: environment[match[1]],
                                     job["variables"]["BASELINE"]).split("?job=budgets")[0]
    result = run(["bash", "-eo", "pipefail", "-c", "\n".join(job["before_script"] + job["script"])], environment,
                 place.repository)
    report = job["artifacts"]["reports"]["junit"]
    return result, junit_failures(place.repository / report), place.repository / job["artifacts"]["paths"][0]


def junit_failures(file):
    """The failed cases of a JUnit file, or None where there is no file."""
    if not file.exists():
        return None
    return [case.get("name") for case in xml.parse(file).iter("testcase") if case.find("failure") is not None]


def check_gitlab(place):
    first = place("main", MODEL)
    api = first.folder / "api"
    result, failures, report = gitlab(first, "main", api)
    expect(result.returncode == 0 and failures == [], "main fails:", result.stdout)
    kept = api / "projects/1/jobs/artifacts/main/raw/report.json"
    kept.parent.mkdir(parents=True)
    shutil.copy(report, kept)

    result, failures, _ = gitlab(place("broken", BROKEN), "mine", api)
    expect(result.returncode == 1 and failures[0] == "kv_cache_bytes max 5 GiB at 32K tokens, batch 1",
           "a breach:", result.returncode, failures, result.stdout)
    expect(f"budgets/cache.json:{LIMIT_LINE}:" in result.stdout, result.stdout)
    result, failures, _ = gitlab(place("grown", GROWN), "mine", api)
    expect(result.returncode == 1 and "12.5%" in result.stdout, "an increase of 1/8:", result.returncode, result.stdout)
    result, failures, _ = gitlab(place("no-baseline", GROWN), "mine", first.folder / "nothing")
    expect(result.returncode == 0 and failures == [], "without a baseline:", result.stdout)


# Jenkins


def jenkins(place):
    text = (EXAMPLES / "Jenkinsfile").read_text()
    own = place.variables(dict(re.findall(r"^ +(\w+) = '(.*)'$", text, re.M)))
    steps = [first or second for first, second in re.findall(r"\bsh (?:'''(.*?)'''|'([^'\n]*)')", text, re.S)]
    expect(len(steps) == text.count("sh '") and len(steps) == 2, "steps that were not found in the Jenkinsfile")
    (report,) = re.findall(r"junit '(.*)'", text)
    for step in steps:
        result = run(["sh", "-xe", "-c", step], {**place.environment, **own}, place.repository)
        if result.returncode != 0:
            break
    return result, junit_failures(place.repository / report)


def check_jenkins(place):
    result, failures = jenkins(place("main", MODEL))
    expect(result.returncode == 0 and failures == [], "main fails:", result.stdout)
    result, failures = jenkins(place("broken", BROKEN))
    expect(result.returncode == 1 and len(failures) == 1, "a breach:", result.returncode, failures, result.stdout)
    expect(text_braces_match((EXAMPLES / "Jenkinsfile").read_text()), "braces of the Jenkinsfile")


def text_braces_match(text):
    depth = 0
    for character in text:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0


# Azure Pipelines


def azure(place):
    pipeline = yaml.safe_load((EXAMPLES / "azure-pipelines.yml").read_text())
    temporary = place.folder / "temporary"
    temporary.mkdir()
    environment = {**place.environment, **place.variables(pipeline["variables"]), "AGENT_TEMPDIRECTORY": str(temporary)}
    passed, printed, failures = True, "", None
    for step in pipeline["steps"]:
        if "bash" in step:
            if not passed:
                continue
            result = run(["bash", "--noprofile", "--norc", "-c", step["bash"]], environment, place.repository)
            printed += result.stdout
            passed = result.returncode == 0
            for line in re.findall(r"^##vso\[task\.prependpath\](.*)$", result.stdout, re.M):
                environment["PATH"] = f"{line}:{environment['PATH']}"
        else:
            expect(step["task"].startswith("PublishTestResults@") and step["condition"] == "succeededOrFailed()", step)
            failures = junit_failures(place.repository / step["inputs"]["testResultsFiles"])
    summaries = re.findall(r"^##vso\[task\.uploadsummary\](.*)$", printed, re.M)
    return passed, printed, failures, [pathlib.Path(file).read_text() for file in summaries]


def check_azure(place):
    passed, printed, failures, summaries = azure(place("main", MODEL))
    expect(passed and failures == [] and "| cache" in summaries[0], "main fails:", printed)
    passed, printed, failures, summaries = azure(place("broken", BROKEN))
    expect(not passed and len(failures) == 1 and "8.00 GiB" in summaries[0], "a breach:", printed, failures, summaries)


# Downloads whose checksum is another one, everywhere


def check_checksum(place):
    for name, service in (("github", lambda at: github(at, "push", "main", {})[0]),
                          ("gitlab", lambda at: gitlab(at, "main", at.folder)[0].returncode == 0),
                          ("jenkins", lambda at: jenkins(at)[0].returncode == 0),
                          ("azure", lambda at: azure(at)[0])):
        at = place(name, MODEL)
        at.checksum = ZEROS
        try:
            passed = service(at)
        except FileNotFoundError:  # nothing to upload: no report was written
            passed = False
        expect(not passed, name, "runs a program of another checksum")
        expect(not list(at.folder.rglob("bin/ctxcost")), name, "unpacks a program of another checksum")


# pre-commit


def check_pre_commit(place):
    (hook,) = yaml.safe_load((SOURCE / ".pre-commit-hooks.yaml").read_text())
    (repository,) = yaml.safe_load((EXAMPLES / "pre-commit-config.yaml").read_text())["repos"]
    expect([used["id"] for used in repository["hooks"]] == [hook["id"]], "the example names another hook")
    expect(repository["rev"] == f"v{VERSION}", "the example takes", repository["rev"])
    expect(hook["pass_filenames"] is False and hook["language"] == "system", hook)

    for file in ("budgets/cache.json", "a/budgets/x/y.json", "models/mine.json", "models/Qwen3/config.json", "params.json",
                 "gpus/mine.json", "model-Q4_K_M.gguf", "model-00001-of-00002.safetensors"):
        expect(re.search(hook["files"], file), "the hook does not run for", file)
    for file in ("README.md", "src/main.py", "config.json.md"):
        expect(not re.search(hook["files"], file), "the hook runs for", file)

    def commit(name, model, *arguments, budgets=True):
        at = place(name, model)
        programs = at.folder / "programs"
        programs.mkdir()
        (programs / "ctxcost").symlink_to(PROGRAM)
        if not budgets:
            shutil.rmtree(at.repository / "budgets")
            git(at.repository, "add", "-A")
        environment = {**at.environment, "PATH": f"{programs}:{at.environment['PATH']}"}
        return run(shlex.split(hook["entry"]) + list(arguments), environment, at.repository)

    result = commit("main", MODEL)
    expect(result.returncode == 0, result.stdout)
    result = commit("broken", BROKEN)
    expect(result.returncode != 0 and f"budgets/cache.json:{LIMIT_LINE}:" in result.stdout, result.stdout)
    # Options of `args` reach the program; without budgets there is nothing to fail.
    expect(commit("exit-zero", BROKEN, "--exit-zero").returncode == 0, "args of the hook are lost")
    expect(commit("none", BROKEN, budgets=False).returncode == 0, "a repository without budgets fails")


# How the README installs a release, and how a release is made


def check_readme(place):
    text = (SOURCE / "README.md").read_text()
    (block,) = [block for block in re.findall(r"```sh\n(.*?)```", text, re.S) if "sha256sum" in block]
    at = place("readme", MODEL)
    own = at.variables(dict(re.findall(r"^(CTXCOST_\w+)=(.*)$", block, re.M)))
    for name, value in own.items():
        block = re.sub(rf"^{name}=.*$", lambda _: f"{name}={value}", block, flags=re.M)
    result = run(["bash", "-e", "-c", block], at.environment, at.home)
    expect(result.returncode == 0, result.stdout)
    result = run([at.home / ".local/bin/ctxcost", "--version"], {}, at.home)
    expect(result.stdout == f"ctxcost {VERSION}\n", result.stdout)


def check_release(place):
    workflow = yaml.safe_load((SOURCE / ".github/workflows/release.yml").read_text())
    expect(workflow[True] == {"push": {"tags": ["v*"]}}, workflow[True])
    packages, release = workflow["jobs"]["packages"], workflow["jobs"]["release"]
    steps = {step["name"]: step["run"] for step in packages["steps"] + release["steps"] if "run" in step}
    expect([name for name in steps if steps[name].startswith("scripts/")] == ["Test", "Package"], list(steps))
    for name in ("Test", "Package"):
        expect(os.access(SOURCE / steps[name].split()[0], os.X_OK), steps[name], "is no program")

    at = place("release", MODEL)
    for file in ("CMakeLists.txt", "CHANGELOG.md"):
        shutil.copy(SOURCE / file, at.repository)
    for tag, status in ((f"v{VERSION}", 0), ("v0.0.1", 1), (VERSION, 1)):
        result = run(["bash", "-e", "-c", steps["The tag is the version"]], {**at.environment, "GITHUB_REF_NAME": tag},
                     at.repository)
        expect(result.returncode == status, "tag", tag, result.stdout)
    expect(run(["bash", "-e", "-c", steps["Notes"]], at.environment, at.repository).returncode == 0, "no notes")
    notes = (at.repository / "notes.md").read_text().strip()
    changes = (SOURCE / "CHANGELOG.md").read_text().split("\n## ")
    expect(notes == changes[1].split("\n", 1)[1].strip() and notes.startswith("- "), "the notes are not the newest changes")

    # The second job, with a gh that says how it was called.
    made = at.repository / "build/package"
    made.mkdir(parents=True)
    (made / "a.tgz").write_text("a")
    (made / "SHA256SUMS").write_text(f"{hashlib.sha256(b'a').hexdigest()}  a.tgz\n")
    gh = at.home / "gh"
    gh.write_text('#!/bin/sh\necho "gh $*"\n')
    gh.chmod(0o755)
    environment = {**at.environment, "PATH": f"{at.home}:{at.environment['PATH']}", "GITHUB_REF_NAME": f"v{VERSION}"}
    result = run(["bash", "-e", "-c", steps["Release"]], environment, at.repository)
    expect(result.returncode == 0 and f"gh release create v{VERSION} build/package/SHA256SUMS build/package/a.tgz"
           in result.stdout, result.stdout)
    (made / "a.tgz").write_text("b")
    result = run(["bash", "-e", "-c", steps["Release"]], environment, at.repository)
    expect(result.returncode != 0 and "gh release" not in result.stdout, "a package of another checksum is released")


def main():
    checks = [check_github, check_gitlab, check_jenkins, check_azure, check_checksum, check_pre_commit, check_readme,
              check_release]
    named = {"github-workflow.yml", "gitlab-ci.yml", "Jenkinsfile", "azure-pipelines.yml", "pre-commit-config.yaml"}
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        here = pathlib.Path(folder)
        checksum = make_releases(here / "releases")
        if {file.name for file in EXAMPLES.iterdir()} != named:
            print(f"docs/ci holds other examples than {sorted(named)}", file=sys.stderr)
            wrong += 1
        for check in checks:
            def place(name, model, check=check):
                return Place(here / check.__name__ / name, model, here / "releases", checksum)
            try:
                check(place)
                print(f"{check.__name__}: holds")
            except (Wrong, AssertionError, KeyError, ValueError, OSError) as error:
                print(f"{check.__name__}: {type(error).__name__}: {error}", file=sys.stderr)
                wrong += 1
    return 1 if wrong else 0


sys.exit(main())
