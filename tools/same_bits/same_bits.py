#!/usr/bin/env python3
"""Trains short runs with two checkouts of Tanren and holds the hashes of their states against each other.

    tools/same_bits/same_bits.py BEFORE AFTER [--only NAME]... [--json]

BEFORE and AFTER are checkouts that `./tanren up` starts. Both use one machine, one after the other, and nothing but
the command line, so that any two versions compare. A run has one family; its stages go through both precisions, the
policies of activations, ranks, optimizers and averages, each going on with the weights of the one before it. One run
is paused and resumed on the way. Exits with 0 where every stage ends with the same hash, with 1 where one differs.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

VOCABULARY = 320
ROTARY = "vocabSize: 320, hiddenSize: 64, layers: 2, heads: 4, keyValueHeads: 2, intermediateSize: 176, maximumPositions: 256"
FAMILIES = {
    "llama": ROTARY + ", tieWordEmbeddings: true",
    "llama-scaled": ROTARY + ", ropeScaling: {type: llama3, factor: 8, originalMaxPositionEmbeddings: 64}",
    "mistral": ROTARY + ", slidingWindow: 24",
    "qwen2": ROTARY,
    "qwen3": ROTARY + ", headSize: 32, tieWordEmbeddings: true",
    "gpt2": "vocabSize: 320, hiddenSize: 64, layers: 2, heads: 4, intermediateSize: 256, maximumPositions: 256, tieWordEmbeddings: true",
}
ADAMW = "optimizer: {type: adamw, learningRate: 3e-3, clipNorm: 1.0}"
STEPS, TOKENS = 6, 512
RESUMED = "resumed"
STEP_OF_PAUSE = 20
SECONDS = 600


def phases(*lengths):
    tokens = STEPS // len(lengths) * TOKENS
    written = (f"{{id: p{length}, sequenceLength: {length}, tokens: {tokens}, mix: {{ids: 0.75, more: 0.25}}}}" for length in lengths)
    return f"phases: [{', '.join(written)}]"


ONE, TWO = phases(64), phases(32, 64)
LONG = f"phases: [{{id: long, sequenceLength: 32, tokens: {400 * TOKENS}, mix: {{ids: 1}}}}]"
STAGES = {
    **{
        f"{precision}-{policy}": f"precision: {precision}, activations: {policy}, {ADAMW}, {ONE}"
        for precision in ("fp32", "bf16")
        for policy in ("none", "selective", "full")
    },
    "two-phases": f"{ADAMW}, {TWO}",
    "two-ranks": f"parallelism: {{data: 2}}, {ADAMW}, {ONE}",
    "four-ranks": f"parallelism: {{data: 4}}, precision: bf16, {ADAMW}, {ONE}",
    "two-threads": f"threadsPerRank: 2, {ADAMW}, {ONE}",
    "muon": f"optimizer: {{type: muon, learningRate: 1e-3}}, objective: {{zLoss: 1e-4, labelSmoothing: 5%}}, {ONE}",
    "sgd": f"optimizer: {{type: sgd, learningRate: 1e-2, nesterov: true}}, averaging: {{type: last, checkpoints: 2}}, {ONE}",
    "mean": f"averaging: {{type: ema, decay: 0.9}}, {ADAMW}, {ONE}",
}


def stage(name, written):
    return (
        f"  - {{id: {name}, type: pretrain, globalBatchTokens: {TOKENS}, microBatch: 2,"
        f" checkpoint: {{everySteps: 3}}, {written}}}\n"
    )


def plan(name, family, stages):
    return (
        f"apiVersion: tanren.dev/v1\nname: {name}\nseed: 17\n"
        f"model: {{architecture: {{family: {family.partition('-')[0]}, {FAMILIES[family]}}}}}\n"
        "datasets:\n"
        '  ids: {sources: [{uri: "file:./ids.u16", format: tokens-u16}]}\n'
        '  more: {sources: [{uri: "file:./more.u16", format: tokens-u16}], order: sequential}\n'
        "stages:\n" + "".join(stages)
    )


def plans():
    made = {
        family: plan(family, family, [stage(name, written) for name, written in STAGES.items()])
        for family in FAMILIES
    }
    made[RESUMED] = plan(RESUMED, "llama", [stage(RESUMED, f"parallelism: {{data: 2}}, {ADAMW}, {LONG}")])
    return made


class Checkout:
    """A stack of one checkout, in a home and with data of its own."""

    def __init__(self, path, folder):
        self.tanren = str(path.resolve() / "tanren")
        self.folder = folder
        self.environment = os.environ | {"TANREN_HOME": str(folder / "home")}
        self.process = None

    def __enter__(self):
        numbers = random.Random(17)
        for name in ("ids", "more"):
            tokens = (numbers.randrange(VOCABULARY) for _ in range(40_000))
            (self.folder / f"{name}.u16").write_bytes(b"".join(token.to_bytes(2, "little") for token in tokens))
        self.log = open(self.folder / "up.log", "wb")
        self.process = subprocess.Popen(
            [self.tanren, "up"], cwd=self.folder, env=self.environment, stdout=self.log, stderr=self.log
        )
        deadline = time.monotonic() + SECONDS * 3
        while subprocess.run(
            [self.tanren, "status"], cwd=self.folder, env=self.environment, stdout=self.log, stderr=self.log
        ).returncode:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{self.tanren} up did not start; see {self.log.name}")
            time.sleep(2)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()

    def call(self, *arguments):
        done = subprocess.run(
            [self.tanren, *arguments, "--json"], cwd=self.folder, env=self.environment, capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"tanren {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def await_run(self, run, ready):
        deadline = time.monotonic() + SECONDS
        while True:
            seen = self.call("run", "get", run)
            if ready(seen):
                return seen
            if seen["run"]["status"] in ("failed", "cancelled") or time.monotonic() > deadline:
                raise SystemExit(json.dumps(seen, indent=2))
            time.sleep(0.5)

    def hashes(self, name, text):
        """What each stage of the plan ends with, by run and stage."""
        path = self.folder / f"{name}.yaml"
        path.write_text(text)
        run = self.call("run", "submit", str(path))["id"]
        if name == RESUMED:
            self.await_run(run, lambda seen: (seen["stages"][0].get("step") or 0) >= STEP_OF_PAUSE)
            self.call("run", "pause", run)
            self.await_run(run, lambda seen: seen["run"]["status"] == "paused")
            self.call("run", "resume", run)
        ended = self.await_run(run, lambda seen: seen["run"]["status"] == "succeeded")
        return {f"{name} {one['id']}": one["latestCheckpoint"]["weightsSha256"] for one in ended["stages"]}


def trained(path, names):
    with tempfile.TemporaryDirectory(prefix="same-bits-") as folder, Checkout(path, pathlib.Path(folder)) as checkout:
        found = {}
        for name, text in plans().items():
            if not names or name in names:
                began = time.monotonic()
                found |= checkout.hashes(name, text)
                print(f"{path}: {name} in {time.monotonic() - began:.0f} s", file=sys.stderr)
        return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("before", type=pathlib.Path)
    parser.add_argument("after", type=pathlib.Path)
    parser.add_argument("--only", action="append", choices=[*FAMILIES, RESUMED], help="this run; may be repeated")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    before, after = (trained(path, asked.only) for path in (asked.before, asked.after))
    differ = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if asked.json:
        print(json.dumps({"before": before, "after": after, "differ": differ}))
    else:
        for name in before:
            print(f"{'differs' if name in differ else 'equal  '}  {before[name][:16]}  {str(after.get(name))[:16]}  {name}")
        print(f"{len(before) - len(differ)} of {len(before)} equal")
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
