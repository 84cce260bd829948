"""The peer of `bench train`: the Hugging Face Trainer on the same shapes, AdamW, random tokens, in fp32 or autocast
to bf16.

    pip install -r tools/peers/requirements.txt
    python tools/peers/hf_trainer.py --model tiny --steps 30 --threads 2 [--tuned] [--precision bf16]

`--tuned` starts itself again with glibc's allocator told to keep its memory. The last line is the JSON that
`dev.tanren.trainer.bench.TrainBenchmarkMain` prints too.
"""

import time

STARTED = time.time()

import argparse
import json
import os
import resource
import statistics
import sys
import tempfile

#          vocabulary, hidden, layers, heads, kv heads, intermediate, tied, sequences, length
MODELS = {
    "tiny": (8192, 256, 4, 8, 4, 688, False, 8, 256),
    "small": (16384, 512, 8, 8, 4, 1376, False, 4, 512),
    "smollm2-135m": (49152, 576, 30, 9, 3, 1536, True, 1, 512),
}
TUNED = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
    "MALLOC_TOP_PAD_": str(1 << 28),
}


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", choices=MODELS, required=True)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--warmup", type=int, default=10)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--tuned", action="store_true")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def flops_per_token(vocabulary, hidden, layers, heads, kv_heads, intermediate, length):
    keys = hidden // heads * kv_heads
    products = layers * (hidden * (2 * hidden + 2 * keys) + 3 * hidden * intermediate) + vocabulary * hidden
    return 6 * products + 12 * layers * hidden * length


def gemm_gflops(torch):
    size, seconds = 2048, []
    a, b, c = torch.rand(size, size), torch.rand(size, size), torch.empty(size, size)
    for _ in range(6):
        begin = time.perf_counter()
        torch.mm(a, b, out=c)
        seconds.append(time.perf_counter() - begin)
    return 2 * size ** 3 / statistics.median(seconds[1:]) / 1e9


def main():
    options = arguments()
    if options.tuned and "MALLOC_MMAP_THRESHOLD_" not in os.environ:
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **TUNED})
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainerCallback, TrainingArguments

    torch.set_num_threads(options.threads)
    torch.manual_seed(17)
    vocabulary, hidden, layers, heads, kv_heads, intermediate, tied, sequences, length = MODELS[options.model]
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=vocabulary, hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=kv_heads, intermediate_size=intermediate, tie_word_embeddings=tied,
        max_position_embeddings=2048, rms_norm_eps=1e-5))
    steps = options.warmup + options.steps
    tokens = torch.randint(0, vocabulary, (steps * sequences, length))
    data = [{"input_ids": row, "labels": row} for row in tokens]
    ends, processor = [], []

    class Clock(TrainerCallback):
        def on_step_end(self, *_args, **_kwargs):
            ends.append(time.time())
            processor.append(time.process_time())

    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=model, train_dataset=data, callbacks=[Clock()],
            args=TrainingArguments(
                output_dir=folder, max_steps=steps, per_device_train_batch_size=sequences, use_cpu=True,
                optim="adamw_torch", learning_rate=3e-4, adam_beta2=0.95, weight_decay=0.1, max_grad_norm=1.0,
                lr_scheduler_type="constant", save_strategy="no", report_to=[], logging_strategy="no",
                bf16=options.precision == "bf16", disable_tqdm=True))
        trainer.train()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    begin = max(1, options.warmup)
    seconds = statistics.median(b - a for a, b in zip(ends[begin - 1:], ends[begin:]))
    processor_ms = statistics.median(b - a for a, b in zip(processor[begin - 1:], processor[begin:])) * 1e3
    speed = sequences * length / seconds
    flops = flops_per_token(vocabulary, hidden, layers, heads, kv_heads, intermediate, length)
    print(json.dumps({
        "model": options.model, "tokensPerSecond": round(speed, 2), "gflops": round(speed * flops / 1e9, 2),
        "peakRssMiB": round(peak, 2), "secondsToFirstStep": round(ends[0] - STARTED, 2),
        "gemmGflops": round(gemm_gflops(torch), 2), "threads": options.threads, "steps": options.steps,
        "processorMs": round(processor_ms, 2), "precision": options.precision,
        "tuned": options.tuned, "peer": "transformers.Trainer"}))


main()
