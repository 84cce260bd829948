"""Trains the shape of SmolLM2-135M for real: 16Ki tokens a step, sequences of 512, two ranks, a rank killed with -9 in
the middle; and holds every step's loss against a plain PyTorch loop from the same weights over the same tokens.

    ./tanren up --detach
    pip install -r tools/real_shape/requirements.txt
    python tools/real_shape/real_shape.py --folder FOLDER [--steps 4] [--kill-at 3]

The plan is written into FOLDER and reads nothing outside it. The base
has the published shape and random weights of a fixed seed, the text is that of the Python standard library, in tokens
of a vocabulary learnt from it. The last line is one JSON object.
"""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import sysconfig
import time
import urllib.request

import torch
from safetensors.torch import load_file
from tokenizers import ByteLevelBPETokenizer, Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

ROOT = pathlib.Path(__file__).resolve().parents[2]
LENGTH, BATCH_TOKENS, MICRO_BATCH, RATE = 512, 16 * 1024, 4, 3e-4
SEQUENCES = BATCH_TOKENS // LENGTH
SHAPE = dict(
    vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
    num_key_value_heads=3, max_position_embeddings=2048, rope_theta=100000.0, rms_norm_eps=1e-5,
    tie_word_embeddings=True, bos_token_id=0, eos_token_id=0)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--kill-at", type=int, default=3, help="kill a rank when this step is done; 0 kills none")
    parser.add_argument("--threads", type=int, default=2, help="of the PyTorch loop")
    return parser.parse_args()


def say(text):
    print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)


def make_base(folder):
    """A Hugging Face directory of the published shape, with a vocabulary learnt from the standard library."""
    base = folder / "base"
    if (base / "model.safetensors").exists():
        return base
    base.mkdir(parents=True, exist_ok=True)
    sources = sorted(pathlib.Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train([str(path) for path in sources], vocab_size=SHAPE["vocab_size"], min_frequency=2,
                    special_tokens=["<|endoftext|>"], show_progress=False)
    tokenizer.save(str(base / "tokenizer.json"))
    (base / "tokenizer_config.json").write_text(json.dumps(
        {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>", "bos_token": "<|endoftext|>"}))
    torch.manual_seed(17)
    LlamaForCausalLM(LlamaConfig(**SHAPE)).save_pretrained(base)
    return base


def make_tokens(folder, base, steps):
    """`train.bin`: exactly the tokens of these steps, little-endian and of two bytes each, in the order of training."""
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    wanted, ids = steps * BATCH_TOKENS, []
    for path in sorted(pathlib.Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        ids += tokenizer.encode(path.read_text(encoding="utf-8", errors="replace")).ids + [0]
        if len(ids) >= wanted:
            break
    tokens = torch.tensor(ids[:wanted], dtype=torch.int64)
    assert len(tokens) == wanted, f"the standard library has {len(tokens)} tokens of {wanted}"
    (folder / "train.bin").write_bytes(tokens.to(torch.int16).numpy().tobytes())
    return tokens


def plan(folder, base, steps):
    return f"""apiVersion: tanren.dev/v1
name: smollm2-135m-for-real
model: {{base: "file:{base.resolve()}"}}
datasets:
  code: {{sources: [{{uri: "file:{(folder / 'train.bin').resolve()}", format: tokens-u16}}], order: sequential, holdout: 0}}
stages:
  - id: adapt
    type: cpt
    optimizer: {{type: adamw, learningRate: {RATE}, betas: [0.9, 0.95], weightDecay: 0.1, weightDecayOn: all, clipNorm: 1.0}}
    schedule: {{type: constant, warmup: 0}}
    globalBatchTokens: {BATCH_TOKENS}
    microBatch: {MICRO_BATCH}
    parallelism: {{data: 2}}
    phases: [{{id: only, sequenceLength: {LENGTH}, tokens: {steps * BATCH_TOKENS}, mix: {{code: 1}}}}]
    checkpoint: {{everySteps: 1, keep: 2}}
"""


def tanren(*argv):
    done = subprocess.run([str(ROOT / "tanren"), *argv, "--json"], capture_output=True, text=True)
    if done.returncode not in (0, 1) or not done.stdout:
        sys.exit(f"tanren {' '.join(argv)} ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def rank_processes(run):
    """Process ids of the ranks of a run, by their launch files."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                argv = (entry / "cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            if "dev.tanren.trainer.rank.RankMain" in argv:
                launch = pathlib.Path(argv[argv.index("dev.tanren.trainer.rank.RankMain") + 1])
                if launch.exists() and json.loads(launch.read_text())["work"]["runId"] == run:
                    found[launch.stem] = int(entry.name)
    return found


def ours(folder, base, steps, kill_at):
    file = folder / "plan.yaml"
    file.write_text(plan(folder, base, steps))
    submitted = tanren("run", "submit", str(file))
    run = submitted.get("run", submitted)["id"]
    say(f"run {run} is submitted")
    killed = kill_at == 0
    while True:
        time.sleep(5)
        view = tanren("run", "get", run)
        status = view["run"]["status"]
        step = max(stage.get("step", 0) for stage in view["stages"])
        if not killed and step >= kill_at and (ranks := rank_processes(run)):
            name, pid = sorted(ranks.items())[-1]
            os.kill(pid, signal.SIGKILL)
            killed = True
            say(f"kill -9 of {name} (process {pid}) after step {step}")
        if status in ("succeeded", "failed", "cancelled"):
            say(f"run {run} has {status}")
            return run, status, view


def peer(base, tokens, steps, threads):
    """The loop that a tutorial would write: fp32, AdamW on everything, accumulated gradients of the mean loss."""
    torch.set_num_threads(threads)
    model = LlamaForCausalLM.from_pretrained(base, dtype=torch.float32)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)
    losses = []
    blocks = tokens.view(steps, SEQUENCES, LENGTH)
    for step in range(steps):
        begin, total = time.time(), 0.0
        targets = SEQUENCES * (LENGTH - 1)
        for first in range(0, SEQUENCES, MICRO_BATCH):
            ids = blocks[step, first:first + MICRO_BATCH]
            logits = model(input_ids=ids).logits[:, :-1].reshape(-1, SHAPE["vocab_size"])
            loss = torch.nn.functional.cross_entropy(logits, ids[:, 1:].reshape(-1), reduction="sum") / targets
            loss.backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(total)
        say(f"PyTorch step {step + 1}: loss {total:.6f} in {time.time() - begin:.1f} s")
    return losses


def metrics(run):
    home = pathlib.Path(os.environ.get("TANREN_HOME", pathlib.Path.home() / ".tanren"))
    server = os.environ.get("TANREN_SERVER") or json.loads((home / "stack.json").read_text())["console"]
    token = os.environ.get("TANREN_TOKEN") or (home / "admin.token").read_text().strip()
    request = urllib.request.Request(f"{server}/api/v1/runs/{run}/metrics?stage=adapt&points=1000",
                                     headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def main():
    given = arguments()
    given.folder.mkdir(parents=True, exist_ok=True)
    base = make_base(given.folder)
    tokens = make_tokens(given.folder, base, given.steps)
    run, status, view = ours(given.folder, base, given.steps, given.kill_at)
    if status != "succeeded":
        sys.exit(json.dumps(view, indent=2))
    found = metrics(run)
    (given.folder / "metrics.json").write_text(json.dumps(found))
    say("the plain PyTorch loop over the same tokens")
    theirs = peer(base, tokens, given.steps, given.threads)
    loss = {step: value for step, value, undone in
            zip(found["steps"], found["series"]["loss"], found["rolledBack"]) if not undone}
    differences = [abs(loss[step + 1] - theirs[step]) / theirs[step] for step in range(given.steps)]
    print(json.dumps({
        "run": run, "status": status, "attempts": len(view.get("attempts", [])),
        "losses": [loss[step + 1] for step in range(given.steps)], "pytorch": theirs,
        "largestRelativeDifference": max(differences)}))


if __name__ == "__main__":
    main()
