"""Trains the demo's tokenizer: byte-level BPE over a corpus of code and prose.

It was run once on the corpus that `dev.tanren.deploy.corpus.CorpusMain` makes; its result is kept
as deploy/src/main/resources/corpus/tokenizer.json, because DJL's tokenizers cannot train one.

    pip install -r tools/tokenizer/requirements.txt
    python tools/tokenizer/train_tokenizer.py --code DIR --prose FILE.jsonl --out tokenizer.json
"""

import argparse
import json
import pathlib

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

END_OF_TEXT = "<|endoftext|>"

# Words with the space before them, numbers of up to three digits, punctuation, and runs of spaces
# apart from the word after them, so that indentation becomes few tokens.
PATTERN = (
    r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}{1,3}| ?[^\s\p{L}\p{N}]+|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def documents(code: pathlib.Path, prose: pathlib.Path):
    for path in sorted(code.rglob("*.java")):
        yield path.read_text(encoding="utf-8")
    with prose.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["text"]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--code", type=pathlib.Path, required=True)
    arguments.add_argument("--prose", type=pathlib.Path, required=True)
    arguments.add_argument("--vocab-size", type=int, default=4096)
    arguments.add_argument("--out", type=pathlib.Path, required=True)
    options = arguments.parse_args()

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        documents(options.code, options.prose),
        trainers.BpeTrainer(
            vocab_size=options.vocab_size,
            special_tokens=[END_OF_TEXT],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    options.out.write_text(
        json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":")) + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
